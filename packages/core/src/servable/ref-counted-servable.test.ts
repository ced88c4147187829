import { expect, test } from 'vitest';
import { RefCountedServable } from './ref-counted-servable.js';
import { settled } from './testing/puppet-loader.js';

const id = { name: 'm', version: 1n };

function watch(promise: Promise<void>): { done: boolean } {
  const state = { done: false };
  void promise.then(() => (state.done = true));
  return state;
}

test('every handle points to the servable and is counted once, however often it is released', () => {
  const counted = new RefCountedServable(id, 'model');
  const first = counted.acquire();
  const second = counted.acquire();
  expect([first.servable, first.id, counted.liveHandles]).toEqual(['model', id, 2]);
  first.release();
  first.release();
  first[Symbol.dispose]();
  expect(counted.liveHandles).toBe(1);
  second[Symbol.dispose]();
  expect(counted.liveHandles).toBe(0);
});

test('quiescing waits for the last live handle and gives out no new ones', async () => {
  const counted = new RefCountedServable(id, 'model');
  const handles = [counted.acquire(), counted.acquire()];
  const quiesced = watch(counted.quiesce());
  handles[0]!.release();
  await settled();
  expect(quiesced.done).toBe(false);
  expect(() => counted.acquire()).toThrow(expect.objectContaining({ code: 'FAILED_PRECONDITION' }));
  handles[1]!.release();
  await settled();
  expect(quiesced.done).toBe(true);
});

test('quiescing without handles is over at once, and a second call is the same quiesce', async () => {
  const counted = new RefCountedServable(id, 'model');
  expect(counted.quiesce()).toBe(counted.quiesce());
  const quiesced = watch(counted.quiesce());
  await settled();
  expect(quiesced.done).toBe(true);
});

test('a cut does not wait for handles, which may still be released', async () => {
  const counted = new RefCountedServable(id, 'model');
  const handle = counted.acquire();
  const quiesced = watch(counted.quiesce());
  counted.cut();
  await settled();
  expect(quiesced.done).toBe(true);
  handle.release();
  expect(counted.liveHandles).toBe(0);
});
