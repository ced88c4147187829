import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { raggedBincount, raggedGather, raggedRange, raggedToSparse, raggedToTensor, rowSplits } from './ragged.js';
import { splitStringsByAny } from './string-split.js';
import { segmentJoin } from './string-join.js';
import { fillEmptyRows, readSparse, reshapeSparse, sparseToDense } from './sparse.js';

const ints = (values: number[]) => tensor(values, 'int64');
const any = ints([-1, -1]);
const zero = tensor(0, 'int32');
const exhausted = expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', reason: 'RESULT_TOO_LARGE' }) as Error;

describe('a ragged tensor as a dense one', () => {
  const values = tensor([1, 2, 3], 'int32');
  it('pads short rows and cuts long ones', () => {
    const dense = (shape: number[]) => raggedToTensor(ints(shape), values, zero, [ints([0, 2, 2, 3])], ['ROW_SPLITS']);
    expect(dense([-1, -1]).toArray()).toEqual([
      [1, 2],
      [0, 0],
      [3, 0],
    ]);
    expect(dense([1, 1]).toArray()).toEqual([[1]]);
    expect(dense([-1, 0]).shape).toEqual([3, 0]);
    expect(dense([4, 1]).toArray()).toEqual([[1], [0], [3], [0]]);
  });

  it.each([
    ['splits that fall', [0, 2, 1, 3]],
    ['splits that start late', [1, 3]],
    ['too many values', [0, 2]],
    ['too few values', [0, 4]],
  ])('refuses %s', (_what, splits) => {
    expect(() => raggedToTensor(any, values, zero, [ints(splits)], ['ROW_SPLITS'])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    );
  });

  it('refuses shapes that do not fit, and sizes that no memory holds', () => {
    const dense = (shape: number[], fallback: Tensor = zero) =>
      raggedToTensor(ints(shape), values, fallback, [ints([0, 3])], ['ROW_SPLITS']);
    expect(() => dense([-1, -1, -1])).toThrow('Expected a shape of 2 dimensions');
    expect(() => dense([-1, -2])).toThrow('Invalid dimension size: -2');
    expect(() => dense([-1, -1], tensor([1, 2], 'int32'))).toThrow('does not broadcast');
    expect(() => dense([2 ** 20, 2 ** 20])).toThrow(exhausted);
    const rows = (count: number) =>
      raggedToTensor(any, values, zero, [tensor(count, 'int64'), ints([0, 0, 0])], ['FIRST_DIM_SIZE', 'VALUE_ROWIDS']);
    expect(() => rows(2 ** 40)).toThrow(exhausted);
    expect(() => rows(-1)).toThrow('expected 0 or more rows, got -1');
  });
});

describe('ragged rows', () => {
  it('are checked', () => {
    expect(rowSplits(ints([0, 2, 2]), 2)).toEqual([0, 2, 2]);
    expect(() => rowSplits(ints([]), 0)).toThrow('start with 0, got none');
    expect(() => raggedGather([ints([0, 2])], tensor([1, 2]), tensor([1], 'int32'))).toThrow(
      'indices[0] = 1 is not in [0, 1)',
    );
    expect(() => raggedToSparse([ints([0, 3])], tensor([1, 2]))).toThrow('end with 2, got 3');
  });

  it('of ranges are bounded', () => {
    const range = (limit: number) =>
      raggedRange(tensor(0, 'int32'), tensor([limit], 'int32'), tensor(1, 'int32'), 'int64');
    expect(range(3)[1].toArray()).toEqual([0, 1, 2]);
    expect(() => range(2 ** 31 - 1)).toThrow(exhausted);
  });

  it('are counted up to a size', () => {
    const none = new Tensor('int64', [0], new BigInt64Array());
    expect(raggedBincount(ints([0, 3, 3]), ints([1, 1, 5]), tensor(3n, 'int64'), none, false).toArray()).toEqual([
      [0n, 2n, 0n],
      [0n, 0n, 0n],
    ]);
    expect(() => raggedBincount(ints([0, 1]), ints([0]), tensor(2n ** 40n, 'int64'), none, false)).toThrow(exhausted);
  });
});

describe('sizes that a request names', () => {
  it('are bounded', () => {
    const at = tensor([[0, 0]], 'int64');
    expect(() => sparseToDense(at, ints([2 ** 31, 2 ** 31]), tensor([1]), tensor(0), true)).toThrow(exhausted);
    expect(() => fillEmptyRows(at, tensor([1]), ints([2 ** 40, 1]), tensor(0))).toThrow(exhausted);
    expect(() =>
      segmentJoin(stringTensor([1], ['a']), tensor([0], 'int32'), tensor(2 ** 30, 'int32'), new Uint8Array()),
    ).toThrow(exhausted);
    const long = stringTensor([1], [new Uint8Array(5_000_000)]);
    expect(() => splitStringsByAny(long, stringTensor([], ['']), true)).toThrow(exhausted);
  });
});

describe('sparse tensors', () => {
  it('must be whole', () => {
    const at = tensor([[0, 1]], 'int64');
    expect(() => readSparse(at, tensor([1]), ints([1, 1]))).toThrow(
      'indices[0] = [0,1] is out of bounds: need 0 <= index < [1,1]',
    );
    expect(() => readSparse(at, tensor([1, 2]), ints([2, 2]))).toThrow('Expected indices [n, r]');
    expect(() => reshapeSparse(at, ints([2, 2]), ints([3, -1]))).toThrow('requires a multiple of 3');
    expect(() => reshapeSparse(at, ints([2, 2]), ints([-1, -1]))).toThrow('at most one -1');
  });
});
