import type { Tensor } from '@servable/tensor';
import { type DType } from '@servable/tensor';
import { int64s } from './byte-strings.js';
import { doublesOf, fromDoubles, integersOf, invalidRequest } from './elements.js';
import { rowSplits } from './ragged.js';

/** Attributes of the ops that count into sparse tensors. */
export interface CountOptions {
  readonly minLength: number;
  readonly maxLength: number;
  readonly binary: boolean;
  readonly dtype: DType;
}

type SparseParts = readonly [indices: Tensor, values: Tensor, shape: Tensor];

/** `DenseCountSparseOutput` of a vector or a matrix. */
export function countDense(values: Tensor, weights: Tensor, options: CountOptions): SparseParts {
  if (values.rank !== 1 && values.rank !== 2) {
    throw invalidRequest('BAD_RANK', `Input must be a 1 or 2-dimensional tensor. Got: [${values.shape.join(',')}]`);
  }
  const width = values.shape.at(-1)!;
  const rows = values.rank === 1 ? 1 : values.shape[0]!;
  if (rows === 0) throw invalidRequest('BAD_SHAPE', 'Invalid input: Shapes dimension cannot be 0.');
  return count(values, weights, rows, (i) => Math.floor(i / Math.max(width, 1)), values.rank === 1, options);
}

/** `RaggedCountSparseOutput`. */
export function countRagged(splits: Tensor, values: Tensor, weights: Tensor, options: CountOptions): SparseParts {
  if (splits.size < 2) throw invalidRequest('BAD_SPLITS', 'Must provide at least 2 elements for the splits argument');
  const rows = rowSplits(splits, values.size);
  let row = 0;
  const rowOf = (i: number) => {
    while (i >= rows[row + 1]!) row++;
    return row;
  };
  return count(values, weights, rows.length - 1, rowOf, false, options);
}

/** `SparseCountSparseOutput`: rows are the first dimension. */
export function countSparse(
  indices: Tensor,
  values: Tensor,
  shape: Tensor,
  weights: Tensor,
  options: CountOptions,
): SparseParts {
  const dims = integersOf(shape);
  const at = integersOf(indices);
  const rank = dims.length;
  if (rank === 0 || indices.rank !== 2 || indices.shape[1] !== rank || indices.shape[0] !== values.size) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected indices of shape [${values.size}, ${rank}], got [${indices.shape.join(', ')}]`,
    );
  }
  at.forEach((index, i) => {
    const dim = dims[i % rank]!;
    if (index < 0 || index >= dim) {
      throw invalidRequest(
        'INDEX_OUT_OF_RANGE',
        `Invalid index value at ${Math.floor(i / rank)}: dimension ${i % rank} has value ${index} which is not in [0, ${dim})`,
      );
    }
  });
  const rows = rank === 1 ? 1 : dims[0]!;
  if (rows === 0) throw invalidRequest('BAD_SHAPE', 'Cannot allocate 0 batches, is the dense shape too wide?');
  return count(values, weights, rows, (i) => (rank === 1 ? 0 : at[i * rank]!), rank === 1, options);
}

function count(
  values: Tensor,
  weights: Tensor,
  rows: number,
  rowOf: (i: number) => number,
  isVector: boolean,
  options: CountOptions,
): SparseParts {
  const weighted = weights.size > 0;
  if (weighted && weights.shape.join() !== values.shape.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Weights and values must have the same shape. Weight shape: [${weights.shape.join(',')}]; values shape: [${values.shape.join(',')}]`,
    );
  }
  const { maxLength, minLength, binary } = options;
  const by = weighted ? doublesOf(weights) : undefined;
  const counts = new Map<number, Map<number, number>>();
  let greatest = 0;
  integersOf(values).forEach((value, i) => {
    if (value < 0) throw invalidRequest('NEGATIVE_VALUE', 'Input values must all be non-negative');
    if (maxLength > 0 && value >= maxLength) return;
    const row = rowOf(i);
    let own = counts.get(row);
    if (own === undefined) counts.set(row, (own = new Map<number, number>()));
    own.set(value, binary ? 1 : (own.get(value) ?? 0) + (by?.[i] ?? 1));
    greatest = Math.max(greatest, value);
  });
  const positions: number[] = [];
  const totals: number[] = [];
  for (const row of [...counts.keys()].sort((a, b) => a - b)) {
    for (const [value, total] of [...counts.get(row)!].sort(([a], [b]) => a - b)) {
      positions.push(...(isVector ? [value] : [row, value]));
      totals.push(total);
    }
  }
  const width = maxLength > 0 ? maxLength : Math.max(greatest + 1, minLength);
  return [
    int64s(positions, [totals.length, isVector ? 1 : 2]),
    fromDoubles(options.dtype, [totals.length], Float64Array.from(totals)),
    int64s(isVector ? [width] : [rows, width]),
  ];
}
