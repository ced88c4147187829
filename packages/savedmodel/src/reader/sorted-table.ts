import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { ByteCursor, readFixed32 } from './byte-cursor.js';
import { extendCrc32c, formatCrc32c, unmaskCrc32c } from './masked-crc.js';
import { decompressSnappy } from './snappy.js';

const FOOTER_BYTES = 48;
/** Compression type and checksum, behind every block. */
const TRAILER_BYTES = 5;
const MAGIC_LOW = 0x8b80fb57;
const MAGIC_HIGH = 0xdb477524;
/**
 * Keys share prefixes, so a small file can claim very long ones; all keys of a table together may have this many bytes
 * (a million variables with names of 256 characters).
 */
const MOST_KEY_BYTES = 256 * 1024 * 1024;

/** A key with a buffer of its own, and its value as a view of the block. */
export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Position of the entry's block in the file, for messages. */
  readonly blockOffset: number;
}

/**
 * Walks through the entries of a sorted string table in the order of their keys: LevelDB's format, as TensorFlow writes
 * it for variable indexes (`tensorflow/core/lib/io/format.cc`, `block.cc`). Data blocks, an index block of their
 * positions, a footer; in a block, a key gives only what differs from the key before it.
 *
 * @param bytes - the whole file
 * @param file - its path, for messages
 * @throws SavedModelError DATA_LOSS with the file and the position: `TRUNCATED`, `BAD_MAGIC`, `CHECKSUM_MISMATCH`,
 * `MALFORMED_TABLE`; RESOURCE_EXHAUSTED `TOO_MANY_KEYS` when keys have over 256 MiB together; UNIMPLEMENTED
 * `UNKNOWN_COMPRESSION`
 */
export function* readSortedTable(bytes: Uint8Array, file: string): Generator<TableEntry> {
  if (bytes.length < FOOTER_BYTES) {
    throw corrupt(
      file,
      'TRUNCATED',
      0,
      `expected at least the ${FOOTER_BYTES} bytes of a footer, given ${bytes.length}`,
    );
  }
  const footerAt = bytes.length - FOOTER_BYTES;
  const low = readFixed32(bytes, bytes.length - 8);
  const high = readFixed32(bytes, bytes.length - 4);
  if (low !== MAGIC_LOW || high !== MAGIC_HIGH) {
    throw corrupt(
      file,
      'BAD_MAGIC',
      bytes.length - 8,
      `expected the magic number 0xdb4775248b80fb57 of a table, given 0x${hex32(high)}${hex32(low)}`,
    );
  }
  const footer = new ByteCursor(bytes, footerAt, bytes.length - 8);
  readHandle(footer, file, footerAt, footerAt); // of the meta-index, which TensorFlow leaves empty
  const index = readHandle(footer, file, footerAt, footerAt);
  let dataEnd = 0;
  const keys = { file, bytes: 0 };
  let last: Uint8Array | undefined;
  for (const { value } of blockEntries(readBlock(bytes, index, file), index.offset, keys)) {
    const handle = readHandle(new ByteCursor(value), file, index.offset, footerAt);
    if (handle.offset < dataEnd) {
      throw corrupt(
        file,
        'MALFORMED_TABLE',
        index.offset,
        `expected blocks that do not overlap, given one at byte ${handle.offset} before ${dataEnd}`,
      );
    }
    dataEnd = handle.offset + handle.size + TRAILER_BYTES;
    for (const entry of blockEntries(readBlock(bytes, handle, file), handle.offset, keys)) {
      if (last !== undefined && Buffer.compare(last, entry.key) >= 0) {
        throw corrupt(file, 'MALFORMED_TABLE', handle.offset, 'expected keys in ascending order');
      }
      last = entry.key;
      yield entry;
    }
  }
}

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** @param limit - the byte before which the block and its trailer must end */
function readHandle(cursor: ByteCursor, file: string, at: number, limit: number): BlockHandle {
  const offset = cursor.varint();
  const size = cursor.varint();
  if (offset === undefined || size === undefined) {
    throw corrupt(file, 'MALFORMED_TABLE', at, 'expected the position and size of a block');
  }
  if (offset + size + TRAILER_BYTES > limit) {
    throw corrupt(
      file,
      'MALFORMED_TABLE',
      at,
      `expected a block before byte ${limit}, given ${size} bytes at byte ${offset}`,
    );
  }
  return { offset, size };
}

function readBlock(bytes: Uint8Array, { offset, size }: BlockHandle, file: string): Uint8Array {
  const stored = unmaskCrc32c(readFixed32(bytes, offset + size + 1));
  const actual = extendCrc32c(0, bytes.subarray(offset, offset + size + 1));
  if (stored !== actual) {
    throw corrupt(
      file,
      'CHECKSUM_MISMATCH',
      offset,
      `expected crc32c ${formatCrc32c(stored)} for a block of ${size} bytes, given ${formatCrc32c(actual)}`,
    );
  }
  const block = bytes.subarray(offset, offset + size);
  const compression = bytes[offset + size]!;
  if (compression === 0) return block;
  if (compression !== 1) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'UNKNOWN_COMPRESSION',
      `${file}: block at byte ${offset}: expected compression 0 (none) or 1 (snappy), given ${compression}`,
      { file, offset },
    );
  }
  const plain = decompressSnappy(block);
  if (typeof plain === 'string') throw corrupt(file, 'MALFORMED_TABLE', offset, `bad snappy block: ${plain}`);
  return plain;
}

/** @param keys - counts the bytes of all keys of the file */
function* blockEntries(
  block: Uint8Array,
  blockOffset: number,
  keys: { readonly file: string; bytes: number },
): Generator<TableEntry> {
  const { file } = keys;
  const bad = (expected: string) => corrupt(file, 'MALFORMED_TABLE', blockOffset, `expected ${expected}`);
  if (block.length < 4) throw bad('a count of restart points');
  const restarts = readFixed32(block, block.length - 4);
  const end = block.length - 4 - restarts * 4;
  if (end < 0) throw bad(`room for ${restarts} restart points in a block of ${block.length} bytes`);
  const cursor = new ByteCursor(block, 0, end);
  let key = new Uint8Array(0);
  while (cursor.remaining > 0) {
    const shared = cursor.varint();
    const unshared = cursor.varint();
    const valueLength = cursor.varint();
    if (shared === undefined || unshared === undefined || valueLength === undefined)
      throw bad('the lengths of an entry');
    if (shared > key.length) throw bad(`a shared prefix of at most ${key.length} bytes, given ${shared}`);
    const suffix = cursor.take(unshared);
    const value = cursor.take(valueLength);
    if (suffix === undefined || value === undefined) {
      throw bad(`an entry inside its block, given ${unshared} and ${valueLength} bytes of key and value`);
    }
    keys.bytes += shared + unshared;
    if (keys.bytes > MOST_KEY_BYTES) {
      throw new SavedModelError(
        'RESOURCE_EXHAUSTED',
        'TOO_MANY_KEYS',
        `${file}: expected keys of at most ${MOST_KEY_BYTES} bytes together`,
        { file, offset: blockOffset },
      );
    }
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(suffix, shared);
    key = next;
    yield { key, value, blockOffset };
  }
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function corrupt(file: string, reason: string, offset: number, problem: string): SavedModelError {
  return new SavedModelError('DATA_LOSS', reason, `${file}: corrupt at byte ${offset}: ${problem}`, { file, offset });
}
