import type { Tensor } from '@servable/tensor';
import type { Weight } from '../plan/plan.js';

/** Constants below this many bytes are read while compiling, since what they are decides what is emitted. */
export const MIN_WEIGHT_BYTES = 64 * 1024;

/** A weight that is `change` applied to another one, when it is read. */
export function derivedWeight(
  weight: Weight,
  shape: readonly number[],
  change: (tensor: Tensor) => Tensor,
): Weight {
  return {
    dtype: weight.dtype,
    shape,
    byteLength: weight.byteLength,
    load: async (signal) => change(await weight.load(signal)),
  };
}

/** A constant that is in memory anyway. */
export function weightOf(tensor: Tensor): Weight {
  return {
    dtype: tensor.dtype,
    shape: tensor.shape,
    byteLength: tensor.byteLength,
    load: () => Promise.resolve(tensor),
  };
}
