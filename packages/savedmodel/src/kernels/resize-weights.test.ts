import { Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { areaWeights, bicubicWeights, denseWeights, resample, scaleAndTranslateWeights } from './resize-weights.js';

const rowSums = ({ output, span, weights }: ReturnType<typeof areaWeights>) =>
  Array.from({ length: output }, (_, x) => weights.slice(x * span, (x + 1) * span).reduce((a, b) => a + b, 0));

test.each([
  ['area', areaWeights(7, 3, false)],
  ['bicubic, legacy', bicubicWeights(7, 16, false, false)],
  ['bicubic, pixel centres', bicubicWeights(5, 9, false, true)],
  ['lanczos', scaleAndTranslateWeights('lanczos3', 9, 4, 4 / 9, 0, true)],
])('a constant image stays what it is: %s', (_, weights) => {
  for (const sum of rowSums(weights)) expect(sum).toBeCloseTo(1, 5);
});

test('area takes the mean of the pixels under an output pixel', () => {
  const image = new Tensor('float32', [1, 2, 4, 1], Float32Array.of(1, 3, 5, 7, 3, 5, 7, 9));
  expect(resample(image, areaWeights(2, 1, false), areaWeights(4, 2, false)).toArray()).toEqual([[[[3], [7]]]]);
});

test('sparse and dense weights are the same', () => {
  const weights = areaWeights(5, 2, false);
  const column = new Tensor('float32', [1, 5, 1, 1], Float32Array.of(1, 2, 3, 4, 5));
  const dense = denseWeights(weights).toArray() as number[][];
  const sparse = resample(column, weights, areaWeights(1, 1, false)).data;
  dense.forEach((row, i) => expect(row.reduce((sum, w, k) => sum + w * (k + 1), 0)).toBeCloseTo(sparse[i]!, 5));
});

test('what lies outside of the image has no weight', () => {
  const { weights } = scaleAndTranslateWeights('triangle', 4, 4, 1, 10, true);
  expect([...weights].every((w) => w === 0)).toBe(true);
});

test('a neighbour without weight that is infinite spoils a bicubic mean, as in TensorFlow', () => {
  const image = new Tensor('float32', [1, 1, 5, 1], Float32Array.of(1, 2, 3, 4, Infinity));
  const same = resample(image, bicubicWeights(1, 1, false, true), bicubicWeights(5, 5, false, true));
  expect([...same.data]).toEqual([1, 2, NaN, NaN, NaN]);
});
