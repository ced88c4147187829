import { dtypeInfo, type DType, type DTypeInfo, type NumericData, type TensorDataMap } from '../dtype/dtype.js';
import { invalidArgument } from '../tensor-error.js';
import { elementWriter, stringWriter, type ElementWriter } from './coerce.js';
import { formatShape, maxRank, shapeSize } from './shape.js';
import { Tensor } from './tensor.js';

/** What {@link tensor} takes: a scalar, a typed array, or arrays nested to any depth, typed arrays as innermost rows. */
export type TensorValues =
  number | bigint | boolean | string | NumericData | Uint8ClampedArray | readonly TensorValues[];

/** Values that can become a tensor, or one already. */
export type TensorLike = Tensor | TensorValues;

/** dtype of the typed array classes when none is asked for. */
const dtypeOfArray: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int32Array: 'int32',
  Int16Array: 'int16',
  Int8Array: 'int8',
  Uint32Array: 'uint32',
  Uint16Array: 'uint16',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  BigInt64Array: 'int64',
  BigUint64Array: 'uint64',
  Float16Array: 'float16',
};

/**
 * Makes a tensor of values.
 *
 * Without a dtype: numbers make float32, bigints int64, booleans bool, strings string, typed arrays the dtype of their
 * class (a `Uint8Array` uint8, never a string), and empty arrays float32. With one, every value is checked: integers must
 * be whole and in range, bools booleans, 64-bit integers bigints or safe integers, complex values pairs `[re, im]`.
 * For dtype `string` a `Uint8Array` is one element.
 *
 * A single typed array of the dtype's storage class (see `TensorDataMap`; for float16 and bfloat16 that is a
 * `Uint16Array` of bit patterns) is kept by reference; everything else is copied.
 *
 * @param shape - shape of the result, row-major; one dimension may be -1. By default the shape of the nesting
 * @throws TensorError INVALID_ARGUMENT: `RAGGED_VALUES`, `VALUE_MISMATCH` (wrong type or out of range, with the position),
 * `UNKNOWN_DTYPE`, `INVALID_SHAPE`, `SIZE_MISMATCH`
 * @example
 * tensor([[1, 2], [3, 4]]); // float32 [2,2]
 * tensor([1, 2, 3], 'int64'); // BigInt64Array
 * tensor(new Float32Array(784), 'float32', [1, 28, 28]);
 */
export function tensor<D extends DType>(values: TensorValues, dtype: D, shape?: readonly number[]): Tensor<D>;
export function tensor(values: TensorValues, dtype?: DType, shape?: readonly number[]): Tensor;
export function tensor(values: TensorValues, dtype?: DType, shape?: readonly number[]): Tensor {
  const info = dtypeInfo(dtype ?? inferDType(values));
  const stored = asStorage(values, info);
  if (stored !== undefined) {
    const flat = new Tensor(info.dtype, [stored.length / info.lanes], stored);
    return shape === undefined ? flat : flat.reshape(shape);
  }
  const built = fromNested(values, info);
  return shape === undefined ? built : built.reshape(shape);
}

/**
 * Makes a string tensor of flat values in row-major order; text becomes UTF-8.
 *
 * @throws TensorError INVALID_ARGUMENT `SIZE_MISMATCH`, `INVALID_SHAPE` or `VALUE_MISMATCH`
 * @example
 * stringTensor([2], ['cat', new Uint8Array([0xff, 0xd8])]);
 */
export function stringTensor(shape: readonly number[], values: readonly (string | Uint8Array)[]): Tensor<'string'> {
  const data: Uint8Array[] = [];
  const write = stringWriter(data);
  for (let index = 0; index < values.length; index++) {
    const expected = write(index, values[index]);
    if (expected !== undefined) throw valueMismatch('string', [values.length], index, expected, values[index]);
  }
  return new Tensor('string', shape, data);
}

function isRow(value: unknown, info: DTypeInfo | undefined): value is ArrayLike<unknown> {
  if (Array.isArray(value)) return true;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return false;
  return !(info?.kind === 'string' && value instanceof Uint8Array);
}

function inferDType(values: TensorValues): DType {
  let leaf: unknown = values;
  for (let depth = 0; Array.isArray(leaf) && depth <= maxRank; depth++) leaf = firstOf(leaf);
  if (ArrayBuffer.isView(leaf)) {
    const known = dtypeOfArray[(leaf as NumericData)[Symbol.toStringTag]];
    if (known !== undefined) return known;
  }
  switch (typeof leaf) {
    case 'bigint':
      return 'int64';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'undefined':
      if (Array.isArray(values)) return 'float32';
      break;
    case 'number':
      return 'float32';
    default:
  }
  throw invalidArgument(
    'VALUE_MISMATCH',
    `Cannot infer a dtype: expected numbers, bigints, booleans, strings or typed arrays, given ${describe(leaf)}`,
  );
}

/** First item that has a leaf; an empty row says nothing about the dtype. */
function firstOf(row: readonly unknown[]): unknown {
  for (const item of row) if (!Array.isArray(item) || item.length > 0) return item;
  return row[0];
}

