import { describe, expect, it } from 'vitest';
import { RunCost } from './run-cost.js';

describe('the cost of runs', () => {
  it('goes to the pool until a call of the size was seen to be short', () => {
    const cost = new RunCost();
    expect(cost.runsInline(64)).toBe(false);
    cost.ranOnPool(64, 5000);
    expect(cost.runsInline(64)).toBe(false);
    cost.ranOnPool(64, 60);
    expect(cost.runsInline(64)).toBe(true);
  });

  it('knows each size of input apart', () => {
    const cost = new RunCost();
    cost.ranOnPool(64, 60);
    expect(cost.runsInline(127)).toBe(true);
    expect(cost.runsInline(128)).toBe(false);
    expect(cost.runsInline(0)).toBe(false);
  });

  it('forgives one slow call and goes back to the pool after three in a row', () => {
    const cost = new RunCost();
    cost.ranOnPool(64, 60);
    for (const micros of [500, 20, 500, 500]) cost.ranInline(64, micros);
    expect(cost.runsInline(64)).toBe(true);
    cost.ranInline(64, 500);
    expect(cost.runsInline(64)).toBe(false);
  });

  it('goes back at once after a very slow call', () => {
    const cost = new RunCost();
    cost.ranOnPool(64, 60);
    cost.ranInline(64, 20_000);
    expect(cost.runsInline(64)).toBe(false);
  });

  it('tries again after ever longer pauses', () => {
    const cost = new RunCost();
    const callsUntilInline = () => {
      let calls = 0;
      while (!cost.runsInline(64)) {
        cost.ranOnPool(64, 60);
        calls++;
      }
      return calls;
    };
    const pauses = [];
    for (let trial = 0; trial < 4; trial++) {
      pauses.push(callsUntilInline());
      cost.ranInline(64, 20_000);
    }
    expect(pauses).toEqual([1, 513, 1025, 2049]);
  });

  it('allows for a busy event loop, within bounds', () => {
    const cost = new RunCost();
    expect(cost.isUndecided(64)).toBe(true);
    cost.ranOnPool(64, 5000);
    cost.ranOnPool(64, 10_001, true);
    expect(cost.runsInline(64)).toBe(false);
    cost.ranOnPool(64, 5000, true);
    expect(cost.runsInline(64)).toBe(true);
    cost.ranInline(64, 5000);
    expect([cost.runsInline(64), cost.isUndecided(64)]).toEqual([false, false]);
  });

  it('excuses a very slow call among many quick ones', () => {
    const cost = new RunCost();
    cost.ranOnPool(64, 60);
    for (let call = 0; call < 64; call++) cost.ranInline(64, 20);
    cost.ranInline(64, 20_000);
    expect(cost.runsInline(64)).toBe(true);
    cost.ranInline(64, 20_000);
    expect(cost.runsInline(64)).toBe(false);
  });

  it('forgets failed trials once calls have been quick for long', () => {
    const cost = new RunCost();
    const callsUntilInline = () => {
      let calls = 0;
      for (; !cost.runsInline(64); calls++) cost.ranOnPool(64, 60);
      return calls;
    };
    callsUntilInline();
    cost.ranInline(64, 20_000);
    callsUntilInline();
    for (let call = 0; call < 4096; call++) cost.ranInline(64, 20);
    for (let call = 0; call < 2; call++) cost.ranInline(64, 20_000);
    expect(callsUntilInline()).toBe(513);
  });
});
