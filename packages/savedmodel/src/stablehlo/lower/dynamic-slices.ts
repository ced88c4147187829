import type { Builder } from '../../onnx/builder.js';
import { knownIntegers } from '../../onnx/known-shapes.js';
import type { Value } from '../../onnx/value.js';
import type { HloContext } from './context.js';
import { slices, sizeOf } from './layout.js';
import { HloFamily } from './registry.js';

/** Slices whose places come with the request. A slice that would reach past an end is moved inside. */
export const dynamicSlices = new HloFamily()
  .op('dynamic_slice', (context) => {
    const x = context.input(0);
    const sizes = context.ints('slice_sizes');
    const starts = sizes.map((_, axis) => context.input(axis + 1));
    const given = context.operandType(0).shape;
    const moved = sizes.flatMap((size, axis) => (size === given[axis] ? [] : [axis]));
    return cut(context, x, moved, starts, sizes);
  })
  .op('dynamic_update_slice', (context) => {
    const [x, update] = [context.input(0), context.input(1)];
    const whole = context.operandType(0).shape;
    const sizes = context.operandType(1).shape;
    const starts = whole.map((_, axis) => context.input(axis + 2));
    const moved = whole.flatMap((size, axis) => (size !== null && size === sizes[axis] ? [] : [axis]));
    return paste(context, x, update, starts, moved);
  });

function cut(
  context: HloContext,
  x: Value,
  axes: readonly number[],
  starts: readonly Value[],
  sizes: readonly number[],
): Value {
  const { builder } = context;
  const [only] = axes;
  // One row is picked rather than sliced, which the engine does with less ado.
  if (axes.length === 1 && only !== undefined && sizes[only] === 1) {
    const at = clampedStart(builder, starts[only] as Value, x, only, builder.ints([1]));
    return builder.emit('Gather', [x, at], { axis: only });
  }
  const from = axes.map((axis) =>
    clampedStart(builder, starts[axis] as Value, x, axis, builder.ints([sizes[axis] ?? 0])),
  );
  if (from.length === 0) return x;
  const begin = builder.concat(from, 0);
  const size = builder.ints(axes.map((axis) => sizes[axis] ?? 0));
  const result = slices(context, x, begin, builder.emit('Add', [begin, size]), axes);
  const shape = x.shape?.map((dim, axis) => (axes.includes(axis) ? (sizes[axis] ?? dim) : dim));
  return result.constant === undefined && result.transposed === undefined ? { ...result, shape } : result;
}

/** Where a slice begins, as a vector of one, so that it ends inside. */
function clampedStart(builder: Builder, start: Value, x: Value, axis: number, size: Value): Value {
  const at = builder.reshape(builder.cast(start, 'int64'), [1]);
  const known = knownIntegers(at)?.[0];
  const whole = x.shape?.[axis];
  const length = knownIntegers(size)?.[0];
  if (known !== undefined && length !== undefined && typeof whole === 'number') {
    return builder.ints([Math.max(0, Math.min(known, whole - length))]);
  }
  const most = builder.emit('Sub', [builder.dims([sizeOf(x, axis)]), size]);
  return builder.emit('Max', [builder.emit('Min', [at, most]), builder.ints([0])]);
}

/** What is before, the update, and what is behind, along one axis after the other. */
function paste(context: HloContext, x: Value, update: Value, starts: readonly Value[], axes: readonly number[]): Value {
  const [axis, ...rest] = axes;
  if (axis === undefined) return update;
  const { builder } = context;
  const size = builder.dims([sizeOf(update, axis)]);
  const start = clampedStart(builder, starts[axis] as Value, x, axis, size);
  const end = builder.emit('Add', [start, size]);
  const before = slices(context, x, builder.ints([0]), start, [axis]);
  const behind = slices(context, x, end, builder.ints([Number.MAX_SAFE_INTEGER]), [axis]);
  const inside =
    rest.length === 0 ? update : paste(context, slices(context, x, start, end, [axis]), update, starts, rest);
  const result = context.tf('ConcatV2', [before, inside, behind, builder.int(axis)]);
  return result.transposed === undefined && result.parts === undefined && result.constant === undefined
    ? { ...result, shape: x.shape }
    : result;
}
