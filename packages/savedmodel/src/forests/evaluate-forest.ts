import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { holds, type SetAccess } from './compiled-conditions.js';
import type { Column } from './data-spec.js';
import type { Forest } from './forest.js';
import { missingCategory } from './read-forest.js';
import type { Scoring } from './scoring.js';
import { FIRST_MASK, LEAF, type CompiledTrees } from './tree-writer.js';

/** The inputs of TensorFlow Decision Forests' inference ops. */
export interface ForestInputs {
  /** float32, [rows, numerical features]; NaN: missing. */
  readonly numerical: Tensor;
  /** float32, [rows, boolean features]; NaN: missing. */
  readonly boolean: Tensor;
  /** int32, [rows, categorical features]; -1: missing, 0: unknown. */
  readonly categorical: Tensor;
  /** int32: the items of all sets; one that is -1: missing. */
  readonly setItems: Tensor;
  /** int64: where each set begins in `setItems`, and where the last one ends. */
  readonly setSplits: Tensor;
  /** int64: where each row's sets begin in `setSplits`. */
  readonly rowSplits: Tensor;
}

/** Rows that are taken through all trees together: their numbers stay in the cache while a tree's nodes are there. */
const ROWS_PER_BLOCK = 128;
/** Milliseconds after which the event loop gets a turn. */
const TURN_MS = 8;
/** Numbers that one call may answer. */
const MAX_PREDICTIONS = 2 ** 28;

/**
 * The predictions of a forest for rows of features.
 *
 * @returns float32, [rows, numbers of a prediction]; a promise where it takes long, as it then gives way now and then
 * @throws SavedModelError INVALID_ARGUMENT `FOREST_INPUTS`, INTERNAL `FOREST_SETS`
 */
export function predict(forest: Forest, inputs: ForestInputs, signal?: AbortSignal): Tensor | Promise<Tensor> {
  const scoring = forest.scoring();
  const rows = new Rows(forest, inputs);
  const predictions = allocate(Float32Array, rows.count, scoring.outputs);
  const sums = new (scoring.precision === 'float32' ? Float32Array : Float64Array)(rows.blockRows * scoring.sums);
  const block = (first: number, count: number) => {
    sums.fill(0);
    for (let sum = 0; sum < scoring.sums; sum++) {
      const initial = scoring.initial[sum] ?? 0;
      if (initial === 0) continue;
      for (let row = 0; row < count; row++) sums[row * scoring.sums + sum] = initial;
    }
    addLeaves(forest.trees, scoring, rows, first, count, sums);
    for (let row = 0; row < count; row++) {
      scoring.finish(sums, row * scoring.sums, predictions, (first + row) * scoring.outputs);
    }
  };
  const result = () => new Tensor('float32', [rows.count, scoring.outputs], predictions);
  return inTurns(rows, block, signal, result);
}

/**
 * The leaf at which each tree of a forest ends for rows of features.
 *
 * @returns int32, [rows, trees]: numbers of leaves among those of the tree
 * @throws SavedModelError as {@link predict}
 */
export function activeLeaves(forest: Forest, inputs: ForestInputs, signal?: AbortSignal): Tensor | Promise<Tensor> {
  const rows = new Rows(forest, inputs);
  const { nodes, roots } = forest.trees;
  const leaves = allocate(Int32Array, rows.count, roots.length);
  const block = (first: number, count: number) => {
    for (let tree = 0; tree < roots.length; tree++) {
      for (let row = 0; row < count; row++) {
        const leaf = findLeaf(forest.trees, roots[tree]!, rows.x, row * rows.width, rows.sets, first + row);
        leaves[(first + row) * roots.length + tree] = nodes[leaf + 2]!;
      }
    }
  };
  return inTurns(rows, block, signal, () => new Tensor('int32', [rows.count, roots.length], leaves));
}

function allocate<A>(make: new (length: number) => A, rows: number, width: number): A {
  if (rows * width > MAX_PREDICTIONS) {
    throw new SavedModelError(
      'RESOURCE_EXHAUSTED',
      'RESULT_TOO_LARGE',
      `expected predictions of at most ${MAX_PREDICTIONS} numbers, given ${rows} rows of ${width}`,
    );
  }
  return new make(rows * width);
}

