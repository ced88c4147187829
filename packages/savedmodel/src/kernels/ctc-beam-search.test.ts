import { tensor } from '@servable/tensor';
import { expect, it } from 'vitest';
import { ctcBeamSearch } from './ctc-beam-search.js';

const options = { width: 4, paths: 1, mergeRepeated: false };
/** One sequence of rows of probabilities, the last being the blank's. */
const sequence = (...rows: number[][]) =>
  tensor(
    rows.map((row) => [row.map(Math.log)]),
    'float64',
  );

it('sums up all ways to write a sequence, of which none is the likeliest by itself', () => {
  // Step by step the blank is likeliest, but "a" is written by three ways out of four: 0.4·0.4 + 2·0.4·0.6.
  const [, values, , scores] = ctcBeamSearch(sequence([0.4, 0.6], [0.4, 0.6]), tensor([2], 'int32'), options);
  expect(values!.toArray()).toEqual([0n]);
  expect(Math.exp((scores!.toArray() as number[][])[0]![0]!)).toBeCloseTo(0.64, 12);
});

it('keeps classes apart that a blank separates', () => {
  const [indices, values] = ctcBeamSearch(sequence([0.9, 0.1], [0.1, 0.9], [0.9, 0.1]), tensor([3], 'int32'), options);
  expect(values!.toArray()).toEqual([0n, 0n]);
  expect(indices!.toArray()).toEqual([
    [0n, 0n],
    [0n, 1n],
  ]);
});

it('refuses lengths beyond the steps and more paths than the beam holds', () => {
  const logits = sequence([0.5, 0.5]);
  expect(() => ctcBeamSearch(logits, tensor([2], 'int32'), options)).toThrow('Expected 1 lengths of up to 1, got 2');
  expect(() => ctcBeamSearch(logits, tensor([1], 'int32'), { ...options, paths: 5 })).toThrow('5 > 4');
});
