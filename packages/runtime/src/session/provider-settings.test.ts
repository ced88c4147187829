import { expect, it } from 'vitest';
import { resolveExecutionProviders, type ExecutionProvider } from './execution-providers.js';
import { providerSettings } from './provider-settings.js';

const settingsOf = (provider: ExecutionProvider) =>
  providerSettings(resolveExecutionProviders([provider])[0]!, (device) => [8e9, 16e9][device]!);

it('cuda is told its device, the limit of its arena and how the arena grows', () => {
  expect(settingsOf({ name: 'cuda' })).toEqual({ device_id: '0' });
  expect(settingsOf({ name: 'cuda', deviceId: 1, memoryLimitBytes: 2 ** 33, growth: 'as-needed' })).toEqual({
    device_id: '1',
    gpu_mem_limit: '8589934592',
    arena_extend_strategy: 'kSameAsRequested',
  });
  expect(settingsOf({ name: 'cuda', growth: 'doubling' })['arena_extend_strategy']).toBe('kNextPowerOfTwo');
});

it("a part of the memory is one of the provider's own device", () => {
  expect(settingsOf({ name: 'cuda', memoryFraction: 0.25 })['gpu_mem_limit']).toBe('2000000000');
  expect(settingsOf({ name: 'cuda', memoryFraction: 0.25, deviceId: [1, 0] })['gpu_mem_limit']).toBe('4000000000');
});

it('tensorrt is told precision, workspace and where it keeps engines', () => {
  const provider = { name: 'tensorrt', deviceId: 1, fp16: true, memoryLimitBytes: 1e9, engineCacheDir: '/var/engines' };
  expect(settingsOf(provider)).toEqual({
    device_id: '1',
    trt_max_workspace_size: '1000000000',
    trt_fp16_enable: '1',
    trt_engine_cache_enable: '1',
    trt_engine_cache_path: '/var/engines',
    trt_timing_cache_enable: '1',
    trt_timing_cache_path: '/var/engines',
  });
  expect(settingsOf({ name: 'tensorrt', fp16: false })).toEqual({ device_id: '0', trt_fp16_enable: '0' });
});

it("the provider's own options win, and are all that plugins are told", () => {
  expect(settingsOf({ name: 'cuda', deviceId: 1, options: { device_id: '3', use_tf32: '0' } })).toEqual({
    device_id: '3',
    use_tf32: '0',
  });
  expect(settingsOf({ name: 'webgpu', options: { preferredLayout: 'NHWC' } })).toEqual({ preferredLayout: 'NHWC' });
  expect(settingsOf({ name: 'OpenVINO', library: '/ep.so', deviceId: 1, options: { cache_dir: '/c' } })).toEqual({
    cache_dir: '/c',
  });
});
