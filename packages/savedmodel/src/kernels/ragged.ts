import type { Tensor } from '@servable/tensor';
import { dtypeInfo, type DType } from '@servable/tensor';
import { boundedList, int64s, indices as integerVector } from './byte-strings.js';
import {
  allocate,
  checkedSize,
  doublesOf,
  fromDoubles,
  integerOf,
  integersOf,
  invalidRequest,
  isBig,
  sizeOf,
  take,
  tensorOf,
  type Elements,
} from './elements.js';
import { fillEmptyRows } from './sparse.js';

/**
 * Row splits, checked: they start with 0, never fall, and end with the number of values.
 *
 * @throws SavedModelError INVALID_ARGUMENT `BAD_SPLITS`
 */
export function rowSplits(splits: Tensor, values: number): readonly number[] {
  const rows = integersOf(splits);
  if (rows.length === 0 || rows[0] !== 0) {
    throw invalidRequest('BAD_SPLITS', `Expected row splits that start with 0, got ${rows[0] ?? 'none'}`);
  }
  for (let i = 1; i < rows.length; i++) {
    if (rows[i]! < rows[i - 1]!)
      throw invalidRequest('BAD_SPLITS', `Row splits fall from ${rows[i - 1]} to ${rows[i]}`);
  }
  if (rows.at(-1) !== values) {
    throw invalidRequest('BAD_SPLITS', `Expected row splits that end with ${values}, got ${rows.at(-1)}`);
  }
  return rows;
}

export type PartitionType = 'FIRST_DIM_SIZE' | 'VALUE_ROWIDS' | 'ROW_SPLITS';

/**
 * `RaggedTensorToTensor` (tensorflow/core/kernels/ragged_tensor_to_tensor_op.cc).
 *
 * @param shape - a vector with -1 for what the values decide, or the scalar -1
 * @param partitions - one tensor per type; a first `FIRST_DIM_SIZE` only counts the rows
 */
export function raggedToTensor(
  shape: Tensor,
  values: Tensor,
  fallback: Tensor,
  partitions: readonly Tensor[],
  types: readonly PartitionType[],
): Tensor {
  const sized = types[0] === 'FIRST_DIM_SIZE';
  const first = partitions[0];
  if (first === undefined || first.size === 0) {
    throw invalidRequest('BAD_PARTITION', 'Invalid first partition input. Tensor requires at least one element.');
  }
  if (types[0] === 'VALUE_ROWIDS') {
    throw invalidRequest('BAD_PARTITION', 'Cannot handle VALUE_ROWIDS in first dimension.');
  }
  const rows = sized ? integerOf(first) : first.size - 1;
  if (rows < 0) throw invalidRequest('NEGATIVE_DIMENSION', `expected 0 or more rows, got ${rows}`);
  const levels = (sized ? partitions.slice(1) : partitions).map((partition, i) => ({
    type: types[sized ? i + 1 : i],
    at: integersOf(partition),
  }));
  const inner = values.shape.slice(1);
  const size = outputShape(shape, levels.length, rows, inner);
  levels.forEach((level, i) => {
    if (size[i + 1]! < 0) size[i + 1] = widest(level.at, level.type);
  });
  checkedSize(size);
  const step = new Array<number>(levels.length + 1).fill(1);
  for (let i = levels.length - 1; i >= 0; i--) step[i] = step[i + 1]! * size[i + 1]!;
  let places = Array.from({ length: boundedList(rows) }, (_, i) => (i < size[0]! ? i * step[0]! : -1));
  levels.forEach((level, i) => {
    const [width, by] = [size[i + 1]!, step[i + 1]!];
    places =
      level.type === 'ROW_SPLITS'
        ? placeBySplits(level.at, places, width, by)
        : placeByRowIds(level.at, places, width, by);
  });
  if (places.length !== (values.shape[0] ?? 0)) {
    throw invalidRequest(
      'BAD_PARTITION',
      `Expected as many values as the partitions place, ${places.length}, got ${values.shape[0] ?? 0}`,
    );
  }
  return scatterRows(values, places, size, sizeOf(inner), fallback, inner);
}

