import type { DType } from '@servable/tensor';
import { invalidRequest } from './elements.js';
import type { Philox } from './philox.js';
import { normalsOf, roundingOf, samplerFailed, uniformsOf, type NumbersOf, type Rounding } from './sample-numbers.js';

/** A normal distribution within bounds. */
export interface TruncatedNormal {
  readonly mean: number;
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
}

const MOST_REJECTED = 1000;
/** Deviations of room on one side of the mean with which normal numbers are drawn until one fits. */
const ROOM = 1.3;

/**
 * Samples of normal distributions within bounds, with the numbers that TensorFlow draws on one thread
 * (parameterized_truncated_normal_op.cc).
 *
 * @param emit - called with every sample of every distribution in order; draws for it as long as there are `counts`
 * @throws SavedModelError INVALID_ARGUMENT for parameters of no distribution, INTERNAL where TensorFlow gives up
 */
export function sampleTruncatedNormals(
  generator: Philox,
  dtype: DType,
  distributions: readonly (TruncatedNormal & { readonly count: number })[],
  emit: (distribution: number, sample: number, value: number) => void,
): void {
  const arithmetic = { round: roundingOf(dtype), uniforms: uniformsOf(dtype), normals: normalsOf(dtype) };
  distributions.forEach((distribution, index) => {
    let made = 0;
    const take = (value: number) => {
      emit(index, made, value);
      return ++made >= distribution.count;
    };
    sampleOne(generator, distribution, arithmetic, take);
  });
}

interface Arithmetic {
  readonly round: Rounding;
  readonly uniforms: NumbersOf;
  readonly normals: NumbersOf;
}

/** Draws samples until `take` says that it has enough. */
function sampleOne(
  generator: Philox,
  { mean, deviation, least, most, count }: TruncatedNormal & { readonly count: number },
  arithmetic: Arithmetic,
  take: (value: number) => boolean,
): void {
  if (!(deviation > 0 && least < most && (Number.isFinite(least) || Number.isFinite(most)))) {
    throw invalidRequest(
      'BAD_PARAMETERS',
      `Invalid parameters: expected a deviation above 0 and bounds in order, one of them finite, given ${deviation}, ${least} and ${most}`,
    );
  }
  if (count <= 0) return;
  const { round } = arithmetic;
  // The one bound, or the one nearer to the mean, becomes the lower one.
  const isReversed = least === -Infinity || most < mean;
  const scale = isReversed ? -deviation : deviation;
  const low = round(round((isReversed ? most : least) - mean) / scale);
  const high = round(round((isReversed ? least : most) - mean) / scale);
  const root = round(Math.sqrt(round(round(low * low) + 4)));
  const exponent = round(0.5 + round(round(low * round(low - root)) / 4));
  const cutoff = round(round(2 * round(Math.exp(exponent))) / round(low + root));
  const width = round(high - low);
  const accept = (z: number) => take(round(round(z * scale) + mean));
  const room = round(ROOM);
  if ((low < -room && high >= 0) || (high > room && low <= 0)) byNormals(generator, low, high, arithmetic, accept);
  else if (width < cutoff) byUniforms(generator, low, width, arithmetic, accept);
  else byExponentials(generator, low, high, arithmetic, accept);
}

function byNormals(
  generator: Philox,
  low: number,
  high: number,
  { normals }: Arithmetic,
  accept: (z: number) => boolean,
): void {
  for (let rejected = 0; ;) {
    for (const z of normals(generator.next())) {
      if (z >= low && z <= high) {
        if (accept(z)) return;
        rejected = 0;
      } else if (++rejected > MOST_REJECTED) throw samplerFailed('randn rejection sampler');
    }
  }
}

function byUniforms(
  generator: Philox,
  low: number,
  width: number,
  { round, uniforms }: Arithmetic,
  accept: (z: number) => boolean,
): void {
  const plus = low < 0 ? 0 : round(low * low);
  for (let rejected = 0; ;) {
    const proposed = uniforms(generator.next()).map((u) => round(round(u * width) + low));
    const tests = uniforms(generator.next());
    for (const [i, z] of proposed.entries()) {
      const g = round(round(plus - round(z * z)) / 2);
      if (tests[i]! <= round(Math.exp(g))) {
        if (accept(z)) return;
        rejected = 0;
      } else if (++rejected >= MOST_REJECTED) throw samplerFailed('uniform rejection sampler');
    }
  }
}

function byExponentials(
  generator: Philox,
  low: number,
  high: number,
  { round, uniforms }: Arithmetic,
  accept: (z: number) => boolean,
): void {
  const alpha = round(round(low + round(Math.sqrt(round(round(low * low) + 4)))) / 2);
  for (let rejected = 0; ;) {
    const numbers = uniforms(generator.next());
    for (let i = 0; i + 1 < numbers.length; i += 2) {
      const z = round(round(-round(Math.log(numbers[i]!)) / alpha) + low);
      const x = low < alpha ? round(alpha - z) : round(low - alpha);
      const g = round(Math.exp(round(round(-x * x) / 2)));
      if (numbers[i + 1]! <= g && z < high) {
        if (accept(z)) return;
        rejected = 0;
      } else if (++rejected >= MOST_REJECTED) throw samplerFailed('exponential distribution rejection sampler');
    }
  }
}
