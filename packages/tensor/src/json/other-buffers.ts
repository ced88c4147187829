import { dtypeInfo, type DType, type TensorDataMap } from '../dtype/dtype.js';
import { decodeBase64 } from './base64.js';
import type { JsonCursor } from './json-cursor.js';
import { unescapeString } from './json-string.js';
import { ch } from './json-text.js';
import { isSpace, NumericBuffer, type Scanner, type ValueBuffer } from './value-buffer.js';

/** bool: `true` and `false` only. */
export class BoolBuffer extends NumericBuffer<Uint8Array> implements ValueBuffer {
  constructor(capacity: number) {
    super('bool', capacity);
  }

  readRun(scanner: Scanner, width: number): boolean {
    const { bytes } = scanner;
    let at = scanner.at;
    scanner.lists = 0;
    for (;;) {
      let value = 0;
      if (bytes[at] === ch.t && bytes[at + 1] === ch.r && bytes[at + 2] === ch.u && bytes[at + 3] === ch.e) {
        value = 1;
        at += 4;
      } else if (
        bytes[at] === ch.f &&
        bytes[at + 1] === ch.a &&
        bytes[at + 2] === ch.l &&
        bytes[at + 3] === ch.s &&
        bytes[at + 4] === ch.e
      ) {
        at += 5;
      } else return false;
      if (this.length === this.data.length) this.grow();
      this.data[this.length++] = value;
      while (isSpace(bytes[at]!)) at++;
      if (bytes[at] !== ch.comma || width < 0) break;
      at++;
      while (isSpace(bytes[at]!)) at++;
    }
    scanner.at = at;
    return true;
  }

  append(cursor: JsonCursor): boolean {
    const type = cursor.type();
    if (type !== 'True' && type !== 'False') return false;
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = type === 'True' ? 1 : 0;
    return true;
  }
}

const base64Key = [ch.quote, 0x62, 0x36, 0x34, ch.quote];

/** string: JSON strings as UTF-8 bytes, and `{"b64": "…"}` objects. */
export class StringBuffer implements ValueBuffer {
  readonly #values: Uint8Array[] = [];

  get length(): number {
    return this.#values.length;
  }

  readRun(scanner: Scanner, width: number): boolean {
    const { bytes } = scanner;
    scanner.lists = 0;
    for (;;) {
      const isObject = bytes[scanner.at] === ch.openBrace;
      const value = isObject ? readBase64Object(scanner) : readPlainString(scanner);
      if (value === undefined) return false;
      this.#values.push(value);
      let at = scanner.at;
      while (isSpace(bytes[at]!)) at++;
      const more = bytes[at] === ch.comma && width >= 0;
      if (more) {
        at++;
        while (isSpace(bytes[at]!)) at++;
      }
      scanner.at = at;
      if (!more) return true;
    }
  }

  append(cursor: JsonCursor): boolean {
    if (cursor.type() !== 'String') return false;
    this.#values.push(cursor.string());
    return true;
  }

  /** Appends the decoded value of a base64 object. */
  appendBytes(value: Uint8Array): void {
    this.#values.push(value);
  }

  truncate(length: number): void {
    this.#values.length = length;
  }

  take(size: number): readonly Uint8Array[] {
    return size === this.#values.length ? this.#values : this.#values.slice(0, size);
  }
}

/** A string without escapes or control characters; sets `scanner.at` to the byte after it. */
function readPlainString(scanner: Scanner): Uint8Array | undefined {
  const { bytes } = scanner;
  if (bytes[scanner.at] !== ch.quote) return undefined;
  const start = scanner.at + 1;
  // The last byte of the text is a closing brace, so a string never ends there.
  const last = bytes.length - 1;
  let at = start;
  while (at < last && bytes[at] !== ch.quote) {
    const c = bytes[at]!;
    if (c < 0x20 || c === ch.backslash) return undefined;
    at++;
  }
  if (at === last) return undefined;
  scanner.at = at + 1;
  return unescapeString(bytes, start, at);
}

function readBase64Object(scanner: Scanner): Uint8Array | undefined {
  const { bytes } = scanner;
  let at = scanner.at + 1;
  while (isSpace(bytes[at]!)) at++;
  for (const c of base64Key) if (bytes[at++] !== c) return undefined;
  while (isSpace(bytes[at]!)) at++;
  if (bytes[at++] !== ch.colon) return undefined;
  while (isSpace(bytes[at]!)) at++;
  scanner.at = at;
  const text = readPlainString(scanner);
  if (text === undefined) return undefined;
  at = scanner.at;
  while (isSpace(bytes[at]!)) at++;
  if (bytes[at] !== ch.closeBrace) return undefined;
  scanner.at = at + 1;
  return decodeBase64(text);
}

/** A dtype that JSON values cannot be converted to: stays empty. */
export class EmptyBuffer implements ValueBuffer {
  readonly length = 0;
  readonly #dtype: DType;

  constructor(dtype: DType) {
    this.#dtype = dtype;
  }

  readRun(): boolean {
    return false;
  }

  append(): boolean {
    return false;
  }

  truncate(): void {}

  take(): TensorDataMap[DType] {
    const info = dtypeInfo(this.#dtype);
    return info.array === undefined ? [] : new info.array(0);
  }
}
