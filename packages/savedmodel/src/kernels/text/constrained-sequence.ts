import { Tensor, type DType } from '@servable/tensor';
import { integersOf, invalidRequest } from '../elements.js';
import { integerVector } from './token-lists.js';

/** The attributes of `ConstrainedSequence`. */
export interface SequenceOptions {
  readonly viterbi: boolean;
  readonly logSpace: boolean;
  /** Whether the constraints have a row and a column for what stands before and behind a sequence. */
  readonly startAndEnd: boolean;
  readonly splits: DType;
}

const NONE = -1;
const LOWEST = -3.4028234663852886e38;
const { fround } = Math;

/** `ConstrainedSequence`: the best states of every sequence (tensorflow_text/core/kernels/constrained_sequence.cc). */
export function constrainedSequence(
  scores: Tensor,
  lengths: Tensor,
  allowed: Tensor,
  weights: Tensor,
  options: SequenceOptions,
): readonly Tensor[] {
  if (scores.rank !== 2 && scores.rank !== 3) {
    throw invalidRequest('BAD_SCORES', 'The score tensor must be of rank 2 or 3.');
  }
  const [batch = 1, steps = 0, states = 0] = scores.rank === 3 ? scores.shape : [1, ...scores.shape];
  const sizes = integersOf(lengths);
  if (sizes.length !== batch) {
    throw invalidRequest(
      'BAD_LENGTHS',
      `There should be exactly one length for every batch element. Found ${sizes.length} length elements for a batch ` +
        `size of ${batch}`,
    );
  }
  if (sizes.some((size) => size < 0))
    throw invalidRequest('BAD_LENGTHS', 'expected lengths of 0 or more, got a negative one');
  if (sizes.some((size) => size > steps)) {
    throw invalidRequest('BAD_LENGTHS', 'The scores tensor is too short for the longest sequence length.');
  }
  const side = options.startAndEnd ? states + 1 : states;
  const check = (tensor: Tensor, name: string) => {
    if (tensor.size === 0) return false;
    if (tensor.rank !== 2) throw invalidRequest('BAD_CONSTRAINTS', `${name} must be of rank 2`);
    for (const [axis, word] of [
      [0, 'zeroth'],
      [1, 'first'],
    ] as const) {
      if (tensor.shape[axis] === side) continue;
      throw invalidRequest(
        'BAD_CONSTRAINTS',
        `${name} must have a ${word} dimension of size ${side} when num_states is ${states} and ` +
          `use_start_and_end_states is ${Number(options.startAndEnd)}`,
      );
    }
    return true;
  };
  const allowances = check(allowed, 'allowed_transitions') ? (allowed.data as Uint8Array) : undefined;
  const factors = check(weights, 'transition_weights') ? (weights.data as Float32Array) : undefined;
  if (factors !== undefined && !options.logSpace && factors.some((weight) => weight < 0)) {
    throw invalidRequest('BAD_CONSTRAINTS', 'The transition weights tensor must not contain negative values.');
  }
  const { logSpace } = options;
  const analysis: Analysis = {
    states,
    startAndEnd: options.startAndEnd,
    allows: (from, to) => allowances === undefined || allowances[from * side + to] !== 0,
    weighted: (score, from, to) => {
      if (factors === undefined) return score;
      const weight = factors[from * side + to]!;
      return fround(logSpace ? score + weight : score * weight);
    },
    logSpace,
  };
  const data = scores.data as Float32Array;
  const found: number[] = [];
  const splits = [0];
  sizes.forEach((size, i) => {
    const own = data.subarray(i * steps * states, (i + 1) * steps * states);
    found.push(...(options.viterbi ? viterbi(own, size, analysis) : greedy(own, size, analysis)));
    splits.push(found.length);
  });
  return [new Tensor('int32', [found.length], Int32Array.from(found)), integerVector(options.splits, splits)];
}

interface Analysis {
  readonly states: number;
  readonly startAndEnd: boolean;
  readonly logSpace: boolean;
  allows(from: number, to: number): boolean;
  /** A score with the weight of a transition, in single precision. */
  weighted(score: number, from: number, to: number): number;
}

function greedy(scores: Float32Array, steps: number, a: Analysis): readonly number[] {
  const found: number[] = [];
  for (let step = 0; step < steps; step++) {
    const before = step === 0 ? a.states : found[step - 1]!;
    let best = NONE;
    let bestScore = LOWEST;
    const last = a.startAndEnd && step === steps - 1;
    for (let state = 0; before !== NONE && state < a.states; state++) {
      let score = scores[step * a.states + state]!;
      if (a.startAndEnd || step > 0) {
        if (!a.allows(before, state) || (last && !a.allows(state, a.states))) continue;
        score = a.weighted(score, before, state);
        if (last) score = a.weighted(score, state, a.states);
      }
      if (score < bestScore || Number.isNaN(score)) continue;
      best = state;
      bestScore = score;
    }
    found.push(best);
  }
  return found;
}

function viterbi(scores: Float32Array, steps: number, a: Analysis): readonly number[] {
  if (steps === 0) return [];
  const { states, startAndEnd, logSpace } = a;
  const back = new Int32Array(steps * states).fill(NONE);
  let before = new Float64Array(states).fill(LOWEST);
  let now = new Float64Array(states).fill(LOWEST);
  for (let state = 0; state < states; state++) {
    if (startAndEnd && !a.allows(states, state)) continue;
    back[state] = states;
    before[state] = startAndEnd ? a.weighted(scores[state]!, states, state) : scores[state]!;
  }
  scale(before);
  for (let step = 1; step < steps; step++) {
    for (let state = 0; state < states; state++) {
      let best = NONE;
      let bestScore = LOWEST;
      for (let from = 0; from < states; from++) {
        if (back[(step - 1) * states + from] === NONE || !a.allows(from, state)) continue;
        const own = scores[step * states + state]!;
        const score = a.weighted(fround(logSpace ? own + before[from]! : own * before[from]!), from, state);
        if (!(score >= bestScore)) continue;
        best = from;
        bestScore = score;
      }
      back[step * states + state] = best;
      now[state] = bestScore;
    }
    scale(now);
    [before, now] = [now, before];
  }
  let last = NONE;
  let lastScore = LOWEST;
  for (let state = 0; state < states; state++) {
    if (back[(steps - 1) * states + state] === NONE || (startAndEnd && !a.allows(state, states))) continue;
    const score = startAndEnd ? a.weighted(fround(before[state]!), state, states) : fround(before[state]!);
    if (!(score >= lastScore)) continue;
    last = state;
    lastScore = score;
  }
  const found = new Array<number>(steps).fill(NONE);
  for (let step = steps - 1, state = last; step >= 0 && last !== NONE; step--) {
    found[step] = state;
    state = back[step * states + state]!;
  }
  return found;

  /** Products get small: the greatest is made 1. */
  function scale(values: Float64Array): void {
    const most = values.reduce((x, y) => Math.max(x, y), -Infinity);
    if (!logSpace && most > 0) values.forEach((value, i) => (values[i] = value / most));
  }
}
