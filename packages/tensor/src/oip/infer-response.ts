import { bfloat16ToFloat32, float16ToFloat32 } from '../dtype/half.js';
import { ByteWriter } from '../json/byte-writer.js';
import { encodeUtf8 } from '../json/json-text.js';
import { writeFloat } from '../json/write-float.js';
import { rawDataSize, writeRawData } from '../raw/raw-data.js';
import type { Tensor } from '../tensor/tensor.js';
import { TensorError } from '../tensor-error.js';
import { oipDatatype } from './datatype.js';
import type { OipInferResponse } from './infer-messages.js';

/** The body of an inference response, and how much of it is JSON. */
export interface OipResponseBody {
  readonly body: Uint8Array;
  /** The value of `Inference-Header-Content-Length`; absent when the body is all JSON. */
  readonly headerLength: number | undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Writes the body of an inference response of the Open Inference Protocol over REST: values in one list, row by row, or
 * as binary data behind the JSON. Numbers have the digits that read back as the same value; NaN and infinities are the
 * bare words `NaN`, `Infinity` and `-Infinity`, as in Predict answers.
 *
 * @param isBinary - whether an output is wanted as binary data
 * @throws TensorError INVALID_ARGUMENT for strings that are not UTF-8 and dtypes that JSON cannot hold, both of which can
 * be had as binary data
 */
export function formatOipInferResponse(
  response: OipInferResponse,
  isBinary: (name: string) => boolean = () => false,
): OipResponseBody {
  const { modelName, modelVersion, id, outputs } = response;
  const out = new ByteWriter();
  const text = (value: unknown): void => raw(out, encodeUtf8(JSON.stringify(value)));
  out.ascii('{"model_name":');
  text(modelName);
  out.ascii(',"model_version":');
  text(modelVersion);
  if (id !== undefined) {
    out.ascii(',"id":');
    text(id);
  }
  out.ascii(',"outputs":[');
  const binary: Tensor[] = [];
  let first = true;
  for (const [name, tensor] of outputs) {
    out.ascii(first ? '{"name":' : ',{"name":');
    first = false;
    text(name);
    out.ascii(`,"datatype":"${oipDatatype(tensor.dtype)}","shape":[${tensor.shape.join(',')}]`);
    if (isBinary(name)) {
      binary.push(tensor);
      out.ascii(`,"parameters":{"binary_data_size":${rawDataSize(tensor)}}}`);
    } else {
      out.ascii(',"data":[');
      writeValues(out, name, tensor);
      out.ascii(']}');
    }
  }
  out.ascii(']}');
  if (binary.length === 0) return { body: out.finish(), headerLength: undefined };
  const headerLength = out.length;
  const body = new Uint8Array(binary.reduce((size, tensor) => size + rawDataSize(tensor), headerLength));
  body.set(out.finish());
  let at = headerLength;
  for (const tensor of binary) at = writeRawData(body, at, tensor);
  return { body, headerLength };
}

function writeValues(out: ByteWriter, name: string, tensor: Tensor): void {
  const write = valueWriter(out, name, tensor);
  for (let index = 0; index < tensor.size; index++) {
    if (index > 0) out.byte(0x2c);
    write(index);
  }
}

function valueWriter(out: ByteWriter, name: string, tensor: Tensor): (index: number) => void {
  if (tensor.is('float32') || tensor.is('float64')) {
    const data: Float32Array | Float64Array = tensor.data;
    const single = tensor.dtype === 'float32';
    return (index) => writeFloat(out, data[index]!, single);
  }
  if (tensor.is('float16') || tensor.is('bfloat16')) {
    const data: Uint16Array = tensor.data;
    const widen = tensor.dtype === 'float16' ? float16ToFloat32 : bfloat16ToFloat32;
    return (index) => writeFloat(out, widen(data[index]!), true);
  }
  if (tensor.is('string')) {
    const { data } = tensor;
    return (index) => raw(out, encodeUtf8(JSON.stringify(textOf(data[index]!, name))));
  }
  if (tensor.is('bool')) {
    const { data } = tensor;
    return (index) => out.ascii(data[index] === 0 ? 'false' : 'true');
  }
  switch (tensor.dtype) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'uint64': {
      const data = tensor.data as Int32Array | BigInt64Array;
      return (index) => out.ascii(String(data[index]));
    }
    default:
      throw notJson(name, `values of ${oipDatatype(tensor.dtype)}`);
  }
}

function textOf(value: Uint8Array, name: string): string {
  try {
    return utf8.decode(value);
  } catch {
    throw notJson(name, 'bytes that are not UTF-8');
  }
}

function notJson(name: string, what: string): TensorError {
  return new TensorError(
    'INVALID_ARGUMENT',
    'NOT_JSON',
    `Output ${JSON.stringify(name)} has ${what}, which JSON cannot hold; ask for it with "binary_data": true`,
  );
}

function raw(out: ByteWriter, bytes: Uint8Array): void {
  out.reserve(bytes.length).set(bytes, out.length);
  out.length += bytes.length;
}
