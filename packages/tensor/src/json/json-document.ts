import { TensorError } from '../tensor-error.js';
import { readNumber, type NumberToken } from './json-number.js';
import { hexDigit, simpleEscape } from './json-string.js';
import { ch, skipSpace } from './json-text.js';

/** Entries of the table of ends while a container is open. */
const openArray = -1;
const openObject = -2;

/** Bounds on what is read as JSON. */
export interface JsonLimits {
  /**
   * Most arrays and objects inside one another, at least 64; more is INVALID_ARGUMENT `JSON_TOO_DEEP`. Default: no bound,
   * as upstream. Depth costs memory, about 20 bytes a level, and no stack.
   */
  readonly maxDepth?: number | undefined;
}

/**
 * A JSON text that was checked against the grammar as a whole, with a table of its arrays and objects in the order in
 * which they open: how many items each has, where it ends, and which container is the next after it. Values stay in the
 * text; a `JsonCursor` walks them.
 */
export class JsonDocument {
  readonly bytes: Uint8Array;
  /** The text ends here: at the first NUL byte, as for RapidJSON, or at the end of the bytes. */
  readonly end: number;
  /** First byte of the root value. */
  readonly start: number;
  #counts = new Int32Array(64);
  #ends = new Float64Array(64);
  #nexts = new Int32Array(64);
  #containers = 0;

  /**
   * Checks the text up to the end of its first value; what follows is ignored.
   *
   * @throws TensorError INVALID_ARGUMENT `JSON_SYNTAX` `JSON Parse error: <reason> at offset: <n>`, with the reasons and
   * offsets of RapidJSON 1.1.0 (rapidjson/reader.h, `IterativeParse`)
   */
  constructor(bytes: Uint8Array, { maxDepth = Infinity }: JsonLimits = {}) {
    // A Buffer of Node would give views where copies are meant.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    const nul = bytes.indexOf(0);
    this.end = nul < 0 ? bytes.length : nul;
    if (bytes.length === 0) {
      throw new TensorError('INVALID_ARGUMENT', 'JSON_SYNTAX', 'JSON Parse error: The document is empty');
    }
    let at = 0;
    for (const mark of [0xef, 0xbb, 0xbf]) if (at < this.end && bytes[at] === mark) at++;
    this.start = skipSpace(bytes, at, this.end);
    this.#check(this.start, maxDepth);
  }

  /** Number of elements of an array, or of members of an object. */
  count(container: number): number {
    return this.#counts[container]!;
  }

  /** Just after the closing bracket. */
  endOf(container: number): number {
    return this.#ends[container]!;
  }

  /** The first container that opens after this one has closed. */
  after(container: number): number {
    return this.#nexts[container]!;
  }

  #check(start: number, maxDepth: number): void {
    const { bytes, end } = this;
    if (start === end || isPunctuation(bytes[start]!)) throw syntaxError('The document is empty.', start);
    const token: NumberToken = { end: 0, value: 0, integer: undefined };
    let open = new Int32Array(64);
    let depth = 0;
    let at = start;
    for (;;) {
      // A value is expected at `at`.
      const c = at < end ? bytes[at]! : 0;
      if (c === ch.openBracket || c === ch.openBrace) {
        const isObject = c === ch.openBrace;
        const container = this.#open(isObject);
        at = skipSpace(bytes, at + 1, end);
        if (at < end && bytes[at] === (isObject ? ch.closeBrace : ch.closeBracket)) {
          this.#close(container, ++at);
        } else {
          if (depth === maxDepth) throw tooDeep(maxDepth, at);
          if (depth === open.length) open = grow(open, new Int32Array(depth * 2));
          open[depth++] = container;
          if (isObject) at = this.#checkKey(at);
          continue;
        }
      } else if (c === ch.quote) at = checkString(bytes, at + 1, end);
      else if (c === ch.t) at = checkWord(bytes, at, end, 'true');
      else if (c === ch.f) at = checkWord(bytes, at, end, 'false');
      else if (c === ch.n) at = checkWord(bytes, at, end, 'null');
      else at = checkNumber(bytes, at, end, token);

      // A value has ended: go on with the next one, after closing what ends here too.
      for (;;) {
        if (depth === 0) return;
        const container = open[depth - 1]!;
        const isObject = this.#ends[container] === openObject;
        this.#counts[container]!++;
        at = skipSpace(bytes, at, end);
        const next = at < end ? bytes[at]! : 0;
        if (next === ch.comma) {
          at = skipSpace(bytes, at + 1, end);
          if (isObject) at = this.#checkKey(at);
          break;
        }
        if (next !== (isObject ? ch.closeBrace : ch.closeBracket)) {
          const reason = isObject
            ? 'Missing a comma or } after an object member.'
            : 'Missing a comma or ] after an array element.';
          throw syntaxError(reason, at);
        }
        this.#close(container, ++at);
        depth--;
      }
    }
  }

  #open(isObject: boolean): number {
    const container = this.#containers++;
    if (container === this.#counts.length) {
      this.#counts = grow(this.#counts, new Int32Array(container * 2));
      this.#ends = grow(this.#ends, new Float64Array(container * 2));
      this.#nexts = grow(this.#nexts, new Int32Array(container * 2));
    }
    this.#ends[container] = isObject ? openObject : openArray;
    return container;
  }

  #close(container: number, end: number): void {
    this.#ends[container] = end;
    this.#nexts[container] = this.#containers;
  }

  /** Checks `"name" :` and gives the first byte of the value. */
  #checkKey(at: number): number {
    const { bytes, end } = this;
    if (at >= end || bytes[at] !== ch.quote) throw syntaxError('Missing a name for object member.', at);
    at = skipSpace(bytes, checkString(bytes, at + 1, end), end);
    if (at >= end || bytes[at] !== ch.colon) throw syntaxError('Missing a colon after a name of object member.', at);
    return skipSpace(bytes, at + 1, end);
  }
}

