import {
  dataTypeName,
  dtypeFromEnum,
  dtypeInfo,
  encodeTensor,
  Tensor,
  type DType,
  type NumericData,
} from '@servable/tensor';
import type { Pointer } from '../native/ort-functions.js';
import { RuntimeError } from '../runtime-error.js';
import type { TfApi } from './tf-api.js';
import { withStatus } from './tf-status.js';
import { readTStrings, tstringBytes } from './tstring.js';

/**
 * Makes a `TF_Tensor` of a tensor, in memory of TensorFlow's own.
 *
 * The values are copied once. Lending the typed array instead would save nothing and be unsafe: TensorFlow copies memory
 * that is not aligned to 64 bytes, as V8's is not (`TF_NewTensor` in `c/tf_tensor.cc`), and a graph may keep an input for
 * longer than the call, in a variable for one, with no way to tell the collector.
 *
 * Strings go through a TensorProto, because only tensors that TensorFlow fills itself free their strings with them.
 */
export function createTfTensor(api: TfApi, tensor: Tensor): Pointer {
  const { dtype, shape } = tensor;
  if (tensor.is('string')) return createStrings(api, tensor);
  const data = tensor.data as NumericData;
  const dims = BigInt64Array.from(shape, BigInt);
  const made = api.TF_AllocateTensor(dtypeInfo(dtype).enum, dims, shape.length, data.byteLength);
  if (made === null) throw outOfMemory(data.byteLength);
  if (data.byteLength > 0) api.copyMemory(api.TF_TensorData(made) ?? 0n, data, data.byteLength);
  return made;
}

function createStrings(api: TfApi, tensor: Tensor<'string'>): Pointer {
  const proto = encodeTensor(tensor);
  const made = api.TF_AllocateTensor(dtypeInfo('string').enum, new BigInt64Array(1), 1, 0);
  if (made === null) throw outOfMemory(proto.byteLength);
  const buffer = api.TF_NewBufferFromString(proto, proto.byteLength);
  try {
    withStatus(api, (status) => api.TF_TensorFromProto(buffer, made, status));
    return made;
  } catch (error) {
    api.TF_DeleteTensor(made);
    throw error;
  } finally {
    api.TF_DeleteBuffer(buffer);
  }
}

function outOfMemory(bytes: number): RuntimeError {
  return new RuntimeError(
    'RESOURCE_EXHAUSTED',
    'OUT_OF_MEMORY',
    `TensorFlow has no memory for a tensor of ${bytes} bytes`,
  );
}

/**
 * Copies a `TF_Tensor` into a tensor of its own: TensorFlow's memory may be a variable's.
 *
 * @param name - of the value, for messages
 * @throws RuntimeError UNIMPLEMENTED `UNSUPPORTED_DTYPE` for resources and variants
 */
export function readTfTensor(api: TfApi, value: Pointer, name: string): Tensor {
  const number = api.TF_TensorType(value);
  const dtype = dtypeOf(number, name);
  const shape: number[] = [];
  let size = 1;
  const rank = api.TF_NumDims(value);
  for (let axis = 0; axis < rank; axis++) {
    const dim = Number(api.TF_Dim(value, axis));
    shape.push(dim);
    size *= dim;
  }
  const address = api.TF_TensorData(value) ?? 0n;
  if (dtype === 'string') {
    const elements = new Uint8Array(size * tstringBytes);
    if (size > 0) api.copyMemory(elements, address, elements.byteLength);
    const read = (target: Uint8Array, from: Pointer) => api.copyMemory(target, from, target.byteLength);
    return new Tensor('string', shape, readTStrings(elements, address, read));
  }
  const { array: NumericArray, lanes } = dtypeInfo(dtype);
  if (NumericArray === undefined) throw unsupported(number, name);
  const data = new NumericArray(size * lanes);
  if (size > 0) api.copyMemory(data, address, data.byteLength);
  return new Tensor<DType>(dtype, shape, data);
}

function dtypeOf(number: number, name: string): DType {
  try {
    return dtypeFromEnum(number);
  } catch {
    throw unsupported(number, name);
  }
}

function unsupported(number: number, name: string): RuntimeError {
  return new RuntimeError(
    'UNIMPLEMENTED',
    'UNSUPPORTED_DTYPE',
    `Value ${JSON.stringify(name)}: expected a tensor of values, given one of ${dataTypeName(number) ?? `type ${number}`}`,
  );
}
