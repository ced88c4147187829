import { dtypeInfo } from '../dtype/dtype.js';
import type { JsonCursor } from './json-cursor.js';
import { asciiText, ch } from './json-text.js';
import { isSpace, nextList, NumericBuffer, type Scanner, type ValueBuffer } from './value-buffer.js';

/** Dtypes of at most 32 bits that JSON integers are stored in. */
export type SmallIntegerDType = 'int32' | 'int16' | 'int8' | 'uint8' | 'uint32';

type SmallIntegers = Int32Array | Int16Array | Int8Array | Uint8Array | Uint32Array;

/**
 * Integers of at most 32 bits. Upstream keeps int8, int16 and uint8 in the `int_val` field, where anything within int32
 * passes and is cut to the dtype when the tensor is decoded (300 as int8 is 44); a typed array cuts in the same way.
 */
export class IntegerBuffer extends NumericBuffer<SmallIntegers> implements ValueBuffer {
  readonly #min: number;
  readonly #max: number;

  constructor(dtype: SmallIntegerDType, capacity: number) {
    super(dtype, capacity);
    const { min, max } = dtypeInfo(dtype === 'uint32' ? 'uint32' : 'int32');
    this.#min = Number(min);
    this.#max = Number(max);
  }

  readRun(scanner: Scanner, width: number): boolean {
    const { bytes } = scanner;
    const min = this.#min;
    const max = this.#max;
    let data = this.data;
    let length = this.length;
    let at = scanner.at;
    let lists = 0;
    let listEnd = width > 0 ? length + width : -1;
    for (;;) {
      let c = bytes[at]!;
      const negative = c === ch.minus;
      if (negative) c = bytes[++at]!;
      let value = 0;
      if (c === ch.zero) c = bytes[++at]!;
      else if (c >= 49 && c <= 57) {
        do {
          value = value * 10 + (c - 48);
          if (value > 4294967295) return false;
          c = bytes[++at]!;
        } while (c >= 48 && c <= 57);
      } else return false;
      if (negative) value = -value;
      if (value < min || value > max) return false;
      while (c <= ch.space && isSpace(c)) c = bytes[++at]!;
      const more = c === ch.comma;
      // A dot, an exponent or a second digit after 0 is no integer literal.
      if (!more && c !== ch.closeBracket && c !== ch.closeBrace) return false;
      if (length === data.length) data = this.grow();
      data[length++] = value;
      if (more && width >= 0) {
        c = bytes[++at]!;
        while (c <= ch.space && isSpace(c)) c = bytes[++at]!;
        continue;
      }
      if (length !== listEnd || c !== ch.closeBracket) break;
      const next = nextList(bytes, at);
      if (next < 0) break;
      at = next;
      listEnd += width;
      lists++;
    }
    this.length = length;
    scanner.lists = lists;
    scanner.at = at;
    return true;
  }

  append(cursor: JsonCursor): boolean {
    if (cursor.type() !== 'Number') return false;
    const { integer } = cursor.number();
    if (integer === undefined || integer < this.#min || integer > this.#max) return false;
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = Number(integer);
    return true;
  }
}

const limits = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

/** int64 and uint64: integer literals within their range. */
export class BigIntegerBuffer extends NumericBuffer<BigInt64Array | BigUint64Array> implements ValueBuffer {
  readonly #min: bigint;
  readonly #max: bigint;

  constructor(dtype: 'int64' | 'uint64', capacity: number) {
    super(dtype, capacity);
    [this.#min, this.#max] = limits[dtype];
  }

  readRun(scanner: Scanner, width: number): boolean {
    const { bytes } = scanner;
    let at = scanner.at;
    for (;;) {
      const start = at;
      let c = bytes[at]!;
      const negative = c === ch.minus;
      if (negative) c = bytes[++at]!;
      let small = 0;
      const digits = at;
      if (c === ch.zero) c = bytes[++at]!;
      else if (c >= 49 && c <= 57) {
        do {
          small = small * 10 + (c - 48);
          c = bytes[++at]!;
        } while (c >= 48 && c <= 57);
      } else return false;
      if (at - digits > 20) return false;
      const value = at - digits <= 15 ? BigInt(negative ? -small : small) : BigInt(asciiText(bytes, start, at));
      if (value < this.#min || value > this.#max) return false;
      while (c <= ch.space && isSpace(c)) c = bytes[++at]!;
      const more = c === ch.comma;
      if (!more && c !== ch.closeBracket && c !== ch.closeBrace) return false;
      this.#push(value);
      if (!more || width < 0) break;
      c = bytes[++at]!;
      while (c <= ch.space && isSpace(c)) c = bytes[++at]!;
    }
    scanner.lists = 0;
    scanner.at = at;
    return true;
  }

  append(cursor: JsonCursor): boolean {
    if (cursor.type() !== 'Number') return false;
    const { integer } = cursor.number();
    if (integer === undefined || integer < this.#min || integer > this.#max) return false;
    this.#push(integer);
    return true;
  }

  #push(value: bigint): void {
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = value;
  }
}
