import { describe, expect, it } from 'vitest';
import { CallGate, poolThreads } from './call-gate.js';

describe('the gate before the pool', () => {
  it('starts as many calls as its limit, and the others in order as places become free', () => {
    const gate = new CallGate(2);
    const started: number[] = [];
    for (let call = 0; call < 5; call++) gate.enter(() => started.push(call));
    expect(started).toEqual([0, 1]);
    gate.leave();
    gate.leave();
    expect(started).toEqual([0, 1, 2, 3]);
    expect([gate.running, gate.waiting]).toEqual([2, 1]);
    gate.leave();
    gate.leave();
    gate.leave();
    expect(started).toEqual([0, 1, 2, 3, 4]);
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it('drops a call that waits, and none that has started', () => {
    const gate = new CallGate(1);
    const started: string[] = [];
    const dropFirst = gate.enter(() => started.push('first'));
    const dropSecond = gate.enter(() => started.push('second'));
    gate.enter(() => started.push('third'));
    expect([dropFirst(), dropSecond()]).toEqual([false, true]);
    gate.leave();
    expect(started).toEqual(['first', 'third']);
    expect(gate.running).toBe(1);
  });

  it.each([
    [undefined, 4],
    ['16', 16],
    ['0', 1],
    ['many', 1],
    ['5000', 1024],
  ])('reads UV_THREADPOOL_SIZE=%s as libuv does: %i', (variable, threads) => {
    expect(poolThreads(variable)).toBe(threads);
  });
});
