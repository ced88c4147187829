import { isStatic, type Dim, type Value } from '../../onnx/value.js';
import { viaFloat } from '../../ops/dtypes.js';
import type { HloContext } from './context.js';
import { indexColumns, type IndexedDimension } from './index-columns.js';
import { sizeOf, slices } from './layout.js';
import { HloFamily } from './registry.js';

/** Picking slices by index. */
export const gather = new HloFamily()
  .op('gather', (context) => gatherSlices(context, context.ints('slice_sizes')))
  .op('dynamic_gather', (context) => {
    // Sizes that come with the request are those of whole dimensions, as far as JAX writes them.
    const { builder } = context;
    const given = context.input(2);
    const shape = context.input(0).shape ?? [];
    const elements =
      given.elements ?? (given.constant && Array.from(given.constant.data as ArrayLike<number>, Number)) ?? [];
    const sizes = shape.map((dim, axis) => {
      const size = elements[axis];
      if (typeof size === 'number') return size;
      return size !== undefined && size === dim ? WHOLE : undefined;
    });
    const open = sizes.indexOf(undefined);
    if (open < 0) return gatherSlices(context, sizes as readonly number[]);
    if (context.rank(1) !== 1) {
      throw context.refuse(`the size of its slices along dimension ${open} comes with the request`);
    }
    return oneSlice(context, builder.cast(given, 'int64'));
  })
  .op('torch_index_select', (context) => {
    const batch = context.int('batch_dims');
    if (batch !== 0) throw context.refuse('it has batch dimensions');
    return context.builder.emit('Gather', [context.input(0), context.input(1)], { axis: context.int('dim') });
  });

/** One slice, of any sizes. */
function oneSlice(context: HloContext, sizes: Value): Value {
  const { builder } = context;
  const operand = context.input(0);
  const map = context.ints('start_index_map');
  const starts = builder.cast(context.input(1), 'int64');
  const vector = (values: Value, at: number) => builder.slice(values, 0, at, at + 1);
  const begin = builder.concat(
    (operand.shape ?? []).map((_, axis) => {
      const column = map.indexOf(axis);
      return column < 0 ? builder.ints([0]) : vector(starts, column);
    }),
    0,
  );
  const most = builder.emit('Sub', [builder.shapeOf(operand), sizes]);
  const from = builder.emit('Max', [builder.emit('Min', [begin, most]), builder.int(0)]);
  const axes = (operand.shape ?? []).map((_, axis) => axis);
  const cut = slices(context, operand, from, builder.emit('Add', [from, sizes]), axes);
  return builder.squeeze(cut, context.ints('collapsed_slice_dims'));
}

/** A slice as long as the dimension, whatever that is. */
const WHOLE = -1;

/**
 * The operand's dimensions that are indexed come to its front, where GatherND looks; slices longer than one there are
 * picked element by element. Indices are moved inside, as XLA does it.
 */
function gatherSlices(context: HloContext, sizes: readonly number[]): Value {
  const { builder } = context;
  const operand = context.input(0);
  const offsets = context.ints('offset_dims');
  const collapsed = context.ints('collapsed_slice_dims');
  const batching = context.ints('operand_batching_dims', []);
  const indicesBatching = context.ints('start_indices_batching_dims', []);
  const map = context.ints('start_index_map');
  const shape = context.operandType(0).shape;
  const isWhole = (axis: number) =>
    sizes[axis] === WHOLE ||
    (shape[axis] !== null && sizes[axis] === shape[axis]) ||
    operand.shape?.[axis] === sizes[axis];
  // Slices of a dimension that no index is for begin at 0.
  const free = shape.flatMap((_, axis) =>
    map.includes(axis) || batching.includes(axis) || isWhole(axis) ? [] : [axis],
  );
  const cut = slices(
    context,
    operand,
    builder.ints(free.map(() => 0)),
    builder.ints(free.map((axis) => sizes[axis] ?? 0)),
    free,
  );
  // An index for a dimension that is taken whole can only be 0.
  const mapped = map.filter((axis) => !isWhole(axis) || collapsed.includes(axis));
  const indexed = [...batching, ...mapped];
  const dimensions: IndexedDimension[] = indexed.map((axis, i) =>
    i < batching.length
      ? { axis, batch: indicesBatching[i] ?? 0, size: 1 }
      : { axis, column: map.indexOf(axis), size: sizes[axis] ?? 1 },
  );
  const windows = dimensions.filter(({ axis }) => !collapsed.includes(axis) && !batching.includes(axis));
  const plain = windows.every(({ size }) => size === 1);
  const rest = shape.flatMap((_, axis) => (indexed.includes(axis) ? [] : [axis]));
  const source = builder.transpose(cut, [...indexed, ...rest]);
  const batchRank = context.rank(1) - Number(context.int('index_vector_dim') < context.rank(1));
  const columns = indexColumns(context, cut, context.input(1), dimensions, plain ? [] : windows);
  let picked: Value;
  if (columns === undefined) {
    picked = source;
  } else if (columns.single !== undefined) {
    const { single } = columns;
    picked = viaFloat(builder, source, (x) => builder.emit('Gather', [x, single], { axis: 0 }));
  } else {
    picked = viaFloat(builder, source, (x) => builder.emit('GatherND', [x, columns.whole]));
  }
  // Now: the batch, what is picked element by element, and the rest. Windows of 1 have no dimension yet.
  const taken = plain ? [] : windows.map(({ axis }) => axis);
  const missing = plain ? windows.map(({ axis }) => axis) : [];
  const lead = columns === undefined ? 0 : batchRank;
  const wide = builder.unsqueeze(
    picked,
    missing.map((_, i) => lead + i),
  );
  const order = [...(plain ? missing : taken), ...rest];
  const inOrder = order.toSorted((a, b) => a - b);
  const resultRank = context.resultType().shape.length;
  const broadcast = columns === undefined && batchRank > 0 ? repeated(context, wide, batchRank) : wide;
  let batchAt = 0;
  const perm = Array.from({ length: resultRank }, (_, axis) => {
    const at = offsets.indexOf(axis);
    return at < 0 ? batchAt++ : batchRank + order.indexOf(inOrder[at] ?? 0);
  });
  return builder.transpose(broadcast, perm);
}

/** The same slice for every index. */
function repeated(context: HloContext, value: Value, batchRank: number): Value {
  const { builder } = context;
  const indices = context.input(1);
  const vectorAxis = context.int('index_vector_dim');
  const batch = (indices.shape ?? []).flatMap((_, axis) => (axis === vectorAxis ? [] : [axis]));
  const wide = builder.unsqueeze(
    value,
    Array.from({ length: batchRank }, (_, i) => i),
  );
  const own = (value.shape ?? []).map((_, axis) => sizeOf(value, axis));
  const dims = builder.dims([...batch.map((axis) => sizeOf(indices, axis)), ...own]);
  const shape: Dim[] = [...batch.map((axis) => indices.shape?.[axis] ?? 1), ...(value.shape ?? [])];
  const result = context.tf('BroadcastTo', [wide, dims]);
  return isStatic(result.shape) ? result : { ...result, shape };
}
