import { expect, test } from 'vitest';
import { shuffleIndex } from './shuffle-index.js';

test.each([1, 2, 9, 100])('the indices of 0 to %d are permuted', (most) => {
  const all = Array.from({ length: most + 1 }, (_, i) => i);
  const places = all.map((i) => Number(shuffleIndex(BigInt(i), [4, 5, 6], BigInt(most), 4)));
  expect([...places].sort((a, b) => a - b)).toEqual(all);
});

test('another key gives another permutation', () => {
  const places = (key: number[]) => Array.from({ length: 50 }, (_, i) => shuffleIndex(BigInt(i), key, 49n, 4));
  expect(places([1, 2, 3])).not.toEqual(places([1, 2, 4]));
});

test('an index out of range is refused when its walk does not come back', () => {
  const walks = Array.from({ length: 40 }, (_, i) => () => shuffleIndex(BigInt(60_000 + i), [1, 2, 3], 1n, 4));
  const refused = walks.filter((walk) => {
    try {
      walk();
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INDEX_OUT_OF_RANGE' });
      return true;
    }
  });
  expect(refused.length).toBeGreaterThan(0);
}, 60_000);
