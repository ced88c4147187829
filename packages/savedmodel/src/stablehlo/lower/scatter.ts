import { isComplex } from '../../kernels/elements.js';
import type { Builder } from '../../onnx/builder.js';
import type { Value } from '../../onnx/value.js';
import type { HloBlock } from '../hlo.js';
import type { HloContext } from './context.js';
import { indexColumns, type IndexedDimension } from './index-columns.js';
import { sizeOf } from './layout.js';
import { combinerOf } from './reduction.js';
import { HloFamily } from './registry.js';

/** Writing slices by index. */
export const scatter = new HloFamily().op('scatter', (context) => {
  if (context.inputCount !== 3) throw context.refuse('it writes several tensors at once');
  return scatterSlices(context);
});

/** TensorFlow's ops by how an update and what is there are combined. */
const WRITERS: Readonly<Record<string, string>> = {
  add: 'TensorScatterAdd',
  maximum: 'TensorScatterMax',
  minimum: 'TensorScatterMin',
};

function writerOf(context: HloContext, body: HloBlock, dtype: string): string {
  const result = body.operations.at(-1)?.operands[0];
  if (body.operations.length === 1 && result === body.arguments[1]) return 'TensorScatterUpdate';
  const combiner = combinerOf(body) ?? '';
  const writer = WRITERS[combiner];
  if (writer === undefined || dtype === 'bool')
    throw context.refuse(`it combines ${dtype} by '${combiner || 'a body of its own'}'`);
  return writer;
}

/**
 * Elements are written one by one into the operand as a vector, which has one more place at its end for updates that reach
 * outside: they have no effect. Rows at the front of the operand are written as they are.
 */
