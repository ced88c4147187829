import { TensorError, invalidArgument } from '../tensor-error.js';

/**
 * The JavaScript storage of every dtype. The keys are the dtype names of Python's `tf.dtypes`.
 *
 * | dtype | one element is |
 * |---|---|
 * | `float16`, `bfloat16` | its 16-bit pattern (see `float16ToFloat32`, `bfloat16ToFloat32`) |
 * | `complex64`, `complex128` | two numbers, real part first |
 * | `bool` | a byte, 0 or 1 |
 * | `string` | a `Uint8Array` of any bytes |
 * | `int4`, `uint4`, `int2`, `uint2`, `float4_e2m1fn` | a byte of its own (never packed), value in the low bits |
 * | the `float8` kinds | its 8-bit pattern |
 */
export interface TensorDataMap {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  int16: Int16Array;
  int8: Int8Array;
  string: readonly Uint8Array[];
  complex64: Float32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
  qint8: Int8Array;
  quint8: Uint8Array;
  qint32: Int32Array;
  bfloat16: Uint16Array;
  qint16: Int16Array;
  quint16: Uint16Array;
  uint16: Uint16Array;
  complex128: Float64Array;
  float16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float8_e5m2: Uint8Array;
  float8_e4m3fn: Uint8Array;
  float8_e4m3fnuz: Uint8Array;
  float8_e4m3b11fnuz: Uint8Array;
  float8_e5m2fnuz: Uint8Array;
  int4: Uint8Array;
  uint4: Uint8Array;
  int2: Uint8Array;
  uint2: Uint8Array;
  float4_e2m1fn: Uint8Array;
}

/** Name of an element type, as in Python's `tf.dtypes`. */
export type DType = keyof TensorDataMap;

/** Any typed array a tensor can hold. */
export type NumericData = Exclude<TensorDataMap[DType], readonly Uint8Array[]>;

/** What makes a typed array of a dtype. */
export interface TypedArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): NumericData;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericData;
}

/** How the values of a dtype are understood. */
export type DTypeKind = 'float' | 'int' | 'bigint' | 'bool' | 'complex' | 'string' | 'bits';

/** The facts about one dtype. */
export interface DTypeInfo {
  readonly dtype: DType;
  /** Number in the `tensorflow.DataType` enum (`tensorflow/core/framework/types.proto`). */
  readonly enum: number;
  /** TensorFlow's own lower-case name (`DataTypeString` in `framework/types.cc`): `float`, `double`, `half`, … */
  readonly typeName: string;
  /** Bytes of one element; 0 for `string`. A complex element counts as a whole. */
  readonly bytes: number;
  /** Entries of the typed array that make one element: 2 for the complex dtypes, else 1. */
  readonly lanes: 1 | 2;
  readonly kind: DTypeKind;
  /** Typed array that stores it; `undefined` for `string`. */
  readonly array: TypedArrayConstructor | undefined;
  /** Least and greatest value of the integer dtypes. */
  readonly min: number | bigint | undefined;
  readonly max: number | bigint | undefined;
}

type Row = readonly [DType, number, string, DTypeKind, TypedArrayConstructor | undefined, bits?: number];

const rows: readonly Row[] = [
  ['float32', 1, 'float', 'float', Float32Array],
  ['float64', 2, 'double', 'float', Float64Array],
  ['int32', 3, 'int32', 'int', Int32Array, -32],
  ['uint8', 4, 'uint8', 'int', Uint8Array, 8],
  ['int16', 5, 'int16', 'int', Int16Array, -16],
  ['int8', 6, 'int8', 'int', Int8Array, -8],
  ['string', 7, 'string', 'string', undefined],
  ['complex64', 8, 'complex64', 'complex', Float32Array],
  ['int64', 9, 'int64', 'bigint', BigInt64Array, -64],
  ['bool', 10, 'bool', 'bool', Uint8Array],
  ['qint8', 11, 'qint8', 'int', Int8Array, -8],
  ['quint8', 12, 'quint8', 'int', Uint8Array, 8],
  ['qint32', 13, 'qint32', 'int', Int32Array, -32],
  ['bfloat16', 14, 'bfloat16', 'float', Uint16Array],
  ['qint16', 15, 'qint16', 'int', Int16Array, -16],
  ['quint16', 16, 'quint16', 'int', Uint16Array, 16],
  ['uint16', 17, 'uint16', 'int', Uint16Array, 16],
  ['complex128', 18, 'complex128', 'complex', Float64Array],
  ['float16', 19, 'half', 'float', Uint16Array],
  ['uint32', 22, 'uint32', 'int', Uint32Array, 32],
  ['uint64', 23, 'uint64', 'bigint', BigUint64Array, 64],
  ['float8_e5m2', 24, 'float8_e5m2', 'bits', Uint8Array],
  ['float8_e4m3fn', 25, 'float8_e4m3fn', 'bits', Uint8Array],
  ['float8_e4m3fnuz', 26, 'float8_e4m3fnuz', 'bits', Uint8Array],
  ['float8_e4m3b11fnuz', 27, 'float8_e4m3b11fnuz', 'bits', Uint8Array],
  ['float8_e5m2fnuz', 28, 'float8_e5m2fnuz', 'bits', Uint8Array],
  ['int4', 29, 'int4', 'int', Uint8Array, -4],
  ['uint4', 30, 'uint4', 'int', Uint8Array, 4],
  ['int2', 31, 'int2', 'int', Uint8Array, -2],
  ['uint2', 32, 'uint2', 'int', Uint8Array, 2],
  ['float4_e2m1fn', 33, 'float4_e2m1fn', 'bits', Uint8Array],
];

