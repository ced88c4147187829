import type { DTypeInfo, NumericData } from '../dtype/dtype.js';
import { halves, lowHalf } from '../wire/little-endian.js';
import type { WireReader } from '../wire/wire-reader.js';
import { subByteBits } from './value-field.js';

/**
 * Reads varints up to the reader's end into `data` from entry `from` and gives the entry after the last one. Surplus
 * varints are read and dropped, so that a broken one among them is still found.
 */
export function readVarints(reader: WireReader, info: DTypeInfo, data: NumericData, from: number): number {
  if (info.kind === 'bigint') return readInt64s(reader, halves(data as BigInt64Array), from);
  if (info.kind === 'bool') return readBools(reader, data as Uint8Array, from);
  const bits = subByteBits(info.dtype);
  return readInt32s(reader, data as Int32Array, from, bits === 0 ? -1 : (1 << bits) - 1);
}

/** The array itself cuts values to its width. */
function readInt32s(reader: WireReader, data: Int32Array, from: number, mask: number): number {
  const { bytes, end } = reader;
  const { length } = data;
  let count = from;
  let pos = reader.pos;
  while (pos < end) {
    let value = bytes[pos]!;
    if (value < 0x80) pos++;
    else if (pos + 1 < end && bytes[pos + 1]! < 0x80) {
      value = (value & 0x7f) | (bytes[pos + 1]! << 7);
      pos += 2;
    } else if (pos + 2 < end && bytes[pos + 2]! < 0x80) {
      value = (value & 0x7f) | ((bytes[pos + 1]! & 0x7f) << 7) | (bytes[pos + 2]! << 14);
      pos += 3;
    } else {
      reader.pos = pos;
      value = reader.varint();
      pos = reader.pos;
    }
    if (count < length) data[count++] = value & mask;
  }
  reader.pos = pos;
  return count;
}

/** Any bit of the 64 makes it true. */
function readBools(reader: WireReader, data: Uint8Array, from: number): number {
  const { bytes, end } = reader;
  let count = from;
  let pos = reader.pos;
  while (pos < end) {
    let value = bytes[pos]!;
    if (value < 0x80) pos++;
    else {
      reader.pos = pos;
      value = reader.varint() | reader.high;
      pos = reader.pos;
    }
    if (count < data.length) data[count++] = value === 0 ? 0 : 1;
  }
  reader.pos = pos;
  return count;
}

/** Writes 32-bit halves, so that no bigint is made for each value. */
function readInt64s(reader: WireReader, parts: Uint32Array, from: number): number {
  const { bytes, end } = reader;
  const length = parts.length / 2;
  let count = from;
  let pos = reader.pos;
  while (pos < end) {
    let low = bytes[pos]!;
    let high = 0;
    if (low < 0x80) pos++;
    else if (pos + 1 < end && bytes[pos + 1]! < 0x80) {
      low = (low & 0x7f) | (bytes[pos + 1]! << 7);
      pos += 2;
    } else {
      reader.pos = pos;
      low = reader.varint();
      high = reader.high;
      pos = reader.pos;
    }
    if (count < length) {
      parts[count * 2 + lowHalf] = low;
      parts[count * 2 + 1 - lowHalf] = high;
      count++;
    }
  }
  reader.pos = pos;
  return count;
}
