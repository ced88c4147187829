import { describe, expect, it } from 'vitest';
import {
  instanceProviders,
  resolveExecutionProviders,
  resolveInstances,
  takesEmptyValues,
  usesDevice,
  type ResolvedExecutionProvider,
} from './execution-providers.js';

const library = process.platform === 'win32' ? 'C:\\ep\\plugin.dll' : '/ep/plugin.so';
const messageOf = (given: unknown): string => {
  try {
    resolveExecutionProviders(given);
  } catch (error) {
    const { code, reason, message } = error as { code: string; reason: string; message: string };
    expect([code, reason]).toEqual(['INVALID_ARGUMENT', 'BAD_OPTION']);
    return message;
  }
  throw new Error('expected a refusal, given none');
};

describe('a list of execution providers', () => {
  it('may be names or maps, in order of preference, and need not end with cpu', () => {
    const providers = [
      { name: 'tensorrt', fp16: true, deviceId: [0, 1] },
      'cuda',
      { name: 'OpenVINO', library, deviceType: 'npu', options: { precision: 'FP16' } },
      'cpu',
    ];
    expect(resolveExecutionProviders(providers)).toEqual([
      { name: 'tensorrt', fp16: true, deviceIds: [0, 1] },
      { name: 'cuda', deviceIds: undefined },
      { name: 'OpenVINO', library, deviceType: 'npu', options: { precision: 'FP16' }, deviceIds: undefined },
      { name: 'cpu', deviceIds: undefined },
    ]);
    expect(resolveExecutionProviders(['cuda']).map(({ name }) => name)).toEqual(['cuda']);
    expect(resolveExecutionProviders(undefined)).toEqual([]);
  });

  it.each([
    ['cuda', 'Bad option executionProviders: expected a list of execution providers, given "cuda"'],
    [[], 'Bad option executionProviders: expected a list of execution providers, given "an empty list"'],
    [['gpu'], 'executionProviders[0].name: expected one of cpu, cuda, tensorrt, webgpu, or a provider of the plugin'],
    [[{}], 'executionProviders[0]: expected one of cpu, cuda, tensorrt, webgpu, or a map with a name, given "a map'],
    [[null], 'executionProviders[0]: expected one of cpu, cuda, tensorrt, webgpu, or a map with a name, given null'],
    [['cpu', 'cuda'], 'executionProviders[0]: expected cpu to be the last'],
    [['cuda', { name: 'cuda', deviceId: 1 }], 'executionProviders[1]: expected another provider than those before it'],
    [[{ name: 'webgpu', deviceId: 1 }], 'executionProviders[0].deviceId: expected a setting that webgpu has (options)'],
    [[{ name: 'cpu', fp16: true }], 'executionProviders[0].fp16: expected a setting that cpu has (none)'],
    [[{ name: 'cuda', fp16: true }], 'executionProviders[0].fp16: expected a setting that cuda has'],
    [
      [{ name: 'cuda', device: 1 }],
      'executionProviders[0].device: expected one of the settings name, library, deviceId',
    ],
    [[{ name: 'cuda', deviceId: -1 }], 'executionProviders[0].deviceId: expected the number of a device'],
    [[{ name: 'cuda', deviceId: [0, 0] }], 'executionProviders[0].deviceId: expected the number of a device'],
    [[{ name: 'cuda', deviceId: [] }], 'executionProviders[0].deviceId: expected the number of a device'],
    [
      [{ name: 'cuda', memoryLimitBytes: 0 }],
      'executionProviders[0].memoryLimitBytes: expected a whole number of bytes',
    ],
    [[{ name: 'cuda', memoryFraction: 1.5 }], 'executionProviders[0].memoryFraction: expected a number above 0'],
    [
      [{ name: 'cuda', memoryFraction: 0.5, memoryLimitBytes: 1 }],
      'expected either memoryLimitBytes or memoryFraction',
    ],
    [[{ name: 'cuda', growth: 'slow' }], "executionProviders[0].growth: expected 'doubling' or 'as-needed'"],
    [[{ name: 'cuda', options: { a: 1 } }], 'executionProviders[0].options: expected a map of texts, given "{"a":1}"'],
    [[{ name: 'tensorrt', engineCacheDir: 'here' }], 'engineCacheDir: expected the absolute path of a directory'],
    [[{ name: 'x', library: 'x.so' }], 'executionProviders[0].library: expected the absolute path of a library'],
    [[{ name: 'x', library, deviceType: 'tpu' }], "executionProviders[0].deviceType: expected 'cpu', 'gpu' or 'npu'"],
  ])('%j is refused', (given, message) => {
    expect(messageOf(given).replaceAll('\\"', '"')).toContain(message);
  });

  it('takes values without elements, unless WebGPU is in it', () => {
    const takes = (...given: unknown[]) => takesEmptyValues(resolveExecutionProviders(given));
    expect([
      takes('cpu'),
      takes('cuda'),
      takes('webgpu', 'cpu'),
      takes({ name: 'WebGpuExecutionProvider', library }),
    ]).toEqual([true, true, false, false]);
  });

  it('leaves the processor unless it is cpu alone', () => {
    const uses = (...given: unknown[]) => usesDevice(resolveExecutionProviders(given));
    expect([usesDevice([]), uses('cpu'), uses('webgpu', 'cpu'), uses({ name: 'cpu', library })]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('instances', () => {
  const devicesOf = (lists: readonly (readonly ResolvedExecutionProvider[])[]) =>
    lists.map((list) => list.map(({ deviceIds }) => deviceIds?.[0]));
  const never = (): number => {
    throw new Error('devices were counted');
  };

  it('are one, unless a number or per-device is given', () => {
    expect([resolveInstances(undefined), resolveInstances(4), resolveInstances('per-device')]).toEqual([
      1,
      4,
      'per-device',
    ]);
    for (const bad of [0, 1.5, 257, 'all', null]) {
      expect(() => resolveInstances(bad)).toThrow(
        "Bad option instances: expected an integer from 1 to 256, or 'per-device'",
      );
    }
  });

  it('per-device are one for each device that is listed, else for each there is', () => {
    const listed = resolveExecutionProviders([{ name: 'tensorrt', deviceId: [2, 3] }, 'cuda', 'cpu']);
    expect(devicesOf(instanceProviders(listed, 'per-device', never))).toEqual([
      [2, 2, undefined],
      [3, 3, undefined],
    ]);
    const open = resolveExecutionProviders(['cuda']);
    expect(devicesOf(instanceProviders(open, 'per-device', () => 3))).toEqual([[0], [1], [2]]);
    expect(() => instanceProviders(open, 'per-device', () => 0)).toThrow(
      "instances 'per-device' of execution provider cuda: expected at least one device, found none",
    );
  });

  it('by number take turns with the devices that are listed, and share the first otherwise', () => {
    const listed = resolveExecutionProviders([{ name: 'cuda', deviceId: [0, 1] }]);
    expect(devicesOf(instanceProviders(listed, 3, never))).toEqual([[0], [1], [0]]);
    expect(devicesOf(instanceProviders(resolveExecutionProviders(['cuda']), 2, never))).toEqual([
      [undefined],
      [undefined],
    ]);
    expect(instanceProviders([], 2, never)).toEqual([[], []]);
  });

  it('per-device are one where the processor or WebGPU runs the model', () => {
    expect(instanceProviders([], 'per-device', never)).toEqual([[]]);
    expect(instanceProviders(resolveExecutionProviders(['webgpu']), 'per-device', never)).toHaveLength(1);
  });
});
