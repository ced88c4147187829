import { float16ToFloat32, float32ToFloat16, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { checkedSize, invalidRequest, sizeOf } from './elements.js';
import { toDouble, toFloat, type Philox } from './philox.js';
import { normalDoubles, normalFloats } from './random-numbers.js';

/** How a kernel computes in a dtype: what each of its results is rounded to. */
export type Rounding = (x: number) => number;

const exact: Rounding = (x) => x;
const toHalf: Rounding = (x) => float16ToFloat32(float32ToFloat16(x));

/** The precision in which TensorFlow's kernels compute for a dtype. */
export function roundingOf(dtype: DType): Rounding {
  if (dtype === 'float64') return exact;
  return dtype === 'float16' ? toHalf : Math.fround;
}

/** Makes numbers of the four words of one step of a generator. */
export type NumbersOf = (words: Uint32Array) => readonly number[];

/** Uniform numbers of a dtype, in [0, 1): random_distributions.h, UniformDistribution. */
export function uniformsOf(dtype: DType): NumbersOf {
  if (dtype === 'float64') return (words) => [toDouble(words[0]!, words[1]!), toDouble(words[2]!, words[3]!)];
  if (dtype === 'float16') return (words) => Array.from(words, (word) => (word & 0x3ff) / 2 ** 10);
  return (words) => Array.from(words, toFloat);
}

/** Normal numbers of a dtype: random_distributions.h, NormalDistribution. */
export function normalsOf(dtype: DType): NumbersOf {
  if (dtype === 'float64') return (words) => normalDoubles(words[0]!, words[1]!, words[2]!, words[3]!);
  const floats: NumbersOf = (words) => [...normalFloats(words[0]!, words[1]!), ...normalFloats(words[2]!, words[3]!)];
  return dtype === 'float16' ? (words) => floats(words).map(toHalf) : floats;
}

/** Numbers of a generator one by one: of each step the last first, as the sampling kernels take them. */
export class NumberSource {
  #numbers: readonly number[] = [];
  #left = 0;

  constructor(
    private readonly generator: Philox,
    private readonly numbersOf: NumbersOf,
  ) {}

  next(): number {
    if (this.#left === 0) {
      this.#numbers = this.numbersOf(this.generator.next());
      this.#left = this.#numbers.length;
    }
    return this.#numbers[--this.#left]!;
  }
}

/** Attempts after which a sample is given up; TensorFlow goes on for ever where parameters allow no sample. */
const MOST_ATTEMPTS = 100_000;

/** What counts the attempts to draw one sample. @throws SavedModelError INVALID_ARGUMENT after too many */
export function attemptsFor(distribution: string, parameters: string): () => void {
  let attempts = 0;
  return () => {
    if (++attempts > MOST_ATTEMPTS) {
      throw invalidRequest(
        'NO_SAMPLE',
        `expected parameters of a ${distribution} distribution, given ${parameters}, of which no sample can be drawn`,
      );
    }
  };
}

/** Steps of the generator that TensorFlow sets aside for one sample. */
export const STEPS_PER_SAMPLE = 256;

/**
 * Draws samples of a batch of distributions, each sample from its own place in the generator's numbers.
 *
 * @param batch - how many distributions
 * @param samples - how many samples of each
 * @param samplerOf - for one distribution, how many steps its samples are apart, and how one is drawn
 * @returns `[samples, batch]`
 */
export function sampleEach(
  generator: Philox,
  batch: number,
  samples: number,
  samplerOf: (index: number) => { readonly steps?: number; readonly draw: (own: Philox) => number },
): Float64Array {
  const result = new Float64Array(batch * samples);
  for (let b = 0; b < batch; b++) {
    const { steps = STEPS_PER_SAMPLE, draw } = samplerOf(b);
    for (let s = 0; s < samples; s++) {
      const own = generator.clone();
      own.skip(steps * (b * samples + s));
      result[s * batch + b] = draw(own);
    }
  }
  return result;
}

/**
 * How many samples of each distribution a result holds whose last dimensions are those of the parameters.
 *
 * @throws SavedModelError INVALID_ARGUMENT when they are not
 */
export function samplesOf(shape: readonly number[], parameters: readonly number[]): number {
  checkedSize(shape);
  const lead = shape.length - parameters.length;
  if (lead < 0 || parameters.some((dim, i) => dim !== shape[lead + i])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Shape passed in must end with broadcasted shape: [${shape.join()}] does not end with [${parameters.join()}]`,
    );
  }
  return sizeOf(shape.slice(0, lead));
}

/** The failure of a sampler that TensorFlow bounds. */
export const samplerFailed = (how: string): SavedModelError =>
  new SavedModelError('INTERNAL', 'SAMPLER_FAILED', `TruncatedNormal ${how} failed to accept a sample.`);
