import type { DType } from '@servable/tensor';

/** `ONNXTensorElementDataType` of the dtypes whose elements both sides store alike. */
const types: readonly (readonly [DType, number])[] = [
  ['float32', 1],
  ['uint8', 2],
  ['int8', 3],
  ['uint16', 4],
  ['int16', 5],
  ['int32', 6],
  ['int64', 7],
  ['string', 8],
  ['bool', 9],
  ['float16', 10],
  ['float64', 11],
  ['uint32', 12],
  ['uint64', 13],
  ['bfloat16', 16],
  ['float8_e4m3fn', 17],
  ['float8_e4m3fnuz', 18],
  ['float8_e5m2', 19],
  ['float8_e5m2fnuz', 20],
];

/** The quantized dtypes are integers to the engine. */
const aliases: readonly (readonly [DType, DType])[] = [
  ['qint8', 'int8'],
  ['quint8', 'uint8'],
  ['qint16', 'int16'],
  ['quint16', 'uint16'],
  ['qint32', 'int32'],
];

const toOrt = new Map<DType, number>(types);
const fromOrt: (DType | undefined)[] = [];
for (const [dtype, number] of types) fromOrt[number] = dtype;
const engineDTypes = new Map<DType, DType>(types.map(([dtype]) => [dtype, dtype]));
for (const [dtype, stored] of aliases) {
  toOrt.set(dtype, toOrt.get(stored) ?? 0);
  engineDTypes.set(dtype, stored);
}

/** Names of element types that the engine has and this package does not pass on. */
const otherNames: Readonly<Record<number, string>> = {
  14: 'complex64',
  15: 'complex128',
  21: 'uint4',
  22: 'int4',
  23: 'float4_e2m1',
};

/** The engine's number of a dtype; `undefined` when it has no tensors of it (complex and packed dtypes). */
export function elementType(dtype: DType): number | undefined {
  return toOrt.get(dtype);
}

/** The dtype that the engine stores a dtype as: itself, or the integer below a quantized one. */
export function engineDType(dtype: DType): DType | undefined {
  return engineDTypes.get(dtype);
}

/** The dtype of an engine's number, or `undefined`. */
export function dtypeOfElementType(number: number): DType | undefined {
  return fromOrt[number];
}

/** Names an element type for messages. */
export function elementTypeName(number: number): string {
  return fromOrt[number] ?? otherNames[number] ?? `element type ${number}`;
}