function scatterSlices(context: HloContext): Value {
  const { builder } = context;
  const [operand, indices, updates] = context.inputs() as [Value, Value, Value];
  const writer = writerOf(context, context.region(0), operand.dtype);
  if (isComplex(operand.dtype)) throw context.refuse(`it writes ${operand.dtype}`);
  const windowDims = context.ints('update_window_dims');
  const inserted = context.ints('inserted_window_dims');
  const batching = context.ints('input_batching_dims', []);
  const indicesBatching = context.ints('scatter_indices_batching_dims', []);
  const map = context.ints('scatter_dims_to_operand_dims');
  const rank = context.rank(0);
  const updateShape = context.operandType(2).shape;
  const own = Array.from({ length: rank }, (_, axis) => axis).filter(
    (axis) => !inserted.includes(axis) && !batching.includes(axis),
  );
  const updateAxis = new Map(own.map((axis, i) => [axis, windowDims[i] ?? 0]));
  const shape = context.operandType(0).shape;
  const isWhole = (axis: number) => {
    const at = updateAxis.get(axis);
    if (at === undefined) return false;
    const [size, update] = [operand.shape?.[axis], updates.shape?.[at]];
    return (shape[axis] !== null && shape[axis] === updateShape[at]) || (size !== undefined && size === update);
  };
  const indexed = [...batching, ...map];
  // Updates: the batch first, then the windows in the order of the operand's dimensions.
  const batchAxes = updateShape.flatMap((_, axis) => (windowDims.includes(axis) ? [] : [axis]));
  const windowAxes = own.map((axis) => updateAxis.get(axis) as number);
  const ordered = builder.transpose(updates, [...batchAxes, ...windowAxes]);
  const rest = own.filter((axis) => !map.includes(axis));
  const dimensions: IndexedDimension[] = indexed.map((axis, i) => {
    if (i < batching.length) return { axis, batch: indicesBatching[i] ?? 0, size: 1 };
    const at = updateAxis.get(axis);
    const size = at === undefined ? 1 : updateShape[at];
    if (size === null || size === undefined)
      throw context.refuse(`how much it writes along dimension ${axis} is not known`);
    return { axis, column: i - batching.length, size };
  });
  if (!rest.every(isWhole)) throw context.refuse('it writes part of a dimension that has no index');
  const windows = dimensions.filter(({ axis }) => updateAxis.has(axis));
  // Windows in the order of the operand.
  const inOrder = windows.toSorted((a, b) => a.axis - b.axis);
  const columns = indexColumns(context, operand, indices, dimensions, inOrder, 'keep');
  if (columns === undefined) throw context.refuse('it has no indices');
  const source = builder.transpose(operand, [...indexed, ...rest]);
  // Updates: the batch, the windows that are indexed, the rest.
  const windowOrder = [...inOrder.map(({ axis }) => axis), ...rest].map((axis) => batchAxes.length + own.indexOf(axis));
  const rows = builder.transpose(ordered, [...batchAxes.map((_, i) => i), ...windowOrder]);
  const written = write(context, writer, source, columns.whole, rows, inOrder.length, indexed.length);
  const order = [...indexed, ...rest];
  return builder.transpose(
    written,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Writes rows by index vectors; those outside, or of a window that is in part, go to a place that is dropped. */
function write(
  context: HloContext,
  writer: string,
  source: Value,
  columns: Value,
  rows: Value,
  windows: number,
  count: number,
): Value {
  const { builder } = context;
  const last = (columns.shape?.length ?? 1) - 1;
  const sizes = Array.from({ length: count }, (_, axis) => sizeOf(source, axis));
  const limits = builder.dims(sizes);
  if (isInside(columns, sizes)) return context.tf(writer, [source, columns, rows]);
  // The number of a row, counted through all indexed dimensions.
  const strides = sizes.map((_, axis) => product(builder, sizes.slice(axis + 1)));
  const weights = builder.concat(strides, 0);
  const number = builder.emit('ReduceSum', [builder.emit('Mul', [columns, weights]), builder.ints([last])], {
    keepdims: 1,
  });
  const inside = builder.emit('And', [
    builder.emit('GreaterOrEqual', [columns, builder.int(0)]),
    builder.emit('Less', [columns, limits]),
  ]);
  const outside = builder.cast(builder.emit('Not', [inside]), 'int32');
  const wrong = builder.emit('ReduceSum', [outside, windowAxes(builder, columns, windows)], { keepdims: 1 });
  const total = product(builder, sizes);
  const isWrong = builder.emit('Greater', [wrong, builder.scalar('int32', 0)]);
  const target = builder.emit('Where', [isWrong, total, number]);
  const restSizes = (source.shape ?? []).slice(count).map((_, i) => sizeOf(source, count + i));
  const flat = builder.reshapeTo(source, builder.concat([total, builder.dims(restSizes)], 0));
  const padded = withDump(context, flat);
  const result = context.tf(writer, [padded, target, rows]);
  const kept = builder.emit('Slice', [result, builder.ints([0]), builder.ints([-1]), builder.ints([0])]);
  const shaped = builder.reshapeTo(kept, builder.dims((source.shape ?? []).map((_, axis) => sizeOf(source, axis))));
  return shaped.transposed === undefined && shaped.constant === undefined ? { ...shaped, shape: source.shape } : shaped;
}

/** A window that reaches outside has no effect as a whole: the axes over which one wrong index spoils all. */
function windowAxes(builder: Builder, columns: Value, windows: number): Value {
  const last = (columns.shape?.length ?? 1) - 1;
  return builder.ints([...Array.from({ length: windows }, (_, i) => last - windows + i), last]);
}

function isInside(columns: Value, sizes: readonly (number | object)[]): boolean {
  const known = columns.constant?.data as ArrayLike<bigint> | undefined;
  if (known === undefined) return false;
  return Array.from(known, Number).every((index, i) => {
    const size = sizes[i % sizes.length];
    return index >= 0 && typeof size === 'number' && index < size;
  });
}

function product(builder: Builder, sizes: readonly (number | { readonly of: Value; readonly axis: number })[]): Value {
  if (sizes.every((size) => typeof size === 'number')) return builder.ints([sizes.reduce<number>((a, b) => a * b, 1)]);
  return builder.emit('ReduceProd', [builder.dims(sizes), builder.ints([0])], { keepdims: 1 });
}

/** One more row at the end. */
function withDump(context: HloContext, flat: Value): Value {
  const { builder } = context;
  const rank = flat.shape?.length ?? 1;
  const dims = builder.concat([builder.ints([1]), builder.slice(builder.shapeOf(flat), 0, 1)], 0);
  const row = rank === 1 ? builder.ints([1]) : dims;
  const zeros = context.tf('BroadcastTo', [builder.scalar(flat.dtype, 0), row]);
  return builder.concat([flat, zeros], 0);
}
