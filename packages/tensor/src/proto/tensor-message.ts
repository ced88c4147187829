import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema, type TensorProto } from '@servable/protos/tensorflow';
import { dtypeFromEnum, dtypeInfo, type DTypeInfo, type NumericData } from '../dtype/dtype.js';
import { shapeSize } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { readArray, writeArray } from '../wire/little-endian.js';
import { ElementBudget, type DecodeOptions } from './decode-options.js';
import { contentSizeMismatch } from './decode-tensor.js';
import { int32Reader, type EncodeOptions } from './encode-tensor.js';
import { decodeStringContent, stringContentSize, writeStringContent } from './string-content.js';
import { subByteBits, valueFields } from './value-field.js';

/**
 * Makes a tensor of a `tensorflow.TensorProto` message object, by the same rules as `decodeTensor`.
 *
 * `tensor_content` and strings are views on the message's memory unless `copy` is set; typed value lists are always
 * copied.
 *
 * @throws TensorError INVALID_ARGUMENT: `UNKNOWN_DTYPE`, `INVALID_SHAPE`, `CONTENT_SIZE_MISMATCH`, `TOO_MANY_ELEMENTS`;
 * UNIMPLEMENTED `UNSUPPORTED_DTYPE`
 */
export function tensorFromProto(proto: TensorProto, options?: DecodeOptions): Tensor {
  const info = dtypeInfo(dtypeFromEnum(proto.dtype));
  const shape = (proto.tensorShape?.dim ?? []).map((dim) => Number(dim.size));
  const size = shapeSize(shape);
  if (size === 0) return new Tensor(info.dtype, shape, info.array === undefined ? [] : new info.array(0));
  const copy = options?.copy === true;
  const content = proto.tensorContent;
  const values = proto[valueFields[info.dtype].member];
  new ElementBudget(options).spend(shape, size, content.length > 0 ? content.length : values.length);
  if (content.length > 0) {
    if (info.array === undefined) {
      return new Tensor(info.dtype, shape, decodeStringContent(content, 0, content.length, size, copy));
    }
    if (content.length !== size * info.bytes) throw contentSizeMismatch(info, shape, size, content.length);
    return new Tensor(info.dtype, shape, readArray(info.array, content, 0, size * info.lanes, copy));
  }
  if (info.array === undefined) return new Tensor(info.dtype, shape, stringsOf(proto.stringVal, size, copy));
  return new Tensor(info.dtype, shape, numbersOf(info, values as ArrayLike<number | bigint | boolean>, size));
}

function stringsOf(values: readonly Uint8Array[], size: number, copy: boolean): Uint8Array[] {
  const data = values.slice(0, size);
  if (copy) data.forEach((value, index) => (data[index] = new Uint8Array(value)));
  const last = data.at(-1) ?? new Uint8Array(0);
  while (data.length < size) data.push(last);
  return data;
}

function numbersOf(info: DTypeInfo, values: ArrayLike<number | bigint | boolean>, size: number): NumericData {
  const { lanes } = info;
  const data = new info.array!(size * lanes);
  // The odd half of a complex pair counts as absent.
  const given = Math.min(values.length - (values.length % lanes), data.length);
  const bits = subByteBits(info.dtype);
  for (let at = 0; at < given; at++) {
    const value = values[at]!;
    data[at] =
      bits === 0 ? (info.kind === 'bool' ? Number(value) : (value as number)) : (value as number) & ((1 << bits) - 1);
  }
  if (given > 0) for (let at = given; at < data.length; at++) data[at] = data[at - lanes]!;
  return data;
}

/**
 * Makes a `tensorflow.TensorProto` message object of a tensor: typed value fields by default, `tensor_content` with
 * `{ content: true }`. Strings are referenced, everything else is copied.
 */
export function tensorToProto(tensor: Tensor, options?: EncodeOptions): TensorProto {
  const info = dtypeInfo(tensor.dtype);
  const proto = create(TensorProtoSchema, {
    dtype: info.enum,
    tensorShape: { dim: tensor.shape.map((dim) => ({ size: BigInt(dim) })) },
  });
  const data: Tensor['data'] = tensor.data;
  if (info.array === undefined) {
    const strings = data as readonly Uint8Array[];
    if (options?.content !== true) proto.stringVal = strings.slice();
    else {
      proto.tensorContent = new Uint8Array(stringContentSize(strings));
      writeStringContent(proto.tensorContent, 0, strings);
    }
    return proto;
  }
  const values = data as NumericData;
  if (options?.content === true) {
    proto.tensorContent = new Uint8Array(tensor.byteLength);
    writeArray(proto.tensorContent, 0, values);
    return proto;
  }
  const { member } = valueFields[info.dtype];
  const read = int32Reader(info.dtype);
  if (member === 'float8Val') proto.float8Val = new Uint8Array(values as Uint8Array);
  else if (member === 'boolVal') proto.boolVal = Array.from(values as Uint8Array, (value) => value !== 0);
  else if (member === 'int64Val' || member === 'uint64Val') proto[member] = Array.from(values as BigInt64Array);
  else if (member !== 'stringVal') {
    proto[member] = read === undefined ? Array.from(values as Int32Array) : Array.from(values as Uint8Array, read);
  }
  return proto;
}
