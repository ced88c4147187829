import { dtypeFromEnum, dtypeInfo, dtypeInfoFromEnum, type DTypeInfo, type NumericData } from '../dtype/dtype.js';
import { invalidArgument } from '../tensor-error.js';
import { formatShape, shapeSize } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { copyInto, laneBytes, readArray } from '../wire/little-endian.js';
import {
  malformed,
  takeBytes,
  WireReader,
  wireBytes,
  wireFixed32,
  wireFixed64,
  wireVarint,
} from '../wire/wire-reader.js';
import { ElementBudget, type DecodeOptions } from './decode-options.js';
import { readVarints } from './read-varints.js';
import { decodeStringContent } from './string-content.js';
import { valueFields } from './value-field.js';

/**
 * Reads a tensor straight from the bytes of a `tensorflow.TensorProto`, without a message object between.
 *
 * As `Tensor::FromProto` in `tensorflow/core/framework/tensor.cc` does: a non-empty `tensor_content` is the whole value
 * and must have the exact size; else the typed field of the dtype is used, its last value repeated to fill the shape,
 * zeros (empty strings) when it has none, and surplus values ignored. Values wrap to the width of the dtype. Values in
 * the field of another dtype count as absent.
 *
 * See {@link DecodeOptions.copy} for when the tensor shares memory with `bytes`.
 *
 * @throws TensorError INVALID_ARGUMENT: `MALFORMED_PROTO` (bytes that are no protobuf message), `UNKNOWN_DTYPE`,
 * `INVALID_SHAPE`, `CONTENT_SIZE_MISMATCH`, `TOO_MANY_ELEMENTS`; UNIMPLEMENTED `UNSUPPORTED_DTYPE` (resource, variant,
 * reference types)
 * @example
 * const tensor = decodeTensor(toBinary(TensorProtoSchema, proto));
 */
export function decodeTensor(bytes: Uint8Array, options?: DecodeOptions): Tensor {
  return decodeTensorRange(bytes, 0, bytes.length, new ElementBudget(options), options?.copy === true);
}

/** Reads a TensorProto from a range of a larger message. */
export function decodeTensorRange(
  bytes: Uint8Array,
  start: number,
  end: number,
  budget: ElementBudget,
  copy: boolean,
): Tensor {
  const reader = new WireReader(bytes, start, end);
  const shape: number[] = [];
  let dtype = 0;
  let contentStart = 0;
  let contentEnd = 0;
  while (reader.pos < end) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | wireVarint:
        dtype = reader.varint() | 0;
        break;
      case (2 << 3) | wireBytes:
        readShape(reader, shape);
        break;
      case (4 << 3) | wireBytes: {
        const length = reader.length();
        contentStart = reader.pos;
        contentEnd = reader.pos += length;
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  // The enum's own function knows how to say what is wrong.
  const info = dtypeInfoFromEnum(dtype) ?? dtypeInfo(dtypeFromEnum(dtype));
  const size = shapeSize(shape);
  if (size === 0) return new Tensor(info.dtype, shape, info.array === undefined ? [] : new info.array(0));
  budget.spend(shape, size, end - start);
  if (contentEnd > contentStart) {
    return new Tensor(info.dtype, shape, fromContent(info, shape, size, bytes, contentStart, contentEnd, copy));
  }
  reader.pos = start;
  const data = info.array === undefined ? readStrings(reader, size, copy) : readValues(reader, info, size, copy);
  return new Tensor(info.dtype, shape, data);
}

/** Appends the dimensions of a TensorShapeProto. `unknown_rank` has no meaning here, as upstream. */
function readShape(reader: WireReader, shape: number[]): void {
  const length = reader.length();
  const outer = reader.end;
  const end = (reader.end = reader.pos + length);
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag !== ((2 << 3) | wireBytes)) {
      reader.skip(tag);
      continue;
    }
    const dimLength = reader.length();
    const dimEnd = (reader.end = reader.pos + dimLength);
    let dim = 0;
    while (reader.pos < dimEnd) {
      const dimTag = reader.tag();
      if (dimTag === ((1 << 3) | wireVarint)) dim = reader.int64AsNumber();
      else reader.skip(dimTag);
    }
    shape.push(dim);
    reader.end = end;
  }
  reader.end = outer;
}

