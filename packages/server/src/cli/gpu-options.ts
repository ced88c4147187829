import { ServingError } from '@servable/core';
import type { ConfigProto } from '@servable/protos/tensorflow';
import type { ExecutionProvider, ExecutionProviderInput } from '@servable/runtime';

/** What TensorFlow's session configuration says of GPUs, as options of the TensorFlow platform. */
export interface GpuOptions {
  readonly gpuMemoryFraction?: number | undefined;
  readonly gpuAllowGrowth?: boolean | undefined;
  readonly visibleDevices?: readonly number[] | undefined;
}

/**
 * The `gpu_options` of a `ConfigProto` (`tensorflow/core/protobuf/config.proto`).
 *
 * @throws ServingError INVALID_ARGUMENT for a list of devices that is none
 */
export function gpuOptions(config: ConfigProto | undefined): GpuOptions {
  const { perProcessGpuMemoryFraction = 0, allowGrowth = false, visibleDeviceList = '' } = config?.gpuOptions ?? {};
  return {
    ...(perProcessGpuMemoryFraction === 0 ? {} : { gpuMemoryFraction: perProcessGpuMemoryFraction }),
    ...(allowGrowth ? { gpuAllowGrowth: true } : {}),
    ...(visibleDeviceList === '' ? {} : { visibleDevices: deviceList(visibleDeviceList) }),
  };
}

function deviceList(text: string): readonly number[] {
  const devices = text.split(',').map((entry) => entry.trim());
  if (devices.every((entry) => /^\d+$/.test(entry))) return devices.map(Number);
  throw new ServingError(
    'INVALID_ARGUMENT',
    'OPTION_INVALID',
    `gpu_options.visible_device_list must be numbers of devices, separated by commas; got '${text}'`,
  );
}

/**
 * Gives what upstream's flags and files say of GPUs to the execution providers that it means something to, where they
 * have no setting of their own.
 *
 * @param environment - `TF_FORCE_GPU_ALLOW_GROWTH` counts as it does in TensorFlow
 */
export function withGpuOptions(
  providers: readonly ExecutionProviderInput[],
  { gpuMemoryFraction, gpuAllowGrowth, visibleDevices }: GpuOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly ExecutionProviderInput[] {
  const grows = gpuAllowGrowth ?? environment['TF_FORCE_GPU_ALLOW_GROWTH'] === 'true';
  return providers.map((given) => {
    // What is no provider at all is refused with the rest of the options.
    if (typeof given !== 'string' && (typeof given !== 'object' || (given as unknown) === null)) return given;
    const provider: ExecutionProvider = typeof given === 'string' ? { name: given } : given;
    const { name, library } = provider;
    if (library !== undefined || (name !== 'cuda' && name !== 'tensorrt')) return given;
    const deviceId = visibleDevices === undefined ? {} : { deviceId: visibleDevices };
    if (name === 'tensorrt') return { ...deviceId, ...provider };
    const isLimited = provider.memoryLimitBytes !== undefined || provider.memoryFraction !== undefined;
    return {
      ...deviceId,
      ...(grows ? { growth: 'as-needed' as const } : {}),
      ...(gpuMemoryFraction === undefined || isLimited ? {} : { memoryFraction: gpuMemoryFraction }),
      ...provider,
    };
  });
}
