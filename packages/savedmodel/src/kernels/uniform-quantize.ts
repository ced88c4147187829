import type { DType, Tensor } from '@servable/tensor';
import {
  allocate,
  around,
  broadcast,
  broadcastOffsets,
  checkedSize,
  doublesOf,
  invalidRequest,
  tensorOf,
  type Elements,
} from './elements.js';
import { roundAway } from './quantized-numbers.js';

const { floor, fround, max, min } = Math;

/** Limits of the integers that a kernel makes. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** One scale and zero point, or one per index of an axis. */
export interface Scales {
  readonly scales: ArrayLike<number>;
  readonly zeros: ArrayLike<number>;
  /** -1: one for the whole tensor. */
  readonly axis: number;
}

/** @throws SavedModelError INVALID_ARGUMENT when they do not fit `shape`, or a scale that must be positive is not */
export function scalesFor(
  shape: readonly number[],
  scales: Tensor,
  zeros: Tensor,
  axis: number,
  mustBePositive = true,
): Scales {
  const expected = axis < 0 ? [] : [shape[axis]];
  const fits = [scales, zeros].every((tensor) => tensor.rank === expected.length && tensor.shape[0] === expected[0]);
  if (!fits || axis >= shape.length) {
    throw invalidRequest(
      'BAD_SCALES',
      `expected scales and zero points of shape [${expected.join()}], got [${scales.shape.join()}] and [${zeros.shape.join()}]`,
    );
  }
  const values = doublesOf(scales);
  if (mustBePositive && !values.every((scale) => scale > 0)) {
    throw invalidRequest('BAD_SCALES', 'scales elements must be all positive.');
  }
  return { scales: values, zeros: zeros.data as Int32Array, axis };
}

/** Calls `visit` for every element with the index of its scale. */
function perScale(shape: readonly number[], axis: number, visit: (i: number, scale: number) => void): void {
  const [outer, size, inner] = axis < 0 ? [1, 1, checkedSize(shape)] : around(shape, axis);
  for (let o = 0, i = 0; o < outer; o++) {
    for (let s = 0; s < size; s++) for (let k = 0; k < inner; k++, i++) visit(i, s);
  }
}

/** As processors convert floats: what is no int32 becomes the lowest one. */
const toInt32 = (value: number) => (value >= -(2 ** 31) && value < 2 ** 31 ? value | 0 : -(2 ** 31));

/** TensorFlow's kernels read a qint32 by way of float32. */
const asRead = (value: number) => toInt32(fround(value));

/** `floor(x / scale + 0.5) + zero`, within limits (AffineQuantize of tensorflow/core/kernels/uniform_quant_ops/math_utils.h). */
export function affineStep(x: number, inverse: number, zero: number, { low, high }: Limits): number {
  return max(min((toInt32(floor(fround(fround(x * inverse) + 0.5))) + zero) | 0, high), low);
}

/** tensorflow/core/kernels/uniform_quant_ops/uniform_quantize_op.cc */
export function uniformQuantize(x: Tensor, { scales, zeros, axis }: Scales, limits: Limits, dtype: DType): Tensor {
  const inverses = Float32Array.from(scales, (scale) => 1 / scale);
  const values = doublesOf(x);
  const data = allocate(dtype, x.shape) as unknown as Elements;
  perScale(x.shape, axis, (i, s) => (data[i] = affineStep(values[i]!, inverses[s]!, zeros[s]!, limits)));
  return tensorOf(dtype, x.shape, data);
}

/** tensorflow/core/kernels/uniform_quant_ops/uniform_dequantize_op.cc */
export function uniformDequantize(x: Tensor, { scales, zeros, axis }: Scales): Tensor {
  const values = x.data as ArrayLike<number>;
  const data = new Float32Array(x.size);
  perScale(x.shape, axis, (i, s) => (data[i] = fround((values[i]! - zeros[s]!) | 0) * scales[s]!));
  return tensorOf('float32', x.shape, data);
}

/** A positive factor as `multiplier * 2^(shift - 31)`, both integers (QuantizeMultiplier of math_utils.cc). */
export class FixedFactor {
  readonly #multiplier: number;
  readonly #shift: number;

