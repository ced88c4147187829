import type { BundleEntryProto, TensorShapeProto } from '@servable/protos/tensorflow';

/** What is read of a `BundleEntryProto`. */
export interface EntryProto extends Pick<
  BundleEntryProto,
  'dtype' | 'shardId' | 'offset' | 'size' | 'crc32c' | 'slices'
> {
  readonly shape?:
    | {
        readonly dim: readonly Pick<TensorShapeProto['dim'][number], 'size'>[];
        readonly unknownRank: boolean;
      }
    | undefined;
}

/** Tags of the fields of `BundleEntryProto`, and of those in its shape (`tensorflow/core/protobuf/tensor_bundle.proto`). */
const DTYPE = 0x08;
const SHAPE = 0x12;
const SHARD_ID = 0x18;
const OFFSET = 0x20;
const SIZE = 0x28;
const CRC32C = 0x35;
const DIM = 0x12;
const DIM_SIZE = 0x08;

/**
 * Reads an entry as nearly all are: a tensor of known shape that is not stored in slices. An index holds hundreds, which
 * take longer to parse by their descriptor than the rest of the index.
 *
 * @returns `undefined` for any other bytes
 */
export function readPlainEntry(bytes: Uint8Array): EntryProto | undefined {
  const at = { pos: 0 };
  const sizes: { size: bigint }[] = [];
  let hasShape = false;
  let [dtype, shardId, offset, size, crc32c] = [0, 0, 0, 0, 0];
  while (at.pos < bytes.length) {
    const tag = bytes[at.pos++];
    if (tag === CRC32C) {
      const [a, b, c, d] = bytes.subarray(at.pos, at.pos + 4);
      if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
      crc32c = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
      at.pos += 4;
      continue;
    }
    const value = smallVarint(bytes, at);
    if (value === undefined) return undefined;
    if (tag === SHAPE) {
      if (hasShape || at.pos + value > bytes.length || !readDims(bytes, at, at.pos + value, sizes)) return undefined;
      hasShape = true;
    } else if (tag === DTYPE) dtype = value;
    else if (tag === SHARD_ID) shardId = value;
    else if (tag === OFFSET) offset = value;
    else if (tag === SIZE) size = value;
    else return undefined;
  }
  if (dtype > 0x7fffffff || shardId > 0x7fffffff) return undefined;
  const shape = hasShape ? { shape: { dim: sizes, unknownRank: false } } : {};
  return { dtype, shardId, offset: BigInt(offset), size: BigInt(size), crc32c, slices: [], ...shape };
}

function readDims(bytes: Uint8Array, at: { pos: number }, end: number, sizes: { size: bigint }[]): boolean {
  while (at.pos < end) {
    if (bytes[at.pos++] !== DIM) return false;
    const length = smallVarint(bytes, at);
    if (length === undefined || at.pos + length > end) return false;
    const last = at.pos + length;
    let size = 0;
    if (length > 0) {
      if (bytes[at.pos++] !== DIM_SIZE) return false;
      const value = smallVarint(bytes, at);
      if (value === undefined) return false;
      size = value;
    }
    if (at.pos !== last) return false;
    sizes.push({ size: BigInt(size) });
  }
  return at.pos === end;
}

/** A varint below 2^49, and nothing else. */
function smallVarint(bytes: Uint8Array, at: { pos: number }): number | undefined {
  let value = 0;
  for (let i = 0, scale = 1; i < 7; i++, scale *= 0x80) {
    const byte = bytes[at.pos++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  return undefined;
}
