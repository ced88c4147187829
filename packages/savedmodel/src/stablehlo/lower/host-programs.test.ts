import { Tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { leadingZeros, reduceAxes, reduceWindows, sortTensors } from './host-programs.js';

const floats = (shape: readonly number[], values: readonly number[]) =>
  new Tensor('float32', shape, Float32Array.from(values));
const sum = (args: readonly (number | bigint)[]) => [Number(args[0]) + Number(args[1])];

describe('what StableHLO does with blocks of its own', () => {
  test('a window with padding, strides and dilations takes the elements under it', () => {
    const window = {
      size: [2],
      strides: [2],
      baseDilations: [1],
      windowDilations: [2],
      low: [1],
      high: [1],
    };
    const [result] = reduceWindows([floats([5], [1, 2, 3, 4, 5]), floats([], [10])], window, sum);
    // Places -1, 1, 3 and two further on each.
    expect(result?.toArray()).toEqual([10 + 2, 10 + 2 + 4, 10 + 4]);
  });

  test('a reduction of no elements is what it begins with', () => {
    const [result] = reduceAxes([floats([2, 0], []), floats([], [7])], [1], sum);
    expect(result?.shape).toEqual([2]);
    expect(result?.toArray()).toEqual([7, 7]);
  });

  test('sorting moves all tensors along and keeps the order of equals', () => {
    const keys = floats([2, 3], [2, 1, 1, 0, 5, -1]);
    const others = new Tensor('int32', [2, 3], Int32Array.of(0, 1, 2, 3, 4, 5));
    const sorted = sortTensors(
      [keys, others],
      1,
      ([read]) =>
        (a, b) =>
          Number(read?.(a)) - Number(read?.(b)),
    );
    expect(sorted.map((tensor) => tensor.toArray())).toEqual([
      [
        [1, 1, 2],
        [-1, 0, 5],
      ],
      [
        [1, 2, 0],
        [5, 3, 4],
      ],
    ]);
  });

  test('zeros at the top of integers are counted in their width', () => {
    expect(leadingZeros(new Tensor('int32', [3], Int32Array.of(0, 1, -1))).toArray()).toEqual([32, 31, 0]);
    expect(leadingZeros(new Tensor('uint8', [2], Uint8Array.of(1, 255))).toArray()).toEqual([7, 0]);
  });
});