/** Goes through the blocks of rows; from the first that ends too late on, the event loop gets turns in between. */
function inTurns(
  rows: Rows,
  block: (first: number, count: number) => void,
  signal: AbortSignal | undefined,
  result: () => Tensor,
): Tensor | Promise<Tensor> {
  let first = 0;
  const go = () => {
    const end = performance.now() + TURN_MS;
    while (first < rows.count && performance.now() < end) {
      const count = Math.min(rows.blockRows, rows.count - first);
      rows.load(first, count);
      block(first, count);
      first += count;
    }
    return first >= rows.count;
  };
  if (go()) return result();
  return (async () => {
    do {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    } while (!go());
    return result();
  })();
}

/** Adds to the sums of each row what the leaves of its trees hold, tree after tree. */
function addLeaves(
  trees: CompiledTrees,
  { adds, sums: width, leaves, weight }: Scoring,
  rows: Rows,
  first: number,
  count: number,
  sums: Float32Array | Float64Array,
): void {
  const { nodes, roots } = trees;
  const { x, width: slots, sets } = rows;
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    const turn = adds === 'value' ? tree % width : 0;
    for (let row = 0; row < count; row++) {
      const leaf = nodes[findLeaf(trees, root, x, row * slots, sets, first + row) + 1]!;
      const at = row * width + turn;
      if (adds === 'value') sums[at]! += leaves[leaf]!;
      else if (adds === 'vote') sums[at + leaves[leaf]!]! += weight;
      else for (let i = 0; i < width; i++) sums[at + i]! += leaves[leaf * width + i]!;
    }
  }
}

function findLeaf(
  { nodes, thresholds, conditions }: CompiledTrees,
  root: number,
  x: Float32Array,
  base: number,
  sets: SetAccess,
  row: number,
): number {
  let at = root;
  for (;;) {
    const code = nodes[at]!;
    if (code >= 0) at = x[base + code]! >= thresholds[at + 1]! ? nodes[at + 3]! : nodes[at + 2]!;
    else if (code === LEAF) return at;
    else if (code <= FIRST_MASK) {
      at = (nodes[at + 1]! >>> x[base + FIRST_MASK - code]!) & 1 ? nodes[at + 3]! : nodes[at + 2]!;
    } else at = holds(conditions, nodes[at + 1]!, x, base, sets, row) ? nodes[at + 3]! : nodes[at + 2]!;
  }
}

/** Rows of features as trees look at them, a block at a time. */
class Rows {
  readonly count: number;
  readonly blockRows: number;
  /** Numbers of a row. */
  readonly width: number;
  /** The numbers of the block's rows. */
  readonly x: Float32Array;
  readonly sets: SetAccess;
  readonly #numerical: Float32Array;
  readonly #boolean: Float32Array;
  readonly #categorical: Int32Array;

  constructor(
    private readonly forest: Forest,
    inputs: ForestInputs,
  ) {
    const { slots } = forest;
    this.#numerical = matrix(inputs.numerical, 'float32', 'numerical_features', slots.numerical.length);
    this.#boolean = matrix(inputs.boolean, 'float32', 'boolean_features', slots.boolean.length);
    this.#categorical = matrix(inputs.categorical, 'int32', 'categorical_int_features', slots.categorical.length);
    const rowSplits = vector(inputs.rowSplits, 'int64', 'categorical_set_int_features_row_splits_dim_2');
    this.count = batchSize([
      inputs.numerical.shape[0] ?? 0,
      inputs.boolean.shape[0] ?? 0,
      inputs.categorical.shape[0] ?? 0,
      rowSplits.length - 1,
    ]);
    this.sets = setsOf(inputs, rowSplits, slots.sets, this.count);
    this.width = slots.count;
    this.blockRows = Math.max(1, Math.min(ROWS_PER_BLOCK, this.count));
    this.x = new Float32Array(this.blockRows * this.width);
  }

  /** Loads the rows of a block (`SetExamples` and `SetVerticalDataset` in `ops/inference/kernel.cc`). */
  load(first: number, count: number): void {
    const { x, width } = this;
    const { numerical, boolean, categorical, negated, missing } = this.forest.slots;
    const [n, b, c] = [numerical.length, boolean.length, categorical.length];
    for (let row = 0; row < count; row++) {
      const at = row * width;
      const from = first + row;
      for (let i = 0; i < n; i++) x[at + i] = this.#numerical[from * n + i]!;
      for (let i = 0; i < b; i++) x[at + n + i] = this.#boolean[from * b + i]!;
      for (let i = 0; i < c; i++) {
        const category = this.#categorical[from * c + i]!;
        const isKnown = category >= -1 && category < categorical[i]!.categories;
        x[at + n + b + i] = category === -1 ? NaN : isKnown ? category : 0;
      }
      for (const [slot, of] of missing) x[at + slot] = Number.isNaN(x[at + of]!) ? 1 : 0;
    }
    this.#replace(count, n + b, c);
    for (const [slot, of] of negated) {
      for (let at = 0; at < count * width; at += width) x[at + slot] = -x[at + of]!;
    }
  }

