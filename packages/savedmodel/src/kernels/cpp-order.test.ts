import { describe, expect, it } from 'vitest';
import { PriorityQueue, sort } from './cpp-order.js';

interface Item {
  readonly index: number;
  readonly score: number;
}

/** Numbers that are equal often. */
function draw(count: number): Item[] {
  let state = count;
  return Array.from({ length: count }, (_, index) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return { index, score: (state >>> 16) % 5 };
  });
}

const byScore = (a: Item, b: Item) => a.score < b.score;

/** Indices as libstdc++ leaves a queue and a sort of as many numbers, written down by a program in C++. */
const orders: readonly (readonly [queue: readonly number[], sorted: readonly number[]])[] = [
  [[0], [0]],
  [
    [1, 0],
    [1, 0],
  ],
  [
    [3, 6, 5, 2, 0, 1, 4],
    [3, 6, 2, 5, 0, 1, 4],
  ],
  [
    [5, 6, 9, 18, 13, 15, 1, 10, 19, 17, 4, 0, 3, 16, 11, 2, 12, 7, 14, 8],
    [18, 5, 6, 9, 15, 13, 10, 19, 17, 1, 0, 4, 3, 8, 11, 12, 7, 14, 16, 2],
  ],
  [
    [
      13, 26, 18, 46, 2, 30, 27, 0, 11, 25, 24, 47, 39, 1, 33, 14, 29, 28, 12, 49, 22, 48, 36, 9, 40, 3, 38, 35, 7, 16,
      23, 6, 44, 4, 37, 43, 32, 15, 19, 31, 21, 17, 5, 20, 41, 45, 42, 34, 10, 8,
    ],
    [
      46, 26, 18, 13, 1, 47, 39, 33, 30, 27, 25, 24, 11, 0, 2, 49, 12, 48, 40, 3, 38, 36, 35, 29, 28, 7, 14, 9, 16, 22,
      6, 15, 44, 43, 37, 4, 32, 23, 34, 21, 20, 19, 10, 41, 42, 31, 45, 17, 5, 8,
    ],
  ],
];

describe("C++'s order of equal elements", () => {
  it.each(orders)('is that of libstdc++ (%#)', (queued, sorted) => {
    const queue = new PriorityQueue(byScore);
    const items = draw(queued.length);
    for (const item of items) queue.push(item);
    expect(items.map(() => queue.pop()?.index)).toEqual(queued);
    expect([queue.size, queue.pop()]).toEqual([0, undefined]);
    sort(items, (a, b) => byScore(b, a));
    expect(items.map(({ index }) => index)).toEqual(sorted);
  });

  it('is the same where the sort turns to a heap', () => {
    const count = 2000;
    const ranks = new Array<number>(count).fill(0);
    for (let i = 1; i <= count / 2; i++) {
      if (i % 2 === 1) [ranks[i - 1], ranks[i]] = [i, count / 2 + i];
      ranks[count / 2 + i - 1] = 2 * i;
    }
    const hash = (items: readonly Item[]) => items.reduce((sum, { index }) => (Math.imul(sum, 31) + index) >>> 0, 0);
    const pipe = ranks.map((_, index) => ({
      index,
      score: Math.trunc((index < count / 2 ? index : count - index) / 3),
    }));
    const killer = ranks.map((rank, index) => ({ index, score: Math.trunc(-rank / 3) }));
    for (const items of [pipe, killer]) sort(items, (a, b) => byScore(b, a));
    expect([hash(pipe), hash(killer)]).toEqual([574473852, 2374938982]);
  });

  it('ends where nothing compares', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? NaN : -i));
    sort(values, (a, b) => a < b);
    expect(values.filter((value) => !Number.isNaN(value)).length).toBe(66);
  });
});
