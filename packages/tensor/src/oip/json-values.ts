import { dtypeInfo, type DType } from '../dtype/dtype.js';
import { float32ToBfloat16, float32ToFloat16 } from '../dtype/half.js';
import { denseShape, fillChecked } from '../json/checked-values.js';
import { createValueBuffer } from '../json/create-value-buffer.js';
import { DenseReader } from '../json/dense-reader.js';
import type { JsonCursor } from '../json/json-cursor.js';
import type { Scanner } from '../json/value-buffer.js';
import { invalidArgument, TensorError } from '../tensor-error.js';
import { formatShape, shapeSize } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { oipDatatype } from './datatype.js';

/** Dtypes whose values are read as another one, and then narrowed. */
const wider: Partial<Record<DType, DType>> = {
  int8: 'int32',
  int16: 'int32',
  uint8: 'int32',
  uint16: 'int32',
  float16: 'float32',
  bfloat16: 'float32',
};

const readable: ReadonlySet<DType> = new Set<DType>([
  ...(['bool', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64', 'string'] as const),
  ...(Object.keys(wider) as DType[]),
]);

/** Reads the `data` of inputs of one JSON text: numbers go from the bytes straight into typed arrays. */
export class JsonValues {
  readonly #scanner: Scanner;
  readonly #dense = new DenseReader();

  /** @param root - an object */
  constructor({ document }: JsonCursor) {
    const bytes = document.bytes.subarray(0, document.endOf(0));
    this.#scanner = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0, lists: 0 };
  }

  /**
   * The tensor that `data` holds: all its values in one list, or lists nested to its shape.
   *
   * @throws TensorError INVALID_ARGUMENT for values of another type or number; UNIMPLEMENTED for dtypes without a JSON form
   */
  read(data: JsonCursor, dtype: DType, shape: readonly number[]): Tensor {
    if (!readable.has(dtype)) {
      throw new TensorError(
        'UNIMPLEMENTED',
        'UNSUPPORTED_DTYPE',
        `Values of ${oipDatatype(dtype)} have no JSON form; send them as binary data`,
      );
    }
    const size = shapeSize(shape);
    const scanner = this.#scanner;
    // A value takes two bytes at least, so that a shape alone makes no room.
    const capacity = Math.min(size, Math.ceil((scanner.bytes.length - data.at) / 2));
    const buffer = createValueBuffer(wider[dtype] ?? dtype, capacity);
    scanner.at = data.at;
    let given: readonly number[];
    if (this.#dense.read(scanner, buffer)) given = this.#dense.shape;
    else {
      buffer.truncate(0);
      given = denseShape(data);
      fillChecked(data, given, { typeName: oipDatatype(dtype) }, buffer);
    }
    const isFlat = given.length === 1 && given[0] === size;
    if (!isFlat && (given.length !== shape.length || given.some((dim, axis) => dim !== shape[axis]))) {
      throw invalidArgument(
        'DATA_SHAPE_MISMATCH',
        `Wrong number of values: expected a list of ${size}, or lists nested to ${formatShape(shape)}, given ` +
          formatShape(given),
      );
    }
    return narrow(dtype, shape, new Tensor(wider[dtype] ?? dtype, [size], buffer.take(size)));
  }
}

function narrow(dtype: DType, shape: readonly number[], read: Tensor): Tensor {
  if (read.dtype === dtype) return read.reshape(shape);
  const values = read.data as Float32Array | Int32Array;
  if (dtype === 'float16') return new Tensor(dtype, shape, Uint16Array.from(values, float32ToFloat16));
  if (dtype === 'bfloat16') return new Tensor(dtype, shape, Uint16Array.from(values, float32ToBfloat16));
  const { array, min, max } = dtypeInfo(dtype);
  const data = new array!(values.length) as Int8Array;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (value < (min as number) || value > (max as number)) {
      throw invalidArgument(
        'VALUE_OUT_OF_RANGE',
        `Value out of range: expected ${min} to ${max} for ${oipDatatype(dtype)}, given ${value}`,
      );
    }
    data[k] = value;
  }
  return new Tensor(dtype, shape, data as never);
}
