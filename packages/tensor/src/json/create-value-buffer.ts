import type { DType } from '../dtype/dtype.js';
import { FloatBuffer } from './float-buffer.js';
import { BigIntegerBuffer, IntegerBuffer } from './integer-buffer.js';
import { BoolBuffer, EmptyBuffer, StringBuffer } from './other-buffers.js';
import type { ValueBuffer } from './value-buffer.js';

/** Storage for the values of one tensor; `capacity` is a first guess of how many they are. */
export function createValueBuffer(dtype: DType, capacity: number): ValueBuffer {
  switch (dtype) {
    case 'float32':
    case 'float64':
      return new FloatBuffer(dtype, capacity);
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint8':
    case 'uint32':
      return new IntegerBuffer(dtype, capacity);
    case 'int64':
    case 'uint64':
      return new BigIntegerBuffer(dtype, capacity);
    case 'bool':
      return new BoolBuffer(capacity);
    case 'string':
      return new StringBuffer();
    default:
      return new EmptyBuffer(dtype);
  }
}