/** `bits` < 0 means signed. */
function limits(kind: DTypeKind, bits: number | undefined): { min?: number | bigint; max?: number | bigint } {
  if (bits === undefined) return {};
  const width = BigInt(Math.abs(bits));
  const min = bits < 0 ? -(1n << (width - 1n)) : 0n;
  const max = bits < 0 ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
  return kind === 'bigint' ? { min, max } : { min: Number(min), max: Number(max) };
}

const byName: Record<string, DTypeInfo> = Object.create(null) as Record<string, DTypeInfo>;
const byEnum: (DTypeInfo | undefined)[] = [];
for (const [dtype, number, typeName, kind, array, bits] of rows) {
  const lanes = kind === 'complex' ? 2 : 1;
  const { min, max } = limits(kind, bits);
  const bytes = (array?.BYTES_PER_ELEMENT ?? 0) * lanes;
  const info: DTypeInfo = Object.freeze({ dtype, enum: number, typeName, bytes, lanes, kind, array, min, max });
  byName[dtype] = info;
  byEnum[number] = info;
}

/** Every dtype a tensor can have, in the order of the `DataType` enum. */
export const dtypes: readonly DType[] = rows.map(([dtype]) => dtype);

/** Whether a string names a dtype. */
export function isDType(name: unknown): name is DType {
  return typeof name === 'string' && byName[name] !== undefined;
}

/**
 * The facts about a dtype.
 *
 * @throws TensorError INVALID_ARGUMENT `UNKNOWN_DTYPE` when the name is not one of {@link dtypes}
 */
export function dtypeInfo(dtype: DType): DTypeInfo {
  const info = byName[dtype];
  if (info === undefined) {
    throw invalidArgument(
      'UNKNOWN_DTYPE',
      `Unknown dtype: expected one of ${dtypes.join(', ')}, given ${String(dtype)}`,
    );
  }
  return info;
}

/** The facts about the dtype with this `DataType` number, or `undefined` when no tensor can have it. */
export function dtypeInfoFromEnum(number: number): DTypeInfo | undefined {
  return byEnum[number];
}

/**
 * The dtype with this number in `tensorflow.DataType`.
 *
 * @throws TensorError UNIMPLEMENTED `UNSUPPORTED_DTYPE` for `resource`, `variant` and the reference types (over 100),
 * which have no values outside a graph; INVALID_ARGUMENT `UNKNOWN_DTYPE` for 0 and numbers that are not in the enum
 */
export function dtypeFromEnum(number: number): DType {
  const info = byEnum[number];
  if (info !== undefined) return info.dtype;
  const name = dataTypeName(number);
  if (name === undefined || name === 'invalid') {
    throw invalidArgument('UNKNOWN_DTYPE', `Unknown dtype: expected a number of tensorflow.DataType, given ${number}`);
  }
  throw new TensorError(
    'UNIMPLEMENTED',
    'UNSUPPORTED_DTYPE',
    `Unsupported dtype: expected one with values of its own, given ${name} (${number})`,
  );
}

/**
 * TensorFlow's lower-case name of a `DataType` number (`DataTypeString` in `tensorflow/core/framework/types.cc`),
 * including `resource`, `variant`, `invalid` and reference types (`float_ref`); `undefined` when there is none.
 */
export function dataTypeName(number: number): string | undefined {
  if (number > 100 && number < 200) {
    const base = dataTypeName(number - 100);
    return base === undefined || base === 'invalid' ? undefined : `${base}_ref`;
  }
  if (number === 0) return 'invalid';
  if (number === 20) return 'resource';
  if (number === 21) return 'variant';
  return byEnum[number]?.typeName;
}
