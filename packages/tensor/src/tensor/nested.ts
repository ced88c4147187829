import { bfloat16ToFloat32, float16ToFloat32 } from '../dtype/half.js';
import type { DTypeInfo, NumericData, TensorDataMap, DType } from '../dtype/dtype.js';

/** One value as `toArray` gives it: a complex one is its pair of real and imaginary part. */
export type TensorScalar = number | bigint | boolean | string | readonly [re: number, im: number];

/** Values nested to the rank of the tensor; rank 0 is the bare scalar. */
export type NestedValues = TensorScalar | readonly NestedValues[];

const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 text of the bytes of one string element; invalid sequences become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/** Reads element `index` of a tensor's storage as a JavaScript value. */
export type ElementReader = (index: number) => TensorScalar;

/** The reader for the dtype: halves become numbers, bools booleans, strings UTF-8 text, sub-byte integers their value. */
export function elementReader(info: DTypeInfo, data: TensorDataMap[DType]): ElementReader {
  if (info.kind === 'string') return (index) => decodeText((data as readonly Uint8Array[])[index]!);
  const values = data as NumericData;
  if (info.kind === 'bool') return (index) => values[index] !== 0;
  if (info.kind === 'complex') return (index) => [values[index * 2] as number, values[index * 2 + 1] as number];
  switch (info.dtype) {
    case 'float16':
      return (index) => float16ToFloat32(values[index] as number);
    case 'bfloat16':
      return (index) => bfloat16ToFloat32(values[index] as number);
    case 'int4':
      return (index) => ((values[index] as number) << 28) >> 28;
    case 'int2':
      return (index) => ((values[index] as number) << 30) >> 30;
    case 'uint4':
      return (index) => (values[index] as number) & 15;
    case 'uint2':
      return (index) => (values[index] as number) & 3;
    default:
      return (index) => values[index]!;
  }
}

/** Arranges the elements in row-major order into arrays nested to the rank of `shape`. */
export function nest(shape: readonly number[], read: ElementReader): NestedValues {
  let next = 0;
  const level = (axis: number): NestedValues => {
    if (axis === shape.length) return read(next++);
    return Array.from({ length: shape[axis]! }, () => level(axis + 1));
  };
  return level(0);
}
