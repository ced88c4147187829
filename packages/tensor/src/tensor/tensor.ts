import { dtypeInfo, type DType, type NumericData, type TensorDataMap } from '../dtype/dtype.js';
import { invalidArgument } from '../tensor-error.js';
import { decodeText, elementReader, nest, type NestedValues } from './nested.js';
import { formatShape, shapeSize } from './shape.js';

/**
 * An n-dimensional array of one dtype: row-major values in a typed array (see {@link TensorDataMap}), strings as bytes.
 *
 * The data is kept by reference, never copied: whoever changes the array afterwards changes the tensor.
 *
 * @example
 * const image = new Tensor('float32', [1, 28, 28], new Float32Array(784));
 * image.reshape([1, 784]).rank; // 2
 */
export class Tensor<D extends DType = DType> {
  readonly dtype: D;
  /** Dimensions, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Row-major storage; complex values take two entries each. */
  readonly data: TensorDataMap[D];
  /** Number of elements (1 for a scalar, 0 if any dimension is 0). */
  readonly size: number;

  /**
   * @param data - storage of exactly as many elements as the shape has, kept by reference
   * @throws TensorError INVALID_ARGUMENT: `UNKNOWN_DTYPE`, `INVALID_SHAPE` (negative, fractional or too many elements),
   * `DATA_TYPE_MISMATCH` (storage of another class), `SIZE_MISMATCH` (too few or too many values)
   */
  constructor(dtype: D, shape: readonly number[], data: TensorDataMap[D]) {
    const info = dtypeInfo(dtype);
    const size = shapeSize(shape);
    if (info.array === undefined) checkStrings(data);
    else if (!(data instanceof info.array) && tagOf(data) !== info.array.name) {
      throw invalidArgument(
        'DATA_TYPE_MISMATCH',
        `Wrong data for dtype ${dtype}: expected ${info.array.name}, given ${describe(data)}`,
      );
    }
    const length = (data as ArrayLike<unknown>).length;
    if (length !== size * info.lanes) {
      const unit = info.lanes === 2 ? 'values (two per element)' : 'values';
      throw invalidArgument(
        'SIZE_MISMATCH',
        `Wrong data size: expected ${size * info.lanes} ${unit} for shape ${formatShape(shape)}, given ${length}`,
      );
    }
    this.dtype = dtype;
    this.shape = shape.slice();
    this.data = data;
    this.size = size;
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** Bytes of all values; for strings the sum of their lengths. */
  get byteLength(): number {
    const data: TensorDataMap[DType] = this.data;
    if (!isStringData(data)) return data.byteLength;
    let bytes = 0;
    for (const value of data) bytes += value.length;
    return bytes;
  }

  /** Whether the tensor has this dtype; narrows the type of `data`. */
  is<E extends DType>(dtype: E): this is Tensor<E> {
    const own: DType = this.dtype;
    return own === dtype;
  }

  /**
   * The same data under another shape. One dimension may be -1 and is worked out.
   *
   * @throws TensorError INVALID_ARGUMENT `SIZE_MISMATCH` when the number of elements differs, `INVALID_SHAPE` when the -1
   * cannot be worked out
   */
  reshape(shape: readonly number[]): Tensor<D> {
    const axis = shape.indexOf(-1);
    if (axis < 0) return new Tensor(this.dtype, shape, this.data);
    const rest = shapeSize([...shape.slice(0, axis), ...shape.slice(axis + 1)]);
    if (rest === 0 || this.size % rest !== 0) {
      throw invalidArgument(
        'INVALID_SHAPE',
        `Cannot work out the -1: expected a shape that divides ${this.size} elements, given ${formatShape(shape)}`,
      );
    }
    return new Tensor(this.dtype, shape.with(axis, this.size / rest), this.data);
  }

  /**
   * Arrays nested to the rank of the tensor, or the bare value of a scalar. float16 and bfloat16 come as numbers, 64-bit
   * integers as bigint, bools as booleans, strings as UTF-8 text (invalid bytes become U+FFFD), complex values as
   * `[re, im]`, the float8 and float4 kinds as bit patterns.
   */
  toArray(): NestedValues {
    return nest(this.shape, elementReader(dtypeInfo(this.dtype), this.data));
  }

  /**
   * The elements of a string tensor as UTF-8 text, flat, in row-major order.
   *
   * @throws TensorError INVALID_ARGUMENT `DTYPE_MISMATCH` when the dtype is not `string`
   */
  text(): string[] {
    const data: TensorDataMap[DType] = this.data;
    if (!isStringData(data)) {
      throw invalidArgument('DTYPE_MISMATCH', `text() needs a tensor of dtype string, given ${this.dtype}`);
    }
    return data.map(decodeText);
  }
}

/** Tells the storage of string tensors from typed arrays. */
export function isStringData(data: TensorDataMap[DType]): data is readonly Uint8Array[] {
  return Array.isArray(data);
}

/** `Symbol.toStringTag` names the class of typed arrays from other realms, where `instanceof` fails. */
function tagOf(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? (value as NumericData)[Symbol.toStringTag] : undefined;
}

/** Names the class of a value for messages. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return tagOf(value) ?? (typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value);
}

function checkStrings(data: unknown): asserts data is readonly Uint8Array[] {
  if (!Array.isArray(data)) {
    throw invalidArgument(
      'DATA_TYPE_MISMATCH',
      `Wrong data for dtype string: expected an array of Uint8Array, given ${describe(data)}`,
    );
  }
  for (let index = 0; index < data.length; index++) {
    const value: unknown = data[index];
    if (!(value instanceof Uint8Array) && tagOf(value) !== 'Uint8Array') {
      throw invalidArgument(
        'DATA_TYPE_MISMATCH',
        `Wrong data for dtype string: expected Uint8Array at index ${index}, given ${describe(value)}`,
      );
    }
  }
}
