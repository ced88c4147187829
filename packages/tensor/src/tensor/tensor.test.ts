import { describe, expect, it } from 'vitest';
import { dtypeInfo, dtypes, type DType, type TensorDataMap } from '../dtype/dtype.js';
import { TensorError } from '../tensor-error.js';
import { tensor } from './build.js';
import { Tensor } from './tensor.js';

const reasonOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof TensorError) return `${error.code} ${error.reason}`;
    throw error;
  }
  return 'nothing thrown';
};

describe('Tensor', () => {
  it('keeps the storage it was given, by reference', () => {
    const data = new Float32Array(6);
    const matrix = new Tensor('float32', [2, 3], data);
    data[5] = 7;
    expect(matrix.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 7],
    ]);
    expect([matrix.rank, matrix.size, matrix.byteLength]).toEqual([2, 6, 24]);
  });

  it('does not change shape when the caller changes the array of dimensions', () => {
    const shape = [2];
    const vector = new Tensor('int32', shape, new Int32Array(2));
    shape[0] = 5;
    expect(vector.shape).toEqual([2]);
  });

  it.each([
    ['a negative dimension', () => new Tensor('int8', [-1], new Int8Array(0)), 'INVALID_SHAPE'],
    ['a fractional dimension', () => new Tensor('int8', [1.5], new Int8Array(1)), 'INVALID_SHAPE'],
    [
      'more elements than can be counted',
      () => new Tensor('int8', [2 ** 40, 2 ** 40], new Int8Array(0)),
      'INVALID_SHAPE',
    ],
    ['255 dimensions', () => new Tensor('int8', Array(255).fill(1) as number[], new Int8Array(1)), 'INVALID_SHAPE'],
    ['too few values', () => new Tensor('int8', [3], new Int8Array(2)), 'SIZE_MISMATCH'],
    ['one lane of complex values', () => new Tensor('complex64', [2], new Float32Array(2)), 'SIZE_MISMATCH'],
    ['storage of another class', () => new Tensor('int8', [1], new Uint8Array(1) as never), 'DATA_TYPE_MISMATCH'],
    ['text where bytes belong', () => new Tensor('string', [1], ['a'] as never), 'DATA_TYPE_MISMATCH'],
    ['a dtype nobody knows', () => new Tensor('float' as never, [1], new Float32Array(1) as never), 'UNKNOWN_DTYPE'],
  ])('refuses %s', (_what, action, reason) => {
    expect(reasonOf(action)).toBe(`INVALID_ARGUMENT ${reason}`);
  });

  it('holds no element when any dimension is 0, however large the others are', () => {
    expect(new Tensor('int8', [2 ** 40, 2 ** 40, 0], new Int8Array(0)).size).toBe(0);
  });

  it('takes storage of every dtype and says how many bytes it has', () => {
    for (const dtype of dtypes) {
      const info = dtypeInfo(dtype);
      const data = (
        info.array ? new info.array(2 * info.lanes) : [new Uint8Array(3), new Uint8Array(1)]
      ) as TensorDataMap[DType];
      expect([dtype, new Tensor(dtype, [2], data).byteLength]).toEqual([dtype, info.array ? info.bytes * 2 : 4]);
    }
  });

  it('works out a -1 when reshaping and shares the data', () => {
    const vector = tensor([1, 2, 3, 4, 5, 6]);
    const matrix = vector.reshape([3, -1]);
    expect(matrix.shape).toEqual([3, 2]);
    expect(matrix.data).toBe(vector.data);
    expect(reasonOf(() => vector.reshape([4, -1]))).toBe('INVALID_ARGUMENT INVALID_SHAPE');
    expect(reasonOf(() => vector.reshape([4, 2]))).toBe('INVALID_ARGUMENT SIZE_MISMATCH');
    expect(reasonOf(() => vector.reshape([-1, -1]))).toBe('INVALID_ARGUMENT INVALID_SHAPE');
    expect(reasonOf(() => tensor([]).reshape([0, -1]))).toBe('INVALID_ARGUMENT INVALID_SHAPE');
  });

  it('reads values as JavaScript has them', () => {
    expect(new Tensor('float16', [2], new Uint16Array([0x3c00, 0xc000])).toArray()).toEqual([1, -2]);
    expect(new Tensor('bfloat16', [], new Uint16Array([0x3fc0])).toArray()).toBe(1.5);
    expect(new Tensor('bool', [2], new Uint8Array([0, 1])).toArray()).toEqual([false, true]);
    expect(new Tensor('int64', [1, 1], new BigInt64Array([-5n])).toArray()).toEqual([[-5n]]);
    expect(new Tensor('complex64', [2], new Float32Array([1, 2, 3, 4])).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(new Tensor('int4', [3], new Uint8Array([7, 8, 15])).toArray()).toEqual([7, -8, -1]);
    expect(new Tensor('int2', [2], new Uint8Array([1, 3])).toArray()).toEqual([1, -1]);
    expect(new Tensor('string', [1], [new Uint8Array([0xc3, 0xa9])]).toArray()).toEqual(['é']);
    expect(new Tensor('float32', [2, 0], new Float32Array(0)).toArray()).toEqual([[], []]);
  });

  it('gives text of string tensors only', () => {
    expect(tensor([['a'], ['é']]).text()).toEqual(['a', 'é']);
    expect(reasonOf(() => tensor([1]).text())).toBe('INVALID_ARGUMENT DTYPE_MISMATCH');
  });

  it('narrows the type of the data', () => {
    const some: Tensor = tensor([1, 2]);
    const first: number | undefined = some.is('float32') ? some.data[0] : undefined;
    expect(first).toBe(1);
    expect(some.is('int32')).toBe(false);
  });
});
