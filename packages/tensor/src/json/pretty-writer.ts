import type { ByteWriter } from './byte-writer.js';
import { encodeUtf8 } from './json-text.js';

const hexDigits = '0123456789ABCDEF';
const indentSize = 4;

/**
 * Writes JSON with the white space of RapidJSON's `PrettyWriter` (rapidjson/prettywriter.h, version 1.1.0), which the
 * bodies of upstream's REST answers have.
 */
export class PrettyWriter {
  /** Arrays on one line, items separated by `, `; otherwise each item on a line of its own. May change at any time. */
  singleLineArrays = false;
  readonly out: ByteWriter;
  /** Values (and names) written so far in each container that is open. */
  readonly #counts: number[] = [];
  readonly #isArray: boolean[] = [];

  constructor(out: ByteWriter) {
    this.out = out;
  }

  startObject(): void {
    this.prefix();
    this.#counts.push(0);
    this.#isArray.push(false);
    this.out.byte(0x7b);
  }

  endObject(): void {
    this.#isArray.pop();
    if (this.#counts.pop()! > 0) this.#newLine();
    this.out.byte(0x7d);
  }

  startArray(): void {
    this.prefix();
    this.#counts.push(0);
    this.#isArray.push(true);
    this.out.byte(0x5b);
  }

  endArray(): void {
    this.#isArray.pop();
    if (this.#counts.pop()! > 0 && !this.singleLineArrays) this.#newLine();
    this.out.byte(0x5d);
  }

  key(name: string): void {
    this.string(encodeUtf8(name));
  }

  /** A number or a word, as it is; ASCII only. */
  raw(text: string): void {
    this.prefix();
    this.out.ascii(text);
  }

  /** A string of raw bytes: only `"`, `\` and bytes below 0x20 are escaped, and nothing is checked to be UTF-8. */
  string(value: Uint8Array): void {
    this.prefix();
    const out = this.out.reserve(2 + value.length * 6);
    let at = this.out.length;
    out[at++] = 0x22;
    for (let k = 0; k < value.length; k++) {
      const c = value[k]!;
      if (c >= 0x20 && c !== 0x22 && c !== 0x5c) {
        out[at++] = c;
        continue;
      }
      out[at++] = 0x5c;
      const short = shortEscape(c);
      out[at++] = short;
      if (short === 0x75) {
        out[at++] = 0x30;
        out[at++] = 0x30;
        out[at++] = hexDigits.charCodeAt(c >> 4);
        out[at++] = hexDigits.charCodeAt(c & 15);
      }
    }
    out[at++] = 0x22;
    this.out.length = at;
  }

  /** Writes what stands before a value or a name. */
  prefix(): void {
    const depth = this.#counts.length - 1;
    if (depth < 0) return;
    const count = this.#counts[depth]!;
    this.#counts[depth] = count + 1;
    if (this.#isArray[depth]) {
      if (count > 0) this.out.byte(0x2c);
      if (!this.singleLineArrays) this.#newLine();
      else if (count > 0) this.out.byte(0x20);
    } else if (count % 2 === 1) {
      this.out.byte(0x3a);
      this.out.byte(0x20);
    } else {
      if (count > 0) this.out.byte(0x2c);
      this.#newLine();
    }
  }

  #newLine(): void {
    const spaces = this.#counts.length * indentSize;
    const out = this.out.reserve(1 + spaces);
    let at = this.out.length;
    out[at++] = 0x0a;
    for (const end = at + spaces; at < end; at++) out[at] = 0x20;
    this.out.length = at;
  }
}

function shortEscape(c: number): number {
  switch (c) {
    case 0x22:
    case 0x5c:
      return c;
    case 0x08:
      return 0x62;
    case 0x09:
      return 0x74;
    case 0x0a:
      return 0x6e;
    case 0x0c:
      return 0x66;
    case 0x0d:
      return 0x72;
    default:
      return 0x75;
  }
}
