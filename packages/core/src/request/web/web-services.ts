import { fromBinary, toBinary, type DescMessage, type DescService } from '@bufbuild/protobuf';
import type { ConnectRouter, HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { Health } from '@servable/protos/health';
import { ModelService, PredictionService } from '@servable/protos/serving';
import { ServingError } from '../../servable/serving-error.js';
import type { ExecutionDependencies } from '../execution/open-request.js';
import { checkedHealth, type ServingHealth } from '../grpc/health-service.js';
import { modelService } from '../grpc/model-service.js';
import { predictionService, type PredictionServiceDependencies } from '../grpc/prediction-service.js';
import type { UnaryMethods } from '../grpc/unary-handler.js';
import { answerWebCall, connectError } from './web-call.js';

export interface WebServiceDependencies extends PredictionServiceDependencies {
  /** Answers `grpc.health.v1.Health` too, but for `Watch`. */
  readonly health?: ServingHealth | undefined;
}

/** What pages may call: running models, and reading their state. Configurations come over gRPC. */
export function addWebServices(router: ConnectRouter, dependencies: WebServiceDependencies): readonly DescService[] {
  const { health } = dependencies;
  const { getModelStatus } = modelService(dependencies) as { getModelStatus: UnaryMethods[string] };
  add(router, PredictionService, dependencies, predictionService(dependencies));
  add(router, ModelService, dependencies, { getModelStatus });
  if (health === undefined) return [PredictionService, ModelService];
  router.service(Health, {
    check: ({ service }) => {
      try {
        return { status: checkedHealth(health, service) };
      } catch (error) {
        throw connectError(ServingError.from(error));
      }
    },
  });
  return [PredictionService, ModelService, Health];
}

/** The methods take and give bytes, as on the gRPC port; the messages of the page's format are made of these. */
function add(
  router: ConnectRouter,
  service: DescService,
  dependencies: ExecutionDependencies,
  methods: UnaryMethods,
): void {
  const implementation = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => {
      const { input, output } = service.method[name] as { input: DescMessage; output: DescMessage };
      const serve = async (message: never, context: HandlerContext) =>
        fromBinary(output, await answerWebCall(dependencies, method, toBinary(input, message), context));
      return [name, serve];
    }),
  );
  router.service(service, implementation as unknown as Partial<ServiceImpl<DescService>>);
}
