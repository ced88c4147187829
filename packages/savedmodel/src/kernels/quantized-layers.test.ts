import { Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { quantizedAdd, quantizedMultiply } from './quantized-arithmetic.js';
import { quantizedInstanceNorm } from './quantized-norm.js';
import { clampedStepOf, numberOf, roundAway, stepOf } from './quantized-numbers.js';
import { quantizedResize } from './quantized-resize.js';
import { requantizationRangePerChannel, requantizePerChannel } from './requantize-per-channel.js';

const bytes = (shape: number[], values: number[]) => new Tensor('quint8', shape, Uint8Array.from(values));
const ints = (shape: number[], values: number[]) => new Tensor('qint32', shape, Int32Array.from(values));
const floats = (...values: number[]) => new Tensor('float32', [values.length], Float32Array.from(values));
const scalar = (value: number) => new Tensor('float32', [], Float32Array.of(value));

describe('numbers of a quantized range', () => {
  it('rounds halves away from zero, and no number below a half', () => {
    expect([0.5, 1.5, -0.5, -2.5, 0.49999999999999994].map(roundAway)).toEqual([1, 2, -1, -3, 0]);
  });

  it('turns numbers into steps and back', () => {
    expect(stepOf('quint8', 0, -1, 1)).toBe(128);
    expect(stepOf('quint8', 0, 1, 2)).toBe(-255);
    expect(clampedStepOf('quint8', 0, 1, 2)).toBe(0);
    expect(numberOf('quint8', 255, 0, 2)).toBeCloseTo(2, 6);
    expect(numberOf('quint8', 77, 3, 3)).toBe(3);
  });
});

describe('sums and products of quantized tensors', () => {
  const ranges = [scalar(-1), scalar(1), scalar(0), scalar(2)];

  it('multiplies what is left of the steps that stand for zero', () => {
    const [product] = quantizedMultiply(bytes([2], [129, 126]), bytes([2], [10, 3]), ranges);
    expect(Array.from(product?.data as Int32Array)).toEqual([10, -6]);
  });

  it('refuses ranges without width, and more groups of repeated dimensions than TensorFlow has', () => {
    const x = bytes([1], [1]);
    expect(() => quantizedAdd(x, x, [scalar(1), scalar(1), scalar(0), scalar(1)])).toThrow(
      /greater than their minimum/,
    );
    expect(() => quantizedAdd(x, x, [floats(1), scalar(1), scalar(0), scalar(1)])).toThrow(/scalars/);
    const wide = bytes([2, 1, 2], [1, 2, 3, 4]);
    expect(() => quantizedAdd(wide, bytes([1, 3, 1], [1, 2, 3]), ranges)).toThrow(/not supported/);
  });
});

describe('resizing of quantized images', () => {
  const image = bytes([1, 1, 2, 1], [0, 255]);
  const options = { corners: false, centers: false };

  it('weights bytes in steps of 1/128', () => {
    const resized = quantizedResize(image, new Tensor('int32', [2], Int32Array.of(1, 4)), options);
    expect(Array.from(resized.data as Uint8Array)).toEqual([0, 128, 255, 255]);
  });

  it('refuses sizes that are not positive', () => {
    expect(() => quantizedResize(image, new Tensor('int32', [2], Int32Array.of(0, 4)), options)).toThrow(
      /positive sizes/,
    );
  });
});

describe('normalization of quantized images', () => {
  it('keeps the ends of the range apart', () => {
    const options = { epsilon: 1e-5, separation: 0.5, range: undefined };
    const [y, low, high] = quantizedInstanceNorm(bytes([1, 1, 2, 1], [7, 7]), scalar(0), scalar(1), options);
    expect(Array.from(y?.data as Uint8Array)).toEqual([0, 0]);
    expect([low?.data[0], high?.data[0]]).toEqual([0, 0.5]);
  });
});

describe('requantization per channel', () => {
  it('rounds halves to even and stays within the limits', () => {
    const x = ints([1, 1, 2, 2], [2 ** 30, 2 ** 31 - 1, -(2 ** 30), -(2 ** 31)]);
    const y = requantizePerChannel(x, floats(-1, -4), floats(1, 4), scalar(-1), scalar(1), 'qint8');
    expect(Array.from(y.data as Int8Array)).toEqual([64, 127, -64, -128]);
  });

  it('refuses ranges that are not one per channel', () => {
    const x = ints([1, 1, 1, 2], [1, 2]);
    expect(() => requantizationRangePerChannel(x, floats(0), floats(1), 6)).toThrow(/each of 2 channels/);
  });
});
