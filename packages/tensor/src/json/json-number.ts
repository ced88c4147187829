import { asciiText, ch } from './json-text.js';

/** A number literal: where it ends and what RapidJSON would make of it. */
export interface NumberToken {
  end: number;
  /** The value as a correctly rounded double. Upstream's is off by a few units of the last place beyond 15 digits. */
  value: number;
  /** The exact value of an *integer* in RapidJSON's sense: no dot, no exponent, within int64 or uint64. */
  integer: bigint | undefined;
}

/** Why a literal is no number: one of RapidJSON's English texts, and the byte it is reported at. */
export interface NumberError {
  readonly reason: string;
  readonly offset: number;
}

const minInt64 = -(2n ** 63n);
const maxUint64 = 2n ** 64n - 1n;

/**
 * Reads the number literal at `start`, with RapidJSON's `NaN`, `Inf` and `Infinity` (`GenericReader::ParseNumber` in
 * rapidjson/reader.h, version 1.1.0).
 *
 * @param needValue - false to check the grammar only, which leaves `value` and `integer` unset
 */
export function readNumber(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: NumberToken,
  needValue: boolean,
): NumberError | undefined {
  const peek = (at: number): number => (at < end ? bytes[at]! : 0);
  let at = start;
  const negative = peek(at) === ch.minus;
  if (negative) at++;
  const integerStart = at;
  if (peek(at) === ch.zero) at++;
  else if (isDigit(peek(at))) while (isDigit(peek(at))) at++;
  else return readNonFinite(peek, at, negative, out);
  const integerEnd = at;
  if (integerEnd - integerStart > 300 && overflows(bytes, integerStart, integerEnd)) return tooBig(start);

  let isInteger = true;
  if (peek(at) === ch.dot) {
    isInteger = false;
    if (!isDigit(peek(++at))) return { reason: 'Miss fraction part in number.', offset: at };
    while (isDigit(peek(at))) at++;
  }
  const fractionEnd = at;
  if (peek(at) === ch.e || peek(at) === ch.upperE) {
    isInteger = false;
    at++;
    const negativeExponent = peek(at) === ch.minus;
    if (negativeExponent || peek(at) === ch.plus) at++;
    if (!isDigit(peek(at))) return { reason: 'Miss exponent in number.', offset: at };
    const exponentStart = at;
    let exponent = 0;
    for (; isDigit(peek(at)); at++) exponent = Math.min(exponent * 10 + peek(at) - ch.zero, 1e9);
    if (!negativeExponent && exponent > 308 && at - exponentStart > 1) {
      if (exponent > 308 + countedFraction(bytes, integerStart, integerEnd, fractionEnd)) return tooBig(start);
    }
  }
  out.end = at;
  if (!needValue) return undefined;
  const text = asciiText(bytes, start, at);
  out.integer = undefined;
  if (isInteger && integerEnd - integerStart <= 20) {
    const integer = BigInt(text);
    if (integer >= minInt64 && integer <= maxUint64) out.integer = integer;
  }
  // -0 is the integer 0
  out.value = out.integer === 0n ? 0 : Number(text);
  return undefined;
}

function isDigit(c: number): boolean {
  return c >= ch.zero && c <= ch.nine;
}

function tooBig(offset: number): NumberError {
  return { reason: 'Number too big to be stored in double.', offset };
}

/** RapidJSON refuses another digit once the digits so far are DBL_MAX / 10 or more. */
function overflows(bytes: Uint8Array, start: number, end: number): boolean {
  let value = 0;
  for (let at = start; at < end; at++) {
    if (value >= 1.7976931348623157e307) return true;
    value = value * 10 + (bytes[at]! - ch.zero);
  }
  return false;
}

/**
 * How many fraction digits RapidJSON takes into the significand: those until it exceeds 2^53 - 1, then up to 17
 * significant digits. Only this many move its limit for the exponent.
 */
function countedFraction(bytes: Uint8Array, start: number, integerEnd: number, fractionEnd: number): number {
  let significand = 0;
  let significant = -1;
  for (let at = start; at < integerEnd; at++) {
    significand = significand * 10 + (bytes[at]! - ch.zero);
    significant++;
  }
  if (significant < 0) significant = 0;
  let counted = 0;
  const big = significand > 18446744073709551615;
  for (let at = integerEnd + 1; at < fractionEnd; at++) {
    if (big || significand > 9007199254740991) {
      if (significant >= 17) break;
    }
    significand = significand * 10 + (bytes[at]! - ch.zero);
    counted++;
    if (significand !== 0) significant++;
  }
  return counted;
}

/** `NaN`, `Inf` and `Infinity`; the order of tests is RapidJSON's, down to `NInf` being read as infinity. */
function readNonFinite(
  peek: (at: number) => number,
  start: number,
  negative: boolean,
  out: NumberToken,
): NumberError | undefined {
  let at = start;
  const consume = (c: number): boolean => peek(at) === c && ++at > 0;
  if (peek(at) === ch.upperI || peek(at) === ch.upperN) {
    out.integer = undefined;
    if (consume(ch.upperN) && consume(ch.a) && consume(ch.upperN)) {
      out.end = at;
      out.value = Number.NaN;
      return undefined;
    }
    if (consume(ch.upperI) && consume(ch.n) && consume(ch.f)) {
      const spelledOut = peek(at) !== ch.i || [ch.i, ch.n, ch.i, ch.t, ch.y].every(consume);
      if (spelledOut) {
        out.end = at;
        out.value = negative ? -Infinity : Infinity;
        return undefined;
      }
    }
  }
  return { reason: 'Invalid value.', offset: at };
}
