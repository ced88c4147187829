import type { Tensor } from '@servable/tensor';
import { type DType } from '@servable/tensor';
import { around, axisOf, doublesOf, invalidRequest, take, tensorOf, type Elements } from './elements.js';

export interface Uniques {
  readonly values: Tensor;
  /** Where each element, or slice along the axis, stands among the values. */
  readonly positions: Tensor;
  readonly counts: Tensor;
}

/** Distinct elements (or slices along an axis) in the order of their first appearance. */
export function unique(x: Tensor, axis: number | undefined, indexDType: DType): Uniques {
  if (axis === undefined && x.rank !== 1) {
    throw invalidRequest('BAD_RANK', `unique expects a 1D vector, got shape [${x.shape.join(', ')}]`);
  }
  const at = axis === undefined ? 0 : axisOf(axis, x.rank);
  const [outer, size, inner] = around(x.shape, at);
  const keyOf = elementKeys(x);
  const seen = new Map<unknown, number>();
  const firsts: number[] = [];
  const counts: number[] = [];
  const positions = new Array<number>(size);
  for (let i = 0; i < size; i++) {
    let key: unknown;
    if (outer * inner === 1) key = keyOf(i);
    else {
      const parts: string[] = [];
      for (let o = 0; o < outer; o++) {
        for (let k = 0; k < inner; k++) parts.push(String(keyOf((o * size + i) * inner + k)));
      }
      key = parts.map((part) => `${part.length}:${part}`).join();
    }
    let position = seen.get(key);
    if (position === undefined) {
      position = firsts.length;
      seen.set(key, position);
      firsts.push(i);
      counts.push(0);
    }
    positions[i] = position;
    counts[position] = counts[position]! + 1;
  }
  const shape = x.shape.with(at, firsts.length);
  const from = new Int32Array(outer * firsts.length * inner);
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const first of firsts) for (let k = 0; k < inner; k++) from[to++] = (o * size + first) * inner + k;
  }
  return {
    values: take(x, from, shape),
    positions: indices(positions, indexDType),
    counts: indices(counts, indexDType),
  };
}

/** Elements of `x` that `y` lacks, and where they stand. */
export function difference(x: Tensor, y: Tensor, indexDType: DType): readonly [values: Tensor, positions: Tensor] {
  const keyOf = elementKeys(y);
  const excluded = new Set(Array.from({ length: y.size }, (_, i) => keyOf(i)));
  const ownKey = elementKeys(x);
  const kept = Array.from({ length: x.size }, (_, i) => i).filter((i) => !excluded.has(ownKey(i)));
  return [take(x, Int32Array.from(kept), [kept.length]), indices(kept, indexDType)];
}

/** Numbers as they compare in a Map (0 and -0 alike), strings by their bytes. */
function elementKeys(x: Tensor): (i: number) => unknown {
  if (x.dtype === 'string') {
    const strings = x.data as readonly Uint8Array[];
    return (i) => Buffer.from(strings[i]!).toString('latin1');
  }
  const half = x.dtype === 'float16' || x.dtype === 'bfloat16';
  const data = (half ? doublesOf(x) : x.data) as unknown as Elements<number | bigint>;
  // No NaN equals another.
  return (i) => (Number.isNaN(data[i]) ? Symbol('NaN') : data[i]);
}

export function indices(values: readonly number[], dtype: DType, shape: readonly number[] = [values.length]): Tensor {
  const data = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
  return tensorOf(dtype === 'int64' ? 'int64' : 'int32', shape, data);
}
