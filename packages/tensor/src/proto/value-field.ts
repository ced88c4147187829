import type { DType } from '../dtype/dtype.js';

/** How the values of a typed field of `TensorProto` look on the wire. */
export type ValueEncoding = 'fixed' | 'varint' | 'varint64' | 'bytes' | 'raw';

/** A typed value field of `tensorflow.TensorProto`. */
export interface ValueField {
  /** Field number in `tensorflow/core/framework/tensor.proto`. */
  readonly number: number;
  /** Name of the member of the generated message. */
  readonly member:
    | 'floatVal'
    | 'doubleVal'
    | 'intVal'
    | 'stringVal'
    | 'scomplexVal'
    | 'int64Val'
    | 'boolVal'
    | 'dcomplexVal'
    | 'halfVal'
    | 'uint32Val'
    | 'uint64Val'
    | 'float8Val';
  /** `fixed`: little-endian floats; `varint`: up to 32 bits; `bytes`: one record per string; `raw`: one bytes field. */
  readonly encoding: ValueEncoding;
}

const floatVal: ValueField = { number: 5, member: 'floatVal', encoding: 'fixed' };
const doubleVal: ValueField = { number: 6, member: 'doubleVal', encoding: 'fixed' };
const intVal: ValueField = { number: 7, member: 'intVal', encoding: 'varint' };
const stringVal: ValueField = { number: 8, member: 'stringVal', encoding: 'bytes' };
const scomplexVal: ValueField = { number: 9, member: 'scomplexVal', encoding: 'fixed' };
const int64Val: ValueField = { number: 10, member: 'int64Val', encoding: 'varint64' };
const boolVal: ValueField = { number: 11, member: 'boolVal', encoding: 'varint' };
const dcomplexVal: ValueField = { number: 12, member: 'dcomplexVal', encoding: 'fixed' };
const halfVal: ValueField = { number: 13, member: 'halfVal', encoding: 'varint' };
const uint32Val: ValueField = { number: 16, member: 'uint32Val', encoding: 'varint' };
const uint64Val: ValueField = { number: 17, member: 'uint64Val', encoding: 'varint64' };
const float8Val: ValueField = { number: 18, member: 'float8Val', encoding: 'raw' };

/** The field that holds the values of each dtype (`ProtoHelper` in `tensorflow/core/framework/tensor.cc`). */
export const valueFields: Readonly<Record<DType, ValueField>> = {
  float32: floatVal,
  float64: doubleVal,
  int32: intVal,
  uint8: intVal,
  int16: intVal,
  int8: intVal,
  string: stringVal,
  complex64: scomplexVal,
  int64: int64Val,
  bool: boolVal,
  qint8: intVal,
  quint8: intVal,
  qint32: intVal,
  bfloat16: halfVal,
  qint16: intVal,
  quint16: intVal,
  uint16: intVal,
  complex128: dcomplexVal,
  float16: halfVal,
  uint32: uint32Val,
  uint64: uint64Val,
  float8_e5m2: float8Val,
  float8_e4m3fn: float8Val,
  float8_e4m3fnuz: float8Val,
  float8_e4m3b11fnuz: float8Val,
  float8_e5m2fnuz: float8Val,
  int4: intVal,
  uint4: intVal,
  int2: intVal,
  uint2: intVal,
  float4_e2m1fn: float8Val,
};

/** Bits an integer of the sub-byte dtypes keeps in its byte of storage; 0 for all others. */
export function subByteBits(dtype: DType): 0 | 2 | 4 {
  if (dtype === 'int4' || dtype === 'uint4') return 4;
  return dtype === 'int2' || dtype === 'uint2' ? 2 : 0;
}
