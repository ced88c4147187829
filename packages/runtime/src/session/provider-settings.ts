import type { ResolvedExecutionProvider } from './execution-providers.js';

/**
 * The settings of a provider by its own names, as texts (`core/providers/cuda/cuda_execution_provider_info.cc`,
 * `core/providers/tensorrt/tensorrt_execution_provider_info.cc`). Plugins are told what `options` says alone.
 *
 * @param deviceMemory - bytes of a device's memory; asked only for a part of it
 */
export function providerSettings(
  provider: ResolvedExecutionProvider,
  deviceMemory: (deviceId: number) => number,
): Readonly<Record<string, string>> {
  const { name, library, options } = provider;
  if (library !== undefined) return { ...options };
  const deviceId = provider.deviceIds?.[0] ?? 0;
  const own: Record<string, string | undefined> = {};
  if (name === 'cuda') {
    const { memoryLimitBytes, memoryFraction, growth } = provider;
    const limit = memoryFraction === undefined ? memoryLimitBytes : Math.floor(memoryFraction * deviceMemory(deviceId));
    own['device_id'] = String(deviceId);
    own['gpu_mem_limit'] = limit?.toString();
    own['arena_extend_strategy'] = growth && (growth === 'as-needed' ? 'kSameAsRequested' : 'kNextPowerOfTwo');
  } else if (name === 'tensorrt') {
    const { engineCacheDir } = provider;
    own['device_id'] = String(deviceId);
    own['trt_max_workspace_size'] = provider.memoryLimitBytes?.toString();
    own['trt_fp16_enable'] = provider.fp16 === undefined ? undefined : provider.fp16 ? '1' : '0';
    own['trt_engine_cache_enable'] = engineCacheDir && '1';
    own['trt_engine_cache_path'] = engineCacheDir;
    // Timings of kernels are what a new engine takes longest to find out.
    own['trt_timing_cache_enable'] = engineCacheDir && '1';
    own['trt_timing_cache_path'] = engineCacheDir;
  }
  const given = Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(given), ...options };
}