  constructor(factor: number) {
    if (!(factor > 0 && factor < Infinity)) {
      throw invalidRequest('BAD_SCALES', `expected a factor that is positive and finite, got ${factor}`);
    }
    let shift = max(floor(Math.log2(factor)) + 1, -1073);
    // The logarithm may be off by one next to powers of two.
    while (factor / 2 ** shift >= 1) shift++;
    while (shift > -1073 && factor / 2 ** shift < 0.5) shift--;
    let multiplier = roundAway((factor / 2 ** shift) * 2 ** 31);
    if (multiplier === 2 ** 31) {
      multiplier /= 2;
      shift++;
    }
    if (shift < -31) [multiplier, shift] = [0, 0];
    if (shift > 30) [multiplier, shift] = [2 ** 31 - 1, 30];
    this.#multiplier = multiplier;
    this.#shift = shift;
  }

  /** An int32 times the factor, rounded, as an int32. */
  times(x: number): number {
    const bits = 31 - this.#shift;
    let product: number;
    if (bits < 17) {
      const exact = BigInt(x) * BigInt(this.#multiplier) + (1n << BigInt(bits - 1));
      product = Number(exact >> BigInt(bits));
    } else {
      // In parts that doubles hold; the lowest 16 bits of the product have no say in what is above half a unit.
      const top = floor(this.#multiplier / 65536);
      const upper = x * top + floor((x * (this.#multiplier - top * 65536)) / 65536);
      product = floor((upper + 2 ** (bits - 17)) / 2 ** (bits - 16));
    }
    return max(min(product, 2 ** 31 - 1), -(2 ** 31));
  }
}

/** Limits, and int32 that wraps where the zero is added. */
export const limitedStep = (value: number, zero: number, { low, high }: Limits): number =>
  max(min((value + zero) | 0, high), low);

/** tensorflow/core/kernels/uniform_quant_ops/uniform_requantize_op.cc */
export function uniformRequantize(x: Tensor, from: Scales, to: Scales, limits: Limits, dtype: DType): Tensor {
  const axis = from.axis >= 0 ? from.axis : to.axis;
  const count = axis < 0 ? 1 : (x.shape[axis] ?? 1);
  const of = (values: ArrayLike<number>, s: number) => values[values.length === 1 ? 0 : s]!;
  const factors = Array.from({ length: count }, (_, s) => new FixedFactor(of(from.scales, s) / of(to.scales, s)));
  const values = x.data as ArrayLike<number>;
  const data = allocate(dtype, x.shape) as unknown as Elements;
  perScale(x.shape, axis, (i, s) => {
    const value = asRead(values[i]!) - of(from.zeros, s);
    // The difference overflows in 32 bits where there is one scale, and has more of them where there are several.
    const scaled = factors[s]!.times(axis < 0 ? value | 0 : value);
    data[i] = limitedStep(scaled, of(to.zeros, s), limits);
  });
  return tensorOf(dtype, x.shape, data);
}

/** The sum of two tensors that have the result's scales already (uniform_quantized_add_op.cc). */
export function uniformSum(
  a: Tensor,
  b: Tensor,
  zeros: ArrayLike<number>,
  axis: number,
  { low, high }: Limits,
): Tensor {
  const shape = broadcast(a.shape, b.shape);
  const [x, y] = [a.data as Int32Array, b.data as Int32Array];
  const [atX, atY] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b.shape, shape)];
  const data = new Int32Array(checkedSize(shape));
  perScale(shape, axis, (i, s) => {
    const sum = (asRead(x[atX?.[i] ?? i]!) + asRead(y[atY?.[i] ?? i]!) + zeros[s]!) | 0;
    data[i] = min(max(sum, low), high);
  });
  return tensorOf('qint32', shape, data);
}

/** tensorflow/core/kernels/uniform_quant_ops/uniform_quantized_clip_by_value_op.cc */
export function uniformClip(x: Tensor, least: Tensor, most: Tensor, axis: number): Tensor {
  const [values, lows, highs] = [x, least, most].map((tensor) => tensor.data as Int32Array) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const data = new Int32Array(x.size);
  perScale(x.shape, axis, (i, s) => (data[i] = min(max(values[i]!, lows[s]!), highs[s]!)));
  return tensorOf(x.dtype, x.shape, data);
}
