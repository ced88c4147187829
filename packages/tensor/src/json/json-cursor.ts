import { readNumber, type NumberToken } from './json-number.js';
import { unescapeString } from './json-string.js';
import { ch, decodeUtf8, equalBytes, skipSpace } from './json-text.js';
import type { JsonDocument } from './json-document.js';

/** RapidJSON's names of the types of a value, as they stand in messages. */
export type JsonType = 'Null' | 'False' | 'True' | 'Object' | 'Array' | 'String' | 'Number';

/** A place in a checked {@link JsonDocument}, always at the first byte of a value. */
export class JsonCursor {
  readonly document: JsonDocument;
  at: number;
  /** Index of the next container that opens at `at` or later. */
  container: number;

  constructor(document: JsonDocument, at = document.start, container = 0) {
    this.document = document;
    this.at = at;
    this.container = container;
  }

  copy(): JsonCursor {
    return new JsonCursor(this.document, this.at, this.container);
  }

  moveTo(place: JsonCursor): void {
    this.at = place.at;
    this.container = place.container;
  }

  type(): JsonType {
    switch (this.document.bytes[this.at]) {
      case ch.openBracket:
        return 'Array';
      case ch.openBrace:
        return 'Object';
      case ch.quote:
        return 'String';
      case ch.t:
        return 'True';
      case ch.f:
        return 'False';
      case ch.n:
        return 'Null';
      default:
        return 'Number';
    }
  }

  isArray(): boolean {
    return this.document.bytes[this.at] === ch.openBracket;
  }

  isObject(): boolean {
    return this.document.bytes[this.at] === ch.openBrace;
  }

  /** Number of elements or members of the array or object at the cursor. */
  count(): number {
    return this.document.count(this.container);
  }

  /** Goes from an array or object that is not empty to its first element, or to the quote of its first name. */
  enter(): void {
    this.at = skipSpace(this.document.bytes, this.at + 1, this.document.end);
    this.container++;
  }

  /** Goes past the value at the cursor, to the byte after it. */
  skip(): void {
    const { bytes, end } = this.document;
    const c = bytes[this.at]!;
    if (c === ch.openBracket || c === ch.openBrace) {
      this.at = this.document.endOf(this.container);
      this.container = this.document.after(this.container);
    } else if (c === ch.quote) this.at = stringEnd(bytes, this.at + 1) + 1;
    else if (c === ch.t || c === ch.n) this.at += 4;
    else if (c === ch.f) this.at += 5;
    else {
      readNumber(bytes, this.at, end, numberToken, false);
      this.at = numberToken.end;
    }
  }

  /** From the byte after an element or member to the next one. */
  next(): void {
    const { bytes, end } = this.document;
    this.at = skipSpace(bytes, skipSpace(bytes, this.at, end) + 1, end);
  }

  /** From the byte after the last element of an array to the byte after the array. */
  leave(): void {
    this.at = skipSpace(this.document.bytes, this.at, this.document.end) + 1;
  }

  /** The bytes of the string at the cursor. */
  string(): Uint8Array {
    const { bytes } = this.document;
    return unescapeString(bytes, this.at + 1, stringEnd(bytes, this.at + 1));
  }

  /** The number at the cursor; the token is reused by the next call. */
  number(): NumberToken {
    readNumber(this.document.bytes, this.at, this.document.end, numberToken, true);
    return numberToken;
  }

  /** From the quote of a member's name to its value. */
  enterMember(): void {
    const { bytes, end } = this.document;
    this.skip();
    this.at = skipSpace(bytes, skipSpace(bytes, this.at, end) + 1, end);
  }

  /** Calls `visit` with every member of the object at the cursor, until it returns true. */
  forEachMember(visit: (name: Uint8Array, value: JsonCursor) => boolean | void): void {
    const count = this.count();
    if (count === 0) return;
    const place = this.copy();
    place.enter();
    const value = this.copy();
    for (let k = 0; k < count; k++) {
      const name = place.string();
      place.enterMember();
      value.moveTo(place);
      if (visit(name, value) === true) return;
      place.skip();
      if (k + 1 < count) place.next();
    }
  }

  /** The value of the first member with this name, as a cursor of its own. */
  member(name: Uint8Array): JsonCursor | undefined {
    let found: JsonCursor | undefined;
    this.forEachMember((candidate, value) => {
      if (!equalBytes(candidate, 0, candidate.length, name)) return false;
      found = value.copy();
      return true;
    });
    return found;
  }

  /** The text of the string at the cursor. */
  text(): string {
    return decodeUtf8(this.string());
  }
}

const numberToken: NumberToken = { end: 0, value: 0, integer: undefined };

/** The closing quote of a string that was checked. */
function stringEnd(bytes: Uint8Array, at: number): number {
  for (;;) {
    const c = bytes[at]!;
    if (c === ch.quote) return at;
    at += c === ch.backslash ? 2 : 1;
  }
}
