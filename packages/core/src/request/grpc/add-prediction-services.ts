import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { Health } from '@servable/protos/health';
import { v1, v1alpha } from '@servable/protos/reflection';
import { GRPCInferenceService } from '@servable/protos/inference';
import { ModelService, PredictionService, SessionService } from '@servable/protos/serving';
import { oipService } from '../oip/oip-service.js';
import type { OipDependencies } from '../oip/oip-model.js';
import { healthService, type ServingHealth } from './health-service.js';
import { modelService, type ModelServiceDependencies } from './model-service.js';
import { predictionService, type PredictionServiceDependencies } from './prediction-service.js';
import { reflectionService } from './reflection-service.js';
import { sessionService } from './session-service.js';
import { unaryService } from './unary-handler.js';
import type { InFlight } from '../execution/in-flight.js';

export interface GrpcDependencies extends PredictionServiceDependencies, ModelServiceDependencies, OipDependencies {
  /** Registers `grpc.health.v1.Health` (`--enable_grpc_healthcheck_service`); left out by default. */
  readonly health?: ServingHealth | undefined;
  readonly inFlight: InFlight;
}

/**
 * Registers what `tensorflow_model_server` answers on its gRPC port: PredictionService, ModelService, server reflection
 * and, when asked for, the standard health service; besides them SessionService, which upstream has and does not
 * register, and the Open Inference Protocol's GRPCInferenceService. Binding, credentials and message limits are the
 * server owner's.
 *
 * @example
 * ```ts
 * import { Server, ServerCredentials } from '@grpc/grpc-js';
 * import { InFlight, addPredictionServices } from '@servable/core';
 *
 * const server = new Server({ 'grpc.max_receive_message_length': 2 ** 31 - 1 });
 * const inFlight = new InFlight();
 * addPredictionServices(server, { provider: manager, states: monitor, inFlight });
 * server.bindAsync('127.0.0.1:8500', ServerCredentials.createInsecure(), onBound);
 * // to stop: refuse new calls, let the others end
 * await inFlight.drain({ timeoutMs: 10_000 });
 * ```
 */
export function addPredictionServices(server: Server, dependencies: GrpcDependencies): void {
  const { health } = dependencies;
  const add = <Methods extends GenServiceMethods>(
    service: GenService<Methods>,
    implementation: UntypedServiceImplementation,
  ): void => server.addService(grpcServiceDefinition(service, { raw: true }), implementation);
  add(PredictionService, unaryService(dependencies, predictionService(dependencies)));
  add(ModelService, unaryService(dependencies, modelService(dependencies)));
  add(SessionService, unaryService(dependencies, sessionService(dependencies)));
  add(GRPCInferenceService, unaryService(dependencies, oipService(dependencies)));
  if (health !== undefined) add(Health, healthService(health));
  const reflection = reflectionService(
    [
      ...(health === undefined ? [] : [Health]),
      ModelService,
      PredictionService,
      SessionService,
      GRPCInferenceService,
      v1.ServerReflection,
      v1alpha.ServerReflection,
    ],
    dependencies.inFlight,
  );
  add(v1.ServerReflection, reflection);
  add(v1alpha.ServerReflection, reflection);
}
