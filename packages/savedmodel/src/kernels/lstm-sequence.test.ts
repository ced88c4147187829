import { tensor } from '@servable/tensor';
import { expect, it } from 'vitest';
import { lstmSequence } from './lstm-sequence.js';

const options = { order: 'icfo', forgetBias: 0, clip: 0, peephole: false } as const;
const zero = tensor([[0]], 'float64');
const weights = tensor([[0, 0, 0, 0]], 'float64');
const none = tensor([0], 'float64');
const run = (steps: bigint, gates: number[][], more: Partial<Parameters<typeof lstmSequence>[6]> = {}) =>
  lstmSequence(
    tensor(steps, 'int64'),
    tensor(
      gates.map((row) => [row]),
      'float64',
    ),
    zero,
    zero,
    weights,
    [none, none, none],
    { ...options, ...more },
  ).map((result) => result.toArray());

it('adds the candidate to what is left of the state', () => {
  // Gates of 40 are open to the last digit, those of -40 shut.
  const [, states] = run(2n, [
    [40, 0.5, -40, 40],
    [40, 0.25, 40, 40],
  ]);
  expect((states as number[][][]).flat(2).map((x) => x.toFixed(9))).toEqual(
    [Math.tanh(0.5), Math.tanh(0.5) + Math.tanh(0.25)].map((x) => x.toFixed(9)),
  );
});

it('bounds the state, and leaves zeros behind the last step', () => {
  const [, states] = run(
    1n,
    [
      [40, 9, -40, 40],
      [40, 9, 40, 40],
    ],
    { clip: 0.5 },
  );
  expect(states).toEqual([[[0.5]], [[0]]]);
});

it('refuses more steps than there are', () => {
  expect(() => run(2n, [[0, 0, 0, 0]])).toThrow('Expected seq_len_max of 0 to 1');
});
