import { expect, it } from 'vitest';
import { InFlight } from './in-flight.js';

it('counts requests in and out, each out once', () => {
  const inFlight = new InFlight();
  const [first, second] = [inFlight.enter(), inFlight.enter()];
  expect(inFlight.count).toBe(2);
  first();
  first();
  expect(inFlight.count).toBe(1);
  second();
  expect(inFlight.count).toBe(0);
});

it('drains when the last request has left, and takes none meanwhile', async () => {
  const inFlight = new InFlight();
  const leave = [inFlight.enter(), inFlight.enter()];
  let drained = false;
  const drain = inFlight.drain().then(() => (drained = true));
  expect(() => inFlight.enter()).toThrow(
    expect.objectContaining({ code: 'UNAVAILABLE', reason: 'SERVER_DRAINING' }) as Error,
  );
  leave[0]!();
  await Promise.resolve();
  expect(drained).toBe(false);
  leave[1]!();
  await drain;
  expect(drained).toBe(true);
  await inFlight.drain();
});

it('says how many requests a drain left behind when its time is over', async () => {
  const inFlight = new InFlight();
  inFlight.enter();
  await expect(inFlight.drain({ timeoutMs: 1 })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: '1 request(s) still in flight after 1 ms',
  });
});

it('stops waiting when the signal aborts', async () => {
  const inFlight = new InFlight();
  inFlight.enter();
  const controller = new AbortController();
  const drain = inFlight.drain({ signal: controller.signal });
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(drain).rejects.toBe(reason);
});
