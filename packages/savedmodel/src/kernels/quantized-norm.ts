import type { Tensor } from '@servable/tensor';
import { doublesOf, invalidRequest, tensorOf } from './elements.js';
import { clampedStepOf, numberOf, roundAway, stepScale } from './quantized-numbers.js';

const { fround, imul, max, min, sqrt, trunc } = Math;

const scalar = (value: number) => tensorOf('float32', [], Float32Array.of(value));
const firstOf = (tensor: Tensor | undefined) => (tensor === undefined ? 0 : (doublesOf(tensor)[0] ?? 0));

/** Every channel of every image with mean 0 and variance 1 (tensorflow/core/kernels/quantized_instance_norm.cc). */
export function quantizedInstanceNorm(
  x: Tensor,
  least: Tensor,
  most: Tensor,
  options: {
    readonly epsilon: number;
    readonly separation: number;
    readonly range: readonly [least: number, most: number] | undefined;
  },
): readonly Tensor[] {
  if (x.rank !== 4) throw invalidRequest('BAD_RANK', `expected images of 4 dimensions, got ${x.rank}`);
  const [from, to] = [firstOf(least), firstOf(most)];
  if (!(from < to)) throw invalidRequest('EMPTY_RANGE', `input_min must be less than input_max: ${from} >= ${to}`);
  const scale = fround(fround(to - from) / 255);
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const area = height * width;
  const bytes = x.data as Uint8Array;
  const normed = new Float32Array(x.size);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      const start = b * area * channels + c;
      let sum = 0;
      for (let i = 0; i < area; i++) sum += bytes[start + i * channels]!;
      const mean = fround(sum / area);
      let squares = 0;
      for (let i = 0; i < area; i++) squares += fround(scale * fround(bytes[start + i * channels]! - mean)) ** 2;
      const factor = fround(1 / sqrt(fround(fround(squares / area) + options.epsilon)));
      for (let i = 0; i < area; i++) {
        const at = start + i * channels;
        normed[at] = fround(scale * fround(bytes[at]! - mean)) * factor;
      }
    }
  }
  let [low, high] = options.range ?? [Infinity, -Infinity];
  if (options.range === undefined) {
    for (const value of normed) {
      low = min(low, value);
      high = max(high, value);
    }
  }
  if (fround(high - low) < options.separation) high = fround(low + options.separation);
  const form = stepScale('quint8', low, high);
  const data = Uint8Array.from(normed, (value) =>
    min(max(fround(roundAway(fround(value * form.scale)) - form.subtract), form.lowest), form.highest),
  );
  return [tensorOf('quint8', x.shape, data), scalar(low), scalar(high)];
}

/** The range of the results, in which values keep 11 bits behind the point. */
const LIMIT = 2 ** 20;

/** Normalization in fixed-point numbers (tensorflow/core/kernels/quantized_batch_norm_op.cc). */
export function quantizedBatchNorm(
  inputs: readonly Tensor[],
  options: { readonly epsilon: number; readonly scales: boolean },
): readonly Tensor[] {
  const x = inputs[0]!;
  if (x.rank !== 4) throw invalidRequest('BAD_RANK', `expected an input of 4 dimensions, got ${x.rank}`);
  const depth = inputs[3]!.size;
  const [mean, variance, beta, gamma] = [3, 6, 9, 12].map((index) => {
    const tensor = inputs[index]!;
    if (tensor.rank !== 1 || tensor.size !== depth) {
      throw invalidRequest('BAD_STATISTICS', `expected vectors of ${depth} elements, got [${tensor.shape.join(', ')}]`);
    }
    const [least, most] = [firstOf(inputs[index + 1]), firstOf(inputs[index + 2])];
    return Array.from(tensor.data as Uint8Array, (step) => numberOf('quint8', step, least, most));
  }) as [number[], number[], number[], number[]];
  if (depth === 0 || x.size % depth !== 0) {
    throw invalidRequest('BAD_STATISTICS', `expected statistics of each channel, got ${depth} for ${x.size} elements`);
  }
  const fixed = (value: number) => clampedStepOf('qint32', value, -LIMIT, LIMIT);
  const factors = new Int32Array(depth);
  const offsets = new Int32Array(depth);
  for (let c = 0; c < depth; c++) {
    const inverse = fround(1 / fround(sqrt(fround(variance[c]! + fround(options.epsilon)))));
    const factor = options.scales ? fround(inverse * gamma[c]!) : inverse;
    factors[c] = fixed(factor);
    offsets[c] = fixed(fround(fround(-mean[c]! * factor) + beta[c]!));
  }
  const [least, most] = [firstOf(inputs[1]), firstOf(inputs[2])];
  const values = Int32Array.from({ length: 256 }, (_, step) => fixed(numberOf('quint8', step, least, most)));
  const one = fixed(1);
  const bytes = x.data as Uint8Array;
  const data = new Int32Array(x.size);
  for (let i = 0; i < data.length; i++) {
    const c = i % depth;
    data[i] = trunc(imul(values[bytes[i]!]!, factors[c]!) / one) + offsets[c]!;
  }
  return [tensorOf('qint32', x.shape, data), scalar(-LIMIT), scalar(LIMIT)];
}
