import { gunzipSync, inflateSync } from 'node:zlib';
import { decodeTensor, dtypeInfo, encodeTensor, Tensor, TensorError, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { boundedBytes, byteKey, fromByteKey, mapStrings, stringsOf } from './byte-strings.js';
import { checkedSize, integerOf, invalidRequest, tensorOf } from './elements.js';
import { parseNumber, type ParsedDType } from './parse-number.js';

/** Bytes as storage of a dtype; numbers of several bytes are swapped when they are big-endian. */
function toStorage(bytes: Uint8Array<ArrayBuffer>, dtype: DType, littleEndian: boolean): unknown {
  const { array, bytes: width, lanes } = dtypeInfo(dtype);
  if (array === undefined) throw new RangeError(`${dtype} has no fixed size`);
  const unit = width / lanes;
  if (!littleEndian && unit > 1)
    for (let at = 0; at < bytes.length; at += unit) bytes.subarray(at, at + unit).reverse();
  return new array(bytes.buffer, 0, bytes.length / unit);
}

/** `DecodeRaw`: strings of one length to rows of numbers (tensorflow/core/kernels/decode_raw_op.cc). */
export function decodeRaw(input: Tensor, dtype: DType, littleEndian: boolean): Tensor {
  const strings = stringsOf(input);
  const width = dtypeInfo(dtype).bytes;
  if (strings.length === 0) return tensorOf(dtype, [...input.shape, 0], toStorage(new Uint8Array(0), dtype, true));
  const length = strings[0]?.length ?? 0;
  strings.forEach((bytes) => {
    if (bytes.length !== length) {
      throw invalidRequest(
        'LENGTHS_DIFFER',
        `DecodeRaw requires input strings to all be the same size, but element ${strings.indexOf(bytes)} has size ${length} != ${bytes.length}`,
      );
    }
  });
  if (length % width !== 0) {
    throw invalidRequest(
      'BAD_LENGTH',
      `Input to DecodeRaw has length ${length} that is not a multiple of ${width}, the size of ${dtypeInfo(dtype).typeName}`,
    );
  }
  const all = new Uint8Array(boundedBytes(length * strings.length));
  strings.forEach((bytes, i) => all.set(bytes, i * length));
  return tensorOf(dtype, [...input.shape, length / width], toStorage(all, dtype, littleEndian));
}

/** `DecodePaddedRaw`: strings cut or filled with zeros to a length. */
export function decodePaddedRaw(input: Tensor, fixedLength: Tensor, dtype: DType, littleEndian: boolean): Tensor {
  const strings = stringsOf(input);
  const width = dtypeInfo(dtype).bytes;
  const length = integerOf(fixedLength);
  if (fixedLength.rank !== 0) throw invalidRequest('NOT_A_SCALAR', 'k must be scalar');
  if (length <= 0) throw invalidRequest('BAD_LENGTH', `fixed_length (${length}) must be greater than zero.`);
  if (length % width !== 0) {
    throw invalidRequest(
      'BAD_LENGTH',
      `fixed_length (${length}) must be a multiple of the size of out_type (${width})`,
    );
  }
  const shape = [...input.shape, length / width];
  checkedSize(shape);
  const all = new Uint8Array(boundedBytes(length * strings.length));
  strings.forEach((bytes, i) => all.set(bytes.subarray(0, length), i * length));
  return tensorOf(dtype, shape, toStorage(all, dtype, littleEndian));
}

/** `EncodeBase64`: the web-safe alphabet. */
export function encodeBase64(input: Tensor, pad: boolean): Tensor<'string'> {
  return mapStrings(input, (bytes) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
    return fromByteKey(pad ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text);
  });
}