function outputShape(shape: Tensor, raggedRank: number, rows: number, inner: readonly number[]): number[] {
  const given = integersOf(shape);
  const rank = raggedRank + 1 + inner.length;
  const unknown = shape.rank === 0;
  if (!unknown && given.length !== rank) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected a shape of ${rank} dimensions for the ragged tensor, got [${given.join(', ')}]`,
    );
  }
  return Array.from({ length: rank }, (_, i) => {
    const dim = unknown ? -1 : given[i]!;
    if (dim < -1) throw invalidRequest('NEGATIVE_DIMENSION', `Invalid dimension size: ${dim}`);
    if (i === 0) return dim < 0 ? rows : dim;
    const own = inner[i - raggedRank - 1];
    if (own !== undefined && dim >= 0 && dim !== own) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Inner dimension ${i} of the shape is ${dim}, but the values have ${own} there`,
      );
    }
    return own ?? dim;
  });
}

function widest(partition: readonly number[], type: PartitionType | undefined): number {
  let most = 0;
  let start = 0;
  for (let i = 1; i <= partition.length; i++) {
    if (type === 'ROW_SPLITS') most = Math.max(most, (partition[i] ?? 0) - partition[i - 1]!);
    else if (partition[i] !== partition[start]) {
      most = Math.max(most, i - start);
      start = i;
    }
  }
  return most;
}

function placeBySplits(splits: readonly number[], parents: readonly number[], width: number, by: number): number[] {
  const places: number[] = [];
  if (splits.length - 1 > parents.length) {
    throw invalidRequest(
      'BAD_SPLITS',
      `Row partition size is greater than output size: ${splits.length - 1} > ${parents.length}`,
    );
  }
  boundedList(splits.at(-1) ?? 0);
  for (let i = 0; i + 1 < splits.length; i++) {
    const length = splits[i + 1]! - splits[i]!;
    if (length < 0 || splits[0] !== 0) throw invalidRequest('BAD_SPLITS', 'Invalid row split size.');
    const parent = parents[i]!;
    for (let k = 0; k < length; k++) places.push(parent < 0 || k >= width ? -1 : parent + k * by);
  }
  return places;
}

function placeByRowIds(ids: readonly number[], parents: readonly number[], width: number, by: number): number[] {
  let column = 0;
  return ids.map((id, i) => {
    const parent = parents[id];
    if (parent === undefined) {
      throw invalidRequest('BAD_ROW_IDS', `Got value_rowid=${id} which is not less than ${parents.length}`);
    }
    column = id === ids[i - 1] ? column + 1 : 0;
    return parent < 0 || column >= width ? -1 : parent + column * by;
  });
}

/** Rows of `values` at places (counted in rows) of a tensor that otherwise repeats the fallback. */
function scatterRows(
  values: Tensor,
  places: readonly number[],
  shape: readonly number[],
  width: number,
  fallback: Tensor,
  inner: readonly number[],
): Tensor {
  const lead = inner.length - fallback.rank;
  if (lead < 0 || fallback.shape.some((dim, i) => dim !== 1 && dim !== inner[i + lead])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `default_value of shape [${fallback.shape.join(', ')}] does not broadcast to [${inner.join(', ')}]`,
    );
  }
  const { lanes } = dtypeInfo(values.dtype);
  const row = expandFlat(fallback, inner);
  const data = allocate(values.dtype, shape) as Elements<unknown>;
  const [from, filling] = [values.data, row.data];
  const span = width * lanes;
  const count = span === 0 ? 0 : data.length / span;
  const source = new Int32Array(count).fill(-1);
  places.forEach((place, i) => {
    if (place >= 0) source[place] = i;
  });
  for (let i = 0; i < count; i++) {
    const at = source[i]!;
    for (let k = 0; k < span; k++) data[i * span + k] = at < 0 ? filling[k] : from[at * span + k];
  }
  return tensorOf(values.dtype, shape, data);
}

