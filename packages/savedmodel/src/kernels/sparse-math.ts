import type { Tensor } from '@servable/tensor';
import { dtypeInfo } from '@servable/tensor';
import {
  allocate,
  axisOf,
  broadcastOffsets,
  checkedSize,
  doublesOf,
  fromDoubles,
  integersOf,
  invalidRequest,
  isBig,
  isComplex,
  sizeOf,
  stridesOf,
  tensorOf,
  type Elements,
} from './elements.js';
import type { Sparse } from './sparse.js';

/** Row-major places of the values. */
function placesOf({ at, shape, values }: Sparse): Float64Array {
  const strides = stridesOf(shape);
  return Float64Array.from({ length: values.size }, (_, i) => {
    let place = 0;
    for (let axis = 0; axis < shape.length; axis++) place += at[i * shape.length + axis]! * strides[axis]!;
    return place;
  });
}

/**
 * `SparseTensorDenseMatMul`.
 *
 * @param adjointA - whether the sparse matrix counts as transposed and conjugated
 */
export function sparseMatMul(a: Sparse, b: Tensor, adjointA: boolean, adjointB: boolean): Tensor {
  if (a.shape.length !== 2 || b.rank !== 2) {
    throw invalidRequest('BAD_RANK', `Tensor 'a_shape' must have 2 elements and 'b' must be a matrix`);
  }
  const [rows, inner] = adjointA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [bInner, columns] = adjointB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (inner !== bInner) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Cannot multiply A and B because inner dimension does not match: ${inner} vs. ${bInner}.`,
    );
  }
  const { dtype } = b;
  const shape = [rows, columns];
  const size = checkedSize(shape);
  const lanes = dtypeInfo(dtype).lanes;
  const [row, column] = adjointA ? [1, 0] : [0, 1];
  const at = (k: number, j: number) => (adjointB ? j * bInner + k : k * columns + j);
  if (isBig(dtype)) {
    const [x, y] = [a.values.data as BigInt64Array, b.data as BigInt64Array];
    const sums = allocate(dtype, shape) as unknown as BigInt64Array;
    for (let i = 0; i < x.length; i++) {
      const [r, k] = [a.at[i * 2 + row]!, a.at[i * 2 + column]!];
      for (let j = 0; j < columns; j++) sums[r * columns + j]! += x[i]! * y[at(k, j)]!;
    }
    return tensorOf(dtype, shape, sums);
  }
  const sums = new Float64Array(size * lanes);
  if (isComplex(dtype)) {
    const [x, y] = [a.values.data as Float64Array, b.data as Float64Array];
    const [signA, signB] = [adjointA ? -1 : 1, adjointB ? -1 : 1];
    for (let i = 0; i < a.values.size; i++) {
      const [r, k] = [a.at[i * 2 + row]!, a.at[i * 2 + column]!];
      const [re, im] = [x[2 * i]!, x[2 * i + 1]! * signA];
      for (let j = 0; j < columns; j++) {
        const [re2, im2] = [y[2 * at(k, j)]!, y[2 * at(k, j) + 1]! * signB];
        sums[2 * (r * columns + j)]! += re * re2 - im * im2;
        sums[2 * (r * columns + j) + 1]! += re * im2 + im * re2;
      }
    }
    const data = allocate(dtype, shape) as unknown as Float64Array;
    data.set(sums);
    return tensorOf(dtype, shape, data);
  }
  const [x, y] = [doublesOf(a.values), doublesOf(b)];
  for (let i = 0; i < x.length; i++) {
    const [r, k] = [a.at[i * 2 + row]!, a.at[i * 2 + column]!];
    for (let j = 0; j < columns; j++) sums[r * columns + j]! += x[i]! * y[at(k, j)]!;
  }
  return fromDoubles(dtype, shape, sums);
}

export type SparseReduction = 'sum' | 'max';

/** `SparseReduceSum` and `SparseReduceMax` to a dense tensor; what has no value is 0. */
export function reduceSparse(sparse: Sparse, axes: Tensor, keepDims: boolean, kind: SparseReduction): Tensor {
  const { kept, shape, values } = reduced(sparse, axes, kind);
  const size = checkedSize(shape);
  const { dtype } = sparse.values;
  const data = allocate(dtype, shape) as unknown as Elements<number | bigint>;
  for (const [place, value] of values) if (place < size) data[place] = value;
  const all = sparse.shape.map((dim, axis) => (kept.includes(axis) ? dim : 1));
  return tensorOf(dtype, keepDims ? all : shape, finish(dtype, data, values));
}

/** Half precision is summed as numbers and stored as bits. */
function finish(dtype: Tensor['dtype'], data: Elements<number | bigint>, values: ReadonlyMap<number, number | bigint>) {
  if (dtype !== 'float16' && dtype !== 'bfloat16') return data;
  const sums = new Float64Array(data.length);
  for (const [place, value] of values) sums[place] = Number(value);
  return fromDoubles(dtype, [sums.length], sums).data;
}

function reduced(sparse: Sparse, axes: Tensor, kind: SparseReduction) {
  const rank = sparse.shape.length;
  const gone = axes.size === 0 ? sparse.shape.map((_, i) => i) : integersOf(axes).map((axis) => axisOf(axis, rank));
  const kept = sparse.shape.map((_, i) => i).filter((axis) => !gone.includes(axis));
  const shape = kept.map((axis) => sparse.shape[axis]!);
  const strides = stridesOf(shape);
  const values = new Map<number, number | bigint>();
  const own = isBig(sparse.values.dtype) ? (sparse.values.data as BigInt64Array) : doublesOf(sparse.values);
  for (let i = 0; i < own.length; i++) {
    const place = kept.reduce((sum, axis, k) => sum + sparse.at[i * rank + axis]! * strides[k]!, 0);
    const [before, value] = [values.get(place), own[i]!];
    if (before === undefined) values.set(place, value);
    else if (kind === 'max') values.set(place, value > before ? value : before);
    else values.set(place, (before as number) + (value as number));
  }
  return { kept, shape, values };
}

/** `SparseReduceSumSparse` and `SparseReduceMaxSparse`. */
export function reduceSparseToSparse(sparse: Sparse, axes: Tensor, keepDims: boolean, kind: SparseReduction): Sparse {
  const { kept, shape, values } = reduced(sparse, axes, kind);
  const strides = stridesOf(shape);
  const places = [...values.keys()].sort((a, b) => a - b);
  const full = keepDims ? sparse.shape.map((dim, axis) => (kept.includes(axis) ? dim : 1)) : shape;
  const at = places.flatMap((place) => {
    const own = strides.map((stride, i) => Math.floor(place / stride) % Math.max(shape[i]!, 1));
    return keepDims ? sparse.shape.map((_, axis) => (kept.includes(axis) ? own[kept.indexOf(axis)]! : 0)) : own;
  });
  const { dtype } = sparse.values;
  const data = allocate(dtype, [places.length]) as unknown as Elements<number | bigint>;
  places.forEach((place, i) => (data[i] = values.get(place)!));
  const sums = new Map(places.map((place, i) => [i, values.get(place)!] as const));
  return { at, values: tensorOf(dtype, [places.length], finish(dtype, data, sums)), shape: full };
}

/** `SparseAdd` of two sparse tensors: sums below the threshold are left out. */
export function addSparse(a: Sparse, b: Sparse, threshold: Tensor): Sparse {
  if (a.shape.join() !== b.shape.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Operands' shapes do not match: got [${a.shape.join(',')}] and [${b.shape.join(',')}]`,
    );
  }
  const { dtype } = a.values;
  if (isComplex(dtype)) throw invalidRequest('UNSUPPORTED_DTYPE', `sparse tensors of ${dtype} cannot be added`);
  const least = Number(isBig(threshold.dtype) ? threshold.data[0] : doublesOf(threshold)[0]);
  const numbersOf = ({ values }: Sparse): ArrayLike<number | bigint> =>
    isBig(dtype) ? (values.data as BigInt64Array) : doublesOf(values);
  const entries = new Map<number, { value: number | bigint; at: readonly number[] }>();
  const rank = a.shape.length;
  for (const part of [a, b]) {
    const [places, numbers] = [placesOf(part), numbersOf(part)];
    places.forEach((place, i) => {
      const value = numbers[i]!;
      const before = entries.get(place);
      if (before === undefined) entries.set(place, { value, at: part.at.slice(i * rank, (i + 1) * rank) });
      else before.value = (before.value as number) + (value as number);
    });
  }
  const kept = [...entries].filter(([, { value }]) => Math.abs(Number(value)) >= least).sort(([x], [y]) => x - y);
  const data = allocate(dtype, [kept.length]) as unknown as Elements<number | bigint>;
  kept.forEach(([, { value }], i) => (data[i] = value));
  const sums = new Map(kept.map(([, { value }], i) => [i, value] as const));
  return {
    at: kept.flatMap(([, { at }]) => at),
    values: tensorOf(dtype, [kept.length], finish(dtype, data, sums)),
    shape: a.shape,
  };
}

