/** 10^0 … 10^22: the powers of ten that a double holds exactly. */
export const exactPowersOfTen: Float64Array = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/**
 * Range of {@link powerOfTen}. Beyond it the low part of a product would leave the range of normal doubles.
 */
export const maxPowerOfTen = 270;

const tableSize = 2 * maxPowerOfTen + 1;
const high = new Float64Array(tableSize);
const low = new Float64Array(tableSize);

/** Veltkamp's constant, 2^27 + 1: splits a double into two halves whose products are exact. */
const splitter = 134217729;

/** The result of {@link multiplyByPowerOfTen}: `high + low` is the product to about 2^-100 of its size. */
export interface DoubleDouble {
  high: number;
  low: number;
}

/**
 * Multiplies `valueHigh + valueLow` by 10^exponent in double-double arithmetic (T. J. Dekker, "A floating-point technique
 * for extending the available precision", 1971), so that a correctly rounded result can be had without big integers.
 *
 * @param exponent - within ± {@link maxPowerOfTen}
 * @param out - receives the product; relative error below 2^-100
 */
export function multiplyByPowerOfTen(valueHigh: number, valueLow: number, exponent: number, out: DoubleDouble): void {
  const index = exponent + maxPowerOfTen;
  if (high[index] === 0) fillPower(exponent);
  const powerHigh = high[index]!;
  const product = valueHigh * powerHigh;
  let scaled = splitter * valueHigh;
  const a1 = scaled - (scaled - valueHigh);
  const a2 = valueHigh - a1;
  scaled = splitter * powerHigh;
  const b1 = scaled - (scaled - powerHigh);
  const b2 = powerHigh - b1;
  const error = a2 * b2 - (product - a1 * b1 - a2 * b1 - a1 * b2);
  const rest = error + valueHigh * low[index]! + valueLow * powerHigh;
  out.high = product + rest;
  out.low = rest - (out.high - product);
}

/** Works out one entry of the table with big integers, on first use. */
function fillPower(exponent: number): void {
  const nearest = Number(`1e${exponent}`);
  const { mantissa, exponent: binary } = decompose(nearest);
  // rest = 10^exponent - mantissa * 2^binary, as a fraction of big integers
  let numerator = exponent >= 0 ? 10n ** BigInt(exponent) : 1n;
  let denominator = exponent >= 0 ? 1n : 10n ** BigInt(-exponent);
  if (binary >= 0) numerator -= (mantissa << BigInt(binary)) * denominator;
  else {
    numerator = (numerator << BigInt(-binary)) - mantissa * denominator;
    denominator <<= BigInt(-binary);
  }
  high[exponent + maxPowerOfTen] = nearest;
  low[exponent + maxPowerOfTen] = ratio(numerator, denominator);
}

/** A quotient of big integers as a double, to within 2^-60 of its size. */
function ratio(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const negative = numerator < 0n;
  let value = negative ? -numerator : numerator;
  let shift = value.toString(2).length - denominator.toString(2).length - 64;
  if (shift < 0) value <<= BigInt(-shift);
  else denominator <<= BigInt(shift);
  let result = Number(value / denominator);
  for (; shift < -1000; shift += 1000) result *= 2 ** -1000;
  result *= 2 ** shift;
  return negative ? -result : result;
}

const bits = new DataView(new ArrayBuffer(8));

/** Writes a finite double of 0 or more as `mantissa * 2^exponent` with an integer mantissa. */
export function decompose(value: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}
