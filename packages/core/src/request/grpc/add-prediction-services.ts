import type { Server } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { Health } from '@servable/protos/health';
import { ModelService, PredictionService } from '@servable/protos/serving';
import { healthService, type ServingHealth } from './health-service.js';
import { modelService, type ModelServiceDependencies } from './model-service.js';
import { predictionService, type PredictionServiceDependencies } from './prediction-service.js';

export interface GrpcDependencies extends PredictionServiceDependencies, ModelServiceDependencies {
  /** Registers `grpc.health.v1.Health` (`--enable_grpc_healthcheck_service`); left out by default. */
  readonly health?: ServingHealth | undefined;
}

/**
 * Registers what `tensorflow_model_server` answers on its gRPC port: PredictionService, ModelService and, when asked for,
 * the standard health service. Binding, credentials and message limits are the server owner's.
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
  server.addService(grpcServiceDefinition(PredictionService, { raw: true }), predictionService(dependencies));
  server.addService(grpcServiceDefinition(ModelService, { raw: true }), modelService(dependencies));
  if (dependencies.health !== undefined) {
    server.addService(grpcServiceDefinition(Health, { raw: true }), healthService(dependencies.health));
  }
}
