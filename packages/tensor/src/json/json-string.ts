import { ch } from './json-text.js';

/**
 * The bytes of a JSON string literal without its quotes, which the caller has checked against the grammar. Bytes of 0x80
 * and more are copied as they are; a lone low surrogate becomes the three bytes of its code point (RapidJSON's `UTF8`
 * encoder writes it so).
 *
 * @param start - first byte after the opening quote
 * @param end - the closing quote
 */
export function unescapeString(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let at = start;
  while (at < end && bytes[at] !== ch.backslash) at++;
  if (at === end) return bytes.slice(start, end);
  const out = new Uint8Array(end - start);
  out.set(bytes.subarray(start, at));
  let length = at - start;
  while (at < end) {
    const c = bytes[at++]!;
    if (c !== ch.backslash) {
      out[length++] = c;
      continue;
    }
    const escape = bytes[at++]!;
    if (escape !== ch.u) {
      out[length++] = simpleEscape(escape);
      continue;
    }
    let code = hex4(bytes, at);
    at += 4;
    if (code >= 0xd800 && code <= 0xdbff) {
      code = 0x10000 + ((code - 0xd800) << 10) + (hex4(bytes, at + 2) - 0xdc00);
      at += 6;
    }
    length = putCodePoint(out, length, code);
  }
  return out.slice(0, length);
}

/** The byte that `\b`, `\n` … stand for; 0 when the escape is not one of JSON's. */
export function simpleEscape(c: number): number {
  switch (c) {
    case ch.quote:
    case ch.slash:
    case ch.backslash:
      return c;
    case 0x62:
      return 0x08;
    case ch.f:
      return 0x0c;
    case ch.n:
      return 0x0a;
    case ch.r:
      return 0x0d;
    case ch.t:
      return 0x09;
    default:
      return 0;
  }
}

/** Value of a hexadecimal digit, or -1. */
export function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function hex4(bytes: Uint8Array, at: number): number {
  return (
    (hexDigit(bytes[at]!) << 12) |
    (hexDigit(bytes[at + 1]!) << 8) |
    (hexDigit(bytes[at + 2]!) << 4) |
    hexDigit(bytes[at + 3]!)
  );
}

function putCodePoint(out: Uint8Array, at: number, code: number): number {
  if (code < 0x80) out[at++] = code;
  else if (code < 0x800) {
    out[at++] = 0xc0 | (code >> 6);
    out[at++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    out[at++] = 0xe0 | (code >> 12);
    out[at++] = 0x80 | ((code >> 6) & 0x3f);
    out[at++] = 0x80 | (code & 0x3f);
  } else {
    out[at++] = 0xf0 | (code >> 18);
    out[at++] = 0x80 | ((code >> 12) & 0x3f);
    out[at++] = 0x80 | ((code >> 6) & 0x3f);
    out[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}
