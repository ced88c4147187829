import { tensor, Tensor } from '@servable/tensor';
import { expect, it } from 'vitest';
import { reduceSegments, type SegmentOp } from './segments.js';

const rows = tensor(
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  'float32',
);
const ids = (values: number[]) => new Tensor('int32', [values.length], Int32Array.from(values));
const sorted = { sorted: true, empty: 'zero' } as const;

it('reduces sorted segments and fills gaps', () => {
  const run = (op: SegmentOp) => reduceSegments(rows, ids([0, 0, 2]), { ...sorted, op }).toArray();
  expect(run('sum')).toEqual([
    [4, 6],
    [0, 0],
    [5, 6],
  ]);
  expect(run('mean')).toEqual([
    [2, 3],
    [0, 0],
    [5, 6],
  ]);
  expect(run('max')).toEqual([
    [3, 4],
    [0, 0],
    [5, 6],
  ]);
});

it('leaves negative ids out and fills empty segments with the identity', () => {
  const options = { op: 'max', sorted: false, empty: 'identity', count: 2 } as const;
  const least = -3.4028234663852886e38;
  expect(reduceSegments(rows, ids([1, -1, 1]), options).toArray()).toEqual([
    [least, least],
    [5, 6],
  ]);
  const big = new Tensor('int64', [2], BigInt64Array.of(2n ** 62n, 2n ** 62n));
  expect(reduceSegments(big, ids([0, 0]), { ...options, op: 'sum', count: 1 }).toArray()).toEqual([-(2n ** 63n)]);
});

it('takes rows by index', () => {
  const options = { ...sorted, op: 'sqrtN', indices: ids([2, 2, 0]) } as const;
  expect(reduceSegments(rows, ids([0, 0, 1]), options).toArray()).toEqual([
    [Math.fround(10 / Math.SQRT2), Math.fround(12 / Math.SQRT2)],
    [1, 2],
  ]);
});

it('refuses ids and indices that are out of order or range', () => {
  const run = (values: number[], more: object) => () =>
    reduceSegments(rows, ids(values), { op: 'sum', ...sorted, ...more });
  expect(run([1, 0, 2], {})).toThrow(/not increasing/);
  expect(run([-1, 0, 2], {})).toThrow(/segment id -1 at 0 is not in \[0, 3\)/);
  expect(run([0, 1], {})).toThrow(/does not start with/);
  expect(run([0, 1, 5], { sorted: false, count: 2 })).toThrow(/= 5 is out of range \[0, 2\)/);
  expect(run([0, 0], { indices: ids([0, 3]) })).toThrow(/indices\[1\] = 3 is out of range \[0, 3\)/);
  expect(run([0, 0, 0], { indices: ids([0]) })).toThrow(/same size, got 3 and 1/);
});
