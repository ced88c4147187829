import { isSpace } from './byte-strings.js';

/** The dtypes that text is read as. */
export type ParsedDType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint32' | 'uint64';

const RANGES: Readonly<Record<'int32' | 'int64' | 'uint32' | 'uint64', readonly [least: bigint, most: bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/**
 * Reads a number as TensorFlow's `safe_strto32` … `safe_strtod` do (tensorflow/core/platform/numbers.cc): blanks around it
 * are fine, anything else is not.
 *
 * @returns undefined when it is not a number of the dtype; a bigint for 64-bit integers
 */
export function parseNumber(bytes: Uint8Array, dtype: ParsedDType): number | bigint | undefined {
  let start = 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  if (start === end) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  return dtype === 'float32' || dtype === 'float64' ? parseFloating(text, dtype) : parseIntegral(text, dtype);
}

function parseIntegral(text: string, dtype: keyof typeof RANGES): number | bigint | undefined {
  const [, sign = '', digits = ''] = /^([+-]?)0*(\d+)$/.exec(text) ?? [];
  // No number of 64 bits has more than 20 digits; longer ones are not even read.
  if (digits === '' || digits.length > 20) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  const [least, most] = RANGES[dtype];
  if (value < least || value > most || (sign === '-' && least === 0n)) return undefined;
  return dtype === 'int32' || dtype === 'uint32' ? Number(value) : value;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/;
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan(?:\(\w*\))?)$/i;

function parseFloating(text: string, dtype: 'float32' | 'float64'): number | undefined {
  if (DECIMAL.test(text)) return dtype === 'float32' ? toFloat32(text) : Number(text);
  const special = SPECIAL.exec(text);
  if (special !== null) return special[2] === undefined ? NaN : special[1] === '-' ? -Infinity : Infinity;
  const hex = HEXADECIMAL.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = hex;
  let mantissa = 0;
  for (const digit of whole + fraction) mantissa = mantissa * 16 + parseInt(digit, 16);
  const value = mantissa * 2 ** (Number(power) - 4 * fraction.length);
  const signed = sign === '-' ? -value : value;
  return dtype === 'float32' ? Math.fround(signed) : signed;
}

const bits = new DataView(new ArrayBuffer(8));

/** The nearest float32: rounding to a double first would be wrong where the double lies between two floats exactly. */
function toFloat32(text: string): number {
  const double = Number(text);
  bits.setFloat64(0, double);
  const isTie = (bits.getUint32(4) & 0x1fffffff) === 0x10000000;
  if (!isTie || !Number.isFinite(double)) return Math.fround(double);
  // One step of a double towards the text tells the sides apart and is far from moving the float otherwise.
  const order = compareDecimal(text.replace(/^[+-]/, ''), Math.abs(double));
  bits.setBigUint64(0, bits.getBigUint64(0) + BigInt(order));
  return Math.fround(bits.getFloat64(0));
}

/** Compares an unsigned decimal with a double, exactly. */
function compareDecimal(text: string, value: number): -1 | 0 | 1 {
  const [digits = '', power = '0'] = text.split(/[eE]/);
  const [whole = '', fraction = ''] = digits.split('.');
  // Digits this far behind can only make the number a bit greater; a last 1 stands for all of them.
  const kept = whole + fraction;
  const cut = kept.length > 1100 ? `${kept.slice(0, 1100)}1` : kept;
  const exponent = Number(power) - fraction.length + (kept.length - cut.length);
  let left = BigInt(cut);
  let scale = 0;
  let right = value;
  while (!Number.isInteger(right)) {
    right *= 2;
    scale++;
  }
  let rightBig = BigInt(right);
  left <<= BigInt(scale);
  if (exponent < 0) rightBig *= 10n ** BigInt(-exponent);
  else left *= 10n ** BigInt(exponent);
  return left < rightBig ? -1 : left > rightBig ? 1 : 0;
}
