import type { DType, Tensor } from '@servable/tensor';
import { checkedSize, fromDoubles, tensorOf } from './elements.js';
import type { Philox } from './philox.js';
import { toDouble, toFloat } from './philox.js';

export type Distribution = 'uniform' | 'normal' | 'truncated normal';

/** Steps of the generator that TensorFlow sets aside per group of numbers whose count of draws is not known. */
const STEPS_PER_GROUP = 256;

/** Two normal numbers from two uniform ones (random_distributions.h, BoxMullerFloat and BoxMullerDouble). */
function boxMuller(u: number, v: number, least: number, round: (x: number) => number): readonly [number, number] {
  const angle = round(2 * Math.PI * v);
  const radius = round(Math.sqrt(round(-2 * Math.log(Math.max(u, least)))));
  return [round(Math.sin(angle) * radius), round(Math.cos(angle) * radius)];
}

export const normalFloats = (a: number, b: number) => boxMuller(toFloat(a), toFloat(b), 1e-7, Math.fround);
export const normalDoubles = (a: number, b: number, c: number, d: number) =>
  boxMuller(toDouble(a, b), toDouble(c, d), 1e-7, (x) => x);

/**
 * Random floats with the numbers that TensorFlow draws on a processor (random_op_cpu.h).
 *
 * @param generator - moved on by no more than what TensorFlow reserves
 */
export function randomFloats(
  generator: Philox,
  distribution: Distribution,
  dtype: DType,
  shape: readonly number[],
): Tensor {
  const size = checkedSize(shape);
  const values = new Float64Array(size);
  const double = dtype === 'float64';
  const group = double ? 2 : 4;
  if (distribution === 'truncated normal') {
    const groups = Math.ceil(size / group);
    for (let g = 0; g < groups; g++) {
      const own = generator.clone();
      own.skip(g * STEPS_PER_GROUP * (double ? 0.5 : 1));
      truncatedGroup(own, double, values, g * group, Math.min(group, size - g * group));
    }
    return fromDoubles(dtype, shape, values);
  }
  const words = new Uint32Array(Math.min(WORDS_AT_ONCE, Math.ceil(size / group) * 4));
  const numbers = (words.length / 4) * group;
  const draw = drawer(distribution, dtype);
  for (let i = 0; i < size; i += numbers) {
    const count = Math.min(numbers, size - i);
    const drawn = words.subarray(0, Math.ceil(count / group) * 4);
    generator.fill(drawn);
    draw(drawn, values, i, count);
  }
  return fromDoubles(dtype, shape, values);
}

/** How many words of the generator there are in memory at a time. */
const WORDS_AT_ONCE = 4096;

/** Makes `count` numbers of words. */
type Drawer = (words: Uint32Array, values: Float64Array, start: number, count: number) => void;

function drawer(distribution: Distribution, dtype: DType): Drawer {
  const double = dtype === 'float64';
  if (distribution === 'normal') return double ? drawNormalDoubles : drawNormalFloats;
  if (double) return drawUniformDoubles;
  // Half-precision numbers take as many bits as their mantissa has.
  const bits = dtype === 'float16' ? 10 : dtype === 'bfloat16' ? 7 : 23;
  const mask = (1 << bits) - 1;
  const unit = 2 ** -bits;
  return (words, values, start, count) => {
    for (let k = 0; k < count; k++) values[start + k] = (words[k]! & mask) * unit;
  };
}

const drawUniformDoubles: Drawer = (words, values, start, count) => {
  for (let k = 0; k < count; k++) values[start + k] = toDouble(words[2 * k]!, words[2 * k + 1]!);
};

const drawNormalFloats: Drawer = (words, values, start, count) => {
  for (let k = 0; k < count; k += 2) {
    const [a, b] = normalFloats(words[k]!, words[k + 1]!);
    values[start + k] = a;
    if (k + 1 < count) values[start + k + 1] = b;
  }
};

const drawNormalDoubles: Drawer = (words, values, start, count) => {
  for (let k = 0; k < count; k += 2) {
    const at = 2 * k;
    const [a, b] = normalDoubles(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    values[start + k] = a;
    if (k + 1 < count) values[start + k + 1] = b;
  }
};

/** The words of a generator one by one. */
function wordsOf(generator: Philox): () => number {
  let words = new Uint32Array(0);
  let used = 0;
  return () => {
    if (used === words.length) {
      words = generator.next() as Uint32Array<ArrayBuffer>;
      used = 0;
    }
    return words[used++]!;
  };
}

/** Normal numbers of which those of two deviations and more are drawn again. */
function truncatedGroup(generator: Philox, double: boolean, values: Float64Array, start: number, count: number): void {
  const group = double ? 2 : 4;
  const draw = wordsOf(generator);
  for (let found = 0; found < group;) {
    const pair = double ? normalDoubles(draw(), draw(), draw(), draw()) : normalFloats(draw(), draw());
    for (const value of pair) {
      if (Math.abs(value) >= 2 || found === group) continue;
      if (found < count) values[start + found] = value;
      found++;
    }
  }
}

/** Random integers of [low, high), or of the whole dtype when there are no bounds. */
export function randomIntegers(
  generator: Philox,
  dtype: DType,
  shape: readonly number[],
  bounds?: { readonly low: bigint; readonly high: bigint },
): Tensor {
  const size = checkedSize(shape);
  const wide = dtype === 'int64' || dtype === 'uint64';
  const group = wide ? 2 : 4;
  const data = wide ? new BigInt64Array(size) : new Int32Array(size);
  const range = bounds && BigInt.asUintN(wide ? 64 : 32, bounds.high - bounds.low);
  for (let i = 0; i < size; i += group) {
    const words = generator.next();
    for (let k = 0; k < group && i + k < size; k++) {
      const raw = wide ? BigInt(words[k * 2]!) | (BigInt(words[k * 2 + 1]!) << 32n) : BigInt(words[k]!);
      const value = bounds === undefined || range === undefined ? raw : bounds.low + (raw % range);
      if (wide) (data as BigInt64Array)[i + k] = BigInt.asIntN(64, value);
      else (data as Int32Array)[i + k] = Number(BigInt.asIntN(32, value));
    }
  }
  if (dtype === 'uint32') return tensorOf(dtype, shape, new Uint32Array(data.buffer));
  if (dtype === 'uint64') return tensorOf(dtype, shape, new BigUint64Array(data.buffer));
  return tensorOf(dtype, shape, data);
}

/**
 * Draws of classes by unnormalised log-probabilities (multinomial_op.cc).
 *
 * @param logits - `[batch, classes]` of them
 */
export function multinomial(generator: Philox, logits: Float64Array, classes: number, samples: number): Float64Array {
  const batch = classes === 0 ? 0 : logits.length / classes;
  const result = new Float64Array(batch * samples);
  const draw = wordsOf(generator);
  const sums = new Float64Array(classes);
  for (let b = 0; b < batch; b++) {
    let most = -Infinity;
    for (let c = 0; c < classes; c++) {
      const logit = logits[b * classes + c]!;
      if (Number.isFinite(logit) && logit > most) most = logit;
    }
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const logit = logits[b * classes + c]!;
      if (Number.isFinite(logit)) total += Math.exp(logit - most);
      sums[c] = total;
    }
    for (let s = 0; s < samples; s++) {
      const wanted = toDouble(draw(), draw()) * total;
      let found = 0;
      while (found < classes && sums[found]! <= wanted) found++;
      result[b * samples + s] = Math.min(found, classes - 1);
    }
  }
  return result;
}