function expandFlat(x: Tensor, shape: readonly number[]): Tensor {
  const size = sizeOf(shape);
  const lead = shape.length - x.rank;
  const at = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    let [rest, offset, stride] = [i, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const index = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      const dim = axis < lead ? 1 : x.shape[axis - lead]!;
      if (dim !== 1) offset += index * stride;
      stride *= dim;
    }
    at[i] = offset;
  }
  return take(x, at, shape);
}

/** `RaggedRange`: one range per row; scalars stand for every row. */
export function raggedRange(
  starts: Tensor,
  limits: Tensor,
  deltas: Tensor,
  splitsDtype: DType,
): readonly [Tensor, Tensor] {
  const inputs = [starts, limits, deltas];
  const rows = Math.max(...inputs.map((x) => (x.rank === 0 ? -1 : x.size)), inputs.every((x) => x.rank === 0) ? 1 : 0);
  if (inputs.some((x) => x.rank > 1 || (x.rank === 1 && x.size !== rows))) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', 'starts, limits, and deltas must have the same shape');
  }
  const [from, to, by] = inputs.map(doublesOf) as [Float64Array, Float64Array, Float64Array];
  const at = (x: Float64Array, i: number) => x[x.length === 1 ? 0 : i]!;
  const splits = [0];
  for (let i = 0; i < rows; i++) {
    const delta = at(by, i);
    if (delta === 0) throw invalidRequest('ZERO_DELTA', 'Requires delta != 0');
    const size = Math.max(0, Math.ceil((at(to, i) - at(from, i)) / delta));
    splits.push(splits.at(-1)! + (Number.isNaN(size) ? 0 : size));
  }
  const values = new Float64Array(checkedSize([splits.at(-1)!]));
  for (let i = 0; i < rows; i++) {
    for (let k = splits[i]!; k < splits[i + 1]!; k++) values[k] = at(from, i) + (k - splits[i]!) * at(by, i);
  }
  return [integerVector(splitsDtype, splits), fromDoubles(starts.dtype, [values.length], values)];
}

/** `RaggedGather`: rows of a ragged tensor by number; gives all row splits and the values. */
export function raggedGather(nested: readonly Tensor[], values: Tensor, wanted: Tensor): readonly Tensor[] {
  const [outer] = nested;
  if (outer === undefined || outer.size === 0) throw invalidRequest('BAD_SPLITS', 'Split tensors must not be empty');
  const sizes = [...nested.slice(1).map((splits) => splits.size - 1), values.shape[0] ?? 0];
  const levels = nested.map((splits, i) => rowSplits(splits, sizes[i]!));
  const dtype = outer.dtype;
  const rows = integersOf(wanted);
  const count = outer.size - 1;
  rows.forEach((row, i) => {
    if (row < 0 || row >= count) {
      throw invalidRequest('INDEX_OUT_OF_RANGE', `indices[${i}] = ${row} is not in [0, ${count})`);
    }
  });
  const outputs: Tensor[] = [];
  // Dimensions of the indices behind the first are rows of one length.
  for (let axis = 1; axis < wanted.rank; axis++) {
    const length = wanted.shape[axis]!;
    const before = sizeOf(wanted.shape.slice(0, axis));
    outputs.push(
      integerVector(
        dtype,
        Array.from({ length: before + 1 }, (_, i) => i * length),
      ),
    );
  }
  let picked = rows;
  for (const splits of levels) {
    const own = [0];
    const next: number[] = [];
    for (const row of picked) {
      boundedList(next.length + splits[row + 1]! - splits[row]!);
      for (let k = splits[row]!; k < splits[row + 1]!; k++) next.push(k);
      own.push(next.length);
    }
    outputs.push(integerVector(dtype, own));
    picked = next;
  }
  const inner = values.shape.slice(1);
  const width = sizeOf(inner);
  const shape = [picked.length, ...inner];
  const from = new Int32Array(checkedSize(shape));
  picked.forEach((row, i) => {
    for (let k = 0; k < width; k++) from[i * width + k] = row * width + k;
  });
  return [...outputs, take(values, from, shape)];
}

