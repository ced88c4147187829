import type { Builder } from '../../onnx/builder.js';
import { knownIntegers } from '../../onnx/known-shapes.js';
import type { Value } from '../../onnx/value.js';
import type { HloContext } from './context.js';
import { sizeOf } from './layout.js';

/** A dimension that is indexed: by a column of the index vectors, or by its place in the batch. */
export interface IndexedDimension {
  readonly axis: number;
  /** Which of the index vectors' elements it is. */
  readonly column?: number;
  /** The dimension of the indices that it goes along with. */
  readonly batch?: number;
  /** How long the slice along it is. */
  readonly size: number;
}

/** Indices as GatherND and ScatterND take them: vectors along the last dimension. */
export interface IndexColumns {
  readonly whole: Value;
  /** With one dimension only: the indices without the last dimension. */
  readonly single: Value | undefined;
}

/** How indices that reach outside are treated. */
export type Outside = 'clamp' | 'keep';

/**
 * Index vectors for some dimensions of a tensor, one for each index and each element of the windows.
 *
 * @param windows - dimensions of which slices longer than 1 are taken: they come behind the batch
 * @returns undefined when nothing is indexed
 */
export function indexColumns(
  context: HloContext,
  operand: Value,
  indices: Value,
  dimensions: readonly IndexedDimension[],
  windows: readonly IndexedDimension[],
  outside: Outside = 'clamp',
): IndexColumns | undefined {
  if (dimensions.length === 0) return undefined;
  const { builder } = context;
  const rank = indices.shape?.length ?? 0;
  const vectorAxis = context.int('index_vector_dim');
  const hasVectors = vectorAxis < rank;
  const batchRank = rank - Number(hasVectors);
  const wide = builder.cast(indices, 'int64');
  const columns = dimensions.map((dimension) => {
    const { axis, column, batch, size } = dimension;
    if (column === undefined) return positions(builder, wide, batch ?? 0, vectorAxis, batchRank, windows.length);
    const start = hasVectors ? pick(builder, wide, column, vectorAxis) : wide;
    const inside = outside === 'clamp' ? clamped(builder, start, operand, axis, size) : start;
    const spread = builder.unsqueeze(
      inside,
      windows.map((_, i) => batchRank + i),
    );
    const at = windows.indexOf(dimension);
    if (at < 0) return spread;
    const steps = Array.from({ length: size }, (_, i) => i);
    const trailing = windows.slice(at + 1).map((_, i) => i + 1);
    return builder.emit('Add', [spread, builder.unsqueeze(builder.ints(steps), trailing)]);
  });
  const [first] = columns;
  if (columns.length === 1 && first !== undefined) {
    return { whole: builder.unsqueeze(first, [first.shape?.length ?? 0]), single: first };
  }
  return { whole: joined(context, columns), single: undefined };
}

function pick(builder: Builder, vectors: Value, column: number, axis: number): Value {
  return vectors.shape?.[axis] === 1 ? builder.squeeze(vectors, [axis]) : builder.pick(vectors, column, axis);
}

/** Columns broadcast against each other, side by side. */
function joined(context: HloContext, columns: readonly Value[]): Value {
  const { builder } = context;
  const [first] = columns;
  const isSame = columns.every(
    (column) => column.shape !== undefined && column.shape.every((dim, i) => dim === first?.shape?.[i]),
  );
  let whole = columns;
  if (!isSame) {
    // The sum has the common shape: what is added to it is nothing.
    const zeros = columns.map((column) => builder.emit('Mul', [column, builder.int(0)]));
    const zero = zeros.reduce((a, b) => builder.emit('Add', [a, b]));
    whole = columns.map((column) => builder.emit('Add', [column, zero]));
  }
  const last = whole[0]?.shape?.length ?? 0;
  return builder.concat(
    whole.map((column) => builder.unsqueeze(column, [last])),
    last,
  );
}

/** For each index its place along a dimension of the batch. */
function positions(
  builder: Builder,
  indices: Value,
  batch: number,
  vectorAxis: number,
  batchRank: number,
  windows: number,
): Value {
  const size = builder.reshape(builder.dims([sizeOf(indices, batch)]), []);
  const range = builder.emit('Range', [builder.int(0), size, builder.int(1)]);
  const place = batch > vectorAxis ? batch - 1 : batch;
  const trailing = Array.from({ length: batchRank - place - 1 + windows }, (_, i) => i + 1);
  return builder.unsqueeze(range, trailing);
}

/** Moves the start of a slice inside. */
function clamped(builder: Builder, start: Value, operand: Value, axis: number, size: number): Value {
  const whole = operand.shape?.[axis];
  const known = knownIntegers(start);
  if (typeof whole === 'number' && known?.every((at) => at >= 0 && at <= whole - size) === true) return start;
  const most =
    typeof whole === 'number'
      ? builder.int(Math.max(whole - size, 0))
      : builder.emit('Sub', [builder.reshape(builder.dims([sizeOf(operand, axis)]), []), builder.int(size)]);
  return builder.emit('Max', [builder.emit('Min', [start, most]), builder.int(0)]);
}
