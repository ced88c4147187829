import { add, multiply, type Complex } from './complex-functions.js';
import type { Tensor } from '@servable/tensor';
import {
  allocate,
  checkedSize,
  doublesOf,
  fromDoubles,
  integersOf,
  invalidRequest,
  isBig,
  isComplex,
  sizeOf,
  tensorOf,
  type Elements,
} from './elements.js';

export type SegmentOp = 'sum' | 'mean' | 'sqrtN' | 'prod' | 'max' | 'min';

export interface SegmentOptions {
  readonly op: SegmentOp;
  /** How many segments there are; else one more than the last id. */
  readonly count?: number | undefined;
  /** Ids must not decrease (SegmentSum and its like), or may come in any order, negative ones being left out. */
  readonly sorted: boolean;
  /** Rows of `data` to take, for the sparse forms; else all in order. */
  readonly indices?: Tensor | undefined;
  /** What a segment without rows holds. */
  readonly empty: 'zero' | 'identity' | 'one';
}

/**
 * Reduces rows (slices along the leading dimensions that `ids` has) by segment.
 *
 * @throws SavedModelError INVALID_ARGUMENT for ids out of order or range, as tensorflow/core/kernels/segment_reduction_ops*
 */
export function reduceSegments(data: Tensor, ids: Tensor, options: SegmentOptions): Tensor {
  const { op, sorted } = options;
  const segments = integersOf(ids);
  const rank = options.indices === undefined ? ids.rank : 1;
  if (options.indices === undefined && ids.shape.some((dim, i) => dim !== data.shape[i])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `data.shape = [${data.shape.join(', ')}] does not start with segment_ids.shape = [${ids.shape.join(', ')}]`,
    );
  }
  const count = options.count ?? (segments.length === 0 ? 0 : segments[segments.length - 1]! + 1);
  if (sorted) checkOrder(segments, count);
  else checkRange(segments, count);
  const shape = [count, ...data.shape.slice(rank)];
  checkedSize(shape);
  const inner = sizeOf(data.shape.slice(rank));
  const rows = rowsOf(options.indices, segments.length, data.shape[0] ?? 0);
  const sizes = new Float64Array(count);
  for (const id of segments) if (id >= 0) sizes[id] = sizes[id]! + 1;
  if (isComplex(data.dtype)) return reduceComplex(data, segments, rows, sizes, inner, shape, options);
  if (isBig(data.dtype)) return reduceBig(data, segments, rows, sizes, inner, shape, options);

  const from = doublesOf(data);
  const start = identity(data, op);
  const isInteger = data.dtype.includes('int');
  const step = isInteger && op === 'prod' ? wrappingProduct : combine;
  let totals: Float64Array = new Float64Array(count * inner).fill(start);
  segments.forEach((id, i) => {
    if (id < 0) return;
    const [to, at] = [id * inner, rows[i]! * inner];
    for (let k = 0; k < inner; k++) totals[to + k] = step(op, totals[to + k]!, from[at + k]!);
  });
  // Sums of integers wrap around before they are divided.
  if (isInteger && op === 'mean') totals = doublesOf(fromDoubles(data.dtype, shape, totals));
  for (let id = 0; id < count; id++) {
    const size = sizes[id]!;
    if (size === 0 && options.empty !== 'identity')
      totals.fill(options.empty === 'one' ? 1 : 0, id * inner, (id + 1) * inner);
    if (size === 0 || (op !== 'mean' && op !== 'sqrtN')) continue;
    const divisor = op === 'mean' ? size : Math.sqrt(size);
    for (let k = 0; k < inner; k++) totals[id * inner + k] = totals[id * inner + k]! / divisor;
  }
  return fromDoubles(data.dtype, shape, totals);
}

function reduceComplex(
  data: Tensor,
  segments: readonly number[],
  rows: readonly number[],
  sizes: Float64Array,
  inner: number,
  shape: readonly number[],
  { op, empty }: SegmentOptions,
): Tensor {
  if (op === 'max' || op === 'min') throw invalidRequest('NO_ORDER', 'complex numbers have no least and no greatest');
  const from = data.data as Float64Array;
  const start = op === 'prod' ? 1 : 0;
  const totals = Float64Array.from({ length: 2 * sizes.length * inner }, (_, i) => (i % 2 === 0 ? start : 0));
  segments.forEach((id, i) => {
    if (id < 0) return;
    for (let k = 0; k < inner; k++) {
      const [to, at] = [2 * (id * inner + k), 2 * (rows[i]! * inner + k)];
      const [a, b]: readonly [Complex, Complex] = [
        [totals[to]!, totals[to + 1]!],
        [from[at]!, from[at + 1]!],
      ];
      [totals[to], totals[to + 1]] = op === 'prod' ? multiply(a, b) : add(a, b);
    }
  });
  sizes.forEach((size, id) => {
    const divisor = op === 'mean' ? size : op === 'sqrtN' ? Math.sqrt(size) : 1;
    for (let k = 2 * id * inner; k < 2 * (id + 1) * inner; k++) {
      if (size > 0) totals[k] = totals[k]! / divisor;
      else if (empty !== 'identity') totals[k] = empty === 'one' && k % 2 === 0 ? 1 : 0;
    }
  });
  const storage = allocate(data.dtype, shape) as Elements;
  totals.forEach((total, i) => (storage[i] = total));
  return tensorOf(data.dtype, shape, storage);
}

