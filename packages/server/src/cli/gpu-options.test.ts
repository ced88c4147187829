import { create } from '@bufbuild/protobuf';
import { ConfigProtoSchema } from '@servable/protos/tensorflow';
import { expect, test } from 'vitest';
import { gpuOptions, withGpuOptions } from './gpu-options.js';

test('a session configuration says what models may take of which GPUs', () => {
  expect(gpuOptions(undefined)).toEqual({});
  expect(gpuOptions(create(ConfigProtoSchema, {}))).toEqual({});
  const gpu = { perProcessGpuMemoryFraction: 0.5, allowGrowth: true, visibleDeviceList: '1, 0' };
  expect(gpuOptions(create(ConfigProtoSchema, { gpuOptions: gpu }))).toEqual({
    gpuMemoryFraction: 0.5,
    gpuAllowGrowth: true,
    visibleDevices: [1, 0],
  });
  const bad = create(ConfigProtoSchema, { gpuOptions: { visibleDeviceList: 'GPU:0' } });
  expect(() => gpuOptions(bad)).toThrow(
    "visible_device_list must be numbers of devices, separated by commas; got 'GPU:0'",
  );
});

test('what is said of GPUs goes to cuda and tensorrt, where they say nothing themselves', () => {
  const gpu = { gpuMemoryFraction: 0.5, gpuAllowGrowth: true, visibleDevices: [1] };
  expect(withGpuOptions(['tensorrt', 'cuda', 'webgpu', 'cpu'], gpu, {})).toEqual([
    { name: 'tensorrt', deviceId: [1] },
    { name: 'cuda', deviceId: [1], growth: 'as-needed', memoryFraction: 0.5 },
    'webgpu',
    'cpu',
  ]);
  const own = { name: 'cuda', deviceId: 0, memoryLimitBytes: 1e9, growth: 'doubling' } as const;
  expect(withGpuOptions([own], gpu, {})).toEqual([own]);
});

test("TensorFlow's variable makes the arena of cuda grow as needed", () => {
  expect(withGpuOptions(['cuda'], {}, { TF_FORCE_GPU_ALLOW_GROWTH: 'true' })).toEqual([
    { name: 'cuda', growth: 'as-needed' },
  ]);
  expect(withGpuOptions(['cuda'], {}, {})).toEqual([{ name: 'cuda' }]);
});
