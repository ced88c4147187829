import { Tensor } from '@servable/tensor';
import { boundedStrings, int64s } from './byte-strings.js';
import {
  allocate,
  checkedSize,
  integersOf,
  invalidRequest,
  sizeOf,
  stridesOf,
  take,
  tensorOf,
  type Elements,
} from './elements.js';

/** A sparse tensor in coordinate form: as many positions as values. */
export interface Sparse {
  /** One position per value, one after the other. */
  readonly at: readonly number[];
  readonly values: Tensor;
  readonly shape: readonly number[];
}

export type SparseParts = readonly [indices: Tensor, values: Tensor, shape: Tensor];

/**
 * Reads and checks the three tensors of a sparse tensor.
 *
 * @throws SavedModelError INVALID_ARGUMENT when their shapes do not fit, or a position is outside of the dense shape
 */
export function readSparse(indices: Tensor, values: Tensor, shape: Tensor): Sparse {
  const dims = integersOf(shape);
  if (
    indices.rank !== 2 ||
    values.rank !== 1 ||
    shape.rank !== 1 ||
    indices.shape[0] !== values.size ||
    indices.shape[1] !== dims.length
  ) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected indices [n, r], values [n] and shape [r] of a sparse tensor, got [${indices.shape.join(', ')}], ` +
        `[${values.shape.join(', ')}] and [${shape.shape.join(', ')}]`,
    );
  }
  const at = integersOf(indices);
  const rank = dims.length;
  at.forEach((index, i) => {
    if (index >= 0 && index < dims[i % rank]!) return;
    const row = Math.floor(i / rank);
    throw invalidRequest(
      'INDEX_OUT_OF_RANGE',
      `indices[${row}] = [${at.slice(row * rank, (row + 1) * rank).join(',')}] is out of bounds: need 0 <= index < [${dims.join(',')}]`,
    );
  });
  return { at, values, shape: dims };
}

export function sparseParts({ at, values, shape }: Sparse): SparseParts {
  return [int64s(at, [values.size, shape.length]), values, int64s(shape)];
}

/** Some of the values, in the order given. */
export function pick(values: Tensor, from: readonly number[]): Tensor {
  return take(values, Int32Array.from(from), [from.length]);
}

/** The values at `from`, each moved to a position. */
function rearranged(sparse: Sparse, from: readonly number[]): Sparse {
  const rank = sparse.shape.length;
  return {
    at: from.flatMap((i) => sparse.at.slice(i * rank, (i + 1) * rank)),
    values: pick(sparse.values, from),
    shape: sparse.shape,
  };
}

/** Orders positions as row-major order has them. */
function compareAt(sparse: Sparse, i: number, k: number): number {
  const rank = sparse.shape.length;
  for (let axis = 0; axis < rank; axis++) {
    const difference = sparse.at[i * rank + axis]! - sparse.at[k * rank + axis]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `SparseReorder`: into row-major order. */
export function sortSparse(sparse: Sparse): Sparse {
  const order = Array.from({ length: sparse.values.size }, (_, i) => i);
  return rearranged(
    sparse,
    order.sort((i, k) => compareAt(sparse, i, k)),
  );
}

/**
 * `SparseToDense`.
 *
 * @param indices - a scalar, a vector (of a dense vector's places) or a matrix of positions
 * @param validate - whether positions must rise and not repeat
 */
export function sparseToDense(
  indices: Tensor,
  shape: Tensor,
  values: Tensor,
  fallback: Tensor,
  validate: boolean,
): Tensor {
  const dims = integersOf(shape);
  const rank = dims.length;
  const count = indices.rank > 0 ? indices.shape[0]! : 1;
  const own = indices.rank > 1 ? indices.shape[1]! : 1;
  if (indices.rank > 2 || own !== rank || shape.rank !== 1) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `output_shape has incorrect number of elements: ${rank} should be: ${own}`,
    );
  }
  if (values.rank > 1 || (values.rank === 1 && values.size !== count)) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `sparse_values has incorrect shape [${values.shape.join(',')}], should be [] or [${count}]`,
    );
  }
  if (fallback.rank !== 0) throw invalidRequest('NOT_A_SCALAR', 'default_value should be a scalar.');
  const at = integersOf(indices);
  const position = (i: number) => `indices[${i}] = [${at.slice(i * rank, (i + 1) * rank).join(',')}]`;
  const size = checkedSize(dims);
  const strides = stridesOf(dims);
  const places = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let place = 0;
    for (let axis = 0; axis < rank; axis++) {
      const index = at[i * rank + axis]!;
      if (index < 0 || index >= dims[axis]!) {
        throw invalidRequest(
          'INDEX_OUT_OF_RANGE',
          `${position(i)} is out of bounds: need 0 <= index < [${dims.join(',')}]`,
        );
      }
      place += index * strides[axis]!;
    }
    if (validate && i > 0 && place <= places[i - 1]!) {
      const why = place === places[i - 1] ? 'repeated' : 'out of order. Many sparse ops require sorted indices.';
      throw invalidRequest('BAD_INDICES', `${position(i)} is ${why}`);
    }
    places[i] = place;
  }
  const filling = fallback.data as unknown as Elements<unknown>;
  const from = values.data as unknown as Elements<unknown>;
  const data = allocate(values.dtype, dims) as Elements<unknown>;
  const lanes = data.length / Math.max(size, 1);
  for (let i = 0; i < size; i++) for (let k = 0; k < lanes; k++) data[i * lanes + k] = filling[k];
  for (let i = 0; i < count; i++) {
    const source = values.rank === 0 ? 0 : i;
    for (let k = 0; k < lanes; k++) data[places[i]! * lanes + k] = from[source * lanes + k];
  }
  return tensorOf(values.dtype, dims, data);
}

/** `SparseReshape`: new positions and the new shape; one dimension may be -1. */
export function reshapeSparse(indices: Tensor, shape: Tensor, target: Tensor): readonly [Tensor, Tensor] {
  const from = integersOf(shape);
  const to = integersOf(target);
  const size = sizeOf(from);
  const hole = to.indexOf(-1);
  const rest = sizeOf(to.filter((_, i) => i !== hole));
  if (to.some((dim, i) => dim < 0 && i !== hole)) {
    throw invalidRequest('NEGATIVE_DIMENSION', `expected at most one -1 in the new shape, got [${to.join(', ')}]`);
  }
  if (hole >= 0) {
    if (rest === 0 || size % rest !== 0) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Input to reshape is a SparseTensor with ${size} dense values, but the requested shape requires a multiple of ${rest}.`,
      );
    }
    to[hole] = size / rest;
  }
  if (sizeOf(to) !== size) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Input to reshape is a tensor with ${size} dense values, but the requested shape has ${sizeOf(to)}.`,
    );
  }
  if (indices.rank !== 2 || indices.shape[1] !== from.length) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', `Input indices should be a matrix of ${from.length} columns`);
  }
  const at = integersOf(indices);
  const [before, after] = [stridesOf(from), stridesOf(to)];
  const moved: number[] = [];
  for (let i = 0; i < indices.shape[0]!; i++) {
    let place = 0;
    for (let axis = 0; axis < from.length; axis++) place += at[i * from.length + axis]! * before[axis]!;
    for (const stride of after) {
      moved.push(Math.floor(place / stride));
      place %= stride;
    }
  }
  return [int64s(moved, [indices.shape[0]!, to.length]), int64s(to)];
}

/** `SparseFillEmptyRows`: a row without values gets one, at its start (tensorflow/core/kernels/sparse_fill_empty_rows_op.cc). */
export function fillEmptyRows(
  indices: Tensor,
  values: Tensor,
  shape: Tensor,
  fallback: Tensor,
): readonly [indices: Tensor, values: Tensor, empty: Tensor, reverse: Tensor] {
  const [rows] = integersOf(shape);
  if (rows === undefined) throw invalidRequest('BAD_SHAPE', 'Dense shape cannot be empty.');
  if (indices.rank !== 2 || indices.shape[0] !== values.size) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `The length of values (${values.size}) must match the first dimension of indices (${indices.shape[0] ?? 0}).`,
    );
  }
  if (fallback.rank !== 0) throw invalidRequest('NOT_A_SCALAR', 'default_value must be a scalar');
  if (rows === 0 && values.size > 0) {
    throw invalidRequest(
      'BAD_SHAPE',
      `Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = ${values.size}`,
    );
  }
  const rank = indices.shape[1]!;
  const at = integersOf(indices);
  const members = Array.from({ length: boundedStrings(rows) }, (): number[] => []);
  for (let i = 0; i < values.size; i++) {
    const row = at[i * rank]!;
    const own = members[row];
    if (own === undefined) throw invalidRequest('INDEX_OUT_OF_RANGE', `indices(${i}, 0) is invalid: ${row} >= ${rows}`);
    own.push(i);
  }
  const moved: number[] = [];
  const from: number[] = [];
  const reverse = new BigInt64Array(values.size);
  members.forEach((own, row) => {
    for (const i of own) {
      reverse[i] = BigInt(from.length);
      from.push(i);
      for (let axis = 0; axis < rank; axis++) moved.push(at[i * rank + axis]!);
    }
    if (own.length > 0) return;
    from.push(-1);
    moved.push(row, ...new Array<number>(rank - 1).fill(0));
  });
  return [
    int64s(moved, [from.length, rank]),
    take(values, Int32Array.from(from), [from.length], fallback),
    new Tensor(
      'bool',
      [rows],
      Uint8Array.from(members, (own) => (own.length === 0 ? 1 : 0)),
    ),
    new Tensor('int64', [values.size], reverse),
  ];
}

/** `SparseSlice`: what lies in a box, with positions counted from its start. */
export function sliceSparse(sparse: Sparse, start: Tensor, size: Tensor): Sparse {
  const rank = sparse.shape.length;
  const [from, wanted] = [integersOf(start), integersOf(size)];
  if (from.length !== rank || wanted.length !== rank) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', `Expected start and size to be vectors of ${rank} elements`);
  }
  if (from.some((value) => value < 0) || wanted.some((value) => value < 0)) {
    throw invalidRequest('NEGATIVE_DIMENSION', 'Expected start and size of a slice to be 0 or more');
  }
  const shape = sparse.shape.map((dim, axis) => Math.max(0, Math.min(wanted[axis]!, dim - from[axis]!)));
  const kept: number[] = [];
  const at: number[] = [];
  for (let i = 0; i < sparse.values.size; i++) {
    const own = shape.map((_, axis) => sparse.at[i * rank + axis]! - from[axis]!);
    if (own.some((index, axis) => index < 0 || index >= shape[axis]!)) continue;
    kept.push(i);
    at.push(...own);
  }
  return { at, values: pick(sparse.values, kept), shape };
}

/** `SparseSplit`: parts of one size along an axis, the first ones a place larger where it does not divide. */
export function splitSparse(sparse: Sparse, axis: number, count: number): Sparse[] {
  const dim = sparse.shape[axis];
  if (dim === undefined || axis < 0) {
    throw invalidRequest(
      'AXIS_OUT_OF_RANGE',
      `Input split_dim should be between 0 and rank (${sparse.shape.length}), got ${axis}`,
    );
  }
  if (count < 1 || count > dim) {
    throw invalidRequest(
      'BAD_SPLIT',
      `Input num_split should be between 1 and the splitting dimension size (${dim}), got ${count}`,
    );
  }
  const [size, larger] = [Math.floor(dim / count), dim % count];
  let start = 0;
  return Array.from({ length: count }, (_, part) => {
    const width = size + (part < larger ? 1 : 0);
    const from = sparse.shape.map((_dim, i) => (i === axis ? start : 0));
    const sizes = sparse.shape.with(axis, width);
    start += width;
    return sliceSparse(sparse, int64s(from), int64s(sizes));
  });
}

/** `SparseConcat`, in row-major order. */
export function concatSparse(parts: readonly Sparse[], axis: number): Sparse {
  const [first] = parts;
  const rank = first?.shape.length ?? 0;
  const at = axis < 0 ? axis + rank : axis;
  if (first === undefined || !(at >= 0 && at < rank)) {
    throw invalidRequest('AXIS_OUT_OF_RANGE', `Concat dimension must be in range [${-rank}, ${rank}), got ${axis}`);
  }
  for (const part of parts) {
    if (part.shape.length !== rank || part.shape.some((dim, i) => i !== at && dim !== first.shape[i])) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Concat dimensions do not match: [${first.shape.join(', ')}] and [${part.shape.join(', ')}]`,
      );
    }
  }
  const positions: number[] = [];
  let before = 0;
  for (const part of parts) {
    part.at.forEach((index, i) => positions.push(i % rank === at ? index + before : index));
    before += part.shape[at]!;
  }
  const data = allocate(first.values.dtype, [
    parts.reduce((sum, part) => sum + part.values.size, 0),
  ]) as Elements<unknown>;
  let end = 0;
  for (const part of parts) {
    const from = part.values.data as unknown as Elements<unknown>;
    for (let i = 0; i < from.length; i++) data[end++] = from[i];
  }
  const values = tensorOf(first.values.dtype, [positions.length / rank], data);
  return sortSparse({ at: positions, values, shape: first.shape.with(at, before) });
}
