import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** The empty string, shared. */
export const NO_BYTES = new Uint8Array();

/** Strings that one op may make in all: a request must not take all memory by repeating a long string. */
const MAX_STRING_BYTES = 2 ** 30;

const encoder = new TextEncoder();
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** Text as UTF-8 bytes. */
export const utf8 = (text: string): Uint8Array => (text === '' ? NO_BYTES : encoder.encode(text));

/** UTF-8 bytes as text; every invalid sequence becomes U+FFFD. */
export const textOf = (bytes: Uint8Array): string => lenient.decode(bytes);

/** One character per byte: equal for equal strings only, and what maps and sets take as a key. */
export function byteKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes of a string that has one character per byte. */
export function fromByteKey(key: string): Uint8Array {
  return key === '' ? NO_BYTES : Uint8Array.from(Buffer.from(key, 'latin1'));
}

export function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}

/** Blank, tab, line feed, vertical tab, form feed, carriage return: C's `isspace`. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);
}

export function joinBytes(parts: readonly Uint8Array[], separator: Uint8Array = NO_BYTES): Uint8Array {
  if (parts.length === 1) return parts[0] ?? NO_BYTES;
  let length = Math.max(0, parts.length - 1) * separator.length;
  for (const part of parts) length += part.length;
  if (length === 0) return NO_BYTES;
  const joined = new Uint8Array(boundedBytes(length));
  let at = 0;
  parts.forEach((part, i) => {
    if (i > 0) {
      joined.set(separator, at);
      at += separator.length;
    }
    joined.set(part, at);
    at += part.length;
  });
  return joined;
}

/** @throws SavedModelError RESOURCE_EXHAUSTED when an op would make more than 1 GiB of strings */
export function boundedBytes(bytes: number): number {
  if (bytes > MAX_STRING_BYTES) {
    throw new SavedModelError(
      'RESOURCE_EXHAUSTED',
      'RESULT_TOO_LARGE',
      `strings of ${bytes} bytes in all would be made; at most ${MAX_STRING_BYTES} are`,
    );
  }
  return bytes;
}

/** Strings that one op may make: each costs a hundred bytes beside its own. */
const MAX_STRINGS = 2 ** 22;
/** Numbers that one op may list while it works. */
const MAX_LISTED = 2 ** 24;

/** @throws SavedModelError RESOURCE_EXHAUSTED when an op would make more strings than fit into memory with certainty */
export function boundedStrings(count: number): number {
  return bounded(count, MAX_STRINGS, 'strings');
}

/** @throws SavedModelError RESOURCE_EXHAUSTED when an op would list more values than fit into memory with certainty */
export function boundedList(count: number): number {
  return bounded(count, MAX_LISTED, 'values');
}

function bounded(count: number, most: number, what: string): number {
  if (count <= most) return count;
  throw new SavedModelError(
    'RESOURCE_EXHAUSTED',
    'RESULT_TOO_LARGE',
    `${count} ${what} would be made; at most ${most} are`,
  );
}

/** Position of `wanted` in `bytes` at or after `from`; -1 when it is not there. */
export function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  if (wanted.length === 1) return bytes.indexOf(wanted[0] ?? 0, from);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(wanted, from);
}

/** The elements of a string tensor. */
export function stringsOf(tensor: Tensor | undefined): readonly Uint8Array[] {
  return tensor?.is('string') === true ? tensor.data : [];
}

/** A string tensor of the same shape with every element changed. */
export function mapStrings(tensor: Tensor, change: (bytes: Uint8Array, index: number) => Uint8Array): Tensor<'string'> {
  return new Tensor('string', tensor.shape, stringsOf(tensor).map(change));
}

/** A vector of int64 from numbers. */
export function int64s(values: readonly number[], shape: readonly number[] = [values.length]): Tensor<'int64'> {
  return new Tensor('int64', shape, BigInt64Array.from(values, BigInt));
}

/** Integers as int32 or int64. */
export function indices(
  dtype: DType,
  values: readonly number[] | Int32Array,
  shape: readonly number[] = [values.length],
): Tensor {
  return dtype === 'int32'
    ? new Tensor('int32', shape, Int32Array.from(values))
    : new Tensor('int64', shape, BigInt64Array.from(values as readonly number[], BigInt));
}
