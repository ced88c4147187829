import { Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { encodeWav } from './encode-wav.js';
import { fractionalPool } from './fractional-pool.js';
import { isotonicRegression } from './isotonic-regression.js';
import { Philox } from './philox.js';

const floats = (shape: number[], values: number[]) => new Tensor('float32', shape, Float32Array.from(values));
const rate = (value: number) => new Tensor('int32', [], Int32Array.of(value));

describe('WAV files', () => {
  it('holds samples as 16-bit integers, the loudest cut off', () => {
    const [file = new Uint8Array()] = encodeWav(floats([3, 1], [0.5, 2, -2]), rate(8000)).data;
    const view = new DataView(file.buffer, file.byteOffset);
    expect([44, 46, 48].map((at) => view.getInt16(at, true))).toEqual([16384, 32767, -32768]);
    expect([view.getUint32(4, true), view.getUint32(24, true), view.getUint32(40, true)]).toEqual([42, 8000, 6]);
  });

  it('refuses what no file can hold', () => {
    expect(() => encodeWav(floats([3], [1, 2, 3]), rate(8000))).toThrow(/2-dimensional/);
    expect(() => encodeWav(floats([3, 1], [1, 2, 3]), rate(0))).toThrow(/positive sample rate/);
    expect(() => encodeWav(floats([0, 1], []), rate(8000))).toThrow(/samples/);
  });
});

describe('isotonic regression', () => {
  it('pools what rises, and says which elements are together', () => {
    const [fit, steps] = isotonicRegression(floats([2, 3], [3, 1, 2, 1, 2, 6]), 'float32');
    expect(Array.from(fit.data as Float32Array)).toEqual([3, 1.5, 1.5, 3, 3, 3]);
    expect(Array.from(steps.data as Int32Array)).toEqual([0, 1, 1, 0, 0, 0]);
  });
});

describe('fractional pooling', () => {
  const options = { ratio: [1, 1.5, 1.5, 1], overlapping: false, pseudoRandom: false };
  const pooled = (shape: number[], kind: 'max' | 'average', ratio = options.ratio) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const image = floats(
      shape,
      Array.from({ length: size }, (_, i) => i),
    );
    return fractionalPool(image, kind, () => Philox.fromSeeds(1n, 2n), { ...options, ratio });
  };

  it('covers every row and column once', () => {
    const [y, rows, columns] = pooled([1, 5, 4, 1], 'average');
    expect(y?.shape).toEqual([1, 3, 2, 1]);
    const steps = (borders: Tensor | undefined) => {
      const values = Array.from(borders?.data as BigInt64Array, Number);
      return values
        .slice(1)
        .map((value, i) => value - (values[i] ?? 0))
        .toSorted();
    };
    expect([steps(rows), steps(columns)]).toEqual([
      [1, 2, 2],
      [2, 2],
    ]);
  });

  it('refuses images that are smaller than the ratio', () => {
    expect(() => pooled([1, 1, 4, 1], 'max')).toThrow(/no less than the pooling ratios/);
    expect(() => pooled([0, 4, 4, 1], 'max')).toThrow(/no less than the pooling ratios/);
  });
});
