/** How a field stands on the wire. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** Bytes that are no protocol buffer. */
export class WireError extends Error {}

/** As deep as protocol buffers may be nested. */
export const MAX_DEPTH = 100;

/** Reads protocol buffers field by field. */
export class WireReader {
  at = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** 64 bits without a sign. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new WireError('a number is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new WireError('a number is longer than ten bytes');
  }

  /** The field's number and how it stands; undefined at the end. */
  tag(): { readonly number: number; readonly wire: number } | undefined {
    if (this.isAtEnd) return undefined;
    const tag = Number(BigInt.asUintN(32, this.varint()));
    const [number, wire] = [tag >>> 3, tag & 7];
    if (number === 0 || wire > 5) throw new WireError(`there is a field ${number} of wire type ${wire}`);
    return { number, wire };
  }

  fixed(size: 4 | 8): DataView {
    if (this.at + size > this.bytes.length) throw new WireError('a number is cut off');
    const view = new DataView(this.view.buffer, this.view.byteOffset + this.at, size);
    this.at += size;
    return view;
  }

  lengthDelimited(): Uint8Array {
    const length = Number(BigInt.asUintN(32, this.varint()));
    if (this.at + length > this.bytes.length) throw new WireError('a field is cut off');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Goes behind a field's value; of a group, behind the tag that ends it. */
  skip(number: number, wire: number, depth = 0): void {
    if (depth > MAX_DEPTH) throw new WireError('groups are nested too deep');
    if (wire === WireType.varint) this.varint();
    else if (wire === WireType.fixed64) this.fixed(8);
    else if (wire === WireType.fixed32) this.fixed(4);
    else if (wire === WireType.bytes) this.lengthDelimited();
    else if (wire === WireType.endGroup) throw new WireError('a group ends that has not begun');
    else {
      for (let tag = this.tag(); ; tag = this.tag()) {
        if (tag === undefined) throw new WireError('a group does not end');
        if (tag.wire !== WireType.endGroup) {
          this.skip(tag.number, tag.wire, depth + 1);
          continue;
        }
        if (tag.number !== number) throw new WireError('a group ends that has not begun');
        return;
      }
    }
  }
}

/** Writes protocol buffers field by field. */
export class WireWriter {
  private bytes = new Uint8Array(64);
  private length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  varint(value: bigint): this {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
    return this;
  }

  tag(number: number, wire: number): this {
    return this.varint((BigInt(number) << 3n) | BigInt(wire));
  }

  raw(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  lengthDelimited(bytes: Uint8Array): this {
    return this.varint(BigInt(bytes.length)).raw(bytes);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