function syntaxError(reason: string, offset: number): TensorError {
  return new TensorError('INVALID_ARGUMENT', 'JSON_SYNTAX', `JSON Parse error: ${reason} at offset: ${offset}`);
}

function tooDeep(maxDepth: number, offset: number): TensorError {
  return new TensorError(
    'INVALID_ARGUMENT',
    'JSON_TOO_DEEP',
    `JSON is nested too deeply: expected at most ${maxDepth} levels, given more at offset: ${offset}`,
  );
}

function isPunctuation(c: number): boolean {
  return c === ch.closeBracket || c === ch.closeBrace || c === ch.comma || c === ch.colon;
}

function grow<T extends Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

function checkWord(bytes: Uint8Array, at: number, end: number, word: string): number {
  for (let k = 0; k < word.length; k++, at++) {
    if (at >= end || bytes[at] !== word.charCodeAt(k)) throw syntaxError('Invalid value.', at);
  }
  return at;
}

function checkNumber(bytes: Uint8Array, start: number, end: number, token: NumberToken): number {
  let at = start;
  if (bytes[at] === ch.minus) at++;
  const digits = at;
  // Plain short literals; everything else is left to the full grammar.
  if (at < end && bytes[at]! > ch.zero) {
    while (at < end && bytes[at]! >= ch.zero && bytes[at]! <= ch.nine) at++;
    const c = at < end ? bytes[at]! : 0;
    if (at > digits && at - digits < 300 && c !== ch.dot && c !== ch.e && c !== ch.upperE) return at;
  }
  if (at < end && bytes[at] === ch.zero) at++;
  if (at > digits && at - digits < 300 && at + 1 < end && bytes[at] === ch.dot) {
    const fraction = ++at;
    while (at < end && bytes[at]! >= ch.zero && bytes[at]! <= ch.nine) at++;
    const c = at < end ? bytes[at]! : 0;
    if (at > fraction && c !== ch.e && c !== ch.upperE) return at;
  }
  const error = readNumber(bytes, start, end, token, false);
  if (error !== undefined) throw syntaxError(error.reason, error.offset);
  return token.end;
}

/** Checks a string from the byte after its opening quote; gives the byte after the closing quote. */
function checkString(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const c = bytes[at]!;
    if (c === ch.quote) return at + 1;
    if (c === ch.backslash) at = checkEscape(bytes, at, end);
    else if (c < 0x20) throw syntaxError('Invalid escape character in string.', at);
    else at++;
  }
  throw syntaxError('Missing a closing quotation mark in string.', end);
}

function checkEscape(bytes: Uint8Array, start: number, end: number): number {
  const c = start + 1 < end ? bytes[start + 1]! : 0;
  if (simpleEscape(c) !== 0) return start + 2;
  if (c !== ch.u) throw syntaxError('Invalid escape character in string.', start);
  const code = checkHex4(bytes, start + 2, end, start);
  if (code < 0xd800 || code > 0xdbff) return start + 6;
  if (start + 7 >= end || bytes[start + 6] !== ch.backslash || bytes[start + 7] !== ch.u) {
    throw syntaxError('The surrogate pair in string is invalid.', start);
  }
  const second = checkHex4(bytes, start + 8, end, start);
  if (second < 0xdc00 || second > 0xdfff) throw syntaxError('The surrogate pair in string is invalid.', start);
  return start + 12;
}

function checkHex4(bytes: Uint8Array, at: number, end: number, escapeOffset: number): number {
  let code = 0;
  for (let k = 0; k < 4; k++) {
    const digit = at + k < end ? hexDigit(bytes[at + k]!) : -1;
    if (digit < 0) throw syntaxError('Incorrect hex digit after \\u escape in string.', escapeOffset);
    code = code * 16 + digit;
  }
  return code;
}
