import { stringTensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { editDistances, glimpses, histogram, nthElement, unravelIndex } from './index-arithmetic.js';

describe('arithmetic on indices', () => {
  it('turns flat indices into coordinates, and refuses those outside', () => {
    expect(unravelIndex(tensor([5, 0], 'int32'), tensor([2, 3], 'int32')).toArray()).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(() => unravelIndex(tensor([6], 'int32'), tensor([2, 3], 'int32'))).toThrow('index 6 is out of bound');
    expect(() => unravelIndex(tensor([0], 'int32'), tensor([0, 3], 'int32'))).toThrow('dim of zero');
  });

  it('counts what is outside of the range of a histogram at its ends, and no NaN', () => {
    const counts = histogram(tensor([-5, 0, 1.5, 9, NaN]), tensor([0, 2]), tensor(2, 'int32'), 'int32');
    expect(counts.toArray()).toEqual([2, 2]);
    expect(() => histogram(tensor([1]), tensor([2, 2]), tensor(2, 'int32'), 'int32')).toThrow('value_range[0] <');
    expect(() => histogram(tensor([1]), tensor([0, 2]), tensor(0, 'int32'), 'int32')).toThrow("got '0'");
  });

  it('picks the n-th element of rows from either end', () => {
    const rows = tensor([[3, -1, 2]]);
    expect(nthElement(rows, tensor(0, 'int32'), false).toArray()).toEqual([-1]);
    expect(nthElement(rows, tensor(0, 'int32'), true).toArray()).toEqual([3]);
    expect(() => nthElement(rows, tensor(3, 'int32'), false)).toThrow('n is 3');
  });

  it('counts the changes from one sequence to another', () => {
    const sparse = (text: string) =>
      [
        tensor(
          [...text].map((_, i) => [0, i]),
          'int64',
          [text.length, 2],
        ),
        stringTensor([text.length], [...text]),
        tensor([1, 7], 'int64'),
      ] as const;
    expect(editDistances(sparse('kitten'), sparse('sitting'), false).toArray()).toEqual([3]);
    expect(editDistances(sparse('ab'), sparse(''), true).toArray()).toEqual([Infinity]);
  });

  it('fills what a glimpse sees outside of the image', () => {
    const image = tensor(
      [
        [
          [[1], [2]],
          [[3], [4]],
        ],
      ],
      'float32',
    );
    const options = { centered: false, normalized: false, first: false, fill: 0 };
    expect(glimpses(image, tensor([1, 2], 'int32'), tensor([[1, 1]]), options).toArray()).toEqual([[[[4], [0]]]]);
  });
});
