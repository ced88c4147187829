import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { holds, type SetAccess } from './compiled-conditions.js';
import type { Column } from './data-spec.js';
import { ELSEWHERE_BIT, MISSING_BIT, WORD_CATEGORIES, type Slot } from './feature-slots.js';
import type { Forest } from './forest.js';
import type { Scoring } from './scoring.js';
import { OTHER_CONDITION, RANK_ABOVE, reached, type CompiledTrees } from './tree-writer.js';

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
  const { roots, firstLeaves } = forest.trees;
  const leaves = allocate(Int32Array, rows.count, roots.length);
  const ends = new Int32Array(rows.blockRows);
  const block = (first: number, count: number) => {
    for (let tree = 0; tree < roots.length; tree++) {
      findLeaves(forest.trees, tree, rows, first, count, ends);
      for (let row = 0; row < count; row++) {
        leaves[(first + row) * roots.length + tree] = ends[row]! - firstLeaves[tree]!;
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
  const { ends } = rows;
  for (let tree = 0; tree < trees.roots.length; tree++) {
    findLeaves(trees, tree, rows, first, count, ends);
    if (adds === 'value') {
      for (let row = 0, at = tree % width; row < count; row++, at += width) sums[at]! += leaves[ends[row]!]!;
    } else if (adds === 'vote') {
      for (let row = 0; row < count; row++) sums[row * width + leaves[ends[row]!]!]! += weight;
    } else {
      for (let row = 0; row < count; row++) {
        const leaf = ends[row]! * width;
        for (let i = 0; i < width; i++) sums[row * width + i]! += leaves[leaf + i]!;
      }
    }
  }
}

/** The numbers of the leaves at which a block's rows end in a tree. */
function findLeaves(
  trees: CompiledTrees,
  tree: number,
  rows: Rows,
  first: number,
  count: number,
  ends: Int32Array,
): void {
  const root = trees.roots[tree]!;
  const steps = trees.steps[tree]!;
  if (trees.hasOther) walkOthers(trees, root, rows, first, count, ends);
  else if (steps > 0) walkSteps(trees.nodes, root, steps, rows.x, rows.width, count, ends);
  else walkToEnd(trees.nodes, root, rows.x, rows.width, count, ends);
}

/** All ways as long as the longest: nothing for the processor to guess, and rows overlap. */
function walkSteps(
  nodes: Int32Array,
  root: number,
  steps: number,
  x: Int32Array,
  width: number,
  count: number,
  ends: Int32Array,
): void {
  for (let row = 0, base = 0; row < count; row++, base += width) {
    let at = root;
    for (let step = 0; step < steps; step++) {
      const slot = base + nodes[at]!;
      at = nodes[at + 2 + (((x[slot]! - nodes[at + 1]!) >>> x[slot + 1]!) & 1)]!;
    }
    ends[row] = nodes[at + 1]!;
  }
}

function walkToEnd(
  nodes: Int32Array,
  root: number,
  x: Int32Array,
  width: number,
  count: number,
  ends: Int32Array,
): void {
  for (let row = 0, base = 0; row < count; row++, base += width) {
    let at = root;
    for (;;) {
      const slot = base + nodes[at]!;
      const next = nodes[at + 2 + (((x[slot]! - nodes[at + 1]!) >>> x[slot + 1]!) & 1)]!;
      if (next === at) break;
      at = next;
    }
    ends[row] = nodes[at + 1]!;
  }
}

function walkOthers(
  { nodes, conditions }: CompiledTrees,
  root: number,
  { x, width, values, features, sets }: Rows,
  first: number,
  count: number,
  ends: Int32Array,
): void {
  for (let row = 0; row < count; row++) {
    let at = root;
    for (;;) {
      const slot = nodes[at]!;
      let way: number;
      if (slot === OTHER_CONDITION) {
        way = holds(conditions, nodes[at + 1]!, values, row * features, sets, first + row) ? 1 : 0;
      } else {
        const from = row * width + slot;
        way = ((x[from]! - nodes[at + 1]!) >>> x[from + 1]!) & 1;
      }
      const next = nodes[at + 2 + way]!;
      if (next === at) break;
      at = next;
    }
    ends[row] = nodes[at + 1]!;
  }
}

/** Rows of features as trees look at them, a block at a time. */
class Rows {
  readonly count: number;
  readonly blockRows: number;
  /** Features of a row: numbers, booleans and categories; NaN where one is missing. */
  readonly features: number;
  /** Those of the block's rows. */
  readonly values: Float32Array;
  /** Numbers of a row's slots, two for each. */
  readonly width: number;
  /** Those of the block's rows. */
  readonly x: Int32Array;
  /** Where the block's rows end in a tree. */
  readonly ends: Int32Array;
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
    this.blockRows = Math.max(1, Math.min(ROWS_PER_BLOCK, this.count));
    this.features = slots.numerical.length + slots.boolean.length + slots.categorical.length;
    this.values = new Float32Array(this.blockRows * this.features);
    // A leaf looks at the first slot whatever there is.
    this.width = Math.max(1, slots.slots.length) * 2;
    this.x = new Int32Array(this.blockRows * this.width);
    this.ends = new Int32Array(this.blockRows);
  }

  /** Loads the rows of a block (`SetExamples` and `SetVerticalDataset` in `ops/inference/kernel.cc`). */
  load(first: number, count: number): void {
    const { values, features } = this;
    const { numerical, boolean, categorical, slots } = this.forest.slots;
    const [n, b, c] = [numerical.length, boolean.length, categorical.length];
    for (let row = 0; row < count; row++) {
      const at = row * features;
      const from = first + row;
      for (let i = 0; i < n; i++) values[at + i] = this.#numerical[from * n + i]!;
      for (let i = 0; i < b; i++) values[at + n + i] = this.#boolean[from * b + i]!;
      for (let i = 0; i < c; i++) {
        const category = this.#categorical[from * c + i]!;
        const isKnown = category >= -1 && category < categorical[i]!.categories;
        values[at + n + b + i] = category === -1 ? NaN : isKnown ? category : 0;
      }
    }
    slots.forEach((slot, i) => slot.kind === 'missing' && this.#fill(slot, i * 2, count));
    const { replacements } = this.forest;
    if (replacements !== undefined) {
      for (let at = 0; at < count * features; at += features) {
        for (let i = 0; i < features; i++) if (Number.isNaN(values[at + i]!)) values[at + i] = replacements[i]!;
      }
    }
    slots.forEach((slot, i) => slot.kind !== 'missing' && this.#fill(slot, i * 2, count));
  }

  #fill(slot: Slot, at: number, count: number): void {
    const { values, features, x, width } = this;
    const thresholds = this.forest.trees.thresholds[slot.feature] ?? new Float32Array();
    for (let row = 0; row < count; row++) {
      const value = values[row * features + slot.feature]!;
      const to = row * width + at;
      if (slot.kind === 'number') {
        x[to] = Number.isNaN(value) ? (slot.missingAbove ? RANK_ABOVE : 0) : reached(thresholds, value);
        x[to + 1] = 31;
      } else if (slot.kind === 'missing') {
        x[to] = Number.isNaN(value) ? 1 : 0;
        x[to + 1] = 31;
      } else {
        const bit = value - slot.word * WORD_CATEGORIES;
        x[to + 1] = Number.isNaN(value) ? MISSING_BIT : bit >= 0 && bit < WORD_CATEGORIES ? bit : ELSEWHERE_BIT;
      }
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
