import type { DType } from '@servable/tensor';
import { invalidRequest } from './elements.js';

const { fround, floor, max, min } = Math;

/** Least and greatest value of the quantized dtypes. */
const LIMITS: Partial<Record<DType, readonly [number, number]>> = {
  quint8: [0, 255],
  qint8: [-128, 127],
  quint16: [0, 65535],
  qint16: [-32768, 32767],
  qint32: [-(2 ** 31), 2 ** 31 - 1],
};

/** The integers that quantized ones are stored as. */
export const STORAGE: Partial<Record<DType, DType>> = {
  quint8: 'uint8',
  qint8: 'int8',
  quint16: 'uint16',
  qint16: 'int16',
  qint32: 'int32',
};

/** @throws SavedModelError INVALID_ARGUMENT for a dtype that is not quantized */
export function limitsOf(dtype: DType): readonly [low: number, high: number] {
  const limits = LIMITS[dtype];
  if (limits === undefined) throw invalidRequest('BAD_QUANTIZED_DTYPE', `expected a quantized dtype, got ${dtype}`);
  return limits;
}

/** C's round(): halves away from zero. */
export function roundAway(value: number): number {
  const whole = floor(Math.abs(value));
  const rounded = Math.abs(value) - whole >= 0.5 ? whole + 1 : whole;
  return value < 0 ? -rounded : rounded;
}

/**
 * The step of a range that is nearest to a number, which may lie outside of the dtype's limits (FloatToQuantizedUnclamped
 * of tensorflow/core/kernels/quantization_utils.h).
 */
export function stepOf(dtype: DType, value: number, least: number, most: number): number {
  const [low, high] = limitsOf(dtype);
  if (least === most) return low;
  const steps = high - low + 1;
  const range = fround(most - least) * (steps / (steps - 1));
  const scale = steps / range;
  return roundAway(value * scale) - roundAway(least * scale) + low;
}

/** The step of a range that is nearest to a number, within the dtype's limits (FloatToQuantized). */
export function clampedStepOf(dtype: DType, value: number, least: number, most: number): number {
  const [low, high] = limitsOf(dtype);
  return min(max(stepOf(dtype, value, least, most), low), high);
}

/** The number that a step of a range stands for (QuantizedToFloat). */
export function numberOf(dtype: DType, step: number, least: number, most: number): number {
  if (least === most) return least;
  const [low, high] = limitsOf(dtype);
  const steps = high - low + 1;
  const scale = (fround(most - least) * (steps / (steps - 1))) / steps;
  const start = fround(roundAway(fround(least / fround(scale))) * fround(scale));
  return fround(start + (step - low) * scale);
}

/** The value of one step, and the step at which zero of the dtype's scale lies (QuantizedToFloatStruct), in float32. */
export function floatScale(
  dtype: DType,
  least: number,
  most: number,
): { readonly scale: number; readonly add: number } {
  const [low, high] = limitsOf(dtype);
  const scale = fround(fround(most - least) / (high - low));
  const start = most === least ? least : fround(roundAway(fround(least / scale)) * scale);
  return { scale, add: fround(start - fround(low * scale)) };
}

/** How floats become steps (FloatToQuantizedStruct), in float32. */
export function stepScale(
  dtype: DType,
  least: number,
  most: number,
): { readonly scale: number; readonly subtract: number; readonly lowest: number; readonly highest: number } {
  const [low, high] = limitsOf(dtype);
  const scale = most === least ? 0 : fround((high - low) / fround(most - least));
  const subtract = fround(roundAway(fround(least * scale)) - low);
  // The greatest float below 2^31, as float32 has none for the greatest integer.
  return { scale, subtract, lowest: low, highest: min(high, 2147483520) };
}
