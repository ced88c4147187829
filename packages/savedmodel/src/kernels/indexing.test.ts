import { stringTensor, tensor, Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { argExtreme, countValues, inTopK, searchSorted } from './count.js';
import { dynamicPartition, dynamicStitch, invertPermutation } from './dynamic-stitch.js';
import { matrixDiagonal, matrixDiagonalPart, matrixSetDiagonal } from './matrix-diagonal.js';
import { scatterUpdate } from './scatter.js';
import { difference, unique } from './unique.js';
import { whereIndices } from './where-indices.js';

const ints = (values: number[], shape = [values.length]) => new Tensor('int32', shape, Int32Array.from(values));

describe('distinct elements', () => {
  it('come in the order of their first appearance, strings by their bytes', () => {
    const found = unique(stringTensor([4], ['b', 'a', 'b', '']), undefined, 'int64');
    expect(found.values.toArray()).toEqual(['b', 'a', '']);
    expect(found.positions.toArray()).toEqual([0n, 1n, 0n, 2n]);
    expect(found.counts.toArray()).toEqual([2n, 1n, 1n]);
  });

  it('are slices along an axis; no NaN equals another, zeros do', () => {
    expect(unique(ints([1, 2, 1, 3, 4, 3], [2, 3]), 1, 'int32').values.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(unique(tensor([NaN, 0, NaN, -0]), undefined, 'int32').counts.toArray()).toEqual([1, 2, 1]);
    expect(unique(ints([1, 11, 11, 1], [2, 2]), 0, 'int32').values.shape).toEqual([2, 2]);
    expect(() => unique(ints([1, 2], [1, 2]), undefined, 'int32')).toThrow(/1D vector, got shape \[1, 2\]/);
  });

  it('differ by those of another tensor', () => {
    const [values, positions] = difference(ints([1, 2, 3, 2]), ints([2]), 'int32');
    expect([values.toArray(), positions.toArray()]).toEqual([
      [1, 3],
      [0, 2],
    ]);
  });
});

describe('indices', () => {
  it('of elements that are not zero', () => {
    expect(
      whereIndices(
        tensor([
          [0, NaN],
          [-0, 2],
        ]),
      ).toArray(),
    ).toEqual([
      [0n, 1n],
      [1n, 1n],
    ]);
    expect(whereIndices(stringTensor([2], ['', 'x'])).toArray()).toEqual([[1n]]);
    expect(whereIndices(tensor(true)).shape).toEqual([1, 0]);
  });

  it('write rows, the last of equals winning, and never outside', () => {
    expect(scatterUpdate(ints([1, 2, 3]), ints([0, 0], [2, 1]), ints([8, 9])).toArray()).toEqual([9, 2, 3]);
    expect(() => scatterUpdate(ints([1]), ints([1], [1, 1]), ints([8]))).toThrow(/does not index into shape \[1\]/);
    expect(() => scatterUpdate(ints([1]), ints([0], [1, 1]), ints([8, 9]))).toThrow(/expected 1 updates/);
  });

  it('stitch and partition rows', () => {
    expect(dynamicStitch([ints([2], []), ints([0, 2])], [ints([7]), ints([5, 6], [2, 1])]).toArray()).toEqual([
      [5],
      [0],
      [6],
    ]);
    expect(dynamicPartition(ints([1, 2, 3]), ints([1, 0, 1]), 3).map((part) => part.toArray())).toEqual([
      [2],
      [1, 3],
      [],
    ]);
    expect(() => dynamicPartition(ints([1]), ints([3]), 3)).toThrow(/partitions\[0\] = 3 is not in \[0, 3\)/);
    expect(() => dynamicStitch([ints([-1])], [ints([1])])).toThrow(/must be 0 or more, got -1/);
    expect(() => dynamicStitch([ints([2 ** 30])], [ints([1])])).toThrow(/elements; at most/);
    expect(() => invertPermutation(ints([1, 1]))).toThrow(/1 is duplicated/);
    expect(() => invertPermutation(ints([2, 0]))).toThrow(/2 is not between 0 and 2/);
  });
});

describe('counting and searching', () => {
  it('counts per row, leaving out what is too large and refusing what is negative', () => {
    const rows = ints([0, 1, 1, 9], [2, 2]);
    expect(countValues(rows, 2, undefined, false, 'int32', true).toArray()).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(() => countValues(ints([-1]), 2, undefined, false, 'int32', true)).toThrow(/non-negative! got -1/);
    expect(() => countValues(ints([0]), 2, tensor([1, 2]), false, 'float32', true)).toThrow(
      /expected 1 weights, got 2/,
    );
  });

  it('finds places in sorted rows', () => {
    const [rows, values] = [ints([1, 2, 2, 5], [1, 4]), ints([2, 0, 9], [1, 3])];
    expect(searchSorted(rows, values, 'lower', 'int32').toArray()).toEqual([[1, 0, 4]]);
    expect(searchSorted(rows, values, 'upper', 'int64').toArray()).toEqual([[3n, 0n, 4n]]);
  });

  it('ranks: the first of equals is the greatest, ties count as among the best', () => {
    expect(argExtreme(ints([1, 3, 3], [1, 3]), -1, 'greatest', 'int32').toArray()).toEqual([1]);
    expect(() => argExtreme(ints([], [2, 0]), 1, 'least', 'int32')).toThrow(/Reduction axis 1 is empty/);
    expect(() => argExtreme(ints([1]), 1, 'least', 'int32')).toThrow(/range \[-1, 1\), but got 1/);
    const scores = tensor([
      [1, 2, 2],
      [1, NaN, 3],
    ]);
    expect(inTopK(scores, ints([1, 2]), 1).toArray()).toEqual([true, false]);
    expect(inTopK(scores, ints([7, 2]), 3).toArray()).toEqual([false, false]);
  });
});

describe('diagonals', () => {
  const band = ints([-1, 1]);

  it('align to either side', () => {
    const x = ints([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]);
    const part = (align: 'LEFT_LEFT' | 'RIGHT_LEFT') => matrixDiagonalPart(x, { k: band, align }).toArray();
    expect(part('LEFT_LEFT')).toEqual([
      [2, 6, 0],
      [1, 5, 9],
      [4, 8, 0],
    ]);
    expect(part('RIGHT_LEFT')).toEqual([
      [0, 2, 6],
      [1, 5, 9],
      [4, 8, 0],
    ]);
    const packed = matrixDiagonalPart(x, { k: band, align: 'RIGHT_LEFT' });
    expect(matrixSetDiagonal(ints(new Array<number>(9).fill(0), [3, 3]), packed, band, 'RIGHT_LEFT').toArray()).toEqual(
      [
        [1, 2, 0],
        [4, 5, 6],
        [0, 8, 9],
      ],
    );
    expect(matrixDiagonal(packed, { k: band, align: 'RIGHT_LEFT' }).toArray()).toEqual([
      [1, 2, 0],
      [4, 5, 6],
      [0, 8, 9],
    ]);
  });

  it('outside of the matrix are refused', () => {
    const x = ints([1, 2, 3, 4], [2, 2]);
    expect(() => matrixDiagonalPart(x, { k: ints([2]), align: 'LEFT_LEFT' })).toThrow(/index 2 is out of bounds/);
    expect(() => matrixDiagonalPart(x, { k: ints([1, 0]), align: 'LEFT_LEFT' })).toThrow(/1 > 0/);
    expect(() => matrixSetDiagonal(x, ints([1]), undefined, 'LEFT_LEFT')).toThrow(/shape \[2\], got \[1\]/);
    expect(() => matrixDiagonal(ints([1, 2]), { rows: 1, columns: 1, align: 'LEFT_LEFT' })).toThrow(/does not fit/);
  });
});
