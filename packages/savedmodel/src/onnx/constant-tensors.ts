import { float32ToBfloat16, float32ToFloat16, Tensor, type DType } from '@servable/tensor';

/** A scalar of any numeric dtype that constants are made of. */
export function scalarTensor(dtype: DType, value: number): Tensor {
  switch (dtype) {
    case 'float32':
      return new Tensor('float32', [], Float32Array.of(value));
    case 'float64':
      return new Tensor('float64', [], Float64Array.of(value));
    case 'int32':
      return new Tensor('int32', [], Int32Array.of(value));
    case 'int64':
      return new Tensor('int64', [], BigInt64Array.of(BigInt(value)));
    case 'uint8':
      return new Tensor('uint8', [], Uint8Array.of(value));
    case 'int8':
      return new Tensor('int8', [], Int8Array.of(value));
    case 'int16':
      return new Tensor('int16', [], Int16Array.of(value));
    case 'uint16':
      return new Tensor('uint16', [], Uint16Array.of(value));
    case 'uint32':
      return new Tensor('uint32', [], Uint32Array.of(value));
    case 'uint64':
      return new Tensor('uint64', [], BigUint64Array.of(BigInt(value)));
    case 'bool':
      return new Tensor('bool', [], Uint8Array.of(value ? 1 : 0));
    case 'float16':
      return new Tensor('float16', [], Uint16Array.of(float32ToFloat16(value)));
    case 'bfloat16':
      return new Tensor('bfloat16', [], Uint16Array.of(float32ToBfloat16(value)));
    default:
      throw new RangeError(`no scalar constants of dtype ${dtype}`);
  }
}

/** A vector whose elements are made as {@link scalarTensor} makes them. */
export function vectorTensor(dtype: DType, values: readonly number[]): Tensor {
  const parts = values.map((value) => scalarTensor(dtype, value).data as Float32Array);
  const empty = scalarTensor(dtype, 0).data as Float32Array;
  const data = new (empty.constructor as Float32ArrayConstructor)(values.length);
  parts.forEach((part, i) => (data[i] = part[0] as number));
  return new Tensor(dtype, [values.length], data as never);
}

/** An integer scalar or vector. */
export function integerTensor(dtype: 'int64' | 'int32', rank: number, elements: readonly number[]): Tensor {
  const shape = rank === 0 ? [] : [elements.length];
  return dtype === 'int64'
    ? new Tensor('int64', shape, BigInt64Array.from(elements, BigInt))
    : new Tensor('int32', shape, Int32Array.from(elements));
}
