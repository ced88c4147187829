import type { DType, Tensor } from '@servable/tensor';
import { around, doublesOf, fromDoubles, invalidRequest, tensorOf } from './elements.js';
import { limitsOf, roundAway } from './quantized-numbers.js';

export type QuantizationMode = 'MIN_COMBINED' | 'MIN_FIRST' | 'SCALED';

const { fround, max, min, abs, floor, trunc } = Math;

function roundEven(value: number): number {
  const low = floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** Calls `visit` for every element with the index of its range. */
function perRange(x: Tensor, axis: number, ranges: number, visit: (i: number, range: number) => void): void {
  const [outer, size, inner] = axis < 0 ? [1, 1, x.size] : around(x.shape, axis);
  if (ranges !== size) throw invalidRequest('BAD_RANGES', `expected ${size} ranges, got ${ranges}`);
  for (let o = 0, i = 0; o < outer; o++) {
    for (let r = 0; r < size; r++) for (let k = 0; k < inner; k++, i++) visit(i, r);
  }
}

/** Integers to floats (tensorflow/core/kernels/dequantize_op.cc). */
export function dequantize(
  x: Tensor,
  minRange: Tensor,
  maxRange: Tensor,
  options: { readonly dtype: DType; readonly mode: QuantizationMode; readonly narrow: boolean; readonly axis: number },
): Tensor {
  const [low, high] = limitsOf(x.dtype);
  const [lows, highs] = [doublesOf(minRange), doublesOf(maxRange)];
  const steps = high - low;
  const forms = Array.from(lows, (least, i) => {
    const most = highs[i] ?? 0;
    if (options.mode === 'SCALED') {
      const bottom = low + (options.narrow ? 1 : 0);
      const scale = low < 0 ? max(fround(least / bottom), fround(most / high)) : fround(most / high);
      return { scale, add: 0 };
    }
    const scale = fround(fround(most - least) / steps);
    if (options.mode === 'MIN_COMBINED') return { scale, add: fround((low < 0 ? (steps + 1) / 2 : 0) * scale) + least };
    // The least value is moved to the nearest step.
    const exact = (most - least) / steps;
    const start = exact === 0 ? least : roundAway(least / exact) * exact;
    return { scale: exact, add: start - low * exact };
  });
  const from = x.data as ArrayLike<number>;
  const result = new Float64Array(x.size);
  perRange(x, options.axis, forms.length, (i, r) => {
    const { scale, add } = forms[r]!;
    result[i] = from[i]! * scale + add;
  });
  return fromDoubles(options.dtype, x.shape, result);
}

/** Floats to integers (tensorflow/core/kernels/quantize_op.cc). @returns the integers and the range they stand for */
export function quantize(
  x: Tensor,
  minRange: Tensor,
  maxRange: Tensor,
  options: {
    readonly dtype: DType;
    readonly mode: QuantizationMode;
    readonly round: string;
    readonly narrow: boolean;
    readonly axis: number;
    readonly leastRange: number;
  },
): readonly Tensor[] {
  const { dtype, mode } = options;
  const [low, high] = limitsOf(dtype);
  const [lows, highs] = [doublesOf(minRange), doublesOf(maxRange)];
  const forms = Array.from(lows, (given, i) => {
    const least = min(0, given);
    const apart = fround(max(1, max(abs(given), abs(highs[i]!))) * options.leastRange);
    const most = max(0, max(highs[i]!, fround(least + apart)));
    return {
      ...rangeOf(least, most, low, high, options),
      round: options.round === 'HALF_TO_EVEN' ? roundEven : roundAway,
    };
  });
  const from = doublesOf(x);
  const result = new Float64Array(x.size);
  perRange(x, options.axis, forms.length, (i, r) => {
    const { least, most, scale, round } = forms[r]!;
    const value = from[i]!;
    const inside = min(max(value, least), most);
    if (mode === 'SCALED') result[i] = round(fround(inside * scale));
    else if (mode === 'MIN_FIRST') {
      result[i] = min(max(roundAway(fround(value * scale)) - roundAway(fround(least * scale)) + low, low), high);
    } else {
      const shifted = fround(fround(inside - least) * scale);
      result[i] = low < 0 ? roundAway(shifted - (high - low + 1) / 2) : trunc(fround(shifted + 0.5));
    }
  });
  const clamped = result.map((value) => min(max(value, low), high));
  const shape = options.axis < 0 ? [] : [forms.length];
  return [
    tensorOf(dtype, x.shape, integers(dtype, clamped)),
    tensorOf(
      'float32',
      shape,
      Float32Array.from(forms, ({ least }) => least),
    ),
    tensorOf(
      'float32',
      shape,
      Float32Array.from(forms, ({ most }) => most),
    ),
  ];
}

function rangeOf(
  least: number,
  most: number,
  low: number,
  high: number,
  { mode, narrow }: { readonly mode: QuantizationMode; readonly narrow: boolean },
): { readonly least: number; readonly most: number; readonly scale: number } {
  if (mode !== 'SCALED') return { least, most, scale: fround((high - low) / fround(most - least)) };
  const bottom = low + (narrow ? 1 : 0);
  const fromLow = bottom * least > 0 ? fround(bottom / least) : 3.4028234663852886e38;
  const fromHigh = high * most > 0 ? fround(high / most) : 3.4028234663852886e38;
  return fromLow < fromHigh
    ? { least, most: fround(high / fromLow), scale: fromLow }
    : { least: fround(bottom / fromHigh), most, scale: fromHigh };
}

function integers(dtype: DType, values: Float64Array): unknown {
  switch (dtype) {
    case 'quint8':
      return Uint8Array.from(values);
    case 'qint8':
      return Int8Array.from(values);
    case 'quint16':
      return Uint16Array.from(values);
    case 'qint16':
      return Int16Array.from(values);
    default:
      return Int32Array.from(values);
  }
}
