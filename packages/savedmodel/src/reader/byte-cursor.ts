/** Reads the little-endian numbers of LevelDB's coding from bytes, one behind the other. */
export class ByteCursor {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** A varint of at most 64 bits; `undefined` when it is cut off, has over 10 bytes or is over 2^53 - 1. */
  varint(): number | undefined {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 10; read++) {
      if (this.position >= this.end) return undefined;
      const byte = this.bytes[this.position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined;
      scale *= 128;
    }
    return undefined;
  }

  /** Four bytes, least significant first; `undefined` when they are cut off. */
  fixed32(): number | undefined {
    if (this.remaining < 4) return undefined;
    const value = readFixed32(this.bytes, this.position);
    this.position += 4;
    return value;
  }

  /** A view of the next bytes; `undefined` when there are fewer. */
  take(length: number): Uint8Array | undefined {
    if (length > this.remaining) return undefined;
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }
}

/** The unsigned 32-bit little-endian number at a position, which must be inside the bytes. */
export function readFixed32(bytes: Uint8Array, position: number): number {
  return (
    (bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)) >>> 0
  );
}