function reduceBig(
  data: Tensor,
  segments: readonly number[],
  rows: readonly number[],
  sizes: Float64Array,
  inner: number,
  shape: readonly number[],
  { op, empty }: SegmentOptions,
): Tensor {
  const from = data.data as BigInt64Array;
  const totals = allocate(data.dtype, shape) as unknown as Elements<bigint>;
  const signed = data.dtype === 'int64';
  const least = signed ? -(2n ** 63n) : 0n;
  const most = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  const start = op === 'prod' ? 1n : op === 'max' ? least : op === 'min' ? most : 0n;
  for (let i = 0; i < totals.length; i++) totals[i] = start;
  segments.forEach((id, i) => {
    if (id < 0) return;
    for (let k = 0; k < inner; k++) {
      const a = totals[id * inner + k]!;
      const b = from[rows[i]! * inner + k]!;
      // Storing into the typed array wraps around.
      totals[id * inner + k] =
        op === 'prod' ? a * b : op === 'max' ? (a > b ? a : b) : op === 'min' ? (a < b ? a : b) : a + b;
    }
  });
  sizes.forEach((size, id) => {
    for (let k = 0; k < inner; k++) {
      if (size === 0 && empty !== 'identity') totals[id * inner + k] = empty === 'one' ? 1n : 0n;
      else if (size > 0 && op === 'mean') totals[id * inner + k] = totals[id * inner + k]! / BigInt(size);
    }
  });
  return tensorOf(data.dtype, shape, totals);
}

function identity(data: Tensor, op: SegmentOp): number {
  if (op === 'prod') return 1;
  if (op !== 'max' && op !== 'min') return 0;
  const limits: Partial<Record<Tensor['dtype'], readonly [number, number]>> = {
    float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
    float32: [-3.4028234663852886e38, 3.4028234663852886e38],
    float16: [-65504, 65504],
    bfloat16: [-3.3895313892515355e38, 3.3895313892515355e38],
    int32: [-(2 ** 31), 2 ** 31 - 1],
    uint32: [0, 2 ** 32 - 1],
    int16: [-(2 ** 15), 2 ** 15 - 1],
    uint16: [0, 2 ** 16 - 1],
    int8: [-128, 127],
    uint8: [0, 255],
  };
  const [least, most] = limits[data.dtype] ?? [-Infinity, Infinity];
  return op === 'max' ? least : most;
}

function combine(op: SegmentOp, a: number, b: number): number {
  if (op === 'prod') return a * b;
  if (op === 'max') return b > a || Number.isNaN(b) ? b : a;
  if (op === 'min') return b < a || Number.isNaN(b) ? b : a;
  return a + b;
}

const wrappingProduct = (_op: SegmentOp, a: number, b: number): number => Math.imul(a, b);

function checkOrder(ids: readonly number[], count: number): void {
  ids.forEach((id, i) => {
    if (!(id >= 0 && id < count)) {
      throw invalidRequest('SEGMENT_OUT_OF_RANGE', `segment id ${id} at ${i} is not in [0, ${count})`);
    }
    if (i > 0 && id < ids[i - 1]!) throw invalidRequest('SEGMENTS_UNSORTED', 'segment ids are not increasing');
  });
}

function checkRange(ids: readonly number[], count: number): void {
  const outside = ids.findIndex((id) => id >= count);
  if (outside >= 0) {
    throw invalidRequest(
      'SEGMENT_OUT_OF_RANGE',
      `segment_ids[${outside}] = ${ids[outside]} is out of range [0, ${count})`,
    );
  }
}

function rowsOf(indices: Tensor | undefined, length: number, size: number): readonly number[] {
  if (indices === undefined) return Array.from({ length }, (_, i) => i);
  const rows = integersOf(indices);
  if (rows.length !== length) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `segment_ids and indices should have same size, got ${length} and ${rows.length}`,
    );
  }
  const outside = rows.findIndex((row) => !(row >= 0 && row < size));
  if (outside >= 0) {
    throw invalidRequest('INDEX_OUT_OF_RANGE', `indices[${outside}] = ${rows[outside]} is out of range [0, ${size})`);
  }
  return rows;
}
