import { tensor, Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { bitcast, populationCount } from './bits.js';
import { cumulativeLogSumExp, cumulativeProduct } from './cumulate.js';
import { broadcast, checkedSize, fromDoubles } from './elements.js';
import { equalOrIncompatible } from './equal.js';
import { linSpace } from './lin-space.js';
import { mapElements } from './map-elements.js';
import { nextAfter } from './next-after.js';
import { reduceTensor } from './reduce-tensor.js';
import { truncateFloats } from './truncate-floats.js';

const forward = { exclusive: false, reverse: false };

describe('elementwise kernels', () => {
  it('broadcast, compute in double precision and round once', () => {
    const column = tensor([[1], [2]], 'float32');
    expect(mapElements([column, tensor([10, 20], 'float32')], (a, b) => a / b).toArray()).toEqual([
      [Math.fround(0.1), Math.fround(0.05)],
      [Math.fround(0.2), Math.fround(0.1)],
    ]);
    expect(fromDoubles('float16', [2], Float64Array.of(1 / 3, 1e6)).toArray()).toEqual([0.333251953125, Infinity]);
    expect(() => broadcast([2, 3], [2])).toThrow(/\[2, 3\] and \[2\] do not broadcast/);
    expect(() => checkedSize([2, -1])).toThrow(/0 or more, got \[2, -1\]/);
  });

  it('step to the neighbouring number', () => {
    const x = new Tensor('float32', [4], Float32Array.of(1, 0, -1, NaN));
    const up = nextAfter(x, tensor(Infinity, 'float32')).data as Float32Array;
    expect([...up]).toEqual([1 + 2 ** -23, 2 ** -149, -1 + 2 ** -24, NaN]);
    const wide = nextAfter(tensor([1, 0], 'float64'), tensor(-1, 'float64')).toArray();
    expect(wide).toEqual([1 - 2 ** -53, -(2 ** -1074)]);
  });

  it('drop the bits that do not fit', () => {
    const x = tensor([1 + 2 ** -8, -(1 + 2 ** -8), 65519, 1e30, -Infinity], 'float32');
    expect(truncateFloats(x, 'bfloat16').toArray()).toEqual([1, -1, 65280, expect.closeTo(1e30, -28), -Infinity]);
    expect(truncateFloats(x, 'float16').toArray()).toEqual([1.00390625, -1.00390625, 65504, 65504, -Infinity]);
    expect(truncateFloats(tensor([0.1, -0.1], 'float64'), 'float32').toArray()).toEqual([
      0.09999999403953552, -0.09999999403953552,
    ]);
  });

  it('say that tensors of shapes that do not fit are not equal', () => {
    expect(equalOrIncompatible(tensor([1, 2]), tensor([1, 2, 3])).toArray()).toBe(false);
    expect(equalOrIncompatible(tensor([1, NaN]), tensor([1, NaN])).toArray()).toEqual([true, false]);
    expect(equalOrIncompatible(tensor(['a', 'b']), tensor('b')).toArray()).toEqual([false, true]);
  });
});

describe('bits', () => {
  it('are counted and read as another dtype', () => {
    expect(populationCount(tensor([-1, 0, 5], 'int32')).toArray()).toEqual([32, 0, 2]);
    expect(populationCount(tensor([-1n], 'int64')).toArray()).toEqual([64]);
    expect(bitcast(tensor([1], 'float32'), 'uint8').toArray()).toEqual([[0, 0, 128, 63]]);
    expect(bitcast(tensor([[0, 0, 128, 63]], 'uint8'), 'float32').toArray()).toEqual([1]);
    expect(() => bitcast(tensor([1, 2, 3], 'uint8'), 'int32')).toThrow(/does not end in 4/);
    expect(() => bitcast(tensor(['a']), 'int32')).toThrow(/bitcast of string/);
  });
});

describe('along an axis', () => {
  it('products run, integers wrapping', () => {
    const x = tensor([2, 3, 4], 'float32');
    expect(cumulativeProduct(x, -1, { exclusive: true, reverse: true }).toArray()).toEqual([12, 4, 1]);
    const big = new Tensor('int64', [2], BigInt64Array.of(2n ** 62n, 2n));
    expect(cumulativeProduct(big, 0, forward).toArray()).toEqual([2n ** 62n, -(2n ** 63n)]);
    expect(cumulativeProduct(tensor([65536, 65537], 'int32'), 0, forward).toArray()).toEqual([65536, 65536]);
    expect(() => cumulativeProduct(x, 1, forward)).toThrow(/axis in \[-1, 1\), got 1/);
  });

  it('log-sum-exps stay finite', () => {
    const x = tensor([1000, 1000, -Infinity], 'float64');
    const sum = 1000 + Math.LN2;
    expect(cumulativeLogSumExp(x, 0, forward).toArray()).toEqual([1000, sum, sum]);
    expect(cumulativeLogSumExp(tensor([NaN, 1], 'float64'), 0, forward).toArray()).toEqual([NaN, NaN]);
  });

  it('reductions of nothing have their identity', () => {
    const none = new Tensor('float32', [2, 0], new Float32Array());
    expect(reduceTensor(none, [1], 'sum', false).toArray()).toEqual([0, 0]);
    expect(reduceTensor(none, [1], 'mean', true).toArray()).toEqual([[NaN], [NaN]]);
    expect(reduceTensor(none, [1], 'max', false).toArray()).toEqual([-Infinity, -Infinity]);
    expect(reduceTensor(none, [0, 1], 'prod', false).toArray()).toBe(1);
    expect(reduceTensor(tensor([1, NaN, 3]), [0], 'min', false).toArray()).toBe(NaN);
    expect(reduceTensor(tensor([true, false]), [0], 'all', false).toArray()).toBe(false);
    expect(reduceTensor(tensor([3n, -4n], 'int64'), [0], 'mean', false).toArray()).toBe(0n);
    expect(reduceTensor(tensor([], 'int8', [2, 0]), [1], 'max', false).toArray()).toEqual([-128, -128]);
  });

  it('wraps sums and products of integers around, and not their means', () => {
    const most = [2147483647, 2147483647, 3];
    const bytes = [127, 127, 3];
    const ops = ['sum', 'prod', 'mean', 'norm'] as const;
    const all = (values: number[], dtype: 'int8' | 'int32') =>
      ops.map((op) => reduceTensor(tensor(values, dtype), [0], op, false).toArray());
    expect(all(most, 'int32')).toEqual([1, 3, 1431655765, 3]);
    expect(all(bytes, 'int8')).toEqual([1, 3, 85, 3]);
    expect(reduceTensor(tensor([4294967295, 4294967295, 3], 'uint32'), [0], 'sum', true).toArray()).toEqual([1]);
    expect(reduceTensor(tensor([[1, 2]], 'int32'), [], 'sum', false).toArray()).toEqual([[1, 2]]);
  });

  it('spaces numbers evenly, ending on the last', () => {
    const [start, stop] = [tensor(0.1, 'float32'), tensor(0.7, 'float32')];
    expect(linSpace(start, stop, 3).toArray()).toEqual([0.1, 0.4, 0.7].map(Math.fround));
    expect(linSpace(start, stop, 1).toArray()).toEqual([Math.fround(0.1)]);
    expect(() => linSpace(start, stop, 0)).toThrow(/num > 0: 0/);
  });
});