/** The typed array itself when it can serve as the tensor's storage without conversion. */
function asStorage(values: TensorValues, info: DTypeInfo): TensorDataMap[DType] | undefined {
  if (info.array === undefined || !ArrayBuffer.isView(values)) return undefined;
  const tag = values[Symbol.toStringTag] as string;
  const { buffer, byteOffset, length } = values;
  if (tag === 'Float16Array' && info.dtype === 'float16') return new Uint16Array(buffer, byteOffset, length);
  if (tag === 'Uint8ClampedArray' && info.dtype === 'uint8') return new Uint8Array(buffer, byteOffset, length);
  if (tag !== info.array.name) return undefined;
  if (info.kind === 'complex' && length % 2 !== 0) {
    throw invalidArgument(
      'SIZE_MISMATCH',
      `Wrong data size: expected pairs of real and imaginary part, given ${length} values`,
    );
  }
  if (
    info.kind === 'bool' ||
    info.dtype === 'float4_e2m1fn' ||
    info.dtype.endsWith('int4') ||
    info.dtype.endsWith('int2')
  ) {
    const max = info.kind === 'bool' ? 1 : info.dtype.endsWith('int2') ? 3 : 15;
    const wrong = (values as Uint8Array).findIndex((byte) => byte > max);
    if (wrong >= 0) throw valueMismatch(info.dtype, [length], wrong, `a byte from 0 to ${max}`, values[wrong]);
  }
  return values as NumericData;
}

function fromNested(values: TensorValues, info: DTypeInfo): Tensor {
  const shape = nestingShape(values, info);
  const size = shapeSize(shape);
  checkNesting(values, shape, info);
  const strings: Uint8Array[] = [];
  const data = info.array === undefined ? strings : new info.array(size * info.lanes);
  const write = info.array === undefined ? stringWriter(strings) : elementWriter(info, data as NumericData);
  fill(values, shape, info, write);
  return new Tensor(info.dtype, shape, data);
}

/** The shape that the first item of every level announces. */
function nestingShape(values: unknown, info: DTypeInfo): number[] {
  const shape: number[] = [];
  let level: unknown = values;
  while (isRow(level, info)) {
    if (shape.length > maxRank) {
      throw invalidArgument('INVALID_SHAPE', `Values are nested too deep: expected at most ${maxRank} levels`);
    }
    shape.push(level.length);
    level = level[0];
  }
  // The pairs of a complex dtype are elements, not an axis.
  if (info.kind === 'complex' && shape.at(-1) === 2) shape.pop();
  return shape;
}

/** Refuses ragged nesting before anything is allocated for it. */
function checkNesting(values: unknown, shape: readonly number[], info: DTypeInfo): void {
  const position: number[] = [];
  const visit = (value: unknown, axis: number): void => {
    if (axis === shape.length) return;
    const expected = shape[axis]!;
    if (!isRow(value, info) || value.length !== expected) {
      const given = isRow(value, info) ? `${value.length} values` : describe(value);
      throw invalidArgument(
        'RAGGED_VALUES',
        `Ragged values: expected a list of ${expected} values at ${place(position)}, given ${given}`,
      );
    }
    if (axis === shape.length - 1) return;
    for (let index = 0; index < expected; index++) {
      position.push(index);
      visit(value[index], axis + 1);
      position.pop();
    }
  };
  visit(values, 0);
}

function fill(values: unknown, shape: readonly number[], info: DTypeInfo, write: ElementWriter): void {
  let next = 0;
  const put = (value: unknown): void => {
    const expected = write(next, value);
    if (expected !== undefined) throw valueMismatch(info.dtype, shape, next, expected, value);
    next++;
  };
  const visit = (level: unknown, axis: number): void => {
    if (axis === shape.length) return put(level);
    const row = level as ArrayLike<unknown>;
    if (axis === shape.length - 1) for (let index = 0; index < row.length; index++) put(row[index]);
    else for (let index = 0; index < row.length; index++) visit(row[index], axis + 1);
  };
  visit(values, 0);
}

function valueMismatch(dtype: DType, shape: readonly number[], flatIndex: number, expected: string, value: unknown) {
  const position: number[] = [];
  let rest = flatIndex;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  const where = position.length === 0 ? 'the scalar' : place(position);
  return invalidArgument(
    'VALUE_MISMATCH',
    `Wrong value for dtype ${dtype} at ${where}${shape.length > 1 ? ` of shape ${formatShape(shape)}` : ''}: ` +
      `expected ${expected}, given ${describe(value)}`,
  );
}

/** `[0][2]`, or `the outermost level`. */
function place(position: readonly number[]): string {
  return position.length === 0 ? 'the outermost level' : position.map((index) => `[${index}]`).join('');
}

/** A value for messages: short, and with its type. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (ArrayBuffer.isView(value)) return value.constructor.name;
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'bigint':
      return `bigint ${value}`;
    case 'number':
    case 'boolean':
      return `${typeof value} ${value}`;
    case 'object':
      return value.constructor?.name ?? 'object';
    default:
      return typeof value;
  }
}
