import type { Tensor } from '@servable/tensor';
import { multiply, type Complex } from './complex-functions.js';
import { around, axisOf, doublesOf, fromDoubles, isBig, isComplex, tensorOf } from './elements.js';

export interface CumulateOptions {
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** Visits the elements along an axis, line by line, in the order in which they cumulate. */
function eachLine(
  x: Tensor,
  axis: number,
  reverse: boolean,
  visit: (offsets: (step: number) => number, size: number) => void,
) {
  const [outer, size, inner] = around(x.shape, axisOf(axis, x.rank));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const first = o * size * inner + i;
      visit((step) => first + (reverse ? size - 1 - step : step) * inner, size);
    }
  }
}

/** Running products along an axis; `exclusive` leaves the element itself out. */
export function cumulativeProduct(x: Tensor, axis: number, { exclusive, reverse }: CumulateOptions): Tensor {
  if (isComplex(x.dtype)) {
    const data = (x.data as Float64Array).slice();
    eachLine(x, axis, reverse, (at, size) => {
      let total: Complex = [1, 0];
      for (let step = 0; step < size; step++) {
        const i = 2 * at(step);
        const before = total;
        total = multiply(total, [data[i]!, data[i + 1]!]);
        [data[i], data[i + 1]] = exclusive ? before : total;
      }
    });
    return tensorOf(x.dtype, x.shape, data);
  }
  if (isBig(x.dtype)) {
    const from = x.data as BigInt64Array;
    const data = from.slice();
    eachLine(x, axis, reverse, (at, size) => {
      let total = 1n;
      for (let step = 0; step < size; step++) {
        if (exclusive) data[at(step)] = total;
        total = BigInt.asIntN(64, total * from[at(step)]!);
        if (!exclusive) data[at(step)] = total;
      }
    });
    return tensorOf(x.dtype, x.shape, data);
  }
  return cumulate(x, axis, { exclusive, reverse }, 1, (total, value) =>
    x.dtype === 'int32' || x.dtype === 'uint32' ? Math.imul(total, value) : total * value,
  );
}

/** Running log-sum-exp along an axis, which never leaves the range of what it sums. */
export function cumulativeLogSumExp(x: Tensor, axis: number, options: CumulateOptions): Tensor {
  return cumulate(x, axis, options, -Infinity, (total, value) => {
    if (Number.isNaN(total) || Number.isNaN(value)) return NaN;
    const most = Math.max(total, value);
    if (!Number.isFinite(most)) return most;
    return most + Math.log(Math.exp(total - most) + Math.exp(value - most));
  });
}

function cumulate(
  x: Tensor,
  axis: number,
  { exclusive, reverse }: CumulateOptions,
  start: number,
  step: (total: number, value: number) => number,
): Tensor {
  const from = doublesOf(x);
  const data = new Float64Array(x.size);
  const single = x.dtype === 'float32';
  eachLine(x, axis, reverse, (at, size) => {
    let total = start;
    for (let i = 0; i < size; i++) {
      if (exclusive) data[at(i)] = total;
      total = step(total, from[at(i)]!);
      if (single) total = Math.fround(total);
      if (!exclusive) data[at(i)] = total;
    }
  });
  return fromDoubles(x.dtype, x.shape, data);
}
