import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import {
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
  BundleHeaderProto_Endianness,
} from '@servable/protos/tensorflow';
import { dataTypeName, dtypeFromEnum, dtypeInfo, formatShape, shapeSize, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { readPlainEntry, type EntryProto } from './plain-entry.js';
import { readSortedTable } from './sorted-table.js';
import { sliceFromProto, type TensorSlice } from './tensor-slice.js';

/** The version of the bundle format that this reader knows (`kTensorBundleVersion` in `tensor_bundle.cc`). */
const BUNDLE_VERSION = 1;

const utf8 = new TextDecoder();

/** Where a tensor is stored in a bundle. */
export interface BundleEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Number of the data file, from 0. */
  readonly shard: number;
  /** Byte position in the data file. */
  readonly offset: number;
  /** Bytes in the data file; 0 when the tensor is stored in `slices`. */
  readonly byteLength: number;
  /** Checksum of these bytes as stored (masked). */
  readonly maskedCrc32c: number;
  /** The pieces in which a partitioned variable is stored; empty for others. */
  readonly slices: readonly TensorSlice[];
}

/** All that the index file of a bundle says. */
export interface BundleIndex {
  readonly shards: number;
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** Stored slices by their key's bytes, taken as Latin-1. */
  readonly sliceEntries: ReadonlyMap<string, BundleEntry>;
  /** Entries whose dtype has no values outside a graph (`variant`), with that dtype's name. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Reads an index file (`variables.index`): a sorted table of `BundleEntryProto`s by tensor name, with a
 * `BundleHeaderProto` under the empty key (`tensorflow/core/util/tensor_bundle/tensor_bundle.cc`).
 *
 * @throws SavedModelError as `readSortedTable`; DATA_LOSS `MALFORMED_PROTO`, `MALFORMED_ENTRY`, `HEADER_MISSING`;
 * UNIMPLEMENTED `BIG_ENDIAN`; INVALID_ARGUMENT `UNKNOWN_BUNDLE_VERSION`
 */
export function parseBundleIndex(bytes: Uint8Array, file: string): BundleIndex {
  const entries = new Map<string, BundleEntry>();
  const sliceEntries = new Map<string, BundleEntry>();
  const unreadable = new Map<string, string>();
  let shards: number | undefined;
  for (const { key, value, blockOffset } of readSortedTable(bytes, file)) {
    if (shards === undefined) {
      // The empty key sorts before all others.
      if (key.length > 0) throw corrupt(file, 'HEADER_MISSING', blockOffset, 'expected a header under the empty key');
      shards = readHeader(value, file, blockOffset);
      continue;
    }
    const proto = readPlainEntry(value) ?? parse(BundleEntryProtoSchema, value, file, blockOffset);
    // Keys of slices begin with the code of the number 0; no tensor has such a name.
    const isSlice = key[0] === 0;
    const name = isSlice ? latin1(key) : utf8.decode(key);
    const dtype = dataTypeName(proto.dtype) ?? 'invalid';
    if (dtype === 'variant' || dtype === 'resource') {
      unreadable.set(name, dtype);
      continue;
    }
    const entry = readEntry(proto, shards, (problem) =>
      corrupt(file, 'MALFORMED_ENTRY', blockOffset, `entry '${printable(name)}': ${problem}`),
    );
    (isSlice ? sliceEntries : entries).set(name, entry);
  }
  if (shards === undefined) throw corrupt(file, 'HEADER_MISSING', 0, 'expected a header under the empty key');
  return { shards, entries, sliceEntries, unreadable };
}

/** Whether an entry's elements can be in its stored bytes: exactly, or for strings at least the byte of each length. */
export function fitsBytes({ dtype, size, byteLength }: Pick<BundleEntry, 'dtype' | 'size' | 'byteLength'>): boolean {
  return dtype === 'string' ? byteLength >= size : byteLength === size * dtypeInfo(dtype).bytes;
}

/** One character per byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function readHeader(value: Uint8Array, file: string, offset: number): number {
  const header = parse(BundleHeaderProtoSchema, value, file, offset);
  if (header.endianness !== BundleHeaderProto_Endianness.LITTLE) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'BIG_ENDIAN',
      `${file}: expected values with the least significant byte first, given a bundle written by a big-endian machine`,
      { file, offset },
    );
  }
  const { producer = 0, minConsumer = 0, badConsumers = [] } = header.version ?? {};
  if (minConsumer > BUNDLE_VERSION || producer < 0 || badConsumers.includes(BUNDLE_VERSION)) {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'UNKNOWN_BUNDLE_VERSION',
      `${file}: expected a bundle that readers of version ${BUNDLE_VERSION} understand, given one of version ` +
        `${producer} for readers from version ${minConsumer} on`,
      { file, offset },
    );
  }
  if (header.numShards < 1) {
    throw corrupt(file, 'MALFORMED_ENTRY', offset, `expected at least 1 data file, given ${header.numShards}`);
  }
  return header.numShards;
}

function readEntry(proto: EntryProto, shards: number, refuse: (problem: string) => SavedModelError): BundleEntry {
  const dtype = readDType(proto.dtype, refuse);
  const shape = proto.shape?.dim.map((dim) => Number(dim.size)) ?? [];
  if (proto.shape?.unknownRank) throw refuse('expected a shape of known rank');
  let size: number;
  try {
    size = shapeSize(shape);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const offset = Number(proto.offset);
  const byteLength = Number(proto.size);
  if (!(offset >= 0 && byteLength >= 0 && Number.isSafeInteger(offset + byteLength))) {
    throw refuse(`expected a position and size inside a file, given ${proto.size} bytes at byte ${proto.offset}`);
  }
  if (proto.shardId < 0 || proto.shardId >= shards) {
    throw refuse(`expected one of the ${shards} data files, given number ${proto.shardId}`);
  }
  const slices = proto.slices.map((sliceProto) => {
    const slice = sliceFromProto(sliceProto, shape);
    if (slice === undefined) throw refuse(`expected slices that fit the shape ${formatShape(shape)}`);
    return slice;
  });
  if (slices.length === 0) {
    if (!fitsBytes({ dtype, size, byteLength })) {
      const expected = dtype === 'string' ? `at least ${size}` : String(size * dtypeInfo(dtype).bytes);
      throw refuse(`expected ${expected} bytes for ${dtype}${formatShape(shape)}, given ${byteLength}`);
    }
  }
  return { dtype, shape, size, shard: proto.shardId, offset, byteLength, maskedCrc32c: proto.crc32c, slices };
}

function readDType(number: number, refuse: (problem: string) => SavedModelError): DType {
  try {
    return dtypeFromEnum(number);
  } catch (error) {
    throw refuse((error as Error).message);
  }
}

function parse<Desc extends DescMessage>(
  schema: Desc,
  value: Uint8Array,
  file: string,
  offset: number,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, value, { readUnknownFields: false });
  } catch (cause) {
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_PROTO',
      `${file}: corrupt in the block at byte ${offset}: expected a ${schema.name}, given bytes that are none: ` +
        (cause as Error).message,
      { cause, file, offset },
    );
  }
}

/** A key for messages: slice keys hold control characters. */
export function printable(name: string): string {
  return name.replace(
    /[\x00-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function corrupt(file: string, reason: string, offset: number, problem: string): SavedModelError {
  return new SavedModelError('DATA_LOSS', reason, `${file}: corrupt in the block at byte ${offset}: ${problem}`, {
    file,
    offset,
  });
}
