import { describe, expect, it } from 'vitest';
import type { DType } from '../dtype/dtype.js';
import { TensorError } from '../tensor-error.js';
import { stringTensor, tensor, type TensorValues } from './build.js';

const failure = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof TensorError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'nothing thrown';
};

const bytes = new Uint8Array([1, 2]);

describe('the dtype', () => {
  it.each<[string, TensorValues, DType, readonly number[]]>([
    ['numbers', [[1, 2.5]], 'float32', [1, 2]],
    ['a number', 3, 'float32', []],
    ['bigints', [1n, 2n], 'int64', [2]],
    ['booleans', [true], 'bool', [1]],
    ['text', [['a'], ['b']], 'string', [2, 1]],
    ['nothing', [], 'float32', [0]],
    ['empty rows', [[], []], 'float32', [2, 0]],
    ['a Uint8Array', bytes, 'uint8', [2]],
    ['a Node Buffer', Buffer.from([1]), 'uint8', [1]],
    ['a Uint8ClampedArray', new Uint8ClampedArray(3), 'uint8', [3]],
    ['rows of Int16Array', [new Int16Array(2), new Int16Array(2)], 'int16', [2, 2]],
    ['a BigUint64Array', new BigUint64Array(1), 'uint64', [1]],
  ])('of %s', (_what, values, dtype, shape) => {
    const built = tensor(values);
    expect([built.dtype, built.shape]).toEqual([dtype, shape]);
  });

  it('cannot be told from other things', () => {
    for (const values of [null, {}, [null], [[() => 1]], undefined, new DataView(new ArrayBuffer(1)), Symbol('x')]) {
      expect(failure(() => tensor(values as never))).toMatch(/^VALUE_MISMATCH: Cannot infer a dtype/);
    }
  });
});

