import { Tensor, type DType } from '@servable/tensor';
import { checkedSize, doublesOf, isBig, fromDoubles, integersOf, invalidRequest, tensorOf } from './elements.js';

/** Sums of weights (or how many) per value of 0 to size-1, of all elements or, for a matrix, per row. */
export function countValues(
  values: Tensor,
  size: number,
  weights: Tensor | undefined,
  binary: boolean,
  dtype: DType,
  perRow: boolean,
): Tensor {
  if (size < 0) throw invalidRequest('BAD_SIZE', `size (${size}) must be non-negative`);
  const rows = perRow && values.rank === 2 ? values.shape[0]! : 1;
  const shape = perRow && values.rank === 2 ? [rows, size] : [size];
  const totals = new Float64Array(checkedSize(shape));
  const all = integersOf(values);
  const weight = weights === undefined || weights.size === 0 ? undefined : doublesOf(weights);
  if (weight !== undefined && weight.length !== all.length) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', `expected ${all.length} weights, got ${weight.length}`);
  }
  const width = all.length / Math.max(rows, 1);
  all.forEach((value, i) => {
    if (value < 0) throw invalidRequest('NEGATIVE_VALUE', `Input arr must be non-negative! got ${value}`);
    if (value >= size) return;
    const at = Math.floor(i / width) * size + value;
    totals[at] = binary ? 1 : totals[at]! + (weight?.[i] ?? 1);
  });
  return fromDoubles(dtype, shape, totals);
}

/** Where each value would stand in its sorted row: before equal elements (`lower`) or behind them (`upper`). */
export function searchSorted(rows: Tensor, values: Tensor, side: 'lower' | 'upper', dtype: DType): Tensor {
  if (rows.rank !== 2 || values.rank !== 2 || rows.shape[0] !== values.shape[0]) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected two matrices of as many rows, got [${rows.shape.join(', ')}] and [${values.shape.join(', ')}]`,
    );
  }
  // Integers of 64 bits are compared as they are.
  const [sorted, wanted] = isBig(rows.dtype)
    ? [rows.data as BigInt64Array, values.data as BigInt64Array]
    : [doublesOf(rows), doublesOf(values)];
  const [size, width] = [rows.shape[1]!, values.shape[1]!];
  const data = dtype === 'int64' ? new BigInt64Array(values.size) : new Int32Array(values.size);
  for (let i = 0; i < wanted.length; i++) {
    const start = Math.floor(i / width) * size;
    let [low, high] = [0, size];
    while (low < high) {
      const middle = (low + high) >> 1;
      const element = sorted[start + middle]!;
      const before = side === 'lower' ? element < wanted[i]! : !(wanted[i]! < element);
      if (before) low = middle + 1;
      else high = middle;
    }
    data[i] = dtype === 'int64' ? BigInt(low) : low;
  }
  return tensorOf(dtype, values.shape, data);
}

/** Whether the score of the target is among the k highest of its row (tensorflow/core/kernels/in_topk_op.cc). */
export function inTopK(predictions: Tensor, targets: Tensor, k: number): Tensor {
  if (predictions.rank !== 2 || targets.rank !== 1 || predictions.shape[0] !== targets.shape[0]) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected a row of predictions per target, got [${predictions.shape.join(', ')}] and [${targets.shape.join(', ')}]`,
    );
  }
  const scores = doublesOf(predictions);
  const width = predictions.shape[1]!;
  const hits = integersOf(targets).map((target, row) => {
    if (target < 0 || target >= width) return 0;
    const own = scores[row * width + target]!;
    if (!Number.isFinite(own)) return 0;
    let better = 0;
    for (let i = 0; i < width; i++) {
      const score = scores[row * width + i]!;
      if (!Number.isFinite(score)) return 0;
      if (score > own) better++;
    }
    return Number(better < k);
  });
  return new Tensor('bool', targets.shape, Uint8Array.from(hits));
}

/** Where the greatest or least element along an axis stands; the first of equals. */
export function argExtreme(x: Tensor, axis: number, which: 'greatest' | 'least', dtype: DType): Tensor {
  const at = axis < 0 ? axis + x.rank : axis;
  if (at < 0 || at >= Math.max(x.rank, 1)) {
    throw invalidRequest(
      'AXIS_OUT_OF_RANGE',
      `Expected dimension in the range [${-x.rank}, ${x.rank}), but got ${axis}`,
    );
  }
  const outer = x.shape.slice(0, at).reduce((a, b) => a * b, 1);
  const inner = x.shape.slice(at + 1).reduce((a, b) => a * b, 1);
  const size = x.shape[at] ?? 1;
  if (size === 0)
    throw invalidRequest('EMPTY_REDUCTION', `Reduction axis ${axis} is empty in shape [${x.shape.join(', ')}]`);
  const big = x.dtype === 'int64' || x.dtype === 'uint64';
  const values = (big ? x.data : doublesOf(x)) as unknown as ArrayLike<number>;
  const found: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const element = (index: number) => values[(o * size + index) * inner + i]!;
      let best = 0;
      for (let index = 1; index < size; index++) {
        if (which === 'greatest' ? element(index) > element(best) : element(index) < element(best)) best = index;
      }
      found.push(best);
    }
  }
  const data =
    dtype === 'int64' ? BigInt64Array.from(found, BigInt) : dtype === 'int32' ? Int32Array.from(found) : undefined;
  const shape = x.shape.filter((_, i) => i !== at);
  return data === undefined ? fromDoubles(dtype, shape, Float64Array.from(found)) : tensorOf(dtype, shape, data);
}
