import { Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { cropAndResize } from './crop-and-resize.js';

const images = new Tensor('float32', [1, 2, 2, 1], Float32Array.of(1, 2, 3, 4));
const crop = (box: readonly number[], image = 0) =>
  cropAndResize(
    images,
    new Tensor('float32', [1, 4], Float32Array.from(box)),
    new Tensor('int32', [1], Int32Array.of(image)),
    [2, 2],
    { method: 'bilinear', extrapolation: 0 },
  );

test('a box of the whole image is the image', () => {
  expect([...crop([0, 0, 1, 1]).data]).toEqual([1, 2, 3, 4]);
});

test.each([NaN, Infinity])('a box with %d is refused', (edge) => {
  expect(() => crop([0, edge, 1, 1])).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Boxes contains at least one element that is not finite') as string,
    }) as Error,
  );
});

test('a box of an image that is not there is told first', () => {
  expect(() => crop([0, NaN, 1, 1], 1)).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE' }) as Error);
});
