import type { DType, Tensor } from '@servable/tensor';
import { allocate, doublesOf, invalidRequest, tensorOf, type Elements } from './elements.js';
import { limitsOf } from './quantized-numbers.js';

const { abs, floor, fround, max, min } = Math;

function roundEven(value: number): number {
  const low = floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** How far the range of each channel reaches, of one range per channel. */
function reaches(x: Tensor, least: Tensor, most: Tensor): readonly number[] {
  const depth = x.shape.at(-1) ?? 0;
  if (least.size !== depth || most.size !== depth) {
    throw invalidRequest(
      'BAD_RANGES',
      `expected one range for each of ${depth} channels, got ${least.size} and ${most.size}`,
    );
  }
  const highs = doublesOf(most);
  return Array.from(doublesOf(least), (low, i) => max(abs(low), abs(highs[i]!)));
}

/** tensorflow/core/kernels/mkl/mkl_requantize_per_channel_op.cc */
export function requantizePerChannel(
  x: Tensor,
  least: Tensor,
  most: Tensor,
  toLeast: Tensor,
  toMost: Tensor,
  dtype: DType,
): Tensor {
  if (x.rank !== 4 && x.rank !== 5) throw invalidRequest('BAD_RANK', `expected 4 or 5 dimensions, got ${x.rank}`);
  if (toLeast.size !== 1 || toMost.size !== 1)
    throw invalidRequest('NOT_A_SCALAR', 'requested_output_min must be a scalar');
  const requested = max(abs(doublesOf(toLeast)[0]!), abs(doublesOf(toMost)[0]!));
  if (dtype === 'qint8' && !(doublesOf(toLeast)[0]! < 0)) {
    throw invalidRequest('BAD_RANGE', 'If out_type is QINT8, requested_output_min must be negative');
  }
  const factor = dtype === 'qint8' ? 127 : 255;
  const scales = reaches(x, least, most).map((reach) => fround(factor * fround(fround(reach / requested) / 2 ** 31)));
  const [low, high] = limitsOf(dtype);
  const integers = x.data as Int32Array;
  const data = allocate(dtype, x.shape) as unknown as Elements;
  for (let i = 0; i < data.length; i++) {
    const value = roundEven(fround(fround(integers[i]!) * scales[i % scales.length]!));
    data[i] = min(max(value, low), high);
  }
  return tensorOf(dtype, x.shape, data);
}

/** tensorflow/core/kernels/mkl/mkl_requantization_range_per_channel_op.cc @returns minimum and maximum */
export function requantizationRangePerChannel(
  x: Tensor,
  least: Tensor,
  most: Tensor,
  limit: number,
): readonly [Tensor, Tensor] {
  if (x.rank !== 4 || x.size === 0)
    throw invalidRequest('BAD_INPUT', `expected elements in 4 dimensions, got [${x.shape.join(', ')}]`);
  const scales = reaches(x, least, most);
  const largest = new Int32Array(scales.length);
  let isNegative = false;
  const integers = x.data as Int32Array;
  for (let i = 0; i < integers.length; i++) {
    const value = integers[i]!;
    const c = i % largest.length;
    if (value < 0) isNegative = true;
    // The size of the lowest integer is none of int32's.
    largest[c] = max(largest[c]!, abs(value) | 0);
  }
  // The least positive float that is not denormal.
  let reach = 2 ** -126;
  scales.forEach((scale, c) => (reach = max(reach, fround(fround(scale * fround(largest[c]!)) / 2 ** 31))));
  reach = min(reach, limit);
  const scalar = (value: number) => tensorOf('float32', [], Float32Array.of(value));
  return [scalar(isNegative ? -reach : 0), scalar(reach)];
}
