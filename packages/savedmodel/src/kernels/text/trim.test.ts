import { tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { roundRobin, roundRobinTrim } from './trim.js';

describe('trimming in turns', () => {
  it('shares what there is room for, the first segments getting what is left over', () => {
    expect(roundRobin([5, 1, 5], 8)).toEqual([4, 1, 3]);
    expect(roundRobin([2, 2], 8)).toEqual([2, 2]);
    expect(roundRobin([9], 0)).toEqual([0]);
    expect(roundRobin([], 3)).toEqual([]);
  });

  it('refuses splits that do not fit the values, and segments of different numbers of rows', () => {
    const limit = tensor(3, 'int32', []);
    const values = tensor([1, 2, 3], 'int32');
    const trim = (...splits: number[][]) =>
      roundRobinTrim(
        limit,
        splits.map(() => values),
        splits.map((rows) => tensor(rows, 'int64')),
      );
    expect(() => trim([0, 2])).toThrowError(/end with 3/);
    expect(() => trim([0, 2, 1, 3])).toThrowError(/ascending/);
    expect(() => trim([0, 3], [0, 1, 3])).toThrowError(/segments of 1 rows, got one of 2/);
  });
});