describe('values', () => {
  it('of a typed array of the same storage are not copied', () => {
    const data = new Float32Array(6);
    expect(tensor(data, 'float32', [2, -1]).data).toBe(data);
    const halves = new Uint16Array([0x3c00]);
    expect(tensor(halves, 'float16').data).toBe(halves);
    expect(tensor(new Float32Array([1, 2, 3, 4]), 'complex64').toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('are converted between number classes when they fit', () => {
    expect(tensor(new Float64Array([1, 2]), 'int8').data).toEqual(new Int8Array([1, 2]));
    expect(tensor([1, 2], 'int64').data).toEqual(new BigInt64Array([1n, 2n]));
    expect(tensor([1n, 255n], 'uint8').data).toEqual(new Uint8Array([1, 255]));
    expect(tensor([1.5, -2], 'float16').data).toEqual(new Uint16Array([0x3e00, 0xc000]));
    expect(tensor([1.5], 'bfloat16').data).toEqual(new Uint16Array([0x3fc0]));
    expect(tensor([-1, 7], 'int4').data).toEqual(new Uint8Array([15, 7]));
    expect(tensor([[1, 2]], 'complex128').data).toEqual(new Float64Array([1, 2]));
    expect(tensor([1, 2], 'complex64').shape).toEqual([]);
    expect(tensor([true, false], 'bool').data).toEqual(new Uint8Array([1, 0]));
  });

  it('of strings are bytes, and text is UTF-8', () => {
    expect(tensor(['é', bytes as never], 'string').data).toEqual([new Uint8Array([0xc3, 0xa9]), bytes]);
    expect(tensor(bytes, 'string')).toMatchObject({ shape: [], data: [bytes] });
    expect(stringTensor([2, 1], ['a', bytes]).data).toEqual([new Uint8Array([97]), bytes]);
  });

  it('take the shape that is asked for', () => {
    expect(tensor([1, 2, 3, 4], 'int32', [2, 2]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([[1, 2]], undefined, [-1]).shape).toEqual([2]);
    expect(failure(() => tensor([1, 2, 3], 'int32', [2, 2]))).toMatch(/^SIZE_MISMATCH: .*expected 4 .*given 3$/);
  });
});

describe('refused, with the position', () => {
  it.each<[string, () => unknown, string]>([
    [
      'a short row',
      () => tensor([[1, 2], [3]]),
      'RAGGED_VALUES: Ragged values: expected a list of 2 values at [1], given 1 values',
    ],
    [
      'a scalar among rows',
      () =>
        tensor([
          [[1], [2]],
          [[3], 4],
        ] as never),
      'RAGGED_VALUES: Ragged values: expected a list of 1 values at [1][1], given number 4',
    ],
    [
      'a row among scalars',
      () => tensor([1, [2]]),
      'VALUE_MISMATCH: Wrong value for dtype float32 at [1]: expected a number, given a list of 1',
    ],
    [
      'text among numbers',
      () =>
        tensor([
          [1, 2],
          [3, 'x'],
        ] as never),
      'VALUE_MISMATCH: Wrong value for dtype float32 at [1][1] of shape [2,2]: expected a number, given string "x"',
    ],
    [
      'a number out of range',
      () => tensor([0, 128], 'int8'),
      'VALUE_MISMATCH: Wrong value for dtype int8 at [1]: expected an integer from -128 to 127, given number 128',
    ],
    [
      'a fraction',
      () => tensor(1.5, 'int32'),
      'VALUE_MISMATCH: Wrong value for dtype int32 at the scalar: expected an integer from -2147483648 to 2147483647, given number 1.5',
    ],
    [
      'NaN as an integer',
      () => tensor([NaN], 'uint8'),
      'VALUE_MISMATCH: Wrong value for dtype uint8 at [0]: expected an integer from 0 to 255, given number NaN',
    ],
    [
      'a bigint as a float',
      () => tensor([1n], 'float32'),
      'VALUE_MISMATCH: Wrong value for dtype float32 at [0]: expected a number, given bigint 1',
    ],
    [
      'an unsafe integer',
      () => tensor([2 ** 53], 'int64'),
      'VALUE_MISMATCH: Wrong value for dtype int64 at [0]: expected a bigint or a safe integer from -9223372036854775808 to 9223372036854775807, given number 9007199254740992',
    ],
    [
      'a negative unsigned',
      () => tensor([-1], 'uint64'),
      'VALUE_MISMATCH: Wrong value for dtype uint64 at [0]: expected a bigint or a safe integer from 0 to 18446744073709551615, given number -1',
    ],
    [
      'a number as a bool',
      () => tensor([1], 'bool'),
      'VALUE_MISMATCH: Wrong value for dtype bool at [0]: expected a boolean, given number 1',
    ],
    [
      'a byte as a bool',
      () => tensor(new Uint8Array([1, 2]), 'bool'),
      'VALUE_MISMATCH: Wrong value for dtype bool at [1]: expected a byte from 0 to 1, given number 2',
    ],
    [
      'a real number as a complex one',
      () => tensor([[1, 2], 3] as never, 'complex64'),
      'VALUE_MISMATCH: Wrong value for dtype complex64 at [1]: expected a pair [re, im] of numbers, given number 3',
    ],
    [
      'a number as a string',
      () => stringTensor([1], [5 as never]),
      'VALUE_MISMATCH: Wrong value for dtype string at [0]: expected a string or a Uint8Array, given number 5',
    ],
    [
      'an odd half',
      () => tensor(new Float32Array(3), 'complex64'),
      'SIZE_MISMATCH: Wrong data size: expected pairs of real and imaginary part, given 3 values',
    ],
  ])('%s', (_what, action, message) => {
    expect(failure(action)).toBe(message);
  });

  it('a list that contains itself', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(failure(() => tensor(loop as never))).toMatch(/^(VALUE_MISMATCH|INVALID_SHAPE)/);
    expect(failure(() => tensor(loop as never, 'float32'))).toMatch(/^INVALID_SHAPE: .*at most 254/);
  });
});