/** `SparseTensorDenseAdd`. */
export function addSparseToDense(sparse: Sparse, dense: Tensor): Tensor {
  if (sparse.shape.join() !== dense.shape.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Dimension sizes of the sparse [${sparse.shape.join(',')}] and the dense tensor [${dense.shape.join(',')}] differ`,
    );
  }
  const { dtype } = dense;
  const places = placesOf(sparse);
  if (isBig(dtype)) {
    const data = (dense.data as BigInt64Array).slice();
    const own = sparse.values.data as BigInt64Array;
    places.forEach((place, i) => (data[place]! += own[i]!));
    return tensorOf(dtype, dense.shape, data);
  }
  const { lanes } = dtypeInfo(dtype);
  if (lanes === 2) {
    const data = (dense.data as Float64Array).slice();
    const own = sparse.values.data as Float64Array;
    places.forEach((place, i) => {
      for (let lane = 0; lane < 2; lane++) data[place * 2 + lane]! += own[i * 2 + lane]!;
    });
    return tensorOf(dtype, dense.shape, data);
  }
  const sums = doublesOf(dense).slice();
  const own = doublesOf(sparse.values);
  places.forEach((place, i) => (sums[place]! += own[i]!));
  return fromDoubles(dtype, dense.shape, sums);
}

/** `SparseDenseCwiseAdd`, `Mul` and `Div`: the dense side broadcasts, and the result has the sparse side's positions. */
export function sparseDenseElementwise(
  sparse: Sparse,
  dense: Tensor,
  onNumbers: (a: number, b: number) => number,
  onBigints: (a: bigint, b: bigint) => bigint,
): Tensor {
  const lead = sparse.shape.length - dense.rank;
  if (lead < 0 || dense.shape.some((dim, i) => dim !== 1 && dim !== sparse.shape[i + lead])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: [${sparse.shape.join(',')}] vs. [${dense.shape.join(',')}]`,
    );
  }
  const offsets = sizeOf(sparse.shape) > 0 ? broadcastOffsets(dense.shape, sparse.shape) : undefined;
  const places = placesOf(sparse);
  const { dtype } = sparse.values;
  const shape = [sparse.values.size];
  const at = (i: number) => offsets?.[places[i]!] ?? places[i]!;
  if (isBig(dtype)) {
    const [x, y] = [sparse.values.data as BigInt64Array, dense.data as BigInt64Array];
    return tensorOf(
      dtype,
      shape,
      x.map((value, i) => onBigints(value, y[at(i)]!)),
    );
  }
  const [x, y] = [doublesOf(sparse.values), doublesOf(dense)];
  return fromDoubles(
    dtype,
    shape,
    x.map((value, i) => onNumbers(value, y[at(i)]!)),
  );
}

/** `SparseSoftmax`: over the values of each row of the last dimension. */
export function sparseSoftmax(sparse: Sparse): Tensor {
  if (sparse.shape.length < 2) throw invalidRequest('BAD_RANK', 'Input should have rank >= 2');
  const width = sparse.shape.at(-1)!;
  const rows = placesOf(sparse).map((place) => Math.floor(place / Math.max(width, 1)));
  const values = doublesOf(sparse.values);
  const greatest = new Map<number, number>();
  const sums = new Map<number, number>();
  rows.forEach((row, i) => greatest.set(row, Math.max(greatest.get(row) ?? -Infinity, values[i]!)));
  const raised = values.map((value, i) => Math.exp(value - greatest.get(rows[i]!)!));
  rows.forEach((row, i) => sums.set(row, (sums.get(row) ?? 0) + raised[i]!));
  return fromDoubles(
    sparse.values.dtype,
    [values.length],
    raised.map((value, i) => value / sums.get(rows[i]!)!),
  );
}
