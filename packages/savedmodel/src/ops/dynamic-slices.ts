import type { Builder } from '../onnx/builder.js';
import { sameDim, type Value } from '../onnx/value.js';
import { viaFloat } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * XLA's slices, which generating language models keep their caches with: a place outside is moved until the slice fits
 * (tensorflow/compiler/tf2xla/ops/xla_ops.cc).
 */
export const dynamicSlices = new OpFamily('dynamic slices')
  .native('XlaDynamicSlice', (context) => {
    const { builder } = context;
    const [x, given, lengths] = context.inputs() as [Value, Value, Value];
    const rank = context.rank(0);
    const sizes = builder.cast(lengths, 'int64');
    const starts = inside(builder, given, builder.shapeOf(x), sizes);
    const axes = builder.ints([...Array(rank).keys()]);
    const ends = builder.emit('Add', [starts, sizes]);
    return viaFloat(builder, x, (value) => builder.emit('Slice', [value, starts, ends, axes]));
  })
  .native('XlaDynamicUpdateSlice', updated);

/** The update takes the place of what stands there: it is joined with what is before and behind it, axis by axis. */
function updated(context: OpContext): Value {
  const { builder } = context;
  const [x, update, given] = context.inputs() as [Value, Value, Value];
  const sizes = builder.shapeOf(update);
  const starts = inside(builder, given, builder.shapeOf(x), sizes);
  const ends = builder.emit('Add', [starts, sizes]);
  const axes = [...Array(context.rank(0)).keys()].filter((axis) => !sameDim(x.shape?.[axis], update.shape?.[axis]));
  const at = (places: Value, axis: number) => builder.slice(places, 0, axis, axis + 1);
  const [first, last] = [builder.ints([0]), builder.ints([Number.MAX_SAFE_INTEGER])];
  const join = (around: Value, own: Value, [axis, ...rest]: readonly number[]): Value => {
    if (axis === undefined) return own;
    const cut = (from: Value, to: Value) => builder.emit('Slice', [around, from, to, builder.ints([axis])]);
    const [start, end] = [at(starts, axis), at(ends, axis)];
    const inner = rest.length === 0 ? own : join(cut(start, end), own, rest);
    return builder.concat([cut(first, start), inner, cut(end, last)], axis);
  };
  const isNarrow = x.dtype === 'bfloat16';
  const own = isNarrow ? builder.cast(update, 'float32') : update;
  return { ...viaFloat(builder, x, (value) => join(value, own, axes)), shape: x.shape };
}

/** Places at which sizes fit into a shape. */
function inside(builder: Builder, places: Value, shape: Value, sizes: Value): Value {
  const most = builder.emit('Sub', [shape, sizes]);
  return builder.emit('Max', [builder.emit('Min', [builder.cast(places, 'int64'), most]), builder.ints([0])]);
}
