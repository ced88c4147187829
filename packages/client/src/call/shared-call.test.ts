import { expect, it } from 'vitest';
import { SharedCall } from './shared-call.js';

function controlled() {
  let finish: (value: number) => void = () => {};
  let signal: AbortSignal | undefined;
  const call = new SharedCall<number>((given) => {
    signal = given;
    return new Promise((resolve, reject) => {
      finish = resolve;
      given.addEventListener('abort', () => reject(new Error('work aborted')));
    });
  });
  return { call, finish: (value: number) => finish(value), signal: signal! };
}

it('gives everybody the same result', async () => {
  const { call, finish, signal } = controlled();
  const both = Promise.all([call.wait({}), call.wait({})]);
  finish(7);
  expect(await both).toEqual([7, 7]);
  expect(signal.aborted).toBe(false);
});

it('goes on for the others when one gives up, and stops when nobody is left', async () => {
  const { call, signal } = controlled();
  const [first, second] = [new AbortController(), new AbortController()];
  const one = call.wait({ signal: first.signal });
  const two = call.wait({ signal: second.signal });
  first.abort();
  await expect(one).rejects.toMatchObject({ code: 'CANCELLED', reason: 'ABORTED_BY_CALLER' });
  expect(signal.aborted).toBe(false);
  second.abort();
  await expect(two).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(signal.aborted).toBe(true);
  expect(call.abandoned).toBe(true);
});

it('ends a wait at its own deadline', async () => {
  const { call, finish } = controlled();
  const patient = call.wait({ deadline: Date.now() + 60_000 });
  await expect(call.wait({ deadline: Date.now() - 1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  finish(1);
  expect(await patient).toBe(1);
});

it('takes a timeout signal for a deadline', async () => {
  const { call } = controlled();
  await expect(
    call.wait({ signal: AbortSignal.abort(new DOMException('late', 'TimeoutError')) }),
  ).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: 'late',
  });
});
