import { invalidArgument } from '../tensor-error.js';
import { takeBytes, WireReader } from '../wire/wire-reader.js';
import { varintSize, writeVarint } from '../wire/wire-writer.js';

/**
 * Reads the `tensor_content` of a string tensor: the lengths of all strings as varints, then all their bytes
 * (`DecodeStringList` in `tensorflow/core/platform/tensor_coding.cc`).
 *
 * @throws TensorError INVALID_ARGUMENT `CONTENT_SIZE_MISMATCH`
 */
export function decodeStringContent(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  copy: boolean,
): Uint8Array[] {
  if (count > end - start) {
    throw invalidArgument(
      'CONTENT_SIZE_MISMATCH',
      `Wrong size of tensor_content: expected the lengths of ${count} strings, given ${end - start} bytes`,
    );
  }
  const reader = new WireReader(bytes, start, end);
  const lengths: number[] = [];
  let total = 0;
  while (lengths.length < count) {
    const length = readLength(reader);
    lengths.push(length);
    total += length;
  }
  if (total !== end - reader.pos) throw mismatch(`${total} bytes after the lengths`, `${end - reader.pos}`);
  let pos = reader.pos;
  return lengths.map((length) => {
    const from = pos;
    pos += length;
    return takeBytes(bytes, from, pos, copy);
  });
}

/** A bad length is a bad tensor, not a bad message: the content is only bytes to protobuf. */
function readLength(reader: WireReader): number {
  try {
    const length = reader.varint();
    if (reader.high === 0) return length;
  } catch (error) {
    throw mismatch('lengths as varints', 'a truncated one', error);
  }
  throw mismatch('lengths of 32 bits', 'a longer one');
}

function mismatch(expected: string, given: string, cause?: unknown): Error {
  return invalidArgument(
    'CONTENT_SIZE_MISMATCH',
    `Wrong tensor_content of strings: expected ${expected}, given ${given}`,
    { cause },
  );
}

/** Bytes of the `tensor_content` of these strings. */
export function stringContentSize(values: readonly Uint8Array[]): number {
  let size = 0;
  for (const value of values) size += varintSize(value.length) + value.length;
  return size;
}

/** Writes the `tensor_content` of these strings; gives the position after it. */
export function writeStringContent(target: Uint8Array, start: number, values: readonly Uint8Array[]): number {
  let pos = start;
  for (const value of values) pos = writeVarint(target, pos, value.length);
  for (const value of values) {
    target.set(value, pos);
    pos += value.length;
  }
  return pos;
}
