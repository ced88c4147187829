import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { Health } from '@servable/protos/health';
import { v1, v1alpha } from '@servable/protos/reflection';
import { GRPCInferenceService } from '@servable/protos/inference';
import { ModelService, PredictionService, SessionService } from '@servable/protos/serving';
import { findTensorContent } from '@servable/tensor';
import { oipService } from '../oip/oip-service.js';
import type { OipDependencies } from '../oip/oip-model.js';
import type { ServiceRegistry } from './http2/grpc-server.js';
import type { PayloadFinder } from './http2/message-reader.js';
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
 * import { GrpcServer, InFlight, addPredictionServices } from '@servable/core';
 *
 * const server = new GrpcServer({ 'grpc.max_receive_message_length': 2 ** 31 - 1 });
 * const inFlight = new InFlight();
 * addPredictionServices(server, { provider: manager, states: monitor, inFlight });
 * await server.listen({ host: '127.0.0.1', port: 8500 });
 * // to stop: refuse new calls, let the others end
 * await inFlight.drain({ timeoutMs: 10_000 });
 * await server.close();
 * ```
 *
 * @param server - a {@link GrpcServer}, or the `Server` of `@grpc/grpc-js`
 */
export function addPredictionServices(server: ServiceRegistry, dependencies: GrpcDependencies): void {
  const { health } = dependencies;
  const add = <Methods extends GenServiceMethods>(
    service: GenService<Methods>,
    implementation: UntypedServiceImplementation,
    payloads?: Readonly<Record<string, PayloadFinder>>,
  ): void => server.addService(grpcServiceDefinition(service, { raw: true }), implementation, payloads);
  // A tensor that is most of a request is used where the request lies.
  add(PredictionService, unaryService(dependencies, predictionService(dependencies)), { predict: findTensorContent });
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
