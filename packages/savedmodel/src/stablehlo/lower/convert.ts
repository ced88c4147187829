import { dtypeInfo, Tensor, type DType, type TensorDataMap } from '@servable/tensor';
import { isComplex, zeros } from '../../kernels/elements.js';
import type { Value } from '../../onnx/value.js';
import { isFloat } from '../../ops/dtypes.js';
import type { HloContext } from './context.js';
import { tfType } from './tf-attributes.js';

/** The least and the most of integer dtypes, as doubles; the upper bounds are the first numbers that are too large. */
const BOUNDS: Readonly<Partial<Record<DType, readonly [least: number, beyond: number]>>> = {
  int8: [-(2 ** 7), 2 ** 7],
  int16: [-(2 ** 15), 2 ** 15],
  int32: [-(2 ** 31), 2 ** 31],
  int64: [-(2 ** 63), 2 ** 63],
  uint8: [0, 2 ** 8],
  uint16: [0, 2 ** 16],
  uint32: [0, 2 ** 32],
};

/** Conversion as XLA has it: floats that no integer of the dtype is near become its least or its most, NaN becomes 0. */
export function convert(context: HloContext, x: Value, dtype: DType): Value {
  const { builder } = context;
  if (x.dtype === dtype) return x;
  if (isComplex(x.dtype) && !isComplex(dtype)) return convert(context, context.tf('Real', [x]), dtype);
  const bounds = BOUNDS[dtype];
  if (!isFloat(x.dtype) || bounds === undefined) return context.tf('Cast', [x], { DstT: tfType(dtype) });
  const wide = x.dtype === 'float64' ? x : builder.cast(x, 'float32');
  const [least, beyond] = bounds;
  const known = wide.constant?.data as ArrayLike<number> | undefined;
  if (known !== undefined && Array.from(known).every((value) => value >= least && value < beyond)) {
    return builder.cast(wide, dtype);
  }
  const isTooLarge = builder.emit('GreaterOrEqual', [wide, builder.scalar(wide.dtype, beyond)]);
  const isNumber = builder.emit('Equal', [wide, wide]);
  const zero = builder.scalar(wide.dtype, 0);
  const inside = builder.emit('Where', [
    isNumber,
    builder.emit('Max', [wide, builder.scalar(wide.dtype, least)]),
    zero,
  ]);
  const safe = builder.emit('Where', [isTooLarge, zero, inside]);
  const most = builder.constant(largest(dtype));
  return context.tf('SelectV2', [isTooLarge, most, builder.cast(safe, dtype)]);
}

/** The largest integer of a dtype, as a scalar. */
function largest(dtype: DType): Tensor {
  const bits = dtypeInfo(dtype).bytes * 8 - (dtype.startsWith('u') ? 0 : 1);
  const value = 2n ** BigInt(bits) - 1n;
  const data = zeros(dtype, []).data as unknown as (number | bigint)[];
  data[0] = dtype === 'int64' ? value : Number(value);
  return new Tensor(dtype, [], data as unknown as TensorDataMap[DType]);
}
