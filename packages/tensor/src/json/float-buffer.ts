import { decimalToDouble, decimalToFloat32 } from './decimal-to-double.js';
import type { JsonCursor } from './json-cursor.js';
import { exactPowersOfTen } from './power-of-ten.js';
import { asciiText, ch } from './json-text.js';
import { isSpace, nextList, NumericBuffer, type Scanner, type ValueBuffer } from './value-buffer.js';

/** Longest number literal that is turned into text for the exact conversion. */
const maxLiteral = 400;

/** float32 and float64: any number, `NaN`, `Infinity`, `-Infinity`. Values are narrowed from the nearest double. */
export class FloatBuffer extends NumericBuffer<Float32Array | Float64Array> implements ValueBuffer {
  readonly #narrow: boolean;

  constructor(dtype: 'float32' | 'float64', capacity: number) {
    super(dtype, capacity);
    this.#narrow = dtype === 'float32';
  }

  readRun(scanner: Scanner, width: number): boolean {
    const { bytes, view } = scanner;
    const lastBlock = bytes.length - 4;
    const narrow = this.#narrow;
    let data = this.data;
    let capacity = data.length;
    let length = this.length;
    let at = scanner.at;
    let lists = 0;
    let listEnd = width > 0 ? length + width : -1;
    for (;;) {
      const start = at;
      let c = bytes[at]!;
      const negative = c === ch.minus;
      if (negative) c = bytes[++at]!;
      // Up to 9 digits go into `first` and up to 9 more into `second`, both small enough for integer arithmetic.
      let first = 0;
      let second = 0;
      let secondDigits = 0;
      let digits = 0;
      let exponent = 0;
      let value = 0;
      if (c >= 49 && c <= 57) {
        do {
          first = first * 10 + (c - 48);
          digits++;
          c = bytes[++at]!;
        } while (c >= 48 && c <= 57 && digits < 9);
        while (c >= 48 && c <= 57) {
          if (++secondDigits <= 9) second = second * 10 + (c - 48);
          c = bytes[++at]!;
        }
      } else if (c === 48) c = bytes[++at]!;
      else {
        value = readNonFinite(bytes, start, scanner);
        if (value === 0) return false;
        at = scanner.at;
        digits = -1;
      }
      if (digits >= 0) {
        const hasDot = c === 46;
        if (hasDot) {
          const dot = at;
          c = bytes[++at]!;
          if (c < 48 || c > 57) return false;
          if (first === 0) while (c === 48) c = bytes[++at]!;
          if (secondDigits === 0) {
            while (digits <= 5 && at <= lastBlock) {
              const block = fourDigits(view.getInt32(at, true));
              if (block < 0) break;
              first = first * 10000 + block;
              digits += 4;
              at += 4;
            }
            c = bytes[at]!;
            while (c >= 48 && c <= 57 && digits < 9) {
              first = first * 10 + (c - 48);
              digits++;
              c = bytes[++at]!;
            }
          }
          if (c >= 48 && c <= 57) {
            while (secondDigits <= 5 && at <= lastBlock) {
              const block = fourDigits(view.getInt32(at, true));
              if (block < 0) break;
              second = second * 10000 + block;
              secondDigits += 4;
              at += 4;
            }
            c = bytes[at]!;
            while (c >= 48 && c <= 57) {
              if (++secondDigits <= 9) second = second * 10 + (c - 48);
              c = bytes[++at]!;
            }
          }
          exponent = dot + 1 - at;
        }
        let isDouble = hasDot;
        if ((c | 0x20) === 101) {
          isDouble = true;
          c = bytes[++at]!;
          const down = c === ch.minus;
          if (down || c === ch.plus) c = bytes[++at]!;
          if (c < 48 || c > 57) return false;
          let written = 0;
          do {
            written = written * 10 + (c - 48);
            if (written > (down ? 9999 : 290)) return false;
            c = bytes[++at]!;
          } while (c >= 48 && c <= 57);
          exponent += down ? -written : written;
        }
        value = Number.NaN;
        if (secondDigits === 0 && exponent <= 0 && exponent >= -22) value = first / exactPowersOfTen[-exponent]!;
        else if (secondDigits <= 9) {
          if (narrow && secondDigits > 0) value = decimalToFloat32(first, second, secondDigits, exponent);
          if (value !== value) value = decimalToDouble(first, second, secondDigits, exponent);
        }
        if (value !== value) {
          if (at - start > maxLiteral) return false;
          value = Math.abs(Number(asciiText(bytes, start, at)));
        }
        // The integer -0 is 0, the double -0.0 is not.
        if (negative && (isDouble || value !== 0)) value = -value;
      }
      if (length === capacity) {
        data = this.grow();
        capacity = data.length;
      }
      data[length++] = value;

      c = bytes[at]!;
      while (c <= ch.space && isSpace(c)) c = bytes[++at]!;
      if (c === ch.comma && width >= 0) {
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
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = cursor.number().value;
    return true;
  }
}

/** The value of four ASCII digits that were loaded as a little-endian word, or -1 when they are not all digits. */
function fourDigits(word: number): number {
  if (((word & 0xf0f0f0f0) | 0) !== 0x30303030 || (((word + 0x06060606) & 0xf0f0f0f0) | 0) !== 0x30303030) return -1;
  const digits = word - 0x30303030;
  const pairs = (Math.imul(digits, 10) + (digits >>> 8)) & 0x00ff00ff;
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff;
}

/** Reads `NaN`, `Inf` or `Infinity` with an optional minus; 0 when there is none of them. Sets `scanner.at`. */
function readNonFinite(bytes: Uint8Array, start: number, scanner: Scanner): number {
  const negative = bytes[start] === ch.minus;
  const at = negative ? start + 1 : start;
  if (startsWith(bytes, at, 'NaN')) {
    scanner.at = at + 3;
    return Number.NaN;
  }
  if (!startsWith(bytes, at, 'Inf')) return 0;
  scanner.at = at + (startsWith(bytes, at, 'Infinity') ? 8 : 3);
  return negative ? -Infinity : Infinity;
}

function startsWith(bytes: Uint8Array, at: number, word: string): boolean {
  for (let k = 0; k < word.length; k++) if (bytes[at + k] !== word.charCodeAt(k)) return false;
  return true;
}
