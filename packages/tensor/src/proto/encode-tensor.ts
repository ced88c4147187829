import { dtypeInfo, type DType, type DTypeInfo, type NumericData } from '../dtype/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { halves, lowHalf, writeArray } from '../wire/little-endian.js';
import {
  allocate,
  fieldSize,
  int32Size,
  varint64Size,
  varintSize,
  writeBytesField,
  writeInt32,
  writeVarint,
  writeVarint64,
} from '../wire/wire-writer.js';
import { stringContentSize, writeStringContent } from './string-content.js';
import { subByteBits, valueFields, type ValueField } from './value-field.js';

/** How tensors are written to messages. */
export interface EncodeOptions {
  /**
   * `true`: values as raw bytes in `tensor_content`. `false` (default, as upstream): in the typed field of the dtype,
   * at full length. Content is shorter and faster for all dtypes but floats, where both are alike.
   */
  readonly content?: boolean;
}

/**
 * Writes a tensor straight as the bytes of a `tensorflow.TensorProto` (`Tensor::AsProtoField` and
 * `AsProtoTensorContent` in `tensorflow/core/framework/tensor.cc`). The bytes are those that a message object would
 * give.
 *
 * @example
 * const bytes = encodeTensor(tensor([1, 2, 3]), { content: true });
 */
export function encodeTensor(tensor: Tensor, options?: EncodeOptions): Uint8Array {
  const plan = planTensor(tensor, options);
  const target = allocate(plan.size);
  writeTensor(target, 0, plan);
  return target;
}

/** A tensor whose encoded size is known: sizes first, so that one exact buffer is enough. */
export interface TensorPlan {
  readonly tensor: Tensor;
  readonly info: DTypeInfo;
  readonly content: boolean;
  readonly shapeBytes: number;
  /** Bytes inside the value record; strings in their typed field are records of their own and count here with tags. */
  readonly valueBytes: number;
  /** Bytes of the whole TensorProto. */
  readonly size: number;
}

/** Works out the encoded size of a tensor. */
export function planTensor(tensor: Tensor, options: EncodeOptions | undefined): TensorPlan {
  const info = dtypeInfo(tensor.dtype);
  const content = options?.content === true;
  let shapeBytes = 0;
  for (const dim of tensor.shape) shapeBytes += fieldSize(dimBytes(dim));
  const field = valueFields[info.dtype];
  const valueBytes =
    tensor.size === 0 ? 0 : content ? contentBytes(info, tensor) : fieldBytes(info, field, tensor.data);
  let size = 2 + fieldSize(shapeBytes);
  if (valueBytes > 0)
    size +=
      !content && info.array === undefined
        ? valueBytes
        : valueTagBytes(field, content) + varintSize(valueBytes) + valueBytes;
  return { tensor, info, content, shapeBytes, valueBytes, size };
}

/** Writes a planned tensor; gives the position after it. */
export function writeTensor(target: Uint8Array, start: number, plan: TensorPlan): number {
  const { tensor, info, content, valueBytes } = plan;
  let pos = start;
  target[pos++] = 1 << 3;
  target[pos++] = info.enum;
  target[pos++] = (2 << 3) | 2;
  pos = writeVarint(target, pos, plan.shapeBytes);
  for (const dim of tensor.shape) {
    target[pos++] = (2 << 3) | 2;
    target[pos++] = dimBytes(dim);
    // Protobuf leaves out a zero.
    if (dim === 0) continue;
    target[pos++] = 1 << 3;
    pos = writeVarint(target, pos, dim);
  }
  if (valueBytes === 0) return pos;
  const data: Tensor['data'] = tensor.data;
  if (info.array === undefined) {
    const strings = data as readonly Uint8Array[];
    if (content) {
      target[pos++] = (4 << 3) | 2;
      return writeStringContent(target, writeVarint(target, pos, valueBytes), strings);
    }
    for (const value of strings) pos = writeBytesField(target, pos, valueFields.string.number, value);
    return pos;
  }
  const field = valueFields[info.dtype];
  pos = writeVarint(target, pos, ((content ? 4 : field.number) << 3) | 2);
  pos = writeVarint(target, pos, valueBytes);
  if (!content && field.encoding.startsWith('varint')) return writeVarints(target, pos, info, data as NumericData);
  writeArray(target, pos, data as NumericData);
  return pos + valueBytes;
}

function dimBytes(dim: number): number {
  return dim === 0 ? 0 : 1 + varintSize(dim);
}

/** The tags of fields from 16 on take two bytes. */
function valueTagBytes(field: ValueField, content: boolean): number {
  return content || field.number < 16 ? 1 : 2;
}

function contentBytes(info: DTypeInfo, tensor: Tensor): number {
  return info.array === undefined ? stringContentSize(tensor.data as readonly Uint8Array[]) : tensor.byteLength;
}

function fieldBytes(info: DTypeInfo, field: ValueField, data: Tensor['data']): number {
  if (info.array === undefined) {
    let size = 0;
    for (const value of data as readonly Uint8Array[]) size += fieldSize(value.length);
    return size;
  }
  const values = data as NumericData;
  if (field.encoding === 'varint64') return varints64Size(values as BigInt64Array);
  if (field.encoding !== 'varint') return values.byteLength;
  if (info.kind === 'bool') return values.length;
  const read = int32Reader(info.dtype);
  let size = 0;
  for (let index = 0; index < values.length; index++) {
    const value = read === undefined ? (values[index] as number) : read(values[index] as number);
    size += value >= 0 && value < 0x80 ? 1 : int32Size(value);
  }
  return size;
}

function varints64Size(values: BigInt64Array | BigUint64Array): number {
  const parts = halves(values);
  let size = 0;
  for (let at = 0; at < parts.length; at += 2) size += varint64Size(parts[at + lowHalf]!, parts[at + 1 - lowHalf]!);
  return size;
}

function writeVarints(target: Uint8Array, start: number, info: DTypeInfo, values: NumericData): number {
  let pos = start;
  if (info.kind === 'bigint') {
    const parts = halves(values as BigInt64Array);
    for (let at = 0; at < parts.length; at += 2) {
      pos = writeVarint64(target, pos, parts[at + lowHalf]!, parts[at + 1 - lowHalf]!);
    }
    return pos;
  }
  if (info.kind === 'bool') {
    for (let index = 0; index < values.length; index++) target[pos++] = values[index] === 0 ? 0 : 1;
    return pos;
  }
  const read = int32Reader(info.dtype);
  for (let index = 0; index < values.length; index++) {
    const value = read === undefined ? (values[index] as number) : read(values[index] as number);
    if (value >= 0 && value < 0x80) target[pos++] = value;
    else pos = writeInt32(target, pos, value);
  }
  return pos;
}

/** Sub-byte integers are written as their value, sign-extended; all others as they are stored. */
export function int32Reader(dtype: DType): ((stored: number) => number) | undefined {
  const bits = subByteBits(dtype);
  if (bits === 0) return undefined;
  const unused = 32 - bits;
  return dtype.startsWith('u') ? (stored) => (stored << unused) >>> unused : (stored) => (stored << unused) >> unused;
}
