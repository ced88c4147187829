import type { ByteWriter } from './byte-writer.js';
import { decimalToDouble } from './decimal-to-double.js';
import { decompose, multiplyByPowerOfTen, type DoubleDouble } from './power-of-ten.js';

/** Longest text of a number: sign, 17 digits, dot, and `e-308` or four zeros. */
const maxLength = 32;

/** Decimal digits of a number above 0. */
interface Digits {
  /** 6 or 9 digits, or the first 9 of 17. */
  high: number;
  /** The last 8 of 17 digits. */
  low: number;
  /** Decimal exponent of the first digit. */
  exponent: number;
}

const digits: Digits = { high: 0, low: 0, exponent: 0 };
const product: DoubleDouble = { high: 0, low: 0 };
const digitBytes = new Uint8Array(17);

/** 10^-40 … 10^60, to the nearest double. */
const firstPower = -40;
const powersOfTen = Float64Array.from({ length: 101 }, (_, k) => Number(`1e${k + firstPower}`));

/**
 * Appends a float32 or float64 as upstream's REST answers print it (`WriteDecimal` in util/json_tensor.cc): with 6
 * significant digits in C's `%g` style if that reads back as the same number, else with `%.9g` (float32) or `%.17g`
 * (float64); `.0` is added where there is neither a dot nor an exponent; `NaN`, `Infinity` and `-Infinity` are bare words.
 *
 * @param single - whether `value` is a float32, which must then be exactly representable as one
 */
export function writeFloat(out: ByteWriter, value: number, single: boolean): void {
  if (!Number.isFinite(value)) {
    out.ascii(String(value));
    return;
  }
  const bytes = out.reserve(maxLength);
  let at = out.length;
  if (value < 0 || Object.is(value, -0)) bytes[at++] = 0x2d;
  const size = Math.abs(value);
  if (size < 1e6 && size === Math.floor(size)) {
    // Whole numbers of up to six digits are the commonest answers of all.
    at += putDigits(bytes, at, size, digitCount(size));
    bytes[at++] = 0x2e;
    bytes[at++] = 0x30;
  } else {
    const precision = single ? roundSingle(size) : roundDouble(size);
    at = writeGeneral(bytes, at, precision);
  }
  out.length = at;
}

/** Finds the digits to print of a float32 above 0; gives their number, 6 or 9. */
function roundSingle(size: number): 6 | 9 {
  // Subnormals have so few bits that the shortcuts below do not hold.
  if (size < 1.2e-38) return roundExactly(size, true) as 6 | 9;
  let exponent = decimalExponent(size);
  let scaled = size * powersOfTen[8 - exponent - firstPower]!;
  if (scaled < 1e8) scaled = size * powersOfTen[8 - --exponent - firstPower]!;
  else if (scaled >= 1e9) scaled = size * powersOfTen[8 - ++exponent - firstPower]!;
  // Only within half a unit of the last place of a float32, at most 60 of these nine digits, can six digits be enough.
  const whole = scaled | 0;
  const tail = whole % 1000;
  if (tail < 62 || tail > 938) {
    setDigits((whole - tail) / 1000 + (tail > 500 ? 1 : 0), 1e6, exponent);
    if (readsBack(size, true)) return 6;
  }
  const fraction = scaled - whole;
  // The product is off by less than 10^-6; nearer to the middle only big integers can tell.
  if (Math.abs(fraction - 0.5) < 1e-5) exactDigits(size, 9);
  else setDigits(fraction > 0.5 ? whole + 1 : whole, 1e9, exponent);
  return 9;
}

/** Finds the digits to print of a double above 0; gives their number, 6 or 17. */
function roundDouble(size: number): 6 | 17 {
  if (size < 1e-240 || size > 1e240) return roundExactly(size, false) as 6 | 17;
  let exponent = decimalExponent(size);
  multiplyByPowerOfTen(size, 0, 16 - exponent, product);
  if (product.high < 1e16) multiplyByPowerOfTen(size, 0, 16 - --exponent, product);
  else if (product.high >= 1e17) multiplyByPowerOfTen(size, 0, 16 - ++exponent, product);
  let top = Math.floor(product.high / 1e8);
  const lowWhole = Math.floor(product.low);
  const fraction = product.low - lowWhole;
  let rest = product.high - top * 1e8 + lowWhole;
  if (rest < 0) {
    top--;
    rest += 1e8;
  } else if (rest >= 1e8) {
    top++;
    rest -= 1e8;
  }
  const tail = ((top | 0) % 1000) * 1e8 + rest;
  if (tail < 64 || tail > 1e11 - 64) {
    setDigits(Math.floor(top / 1000) + (tail > 64 ? 1 : 0), 1e6, exponent);
    if (readsBack(size, false)) return 6;
  }
  if (Math.abs(fraction - 0.5) < 1e-6) exactDigits(size, 17);
  else {
    if (fraction > 0.5 && ++rest === 1e8) {
      top++;
      rest = 0;
    }
    setDigits(top, 1e9, exponent);
    digits.low = rest;
  }
  return 17;
}

/** The decimal exponent of a number above 0, off by one at most. */
function decimalExponent(size: number): number {
  if (size < 1) {
    if (size >= 0.1) return -1;
    if (size >= 0.01) return -2;
    if (size >= 0.001) return -3;
  } else if (size < 1000) return size < 10 ? 0 : size < 100 ? 1 : 2;
  return Math.floor(Math.log10(size));
}

