import type { Tensor } from '@servable/tensor';
import { mapElements } from './map-elements.js';

/** The neighbour of each `a` in the direction of `b`, in the precision of their dtype. */
export function nextAfter(a: Tensor, b: Tensor): Tensor {
  const wide = a.dtype === 'float64';
  const value = wide ? new Float64Array(1) : new Float32Array(1);
  const bits = wide ? new BigInt64Array(value.buffer) : new Int32Array(value.buffer);
  const step = (by: 1 | -1) => {
    if (bits instanceof BigInt64Array) bits[0] = bits[0]! + BigInt(by);
    else bits[0] = bits[0]! + by;
  };
  return mapElements([a, b], (x, y) => {
    if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
    if (x === y) return y;
    value[0] = x;
    if (x === 0) {
      value[0] = 0;
      step(1);
      return y > 0 ? value[0] : -value[0];
    }
    // Bit patterns of one sign are ordered by size.
    step(y > x === x > 0 ? 1 : -1);
    return value[0];
  });
}
