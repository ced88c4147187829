import { fromBinary } from '@bufbuild/protobuf';
import { ConfigProtoSchema } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { sessionConfig, type TensorFlowSessionOptions } from './tensorflow-session-options.js';

const config = (options?: TensorFlowSessionOptions, environment: Record<string, string> = {}) =>
  fromBinary(ConfigProtoSchema, sessionConfig(options, environment));

describe('options of a TensorFlow session', () => {
  it('are those of a ConfigProto', () => {
    const { intraOpParallelismThreads, interOpParallelismThreads, usePerSessionThreads, gpuOptions } = config({
      intraOpThreads: 4,
      interOpThreads: 2,
      gpuMemoryFraction: 0.25,
      gpuAllowGrowth: true,
      visibleDevices: [1, 0],
    });
    expect([intraOpParallelismThreads, interOpParallelismThreads, usePerSessionThreads]).toEqual([4, 2, true]);
    expect(gpuOptions).toMatchObject({
      perProcessGpuMemoryFraction: 0.25,
      allowGrowth: true,
      visibleDeviceList: '1,0',
    });
  });

  it('leave everything to TensorFlow by default', () => {
    const { intraOpParallelismThreads, interOpParallelismThreads, usePerSessionThreads, gpuOptions } = config();
    expect([intraOpParallelismThreads, interOpParallelismThreads, usePerSessionThreads]).toEqual([0, 0, false]);
    expect(gpuOptions).toMatchObject({ perProcessGpuMemoryFraction: 0, allowGrowth: false, visibleDeviceList: '' });
  });

  it('take growth from TF_FORCE_GPU_ALLOW_GROWTH unless they say it', () => {
    const growth = (option: boolean | undefined, variable: string) =>
      config({ gpuAllowGrowth: option }, { TF_FORCE_GPU_ALLOW_GROWTH: variable }).gpuOptions?.allowGrowth;
    expect([growth(undefined, 'true'), growth(undefined, 'false'), growth(undefined, '')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([growth(false, 'true'), growth(true, 'false')]).toEqual([false, true]);
    expect(() => growth(undefined, 'yes')).toThrow(
      `Bad option TF_FORCE_GPU_ALLOW_GROWTH: expected 'true' or 'false', given "yes"`,
    );
  });

  it.each<[TensorFlowSessionOptions, string]>([
    [{ intraOpThreads: 0 }, 'intraOpThreads'],
    [{ interOpThreads: 1.5 }, 'interOpThreads'],
    [{ gpuMemoryFraction: 0 }, 'gpuMemoryFraction'],
    [{ gpuMemoryFraction: 1.5 }, 'gpuMemoryFraction'],
    [{ gpuMemoryFraction: NaN }, 'gpuMemoryFraction'],
    [{ gpuAllowGrowth: 1 as never }, 'gpuAllowGrowth'],
    [{ visibleDevices: [-1] }, 'visibleDevices'],
    [{ visibleDevices: '0' as never }, 'visibleDevices'],
  ])('refuse %j', (options, name) => {
    expect(() => sessionConfig(options, {})).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        reason: 'BAD_OPTION',
        message: expect.stringContaining(`Bad option ${name}: `) as string,
      }) as Error,
    );
  });
});
