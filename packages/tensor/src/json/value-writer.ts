import { dtypeInfo } from '../dtype/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { TensorError } from '../tensor-error.js';
import { encodeBase64 } from './base64.js';
import type { PrettyWriter } from './pretty-writer.js';
import { writeFloat } from './write-float.js';

/** Writes the element at an index of some tensor. */
export type ValueWriter = (writer: PrettyWriter, index: number) => void;

/**
 * What writes the elements of an output (`AddSingleValueAndAdvance` in util/json_tensor.cc). A dtype without a JSON form
 * is refused at its first element, so that an empty tensor passes.
 *
 * @param name - output alias; string outputs whose alias ends in `_bytes` are written as `{"b64": "…"}`
 */
export function valueWriter(name: string, output: Tensor): ValueWriter {
  if (output.is('float32') || output.is('float64')) {
    const data: Float32Array | Float64Array = output.data;
    const single = output.dtype === 'float32';
    return (writer, index) => {
      writer.prefix();
      writeFloat(writer.out, data[index]!, single);
    };
  }
  if (output.is('string')) {
    const { data } = output;
    if (name.endsWith('_bytes')) return (writer, index) => writeBase64Object(writer, data[index]!);
    return (writer, index) => writer.string(data[index]!);
  }
  if (output.is('bool')) {
    const { data } = output;
    return (writer, index) => writer.raw(data[index] === 0 ? 'false' : 'true');
  }
  switch (output.dtype) {
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint8':
    case 'uint32':
    case 'int64':
    case 'uint64': {
      const data = output.data as Int32Array | BigInt64Array;
      return (writer, index) => writer.raw(String(data[index]));
    }
    default:
      return () => {
        throw new TensorError(
          'INVALID_ARGUMENT',
          'UNSUPPORTED_DTYPE',
          `Failed to write JSON value for tensor type: ${dtypeInfo(output.dtype).typeName}`,
        );
      };
  }
}

function writeBase64Object(writer: PrettyWriter, value: Uint8Array): void {
  writer.startObject();
  writer.key('b64');
  writer.prefix();
  const { out } = writer;
  const bytes = out.reserve(2 + Math.ceil(value.length / 3) * 4);
  bytes[out.length++] = 0x22;
  out.length = encodeBase64(value, bytes, out.length);
  bytes[out.length++] = 0x22;
  writer.endObject();
}
