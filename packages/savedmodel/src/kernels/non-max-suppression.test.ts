import { expect, test } from 'vitest';
import { intersectionOverUnion, suppress } from './non-max-suppression.js';

const boxes = [0, 0, 2, 2, /* half of it */ 0, 0, 2, 1, /* apart */ 5, 5, 6, 6, /* nothing */ 1, 1, 1, 1];
const similarity = (i: number, j: number) => intersectionOverUnion(boxes, i * 4, j * 4);
const call = {
  scores: [0.5, 0.9, 0.9, 0.1],
  similarity,
  maxOutputSize: 4,
  threshold: 0.4,
  scoreThreshold: 0,
  softSigma: 0,
};

test('overlap is what is shared of what either covers, whichever corners a box is told by', () => {
  expect(similarity(0, 1)).toBe(0.5);
  expect(intersectionOverUnion([2, 2, 0, 0, 2, 1, 0, 0], 0, 4)).toBe(0.5);
  expect(similarity(0, 2)).toBe(0);
  expect(similarity(0, 3)).toBe(0);
});

test('boxes stay by score, equal scores by index, unless they overlap one that stays', () => {
  expect(suppress(call).selected).toEqual([1, 2, 3]);
  expect(suppress({ ...call, threshold: 0.5 }).selected).toEqual([1, 2, 0, 3]);
  expect(suppress({ ...call, scoreThreshold: 0.1 }).selected).toEqual([1, 2]);
  expect(suppress({ ...call, maxOutputSize: 0 }).selected).toEqual([]);
});

test('soft suppression lowers scores by exp(-overlap² / 2σ)', () => {
  const { selected, scores } = suppress({ ...call, softSigma: 0.5 });
  expect(selected).toEqual([1, 2, 0, 3]);
  expect(scores[2]).toBeCloseTo(0.5 * Math.exp(-0.25), 6);
});

test('thresholds and sizes out of range are refused', () => {
  expect(() => suppress({ ...call, threshold: 1.5 })).toThrow(/\[0, 1\], got 1.5/);
  expect(() => suppress({ ...call, maxOutputSize: -1 })).toThrow(/got -1/);
});
