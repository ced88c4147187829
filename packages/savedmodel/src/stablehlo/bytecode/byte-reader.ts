import { malformedModule } from '../malformed-module.js';

/** Reads MLIR's primitives (mlir/docs/BytecodeFormat.md); every read past the end is refused. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw malformedModule(`expected more bytes, given an end at byte ${this.at}`);
    this.at++;
    return byte;
  }

  take(count: number): Uint8Array {
    if (count > this.remaining) {
      throw malformedModule(`expected ${count} bytes at byte ${this.at}, given ${this.remaining}`);
    }
    const from = this.at;
    this.at += count;
    return this.bytes.subarray(from, this.at);
  }

  /** The zeros at the low end of the first byte say how many bytes follow. */
  bigVarint(): bigint {
    const first = this.byte();
    if ((first & 1) === 1) return BigInt(first >> 1);
    const extra = first === 0 ? 8 : trailingZeros(first);
    let value = 0n;
    const rest = this.take(extra);
    for (let i = extra - 1; i >= 0; i--) value = (value << 8n) | BigInt(rest[i] as number);
    if (first === 0) return value;
    return (value << BigInt(7 - extra)) | BigInt(first >> (extra + 1));
  }

  varint(): number {
    const value = this.bigVarint();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw malformedModule(`expected a number below 2^53, given ${value}`);
    }
    return Number(value);
  }

  /** A count of things that take at least a byte each, so that none is larger than what is left. */
  count(): number {
    const count = this.varint();
    if (count > this.remaining) {
      throw malformedModule(`expected ${count} entries, given ${this.remaining} bytes`);
    }
    return count;
  }

  signed(): bigint {
    const value = this.bigVarint();
    return (value >> 1n) ^ -(value & 1n);
  }

  /** A number whose low bit is a mark of its own. */
  flagged(): { readonly value: number; readonly flag: boolean } {
    const value = this.bigVarint();
    if (value >> 1n > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformedModule(`expected a number below 2^53, given ${value >> 1n}`);
    return { value: Number(value >> 1n), flag: (value & 1n) === 1n };
  }

  list<T>(read: () => T): readonly T[] {
    const count = this.count();
    const entries: T[] = [];
    for (let i = 0; i < count; i++) entries.push(read());
    return entries;
  }

  /** A text that a zero byte ends. */
  terminatedText(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw malformedModule(`expected a text that ends, given none at byte ${this.at}`);
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  /** Skips the filling in front of something whose place in the file is a multiple of `alignment`. */
  align(alignment: number, start: number): void {
    if (alignment < 1 || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) !== 0) {
      throw malformedModule(`expected an alignment that is a power of 2 up to ${MAX_ALIGNMENT}, given ${alignment}`);
    }
    while ((start + this.at) % alignment !== 0) {
      if (this.byte() !== PADDING) throw malformedModule(`expected padding at byte ${this.at - 1}`);
    }
  }

  /** Bytes read so far. */
  get position(): number {
    return this.at;
  }
}

/** The byte that fills gaps. */
const PADDING = 0xcb;

const MAX_ALIGNMENT = 4096;

function trailingZeros(byte: number): number {
  return 31 - Math.clz32(byte & -byte);
}