function fromContent(
  info: DTypeInfo,
  shape: readonly number[],
  size: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  copy: boolean,
): NumericData | Uint8Array[] {
  if (info.array === undefined) return decodeStringContent(bytes, start, end, size, copy);
  if (end - start !== size * info.bytes) throw contentSizeMismatch(info, shape, size, end - start);
  return readArray(info.array, bytes, start, size * info.lanes, copy);
}

/** The error of a `tensor_content` of the wrong size. */
export function contentSizeMismatch(info: DTypeInfo, shape: readonly number[], size: number, given: number): Error {
  return invalidArgument(
    'CONTENT_SIZE_MISMATCH',
    `Wrong size of tensor_content: expected ${size * info.bytes} bytes for ${info.dtype} ${formatShape(shape)}, ` +
      `given ${given}`,
  );
}

function readStrings(reader: WireReader, size: number, copy: boolean): Uint8Array[] {
  const { bytes, end } = reader;
  const field = (valueFields.string.number << 3) | wireBytes;
  const data: Uint8Array[] = [];
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag !== field) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const start = reader.pos;
    reader.pos += length;
    if (data.length < size) {
      data.push(takeBytes(bytes, start, reader.pos, copy));
    }
  }
  const last = data.at(-1) ?? new Uint8Array(0);
  while (data.length < size) data.push(last);
  return data;
}

/** Reads the typed field of a numeric dtype, from however many packed and unpacked records it is in. */
function readValues(reader: WireReader, info: DTypeInfo, size: number, copy: boolean): NumericData {
  const array = info.array!;
  const { number, encoding } = valueFields[info.dtype];
  const { bytes, end } = reader;
  const length = size * info.lanes;
  const width = laneBytes(info);
  const oneTag = (number << 3) | (encoding !== 'fixed' ? wireVarint : width === 4 ? wireFixed32 : wireFixed64);
  const packedTag = (number << 3) | wireBytes;
  let data: NumericData | undefined;
  let count = 0;
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === packedTag) {
      const byteLength = reader.length();
      const start = reader.pos;
      const recordEnd = start + byteLength;
      if (encoding === 'varint' || encoding === 'varint64') {
        data ??= new array(length);
        reader.end = recordEnd;
        count = readVarints(reader, info, data, count);
        reader.end = end;
      } else {
        // A raw field is no list: the last record replaces those before.
        if (encoding === 'raw') {
          data = undefined;
          count = 0;
        }
        if (byteLength % width !== 0)
          throw malformed(`packed list of ${byteLength} bytes for values of ${width}`, start);
        const take = Math.min(byteLength / width, length - count);
        // One record with all the values, the usual case, needs no array to collect them in.
        if (take === length) data = readArray(array, bytes, start, length, copy);
        else if (take > 0) copyInto((data ??= new array(length)), count, bytes, start, take);
        count += take;
      }
      reader.pos = recordEnd;
    } else if (tag === oneTag && encoding !== 'raw') {
      data ??= new array(length);
      if (encoding === 'fixed') {
        const start = reader.pos;
        reader.skip(tag);
        if (count < length) copyInto(data, count++, bytes, start, 1);
      } else {
        // One varint: a list that ends where the varint does.
        const start = reader.pos;
        reader.varint();
        reader.end = reader.pos;
        reader.pos = start;
        count = readVarints(reader, info, data, count);
        reader.end = end;
      }
    } else {
      reader.skip(tag);
    }
  }
  data ??= new array(length);
  if (count < length) fillRest(data, count, info.lanes);
  return data;
}

/** Repeats the last whole element up to the end; without one, the zeros stay. A half complex pair does not count. */
function fillRest(data: NumericData, count: number, lanes: number): void {
  const whole = count - (count % lanes);
  if (whole < count) data[whole] = 0;
  if (whole === 0) return;
  if (lanes === 1) {
    (data as Float32Array).fill((data as Float32Array)[whole - 1]!, whole);
    return;
  }
  for (let at = whole; at < data.length; at++) data[at] = data[at - lanes]!;
}