/** `DecodeBase64`: the web-safe alphabet, padded or not. */
export function decodeBase64(input: Tensor): Tensor<'string'> {
  return mapStrings(input, (bytes) => {
    const text = byteKey(bytes);
    const match = /^([A-Za-z0-9_-]*)(={0,2})$/.exec(text);
    const digits = match?.[1]?.length ?? 0;
    const padded = (match?.[2]?.length ?? 0) > 0;
    if (digits % 4 === 1) throw invalidRequest('BAD_BASE64', 'Base64 string length cannot be 1 modulo 4.');
    if (match === null || (padded && text.length % 4 !== 0)) {
      throw invalidRequest('BAD_BASE64', 'Invalid character found in base64.');
    }
    return Uint8Array.from(Buffer.from(match[1] ?? '', 'base64url'));
  });
}

/** `StringToNumber`. */
export function stringToNumber(input: Tensor, dtype: ParsedDType): Tensor {
  const values = stringsOf(input).map((bytes) => {
    const value = parseNumber(bytes, dtype);
    if (value === undefined) {
      throw invalidRequest(
        'NOT_A_NUMBER',
        `StringToNumberOp could not correctly convert string: ${byteKey(bytes.subarray(0, 200))}`,
      );
    }
    return value;
  });
  return tensorOf(dtype, input.shape, numbers(dtype, values));
}

/** Parsed numbers in the storage of their dtype. */
export function numbers(dtype: ParsedDType, values: readonly (number | bigint)[]): unknown {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values as number[]);
    case 'float64':
      return Float64Array.from(values as number[]);
    case 'int32':
      return Int32Array.from(values as number[]);
    case 'uint32':
      return Uint32Array.from(values as number[]);
    case 'int64':
      return BigInt64Array.from(values as bigint[]);
    case 'uint64':
      return BigUint64Array.from(values as bigint[]);
  }
}

/** Compressed bytes may not open to more than this. */
const MAX_INFLATED_BYTES = 2 ** 30;

/** `DecodeCompressed` of ZLIB or GZIP data; '' leaves it as it is. */
export function decodeCompressed(input: Tensor, kind: '' | 'ZLIB' | 'GZIP'): Tensor<'string'> {
  let total = 0;
  return mapStrings(input, (bytes) => {
    if (kind === '') return bytes;
    let opened: Uint8Array;
    try {
      const options = { maxOutputLength: MAX_INFLATED_BYTES };
      opened = Uint8Array.from(kind === 'ZLIB' ? inflateSync(bytes, options) : gunzipSync(bytes, options));
    } catch (cause) {
      const tooLarge = cause instanceof RangeError || (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
      throw new SavedModelError(
        tooLarge ? 'RESOURCE_EXHAUSTED' : 'DATA_LOSS',
        tooLarge ? 'RESULT_TOO_LARGE' : 'BAD_COMPRESSION',
        tooLarge ? `the data opens to more than ${MAX_INFLATED_BYTES} bytes` : `the data is not of the form ${kind}`,
        { cause },
      );
    }
    total = boundedBytes(total + opened.length);
    return opened;
  });
}

/** `ParseTensor`: a serialized TensorProto. */
export function parseTensor(input: Tensor, dtype: DType): Tensor {
  const [bytes] = stringsOf(input);
  if (input.rank !== 0 || bytes === undefined) {
    throw invalidRequest('NOT_A_SCALAR', `Expected 'serialized' to be a scalar, got shape: [${input.shape.join(',')}]`);
  }
  let tensor: Tensor;
  try {
    tensor = decodeTensor(bytes);
  } catch (cause) {
    if (!(cause instanceof TensorError)) throw cause;
    throw new SavedModelError('INVALID_ARGUMENT', 'BAD_TENSOR', `Could not parse the tensor: ${cause.message}`, {
      cause,
    });
  }
  if (tensor.dtype !== dtype) {
    throw invalidRequest(
      'TENSOR_DTYPE_MISMATCH',
      `Type mismatch between parsed tensor (${tensor.dtype}) and dtype (${dtype})`,
    );
  }
  return tensor;
}

/** `SerializeTensor`. */
export function serializeTensor(input: Tensor): Tensor<'string'> {
  return new Tensor('string', [], [encodeTensor(input, { content: true })]);
}
