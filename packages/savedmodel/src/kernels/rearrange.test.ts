import { stringTensor, tensor, Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { concat, expand, gather, gatherNd, pad, reverse, roll, select, slice, split, tile } from './rearrange.js';
import { transpose } from './transpose.js';
import { stridedSlice } from './strided-slice.js';

const matrix = tensor(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  'int32',
);
const texts = stringTensor([2, 2], ['a', '', 'b\0c', 'd']);
const complex = new Tensor('complex64', [2], Float32Array.of(1, 2, 3, 4));
const ints = (values: number[], shape = [values.length]) => new Tensor('int32', shape, Int32Array.from(values));

describe('any dtype', () => {
  it('moves strings by reference and complex numbers in pairs', () => {
    expect(transpose(texts, [1, 0]).toArray()).toEqual([
      ['a', 'b\0c'],
      ['', 'd'],
    ]);
    expect([...(reverse(complex, [0]).data as Float32Array)]).toEqual([3, 4, 1, 2]);
    expect([...(concat([complex, complex], 0).data as Float32Array)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(tile(texts, [1, 2]).shape).toEqual([2, 4]);
    expect(pad(texts, [0, 0, 1, 0], 'CONSTANT').toArray()).toEqual([
      ['', 'a', ''],
      ['', 'b\0c', 'd'],
    ]);
  });

  it('takes tensors without elements', () => {
    const none = new Tensor('float32', [0, 3], new Float32Array());
    expect(transpose(none, [1, 0]).shape).toEqual([3, 0]);
    expect(tile(none, [4, 2]).shape).toEqual([0, 6]);
    expect(concat([none, none], 1).shape).toEqual([0, 6]);
    expect(gather(none, ints([]), 0).shape).toEqual([0, 3]);
    expect(roll(none, [1], [0]).shape).toEqual([0, 3]);
    expect(split(none, [1, 2], 1).map((part) => part.shape)).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });
});

describe('each op', () => {
  it('does what its name says', () => {
    expect(roll(matrix, [1, -1], [1, 0]).toArray()).toEqual([
      [6, 4, 5],
      [3, 1, 2],
    ]);
    expect(pad(matrix, [0, 0, 2, 1], 'REFLECT').toArray()).toEqual([
      [3, 2, 1, 2, 3, 2],
      [6, 5, 4, 5, 6, 5],
    ]);
    expect(pad(matrix, [0, 0, 2, 1], 'SYMMETRIC').toArray()).toEqual([
      [2, 1, 1, 2, 3, 3],
      [5, 4, 4, 5, 6, 6],
    ]);
    expect(expand(ints([1, 2], [2, 1]), [2, 2]).toArray()).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(gather(matrix, ints([2, 0, 1, 1], [2, 2]), 1, 1).toArray()).toEqual([
      [3, 1],
      [5, 5],
    ]);
    expect(gatherNd(matrix, ints([1, 2, 0, 0], [2, 2])).toArray()).toEqual([6, 1]);
    expect(select(tensor([true, false, true]), matrix, ints([0])).toArray()).toEqual([
      [1, 0, 3],
      [4, 0, 6],
    ]);
    expect(slice(matrix, [0, 1], [-1, 2]).toArray()).toEqual([
      [2, 3],
      [5, 6],
    ]);
  });

  it('refuses what is out of range, saying what it expected', () => {
    const refusal = (code: string, text: RegExp): unknown =>
      expect.objectContaining({ code, message: expect.stringMatching(text) as string });
    const cases: [() => unknown, RegExp][] = [
      [() => transpose(matrix, [0, 0]), /permutation of 2 axes, got \[0, 0\]/],
      [() => gather(matrix, ints([2]), 0), /= 2 is not in \[0, 2\)/],
      [() => gather(matrix, ints([-1]), 0), /= -1 is not in \[0, 2\)/],
      [() => gatherNd(matrix, ints([0, 3], [1, 2])), /does not index into shape \[2, 3\]/],
      [() => slice(matrix, [1, 0], [2, -1]), /Expected size\[0\] in \[0, 1\], but got 2/],
      [() => concat([matrix, ints([1], [1, 1])], 0), /\[2, 3\] vs. \[1, 1\]/],
      [() => split(matrix, [1, 1], 1), /add up to 3, got \[1, 1\]/],
      [() => pad(matrix, [2, 0, 0, 0], 'REFLECT'), /at most 1 for dimension 0, got 2/],
      [() => reverse(matrix, [0, -2]), /distinct axes/],
      [() => expand(matrix, [2, 2]), /\[2, 3\] and \[2, 2\] do not broadcast/],
    ];
    for (const [run, text] of cases) expect(run).toThrow(refusal('INVALID_ARGUMENT', text));
    expect(() => tile(matrix, [2 ** 20, 2 ** 20])).toThrow(refusal('RESOURCE_EXHAUSTED', /at most/));
  });
});

describe('strided slices', () => {
  const none = { begin: 0, end: 0, ellipsis: 0, newAxis: 0, shrinkAxis: 0 };

  it('read every mask', () => {
    expect(stridedSlice(matrix, [0, 0], [0, 0], [1, -2], { ...none, begin: 3, end: 3 }).toArray()).toEqual([
      [3, 1],
      [6, 4],
    ]);
    expect(stridedSlice(matrix, [9, 1], [9, 2], [1, 1], { ...none, ellipsis: 1 }).shape).toEqual([2, 1]);
    expect(stridedSlice(matrix, [0, -1], [0, 0], [1, 1], { ...none, newAxis: 1, shrinkAxis: 2 }).toArray()).toEqual([
      [4, 5, 6],
    ]);
    expect(stridedSlice(matrix, [-9], [9], [1], none).shape).toEqual([2, 3]);
    expect(stridedSlice(matrix, [1], [0], [1], none).shape).toEqual([0, 3]);
  });

  it('refuse strides of zero, indices outside and too many entries', () => {
    expect(() => stridedSlice(matrix, [0], [1], [0], none)).toThrow(/strides\[0\] must be non-zero/);
    expect(() => stridedSlice(matrix, [2], [3], [1], { ...none, shrinkAxis: 1 })).toThrow(
      /slice index 2 of dimension 0/,
    );
    expect(() => stridedSlice(matrix, [0, 0, 0], [1, 1, 1], [1, 1, 1], none)).toThrow(/has only 2 dims/);
  });
});
