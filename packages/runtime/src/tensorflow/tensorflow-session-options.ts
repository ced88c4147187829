import { create, toBinary } from '@bufbuild/protobuf';
import { ConfigProtoSchema } from '@servable/protos/tensorflow';
import { threadCount } from '../native/ort-env.js';
import { badOption } from '../runtime-error.js';

/** How TensorFlow runs a model. */
export interface TensorFlowSessionOptions {
  /**
   * Threads that one operator is spread over. TensorFlow has one such pool per process, made for the first model.
   * Default: one per logical core.
   */
  readonly intraOpThreads?: number | undefined;
  /** Threads of the model's own that run operators side by side. Default: a pool that all models share. */
  readonly interOpThreads?: number | undefined;
  /** Part of each GPU's memory that TensorFlow takes, above 0 and at most 1. Default: nearly all, as TensorFlow does. */
  readonly gpuMemoryFraction?: number | undefined;
  /**
   * Takes GPU memory as it is needed instead of at once. Default: what the environment variable
   * `TF_FORCE_GPU_ALLOW_GROWTH` says (`true` or `false`), else `false`.
   */
  readonly gpuAllowGrowth?: boolean | undefined;
  /** GPUs that the model may use, by number, in this order. Default: all. */
  readonly visibleDevices?: readonly number[] | undefined;
}

/** The environment variable of TensorFlow that {@link TensorFlowSessionOptions.gpuAllowGrowth} is taken from. */
const growthVariable = 'TF_FORCE_GPU_ALLOW_GROWTH';

/**
 * A serialized `ConfigProto` (`tensorflow/core/protobuf/config.proto`).
 *
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`
 */
export function sessionConfig(
  options: TensorFlowSessionOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Uint8Array {
  const { intraOpThreads, interOpThreads, gpuMemoryFraction, visibleDevices } = options;
  threadCount('intraOpThreads', intraOpThreads);
  threadCount('interOpThreads', interOpThreads);
  if (gpuMemoryFraction !== undefined && !(gpuMemoryFraction > 0 && gpuMemoryFraction <= 1)) {
    throw badOption('gpuMemoryFraction', 'a number above 0 and at most 1', gpuMemoryFraction);
  }
  const isDevice = (device: unknown) => Number.isInteger(device) && (device as number) >= 0;
  if (visibleDevices !== undefined && !(Array.isArray(visibleDevices) && visibleDevices.every(isDevice))) {
    throw badOption('visibleDevices', 'an array of device numbers', visibleDevices);
  }
  return toBinary(
    ConfigProtoSchema,
    create(ConfigProtoSchema, {
      intraOpParallelismThreads: intraOpThreads ?? 0,
      interOpParallelismThreads: interOpThreads ?? 0,
      usePerSessionThreads: interOpThreads !== undefined,
      gpuOptions: {
        perProcessGpuMemoryFraction: gpuMemoryFraction ?? 0,
        allowGrowth: allowGrowth(options.gpuAllowGrowth, environment[growthVariable]),
        visibleDeviceList: visibleDevices?.join(',') ?? '',
      },
    }),
  );
}

function allowGrowth(option: unknown, variable: string | undefined): boolean {
  if (option !== undefined) {
    if (typeof option !== 'boolean') throw badOption('gpuAllowGrowth', 'a boolean', option);
    return option;
  }
  if (variable === undefined || variable === '') return false;
  if (variable !== 'true' && variable !== 'false') throw badOption(growthVariable, "'true' or 'false'", variable);
  return variable === 'true';
}