/** `RaggedTensorToSparse`: indices, values and dense shape. */
export function raggedToSparse(nested: readonly Tensor[], values: Tensor): readonly [Tensor, Tensor, Tensor] {
  const sizes = [...nested.slice(1).map((splits) => splits.size - 1), values.shape[0] ?? 0];
  const levels = nested.map((splits, i) => rowSplits(splits, sizes[i]!));
  const inner = values.shape.slice(1);
  const width = sizeOf(inner);
  let paths: number[][] = Array.from({ length: levels[0]!.length - 1 }, (_, i) => [i]);
  const shape = [paths.length];
  for (const splits of levels) {
    let most = 0;
    const next: number[][] = [];
    paths.forEach((path, row) => {
      const length = splits[row + 1]! - splits[row]!;
      most = Math.max(most, length);
      for (let k = 0; k < length; k++) next.push([...path, k]);
    });
    shape.push(most);
    paths = next;
  }
  const rank = shape.length + inner.length;
  const positions: number[] = [];
  for (const path of paths) {
    for (let k = 0; k < width; k++) {
      let rest = k;
      const behind = inner.toReversed().map((dim) => {
        const index = rest % dim;
        rest = Math.floor(rest / dim);
        return index;
      });
      positions.push(...path, ...behind.reverse());
    }
  }
  const flat = values.reshape([values.size]);
  return [int64s(positions, [values.size, rank]), flat, int64s([...shape, ...inner])];
}

/** `RaggedBincount`: how often each value below `size` stands in each row. */
export function raggedBincount(splits: Tensor, values: Tensor, size: Tensor, weights: Tensor, binary: boolean): Tensor {
  const width = integerOf(size);
  if (width < 0) throw invalidRequest('BAD_SIZE', `size (${width}) must be non-negative`);
  if (splits.size === 0) throw invalidRequest('BAD_SPLITS', 'Splits must be non-empty');
  if (integerOf(splits) !== 0)
    throw invalidRequest('BAD_SPLITS', `Splits must start with 0, not with ${integerOf(splits)}`);
  const rows = rowSplits(splits, values.size);
  const shape = [rows.length - 1, width];
  const counts = new Float64Array(checkedSize(shape));
  const all = integersOf(values);
  const weight = weights.size === 0 ? undefined : doublesOf(weights);
  for (let row = 0; row + 1 < rows.length; row++) {
    for (let i = rows[row]!; i < rows[row + 1]!; i++) {
      const value = all[i]!;
      if (value < 0) throw invalidRequest('NEGATIVE_VALUE', 'Input must be non-negative');
      if (value >= width) continue;
      const at = row * width + value;
      counts[at] = binary ? 1 : counts[at]! + (weight?.[i] ?? 1);
    }
  }
  return fromDoubles(weights.dtype, shape, isBig(weights.dtype) ? counts.map(Math.trunc) : counts);
}

/** `RaggedFillEmptyRows`: a row without values gets one (tensorflow/core/kernels/ragged_fill_empty_rows_op.cc). */
export function raggedFillEmptyRows(
  rowids: Tensor,
  values: Tensor,
  rows: Tensor,
  fallback: Tensor,
): readonly [rowids: Tensor, values: Tensor, empty: Tensor, reverse: Tensor] {
  if (rows.rank !== 0 || rowids.rank !== 1 || values.rank !== 1) {
    throw invalidRequest(
      'BAD_RANK',
      `Expected nrows, value_rowids and values of rank 0, 1 and 1, got ${rows.rank}, ${rowids.rank} and ${values.rank}`,
    );
  }
  const [indices, ...others] = fillEmptyRows(rowids.reshape([rowids.size, 1]), values, rows.reshape([1]), fallback);
  // Of no rows TensorFlow gives row ids of rank 2.
  return [integerOf(rows) === 0 ? indices : indices.reshape([indices.size]), ...others];
}
