import { afterEach, expect, test, vi } from 'vitest';
import { runAtOnce, TimeSlices } from './time-slices.js';

afterEach(() => vi.useRealTimers());

/** Steps that take `ms` each, and give how many they were. */
function* work(steps: number, ms: number): Generator<void, number> {
  for (let i = 0; i < steps; i++) {
    if (ms > 0 && vi.isFakeTimers()) vi.advanceTimersByTime(ms);
    yield;
  }
  return steps;
}

/** Runs the work and tells how often something else on the event loop had its turn meanwhile. */
async function turnsOfOthers(run: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let ended = false;
  const other = () => {
    if (ended) return;
    turns++;
    setImmediate(other);
  };
  setImmediate(other);
  await run();
  ended = true;
  return turns;
}

test('long work lets others have their turns, short work is done in one go', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  expect(await turnsOfOthers(() => new TimeSlices().run(work(10, 20)))).toBeGreaterThanOrEqual(9);
  expect(await turnsOfOthers(() => new TimeSlices().run(work(10, 0.1)))).toBe(0);
});

test('what the work returns and throws comes out', async () => {
  expect(await new TimeSlices().run(work(3, 0))).toBe(3);
  expect(runAtOnce(work(4, 0))).toBe(4);
  const failing = function* (): Generator<void, number> {
    yield;
    throw new RangeError('no such thing');
  };
  await expect(new TimeSlices().run(failing())).rejects.toThrow('no such thing');
});
