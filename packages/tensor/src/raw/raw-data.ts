import { dtypeInfo, type DType, type NumericData, type TensorDataMap } from '../dtype/dtype.js';
import { invalidArgument } from '../tensor-error.js';
import { Tensor } from '../tensor/tensor.js';
import { formatShape, shapeSize } from '../tensor/shape.js';
import { readArray, writeArray } from '../wire/little-endian.js';

/** Bytes before each string: its length as a little-endian uint32. */
const LENGTH_BYTES = 4;

/**
 * Reads the values of a tensor from little-endian bytes: numbers row by row as they are in memory, `bool` as bytes 0 and
 * 1, each string as a uint32 length and its bytes. Numbers that are aligned, and strings, are views on the bytes.
 *
 * @throws TensorError INVALID_ARGUMENT `RAW_SIZE_MISMATCH` when the bytes are too few or too many, `RAW_BOOL_INVALID`
 */
export function readRawData(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const info = dtypeInfo(dtype);
  const size = shapeSize(shape);
  if (info.array === undefined) return new Tensor('string', shape, readStrings(bytes, size));
  if (bytes.length !== size * info.bytes) {
    throw sizeMismatch(`${size * info.bytes} bytes for ${dtype} ${formatShape(shape)}`, `${bytes.length}`);
  }
  const data = readArray(info.array, bytes, 0, size * info.lanes, false);
  if (info.kind === 'bool' && data.some((value) => value > 1)) {
    throw invalidArgument('RAW_BOOL_INVALID', 'Wrong bytes of bool values: expected 0 and 1, given others');
  }
  return new Tensor(dtype, shape, data as TensorDataMap[DType]);
}

function readStrings(bytes: Uint8Array, size: number): Uint8Array[] {
  if (size * LENGTH_BYTES > bytes.length) {
    throw sizeMismatch(`at least ${size * LENGTH_BYTES} bytes for ${size} strings`, `${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: Uint8Array[] = [];
  let at = 0;
  while (strings.length < size) {
    const start = at + LENGTH_BYTES;
    const end = start <= bytes.length ? start + view.getUint32(at, true) : Infinity;
    if (end > bytes.length) throw sizeMismatch(`${size} strings`, `${bytes.length} bytes that end within one of them`);
    strings.push(bytes.subarray(start, end));
    at = end;
  }
  if (at !== bytes.length) throw sizeMismatch(`${at} bytes for ${size} strings`, `${bytes.length}`);
  return strings;
}

/** How many bytes {@link writeRawData} writes. */
export function rawDataSize(tensor: Tensor): number {
  return tensor.byteLength + (tensor.dtype === 'string' ? tensor.size * LENGTH_BYTES : 0);
}

/** Writes the values of a tensor as {@link readRawData} reads them; gives the position after them. */
export function writeRawData(target: Uint8Array, start: number, tensor: Tensor): number {
  if (tensor.dtype !== 'string') {
    const data = tensor.data as NumericData;
    writeArray(target, start, data);
    return start + data.byteLength;
  }
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  let at = start;
  for (const value of tensor.data as readonly Uint8Array[]) {
    view.setUint32(at, value.length, true);
    target.set(value, at + LENGTH_BYTES);
    at += LENGTH_BYTES + value.length;
  }
  return at;
}

function sizeMismatch(expected: string, given: string): Error {
  return invalidArgument('RAW_SIZE_MISMATCH', `Wrong size of tensor values: expected ${expected}, given ${given}`);
}
