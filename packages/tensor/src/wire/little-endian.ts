import type { DTypeInfo, NumericData, TypedArrayConstructor } from '../dtype/dtype.js';

/** Whether typed arrays of this machine have the byte order of protobuf and `tensor_content`. */
export const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Bytes of one entry of the typed array of a numeric dtype (half an element of a complex one). */
export function laneBytes(info: DTypeInfo): number {
  return info.bytes / info.lanes;
}

/** Turns entries of `width` bytes around, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/**
 * A typed array over little-endian bytes: a view on them where alignment and byte order allow and `copy` is false, else
 * a copy.
 */
export function readArray(
  array: TypedArrayConstructor,
  bytes: Uint8Array,
  start: number,
  length: number,
  copy: boolean,
): NumericData {
  const offset = bytes.byteOffset + start;
  const width = array.BYTES_PER_ELEMENT;
  if (!copy && hostIsLittleEndian && offset % width === 0) return new array(bytes.buffer, offset, length);
  const data = new array(length);
  copyInto(data, 0, bytes, start, length);
  return data;
}

/** Copies `length` little-endian entries of `bytes` from `start` into `data` from entry `at`. */
export function copyInto(data: NumericData, at: number, bytes: Uint8Array, start: number, length: number): void {
  const width = data.BYTES_PER_ELEMENT;
  const target = new Uint8Array(data.buffer, data.byteOffset + at * width, length * width);
  target.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length * width));
  if (!hostIsLittleEndian && width > 1) swapBytes(target, width);
}

/** Writes the entries of a typed array as little-endian bytes at `pos`. */
export function writeArray(target: Uint8Array, pos: number, data: NumericData): void {
  target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), pos);
  const width = data.BYTES_PER_ELEMENT;
  if (!hostIsLittleEndian && width > 1) swapBytes(target.subarray(pos, pos + data.byteLength), width);
}

/**
 * The 32-bit halves of 64-bit entries, so that varints are read and written without a bigint for each; the index of the
 * lower half of entry i is 2i + {@link lowHalf}.
 */
export function halves(data: BigInt64Array | BigUint64Array): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length * 2);
}

export const lowHalf = hostIsLittleEndian ? 0 : 1;
