import { expect, test, vi } from 'vitest';
import { sleep, systemClock } from './clock.js';
import { ManualClock } from './testing/manual-clock.js';

test('sleeping ends when its time has come, not before', async () => {
  const clock = new ManualClock();
  let awake = false;
  const sleeping = sleep(clock, 100).then(() => (awake = true));
  clock.advance(99);
  await Promise.resolve();
  expect(awake).toBe(false);
  clock.advance(1);
  await sleeping;
  expect(awake).toBe(true);
});

test('an aborted sleep rejects with the reason and leaves nothing on the clock', async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const sleeping = sleep(clock, 100, controller.signal);
  controller.abort(new Error('stop'));
  await expect(sleeping).rejects.toThrow('stop');
  await expect(sleep(clock, 100, controller.signal)).rejects.toThrow('stop');
  expect(clock.pending).toBe(0);
});

test('the system clock waits longer than the longest timer of Node', () => {
  vi.useFakeTimers();
  try {
    let calls = 0;
    systemClock.schedule(2 ** 31 + 10, () => (calls += 1));
    vi.advanceTimersByTime(2 ** 31 + 9);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(calls).toBe(1);
    const cancel = systemClock.schedule(2 ** 32, () => (calls += 1));
    vi.advanceTimersByTime(2 ** 31);
    cancel();
    vi.advanceTimersByTime(2 ** 33);
    expect(calls).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
