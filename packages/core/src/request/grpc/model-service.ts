import { create } from '@bufbuild/protobuf';
import {
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
  ReloadConfigRequestSchema,
  ReloadConfigResponseSchema,
  type ModelServerConfig,
} from '@servable/protos/serving';
import { servableManagerState } from '../../servable/servable-state.js';
import { ServingError, statusCodeNumber } from '../../servable/serving-error.js';
import type { ExecutionDependencies } from '../execution/open-request.js';
import { getModelStatus } from '../handlers/get-model-status.js';
import type { HandlerDependencies } from '../handlers/handler-dependencies.js';
import { decodeMessage, decodeModelSpec, encodeMessage } from './message-codec.js';
import { unary, type UnaryMethods } from './unary-handler.js';

export interface ModelServiceDependencies extends Pick<HandlerDependencies, 'states'>, ExecutionDependencies {
  /**
   * Replaces the server's configuration, and resolves when it has taken effect. Without it HandleReloadConfigRequest is
   * UNIMPLEMENTED.
   *
   * @throws errors with a canonical `code`
   */
  readonly reloadConfig?: ((config: ModelServerConfig) => Promise<void>) | undefined;
  /**
   * The first value of a counter by the name that TensorFlow gives it (`/tensorflow/serving/request_count`), 0 for what
   * is not known: callers of HandleReloadConfigRequest may ask by how much it grew. Default: 0.
   */
  readonly metricValue?: ((name: string) => number) | undefined;
  /** What is said without `reloadConfig`; default UNIMPLEMENTED. */
  readonly reloadRefusal?: ServingError | undefined;
}

/** The methods of `tensorflow.serving.ModelService` (model_servers/model_service_impl.cc), on raw bytes. */
export function modelService(dependencies: ModelServiceDependencies): UnaryMethods {
  const { reloadConfig, reloadRefusal, metricValue = () => 0 } = dependencies;
  return {
    getModelStatus: unary({ method: 'GetModelStatus', admitted: false }, async (bytes, { record }) => {
      const request = decodeMessage(GetModelStatusRequestSchema, bytes);
      const states = getModelStatus(dependencies, decodeModelSpec(request.modelSpec), record);
      return encodeMessage(
        GetModelStatusResponseSchema,
        create(GetModelStatusResponseSchema, {
          modelVersionStatus: states.map(({ version, state, code, message }) => ({
            version,
            state: servableManagerState[state],
            status: { errorCode: statusCodeNumber[code], errorMessage: message },
          })),
        }),
      );
    }),
    handleReloadConfigRequest: unary(
      { method: 'HandleReloadConfigRequest', admitted: false },
      async (bytes, { record }) => {
        record?.useAllModels();
        const { config, metricNames } = decodeMessage(ReloadConfigRequestSchema, bytes);
        if (reloadConfig === undefined) {
          throw (
            reloadRefusal ??
            new ServingError(
              'UNIMPLEMENTED',
              'RELOAD_UNAVAILABLE',
              'This server does not take a new configuration by HandleReloadConfigRequest',
            )
          );
        }
        if (config?.config.case !== 'modelConfigList') {
          throw new ServingError(
            'INVALID_ARGUMENT',
            'CONFIG_TYPE_UNSUPPORTED',
            'ServerModelConfig type not supported by HandleReloadConfigRequest. ' +
              'Only ModelConfigList is currently supported',
          );
        }
        const before = new Map(metricNames.map((name) => [name, metricValue(name)]));
        await reloadConfig(config);
        return encodeMessage(
          ReloadConfigResponseSchema,
          create(ReloadConfigResponseSchema, {
            status: { errorCode: statusCodeNumber.OK, errorMessage: '' },
            metric: [...before].map(([name, value]) => ({
              name,
              valueIncrease: { case: 'int64ValueIncrease' as const, value: BigInt(metricValue(name) - value) },
            })),
          }),
        );
      },
    ),
  };
}
