import { invalidArgument, type TensorError } from '../tensor-error.js';

/** Wire types of protobuf. */
export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireStartGroup = 3;
export const wireEndGroup = 4;
export const wireFixed32 = 5;

/** Deepest nesting of (unknown) groups, as protobuf's own parsers allow. */
const maxGroupDepth = 100;

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The error of bytes that are not a protobuf message; `at` counts from the start of the buffer that was given. */
export function malformed(what: string, at: number): TensorError {
  return invalidArgument('MALFORMED_PROTO', `Malformed protobuf: ${what} at byte ${at}`);
}

/** Reads protobuf records from a range of bytes. Every read checks the range and throws `MALFORMED_PROTO`. */
export class WireReader {
  readonly bytes: Uint8Array;
  pos: number;
  end: number;
  /** Upper 32 bits (signed) of the varint read last. */
  high = 0;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  /** Reads a varint; gives its lower 32 bits, unsigned, and leaves the upper ones in `high`. */
  varint(): number {
    const { bytes, end } = this;
    const start = this.pos;
    if (start >= end) throw malformed('truncated varint', start);
    let byte = bytes[start]!;
    this.high = 0;
    if (byte < 0x80) {
      this.pos = start + 1;
      return byte;
    }
    let low = byte & 0x7f;
    let pos = start + 1;
    for (let shift = 7; shift < 28; shift += 7) {
      if (pos >= end) throw malformed('truncated varint', start);
      byte = bytes[pos++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.pos = pos;
        return low;
      }
    }
    if (pos >= end) throw malformed('truncated varint', start);
    byte = bytes[pos++]!;
    low = (low | ((byte & 0x7f) << 28)) >>> 0;
    let high = (byte & 0x7f) >>> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) throw malformed('varint of more than 10 bytes', start);
      if (pos >= end) throw malformed('truncated varint', start);
      byte = bytes[pos++]!;
      high |= (byte & 0x7f) << shift;
    }
    this.high = high;
    this.pos = pos;
    return low;
  }

  /** Reads a signed 64-bit varint as a number, exact up to 2^53. */
  int64AsNumber(): number {
    const low = this.varint();
    return this.high * 2 ** 32 + low;
  }

  /** Reads a signed 64-bit varint. */
  int64(): bigint {
    const low = this.varint();
    return (BigInt(this.high) << 32n) | BigInt(low);
  }

  /** Reads a tag: field number << 3 | wire type. */
  tag(): number {
    const at = this.pos;
    const tag = this.varint();
    if (this.high !== 0 || tag < 8) throw malformed(`invalid tag ${this.high === 0 ? tag : ''}`.trim(), at);
    return tag;
  }

  /** Reads a length and checks that as many bytes follow; the reader stands on the first of them. */
  length(): number {
    const at = this.pos;
    const length = this.varint();
    if (this.high !== 0 || length > this.end - this.pos) {
      throw malformed(`length beyond the end (${this.end - this.pos} bytes are left)`, at);
    }
    return length;
  }

  /** Reads UTF-8 text, refusing invalid sequences as proto3 parsers do. */
  text(): string {
    const length = this.length();
    const start = this.pos;
    this.pos = start + length;
    const { bytes, pos } = this;
    if (length <= 32) {
      let ascii = '';
      let at = start;
      for (; at < pos; at++) {
        const byte = bytes[at]!;
        if (byte >= 0x80) break;
        ascii += String.fromCharCode(byte);
      }
      if (at === pos) return ascii;
    }
    try {
      return strictText.decode(viewBytes(bytes, start, pos));
    } catch {
      throw malformed('string that is not UTF-8', start);
    }
  }

  /** Skips the value of a field whose tag was read. */
  skip(tag: number, depth = 0): void {
    const at = this.pos;
    switch (tag & 7) {
      case wireVarint:
        this.varint();
        return;
      case wireFixed64:
        this.advance(8);
        return;
      case wireBytes: {
        const length = this.length();
        this.pos += length;
        return;
      }
      case wireFixed32:
        this.advance(4);
        return;
      case wireStartGroup: {
        if (depth >= maxGroupDepth) throw malformed(`groups nested deeper than ${maxGroupDepth}`, at);
        for (;;) {
          const inner = this.tag();
          if ((inner & 7) === wireEndGroup) {
            if (inner >>> 3 !== tag >>> 3) throw malformed('end of a group that was not begun', at);
            return;
          }
          this.skip(inner, depth + 1);
        }
      }
      case wireEndGroup:
        throw malformed('end of a group that was not begun', at);
      default:
        throw malformed(`unknown wire type ${tag & 7}`, at);
    }
  }

  private advance(count: number): void {
    if (count > this.end - this.pos) throw malformed('truncated fixed-size value', this.pos);
    this.pos += count;
  }
}

/** A view on a range of bytes; always a plain Uint8Array, also when the buffer is a Node Buffer. */
export function viewBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** A range of bytes as a view, or as a copy. (`slice` of a Node Buffer would not copy.) */
export function takeBytes(bytes: Uint8Array, start: number, end: number, copy: boolean): Uint8Array {
  const view = viewBytes(bytes, start, end);
  return copy ? new Uint8Array(view) : view;
}