  #replace(count: number, firstCategory: number, categories: number): void {
    const { x, width } = this;
    const { replacements, slots } = this.forest;
    if (replacements !== undefined) {
      for (let at = 0; at < count * width; at += width) {
        for (let i = 0; i < replacements.length; i++) if (Number.isNaN(x[at + i]!)) x[at + i] = replacements[i]!;
      }
      return;
    }
    for (let i = 0; i < categories; i++) {
      const missing = missingCategory(slots.categorical[i]!);
      for (let at = firstCategory + i; at < count * width; at += width) if (Number.isNaN(x[at]!)) x[at] = missing;
    }
  }
}

/** `ComputeBatchSize` in `ops/inference/kernel.cc`: inputs without rows are not used. */
function batchSize(sizes: readonly number[]): number {
  let count = 0;
  for (const size of sizes) {
    if (size <= 0) continue;
    if (count !== 0 && count !== size) {
      throw badInputs(`The batch size of the input features are inconsistent: ${count} vs ${size}.`);
    }
    count = size;
  }
  return count;
}

function matrix(tensor: Tensor, dtype: 'float32', name: string, width: number): Float32Array;
function matrix(tensor: Tensor, dtype: 'int32', name: string, width: number): Int32Array;
function matrix(tensor: Tensor, dtype: 'float32' | 'int32', name: string, width: number): Float32Array | Int32Array {
  if (!tensor.is(dtype) || tensor.rank !== 2) {
    throw badInputs(`${name}: expected ${dtype} of rank 2, given ${tensor.dtype} of rank ${tensor.rank}`);
  }
  if (tensor.shape[1] !== width) {
    throw badInputs(`Unexpected dimension of ${name} bank. Expected ${width}, given ${tensor.shape[1]}`);
  }
  return tensor.data;
}

function vector(tensor: Tensor, dtype: 'int64', name: string): BigInt64Array;
function vector(tensor: Tensor, dtype: 'int32', name: string): Int32Array;
function vector(tensor: Tensor, dtype: 'int32' | 'int64', name: string): Int32Array | BigInt64Array {
  if (!tensor.is(dtype) || tensor.rank !== 1) {
    throw badInputs(`${name}: expected ${dtype} of rank 1, given ${tensor.dtype} of rank ${tensor.rank}`);
  }
  return tensor.data;
}

/** The sets of all rows, with categories that are not known as 0 (`ExtractCategoricalSetInt` in `ops/inference/kernel.cc`). */
function setsOf(
  { setItems, setSplits }: ForestInputs,
  rowSplits: BigInt64Array,
  columns: readonly Column[],
  rows: number,
): SetAccess {
  const given = vector(setItems, 'int32', 'categorical_set_int_features_values');
  const ends = vector(setSplits, 'int64', 'categorical_set_int_features_row_splits_dim_1');
  const setsPerRow = columns.length;
  if (setsPerRow === 0) return { items: given, splits: new Int32Array(), setsPerRow };
  if (rowSplits.length !== rows + 1 || rowSplits.some((split, row) => Number(split) !== row * setsPerRow)) {
    throw badSets('Unexpected features_row_splits_dim_2 size.');
  }
  if (ends.length < rows * setsPerRow + 1) throw badSets('Unexpected features_row_splits_dim_1 size.');
  const splits = Int32Array.from(ends.subarray(0, rows * setsPerRow + 1), (end) => {
    const number = Number(end);
    if (number < 0 || number > given.length) throw badSets(`A set ends at ${end} of ${given.length} items.`);
    return number;
  });
  const items = given.slice();
  for (let set = 0; set + 1 < splits.length; set++) {
    const { categories } = columns[set % setsPerRow]!;
    const [from, to] = [splits[set]!, splits[set + 1]!];
    if (from > to) throw badSets(`A set begins at ${from} and ends at ${to}.`);
    for (let i = from; i < to; i++) if (items[i]! < -1 || items[i]! >= categories) items[i] = 0;
  }
  return { items, splits, setsPerRow };
}

const badInputs = (message: string) => new SavedModelError('INVALID_ARGUMENT', 'FOREST_INPUTS', message);
const badSets = (message: string) => new SavedModelError('INTERNAL', 'FOREST_SETS', message);
