import type { DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** `onnx.TensorProto.DataType` numbers; quantised dtypes are stored as the integers they are. */
const numbers: Partial<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  quint8: 2,
  qint8: 3,
  quint16: 4,
  qint16: 5,
  qint32: 6,
};

/** @throws SavedModelError UNIMPLEMENTED for dtypes that ONNX has no word for */
export function onnxDataType(dtype: DType): number {
  const number = numbers[dtype];
  if (number === undefined) {
    throw new SavedModelError('UNIMPLEMENTED', 'UNSUPPORTED_DTYPE', `The engine has no tensors of dtype ${dtype}.`);
  }
  return number;
}
