import { Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { uniformConvolution, uniformDot } from './uniform-convolution.js';
import { FixedFactor, scalesFor, uniformQuantize } from './uniform-quantize.js';

const floats = (shape: number[], values: number[]) => new Tensor('float32', shape, Float32Array.from(values));
const bytes = (shape: number[], values: number[]) => new Tensor('qint8', shape, Int8Array.from(values));
const one = { scales: [1], zeros: [0], axis: -1 };
const whole = { low: -(2 ** 31), high: 2 ** 31 - 1 };

describe('factors in fixed point', () => {
  it('multiplies and rounds halves up, for large and small factors', () => {
    expect([3, -3, 5].map((x) => new FixedFactor(0.5).times(x))).toEqual([2, -1, 3]);
    expect(new FixedFactor(2 ** 20).times(-5)).toBe(-5 * 2 ** 20);
    expect(new FixedFactor(1e-9).times(2 ** 31 - 1)).toBe(2);
    expect(new FixedFactor(1e-12).times(2 ** 31 - 1)).toBe(0);
  });

  it('stays within the integers', () => {
    expect(new FixedFactor(1e8).times(1000)).toBe(2 ** 31 - 1);
    expect(new FixedFactor(1e30).times(-1)).toBe(1 - 2 ** 30);
  });

  it('refuses what is no factor', () => {
    for (const factor of [0, -1, NaN, Infinity]) expect(() => new FixedFactor(factor)).toThrow(/positive and finite/);
  });
});

describe('uniform quantization', () => {
  it('takes numbers beyond all integers for the lowest one, as processors do', () => {
    const x = uniformQuantize(floats([3], [1e20, -1e20, NaN]), one, { low: -128, high: 127 }, 'qint8');
    expect(Array.from(x.data as Int8Array)).toEqual([-128, -128, -128]);
  });

  it('refuses scales that do not fit, or are not positive where they must be', () => {
    const zeros = new Tensor('int32', [2], Int32Array.of(0, 0));
    expect(() => scalesFor([3, 3], floats([2], [1, 1]), zeros, 0)).toThrow(/expected scales/);
    expect(() => scalesFor([2, 3], floats([2], [1, 0]), zeros, 0)).toThrow(/all positive/);
    expect(() => scalesFor([2], floats([2], [1, 1]), zeros, 1)).toThrow(/expected scales/);
  });
});

describe('products of uniformly quantized tensors', () => {
  it('refuses matrices that do not fit each other', async () => {
    await expect(uniformDot(bytes([1, 2], [1, 2]), bytes([3, 1], [1, 2, 3]), one, one, undefined)).rejects.toThrow(
      /fit each other/,
    );
  });

  it('sums up what a kernel sees, and nothing beyond the image', async () => {
    const options = {
      padding: 'SAME',
      strides: [],
      explicit: [],
      inputDilation: [],
      kernelDilation: [],
      batchGroups: 1,
      featureGroups: 1,
      layout: undefined,
    };
    const image = bytes([1, 1, 4], [1, 2, 3, 4]);
    const output = { ...one, limits: whole };
    const sums = await uniformConvolution(image, bytes([1, 1, 3], [1, 1, 1]), one, one, output, options);
    expect(Array.from(sums.data as Int32Array)).toEqual([3, 6, 9, 7]);
    const groups = { ...options, featureGroups: 2 };
    await expect(uniformConvolution(image, bytes([1, 1, 3], [1, 1, 1]), one, one, output, groups)).rejects.toThrow(
      /groups/,
    );
  });
});
