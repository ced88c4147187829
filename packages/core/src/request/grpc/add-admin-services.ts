import type { Server } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { Health } from '@servable/protos/health';
import { v1, v1alpha } from '@servable/protos/reflection';
import { ModelService } from '@servable/protos/serving';
import type { GrpcDependencies } from './add-prediction-services.js';
import { healthService } from './health-service.js';
import { modelService, type ModelServiceDependencies } from './model-service.js';
import { reflectionService } from './reflection-service.js';
import { unaryService } from './unary-handler.js';

/** Registers what an admin port answers: ModelService with HandleReloadConfigRequest, reflection and, when given, health. */
export function addAdminServices(
  server: Pick<Server, 'addService'>,
  dependencies: ModelServiceDependencies & Pick<GrpcDependencies, 'health' | 'inFlight'>,
): void {
  const { health, inFlight } = dependencies;
  const define = { raw: true } as const;
  server.addService(
    grpcServiceDefinition(ModelService, define),
    unaryService(dependencies, modelService(dependencies)),
  );
  if (health !== undefined) server.addService(grpcServiceDefinition(Health, define), healthService(health));
  const services = [
    ...(health === undefined ? [] : [Health]),
    ModelService,
    v1.ServerReflection,
    v1alpha.ServerReflection,
  ];
  const reflection = reflectionService(services, inFlight);
  server.addService(grpcServiceDefinition(v1.ServerReflection, define), reflection);
  server.addService(grpcServiceDefinition(v1alpha.ServerReflection, define), reflection);
}
