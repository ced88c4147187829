import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { BundleEntryProtoSchema, DataType } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { readPlainEntry } from './plain-entry.js';

const encoded = (init: MessageInitShape<typeof BundleEntryProtoSchema>) =>
  toBinary(BundleEntryProtoSchema, create(BundleEntryProtoSchema, init));

/** What the descriptor's parser reads, in the words of the plain one. */
function expected(bytes: Uint8Array) {
  const { dtype, shardId, offset, size, crc32c, slices, shape } = fromBinary(BundleEntryProtoSchema, bytes);
  const dims = shape && {
    shape: { dim: shape.dim.map((dim) => ({ size: dim.size })), unknownRank: shape.unknownRank },
  };
  return { dtype, shardId, offset, size, crc32c, slices, ...dims };
}

describe('an entry of a bundle’s index', () => {
  it.each<[string, MessageInitShape<typeof BundleEntryProtoSchema>]>([
    ['nothing', {}],
    ['a scalar', { dtype: DataType.DT_FLOAT, shape: {}, size: 4n, crc32c: 7 }],
    [
      'a matrix in a later file',
      {
        dtype: DataType.DT_INT64,
        shape: { dim: [{ size: 300n }, { size: 1n }, { size: 0n }] },
        shardId: 200,
        offset: 2n ** 40n,
        size: 123_456_789n,
        crc32c: 0xfedcba98,
      },
    ],
  ])('is read as by its descriptor: %s', (_, init) => {
    const bytes = encoded(init);
    expect(readPlainEntry(bytes)).toEqual(expected(bytes));
  });

  it.each<[string, Uint8Array]>([
    ['slices', encoded({ shape: { dim: [{ size: 2n }] }, slices: [{ extent: [{ start: 1n }] }] })],
    ['an unknown rank', encoded({ shape: { unknownRank: true } })],
    ['names of dimensions', encoded({ shape: { dim: [{ size: 2n, name: 'x' }] } })],
    ['a negative size', encoded({ size: -1n })],
    ['a negative dimension', encoded({ shape: { dim: [{ size: -1n }] } })],
    ['a position beyond 2^49', encoded({ offset: 2n ** 49n })],
    ['two shapes', Uint8Array.of(0x12, 0, 0x12, 0)],
    ['an end inside a number', Uint8Array.of(0x28, 0x80)],
    ['an end inside a checksum', Uint8Array.of(0x35, 1, 2)],
    ['a shape longer than the entry', Uint8Array.of(0x12, 9, 0x12, 0)],
    ['a dimension longer than the shape', Uint8Array.of(0x12, 2, 0x12, 4, 0x08, 1, 0x08, 2)],
  ])('is left to its descriptor with %s', (_, bytes) => {
    expect(readPlainEntry(bytes)).toBeUndefined();
  });
});
