import { tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { schedule, type Dataflow } from './schedule.js';

const native = (inputs: string[], outputs: string[]) => ({ kind: 'native' as const, inputs, outputs });
const host = (inputs: string[], outputs: string[]) => ({ kind: 'host' as const, inputs, outputs });

const plan: Dataflow = {
  constants: new Map([['c', tensor([1])]]),
  steps: [native(['x'], ['a', 'b']), host(['a'], ['h']), native(['b', 'h', 'c'], ['y']), native(['x'], ['z'])],
};

describe('the schedule of a plan', () => {
  it('runs what the wanted values need, in the plan’s order, and frees each value after its last use', () => {
    expect(schedule(plan, new Set(['y', 'z']))).toEqual([
      { index: 0, fetches: ['a', 'b'], tensors: new Set(['a']), feedsIsland: true, dead: [] },
      { index: 1, fetches: ['h'], tensors: new Set(), feedsIsland: true, dead: ['a'] },
      { index: 2, fetches: ['y'], tensors: new Set(['y']), feedsIsland: false, dead: ['b', 'h'] },
      { index: 3, fetches: ['z'], tensors: new Set(['z']), feedsIsland: false, dead: ['x'] },
    ]);
  });

  it('leaves out steps and outputs that nothing wanted needs', () => {
    expect(schedule(plan, new Set(['z']))).toEqual([
      { index: 3, fetches: ['z'], tensors: new Set(['z']), feedsIsland: false, dead: ['x'] },
    ]);
    expect(schedule(plan, new Set(['h'])).map(({ index, fetches }) => [index, fetches])).toEqual([
      [0, ['a']],
      [1, ['h']],
    ]);
    expect(schedule(plan, new Set(['x', 'c']))).toEqual([]);
  });

  it('keeps values that are wanted and used', () => {
    const steps = schedule(plan, new Set(['a', 'y']));
    expect(steps.flatMap((step) => step.dead)).toEqual(['x', 'b', 'h']);
    expect(steps[0]?.tensors).toEqual(new Set(['a']));
  });
});
