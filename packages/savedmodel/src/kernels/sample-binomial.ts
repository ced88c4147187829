import type { DType } from '@servable/tensor';
import type { Philox } from './philox.js';
import { attemptsFor, NumberSource, roundingOf, sampleEach, STEPS_PER_SAMPLE, uniformsOf } from './sample-numbers.js';

/** Steps set aside for a sample that is drawn by inversion. */
const STEPS_OF_INVERSION = 42;

/**
 * Samples of binomial distributions with TensorFlow's numbers (random_binomial_op.cc): inversion where less than 10
 * successes or failures are expected, and elsewhere transformed rejection as Hörmann has it.
 *
 * @param counts - how many trials, for each distribution
 * @param probabilities - of a success, for each distribution
 * @param dtype - of both
 * @returns `[samples, distributions]`
 */
export function sampleBinomial(
  generator: Philox,
  counts: Float64Array,
  probabilities: Float64Array,
  samples: number,
  dtype: DType,
): Float64Array {
  const round = roundingOf(dtype);
  const uniforms = uniformsOf('float64');
  return sampleEach(generator, counts.length, samples, (index) => {
    const [count, given] = [counts[index]!, probabilities[index]!];
    if (count <= 0 || given <= 0) return { draw: () => 0 };
    if (given >= 1) return { draw: () => count };
    if (Number.isNaN(given)) return { draw: () => NaN };
    const isRare = given <= 0.5;
    const probability = isRare ? given : round(1 - given);
    const rejects = round(count * probability) >= 10;
    const sampler = rejects ? byRejection(count, probability) : byInversion(count, probability);
    const draw = (own: Philox) => {
      const successes = sampler(new NumberSource(own, uniforms));
      return isRare ? successes : count - successes;
    };
    return { steps: rejects ? STEPS_PER_SAMPLE : STEPS_OF_INVERSION, draw };
  });
}

type Sampler = (uniform: NumberSource) => number;

/** Sums geometric numbers until they exceed the count. */
function byInversion(count: number, probability: number): Sampler {
  const scale = Math.log1p(-probability);
  return (uniform) => {
    const attempt = attemptsFor('binomial', `count ${count} and probability ${probability}`);
    let sum = 0;
    for (let successes = 0; ; successes++) {
      attempt();
      sum += Math.ceil(Math.log(uniform.next()) / scale);
      if (sum > count) return successes;
    }
  };
}

function byRejection(count: number, probability: number): Sampler {
  const deviation = Math.sqrt(count * probability * (1 - probability));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * probability;
  const c = count * probability + 0.5;
  const box = 0.92 - 4.2 / b;
  const odds = probability / (1 - probability);
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((count + 1) * probability);
  return (uniform) => {
    const attempt = attemptsFor('binomial', `count ${count} and probability ${probability}`);
    for (;;) {
      attempt();
      const u = uniform.next() - 0.5;
      const v = uniform.next();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + c);
      if (us >= 0.07 && v <= box) return k;
      if (k < 0 || k > count) continue;
      const bound =
        (mode + 0.5) * Math.log((mode + 1) / (odds * (count - mode + 1))) +
        (count + 1) * Math.log((count - mode + 1) / (count - k + 1)) +
        (k + 0.5) * Math.log((odds * (count - k + 1)) / (k + 1)) +
        stirlingTail(mode) +
        stirlingTail(count - mode) -
        stirlingTail(k) -
        stirlingTail(count - k);
      if (Math.log((v * alpha) / (a / (us * us) + b)) <= bound) return k;
    }
  };
}

/** How far Stirling's formula is from the logarithm of k!, k from 0 to 9. */
const STIRLING_TAILS = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
  0.0138761288230707, 0.0118967099458917, 0.010411265261972, 0.00925546218271273, 0.00833056343336287,
];

function stirlingTail(k: number): number {
  if (k <= 9) return STIRLING_TAILS[Math.max(Math.trunc(k), 0)] ?? NaN;
  const square = (k + 1) * (k + 1);
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}
