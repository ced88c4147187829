import { dtypeInfo, Tensor, type DType, type NumericData } from '@servable/tensor';
import { RuntimeError } from '../runtime-error.js';
import { addressOf } from './address.js';
import { dtypeOfElementType, elementType, elementTypeName } from './element-type.js';
import { ortEnv } from './ort-env.js';
import type { Pointer } from './ort-functions.js';
import { check } from './ort-status.js';

/** Dtype and shape of a value. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** `ONNX_TYPE_TENSOR` of `ONNXType`. */
export const onnxTypeTensor = 1;
const onnxTypeNames = ['unknown', 'tensor', 'sequence', 'map', 'opaque', 'sparse tensor', 'optional'];

/** Names an `ONNXType` for messages. */
export function onnxTypeName(type: number): string {
  return onnxTypeNames[type] ?? `type ${type}`;
}

const out = new BigUint64Array(1);
const intOut = new Int32Array(1);
const stringType = 8;
/** What a tensor without elements points at: the engine refuses NULL. */
const nothing = new Uint8Array(8);

/** The pointer that the last call wrote. */
function taken(): Pointer {
  return out[0] ?? 0n;
}

/**
 * Makes a native value of a tensor. Numbers stay where they are: the value points into the typed array, which must be kept
 * as long as the value. Strings are copied.
 *
 * @throws RuntimeError UNIMPLEMENTED `UNSUPPORTED_DTYPE` for dtypes that the engine has no tensors of
 */
export function createValue(tensor: Tensor): Pointer {
  const { api, memoryInfo } = ortEnv();
  const { dtype, shape } = tensor;
  const type = elementType(dtype);
  if (type === undefined) {
    throw new RuntimeError('UNIMPLEMENTED', 'UNSUPPORTED_DTYPE', `The engine has no tensors of dtype ${dtype}`);
  }
  const dims = shapeDims(shape);
  if (tensor.is('string')) return createStrings(tensor.data, dims, shape.length);
  const data = tensor.data as NumericData;
  const memory = data.byteLength === 0 ? nothing : data;
  check(api, api.CreateTensorWithDataAsOrtValue(memoryInfo, memory, data.byteLength, dims, shape.length, type, out));
  return taken();
}

/** Scratch for the dimensions of one value; a view of one entry more than the rank, so that it is never empty. */
let scratchDims = new BigInt64Array(16);

function shapeDims(shape: readonly number[]): BigInt64Array {
  if (shape.length >= scratchDims.length) scratchDims = new BigInt64Array(shape.length + 16);
  for (let axis = 0; axis < shape.length; axis++) scratchDims[axis] = BigInt(shape[axis] ?? 0);
  return scratchDims;
}

function createStrings(strings: readonly Uint8Array[], dims: BigInt64Array, rank: number): Pointer {
  const { api, allocator } = ortEnv();
  check(api, api.CreateTensorAsOrtValue(allocator, dims, rank, stringType, out));
  const value = taken();
  try {
    if (strings.length > 0) fillStrings(value, strings);
  } catch (error) {
    api.ReleaseValue(value);
    throw error;
  }
  return value;
}

/** `FillStringTensor` reads up to a zero byte, so strings that have one are written once more, element by element. */
function fillStrings(value: Pointer, strings: readonly Uint8Array[]): void {
  const { api } = ortEnv();
  let bytes = 0;
  for (const string of strings) bytes += string.length + 1;
  const joined = new Uint8Array(bytes);
  const pointers = new BigUint64Array(strings.length);
  const base = addressOf(joined);
  let at = 0;
  for (let index = 0; index < strings.length; index++) {
    const string = strings[index] ?? nothing.subarray(0, 0);
    pointers[index] = base + BigInt(at);
    joined.set(string, at);
    at += string.length + 1;
  }
  check(api, api.FillStringTensor(value, pointers, strings.length));
  for (let index = 0; index < strings.length; index++) {
    const string = strings[index];
    if (string === undefined || !string.includes(0)) continue;
    check(api, api.GetResizedStringTensorElementBuffer(value, index, string.length, out));
    api.copyMemory(taken(), string, string.length);
  }
}

/**
 * Dtype and shape of a native value.
 *
 * @throws RuntimeError UNIMPLEMENTED `UNSUPPORTED_VALUE` for sequences, maps and the like, `UNSUPPORTED_DTYPE`
 */
export function valueType(value: Pointer, name: string): ValueType {
  const { api } = ortEnv();
  check(api, api.GetValueType(value, intOut));
  const kind = intOut[0] ?? 0;
  if (kind !== onnxTypeTensor) {
    throw new RuntimeError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_VALUE',
      `Value ${JSON.stringify(name)}: expected a tensor, given a ${onnxTypeName(kind)}`,
    );
  }
  check(api, api.GetTensorTypeAndShape(value, out));
  const info = taken();
  try {
    check(api, api.GetTensorElementType(info, intOut));
    const type = intOut[0] ?? 0;
    const dtype = dtypeOfElementType(type);
    if (dtype === undefined) {
      throw new RuntimeError(
        'UNIMPLEMENTED',
        'UNSUPPORTED_DTYPE',
        `Value ${JSON.stringify(name)} has elements of ${elementTypeName(type)}, which no tensor can hold`,
      );
    }
    return { dtype, shape: dimensions(info) };
  } finally {
    api.ReleaseTensorTypeAndShapeInfo(info);
  }
}

/** The dimensions of an `OrtTensorTypeAndShapeInfo`; -1 where one is not known. */
export function dimensions(info: Pointer): number[] {
  const { api } = ortEnv();
  check(api, api.GetDimensionsCount(info, out));
  const rank = Number(out[0]);
  if (rank === 0) return [];
  if (rank > scratchDims.length) scratchDims = new BigInt64Array(rank + 16);
  check(api, api.GetDimensions(info, scratchDims, rank));
  const dims: number[] = [];
  for (let axis = 0; axis < rank; axis++) dims.push(Number(scratchDims[axis]));
  return dims;
}

/** Copies a native value into a tensor of its own. */
export function copyValue(value: Pointer, { dtype, shape }: ValueType): Tensor {
  const { api } = ortEnv();
  let size = 1;
  for (const dim of shape) size *= dim;
  if (dtype === 'string') return new Tensor('string', shape, copyStrings(value, size));
  const { array: NumericArray, lanes } = dtypeInfo(dtype);
  if (NumericArray === undefined)
    throw new RuntimeError('UNIMPLEMENTED', 'UNSUPPORTED_DTYPE', `No typed array holds ${dtype}`);
  const data = new NumericArray(size * lanes);
  if (size > 0) {
    check(api, api.GetTensorMutableData(value, out));
    api.copyMemory(data, taken(), data.byteLength);
  }
  return new Tensor<DType>(dtype, shape, data);
}

function copyStrings(value: Pointer, size: number): Uint8Array[] {
  if (size === 0) return [];
  const { api } = ortEnv();
  check(api, api.GetStringTensorDataLength(value, out));
  const bytes = new Uint8Array(Number(out[0]));
  const offsets = new BigUint64Array(size);
  check(api, api.GetStringTensorContent(value, bytes.length === 0 ? nothing : bytes, bytes.length, offsets, size));
  const strings: Uint8Array[] = [];
  let start = 0;
  for (let index = 1; index <= size; index++) {
    const end = index < size ? Number(offsets[index]) : bytes.length;
    strings.push(bytes.subarray(start, end));
    start = end;
  }
  return strings;
}