function roundExactly(size: number, single: boolean): number {
  exactDigits(size, 6);
  if (readsBack(size, single)) return 6;
  const precision = single ? 9 : 17;
  exactDigits(size, precision);
  return precision;
}

/** Stores digits that may have been rounded up to one more than there is room for. */
function setDigits(high: number, limit: number, exponent: number): void {
  const carried = high === limit;
  digits.high = carried ? high / 10 : high;
  digits.low = 0;
  digits.exponent = carried ? exponent + 1 : exponent;
}

/** Whether the six digits are read back as the number they were made from. */
function readsBack(size: number, single: boolean): boolean {
  const { high, exponent } = digits;
  let value = decimalToDouble(high, 0, 0, exponent - 5);
  if (Number.isNaN(value)) value = Number(`${high}e${exponent - 5}`);
  return (single ? Math.fround(value) : value) === size;
}

/** Rounds the exact value to some digits with big integers; the middle goes to the even digit, as in C. */
function exactDigits(size: number, precision: 6 | 9 | 17): void {
  const { mantissa, exponent: binary } = decompose(size);
  let exponent = Math.floor(Math.log10(size));
  for (;;) {
    const shift = precision - 1 - exponent;
    let numerator = mantissa * (shift > 0 ? 10n ** BigInt(shift) : 1n);
    let denominator = shift < 0 ? 10n ** BigInt(-shift) : 1n;
    if (binary > 0) numerator <<= BigInt(binary);
    else denominator <<= BigInt(-binary);
    let whole = numerator / denominator;
    const twice = (numerator - whole * denominator) * 2n;
    // The logarithm may be off by one next to a power of ten.
    if (whole >= 10n ** BigInt(precision)) {
      exponent++;
      continue;
    }
    if (whole < 10n ** BigInt(precision - 1)) {
      exponent--;
      continue;
    }
    if (twice > denominator || (twice === denominator && whole % 2n === 1n)) whole++;
    if (precision === 17) {
      setDigits(Number(whole / 100000000n), 1e9, exponent);
      digits.low = Number(whole % 100000000n);
    } else setDigits(Number(whole), 10 ** precision, exponent);
    return;
  }
}

/** Lays the digits out like C's `%.<precision>g`, and adds `.0` to whole numbers. */
function writeGeneral(bytes: Uint8Array, at: number, precision: 6 | 9 | 17): number {
  const { high, low, exponent } = digits;
  if (exponent < 0 && exponent >= -4 && precision !== 17) {
    bytes[at++] = 0x30;
    bytes[at++] = 0x2e;
    for (let k = -1; k > exponent; k--) bytes[at++] = 0x30;
    at += putDigits(bytes, at, high, precision);
    while (bytes[at - 1] === 0x30) at--;
    return at;
  }
  let count = putDigits(digitBytes, 0, high, precision === 6 ? 6 : 9);
  if (precision === 17) count += putDigits(digitBytes, 9, low, 8);
  while (count > 1 && digitBytes[count - 1] === 0x30) count--;

  if (exponent < -4 || exponent >= precision) {
    bytes[at++] = digitBytes[0]!;
    if (count > 1) {
      bytes[at++] = 0x2e;
      for (let k = 1; k < count; k++) bytes[at++] = digitBytes[k]!;
    }
    bytes[at++] = 0x65;
    bytes[at++] = exponent < 0 ? 0x2d : 0x2b;
    const power = Math.abs(exponent);
    return at + putDigits(bytes, at, power, power < 100 ? 2 : 3);
  }
  if (exponent < 0) {
    bytes[at++] = 0x30;
    bytes[at++] = 0x2e;
    for (let k = -1; k > exponent; k--) bytes[at++] = 0x30;
    for (let k = 0; k < count; k++) bytes[at++] = digitBytes[k]!;
    return at;
  }
  for (let k = 0; k <= exponent; k++) bytes[at++] = k < count ? digitBytes[k]! : 0x30;
  bytes[at++] = 0x2e;
  if (count <= exponent + 1) bytes[at++] = 0x30;
  for (let k = exponent + 1; k < count; k++) bytes[at++] = digitBytes[k]!;
  return at;
}

/** Writes a whole number below 2^31 with exactly `count` digits; gives `count`. */
function putDigits(bytes: Uint8Array, at: number, value: number, count: number): number {
  let left = value | 0;
  let k = at + count;
  while (k - at >= 2) {
    const next = (left / 100) | 0;
    const pair = pairs[left - next * 100]!;
    bytes[--k] = pair & 255;
    bytes[--k] = pair >> 8;
    left = next;
  }
  if (k > at) bytes[at] = 0x30 + left;
  return count;
}

/** The two digits of 0 … 99 as ASCII, the first in the upper byte. */
const pairs = Uint16Array.from({ length: 100 }, (_, k) => ((0x30 + Math.floor(k / 10)) << 8) | (0x30 + (k % 10)));

/** Number of digits of a whole number below 10^6. */
function digitCount(value: number): number {
  if (value < 1000) return value < 10 ? 1 : value < 100 ? 2 : 3;
  return value < 10000 ? 4 : value < 100000 ? 5 : 6;
}
