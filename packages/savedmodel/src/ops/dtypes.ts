import type { DType } from '@servable/tensor';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';

export const FLOATS: readonly DType[] = ['float16', 'bfloat16', 'float32', 'float64'];
export const INTEGERS: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'];

export const isFloat = (dtype: DType): boolean => FLOATS.includes(dtype);
export const isUnsigned = (dtype: DType): boolean => dtype.startsWith('uint');
export const isInteger = (dtype: DType): boolean => INTEGERS.includes(dtype);

/**
 * The dtype to compute in where the engine has no kernel for `dtype`: half precision in float32 and small integers in
 * int32, as TensorFlow's own kernels do. Wrapping of the result is kept by casting back, uint64 shares int64's bits.
 */
export function computeDType(dtype: DType): DType {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return 'float32';
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'uint16':
      return 'int32';
    case 'uint32':
    case 'uint64':
      return 'int64';
    default:
      return dtype;
  }
}

/** Runs `compute` in {@link computeDType} and casts its result back to the dtype of the first input. */
export function inComputeDType(
  builder: Builder,
  inputs: readonly Value[],
  compute: (inputs: readonly Value[]) => Value,
  result: 'same' | 'asComputed' = 'same',
): Value {
  const first = inputs[0];
  if (first === undefined) throw new RangeError('no inputs');
  const dtype = computeDType(first.dtype);
  if (dtype === first.dtype) return compute(inputs);
  const value = compute(inputs.map((input) => (input.dtype === first.dtype ? builder.cast(input, dtype) : input)));
  return result === 'same' && value.dtype === dtype ? builder.cast(value, first.dtype) : value;
}

/**
 * {@link inComputeDType} for what goes by the order of numbers: bits of uint64 are taken for int64 in an order in which
 * 2^63 and more come last. `compute` must choose among its inputs.
 */
export function inOrderedDType(
  builder: Builder,
  inputs: readonly Value[],
  compute: (inputs: readonly Value[]) => Value,
  result: 'same' | 'asComputed' = 'same',
): Value {
  if (inputs[0]?.dtype !== 'uint64') return inComputeDType(builder, inputs, compute, result);
  const turned = (value: Value) => builder.emit('BitwiseXor', [value, builder.scalar('int64', -(2 ** 63))]);
  const chosen = compute(inputs.map((input) => turned(builder.cast(input, 'int64'))));
  return result === 'same' ? builder.cast(turned(chosen), 'uint64') : chosen;
}

/** The engine moves all dtypes about but bfloat16, which float32 holds exactly. */
export function viaFloat(builder: Builder, x: Value, move: (x: Value) => Value): Value {
  return x.dtype === 'bfloat16' ? builder.cast(move(builder.cast(x, 'float32')), 'bfloat16') : move(x);
}
