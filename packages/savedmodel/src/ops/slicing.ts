import { integersOf } from '../kernels/elements.js';
import { slice as sliceTensor } from '../kernels/rearrange.js';
import { stridedSliceUpdate } from '../kernels/scatter.js';
import { stridedSlice as sliceByMasks, type SliceMasks } from '../kernels/strided-slice.js';
import type { Builder } from '../onnx/builder.js';
import { knownElements, knownIntegers } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { requireAll } from './guard.js';
import { hostValue, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** End of a slice that takes everything. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;
const TO_THE_START = -Number.MAX_SAFE_INTEGER;

/** Slices. */
export const slicing = new OpFamily('slicing')
  .native('Slice', slice)
  .native('StridedSlice', stridedSlice)
  .host('TensorStridedSliceUpdate', (context) => {
    const masks = masksOf(context);
    return hostValue(context, context.inputs(), like(context.input(0)), (x, begin, end, strides, value) =>
      stridedSliceUpdate(x, begin, end, strides, value, masks),
    );
  });

function slice(context: OpContext): Value {
  const { builder } = context;
  const x = context.input(0);
  if (x.shape === undefined) {
    return hostValue(context, context.inputs(), { dtype: x.dtype, shape: undefined }, (value, from, sizes) =>
      sliceTensor(value, integersOf(from), integersOf(sizes)),
    );
  }
  const rank = x.shape.length;
  const begin = builder.cast(context.input(1), 'int64');
  const size = builder.cast(context.input(2), 'int64');
  const starts = knownIntegers(begin);
  const sizes = knownIntegers(size);
  const axes = builder.ints(Array.from({ length: rank }, (_, i) => i));
  const asked = knownElements(size);
  if (starts?.every((start) => start === 0) === true && x.shape.every((dim, i) => dim === asked?.[i])) return x;
  if (starts !== undefined && sizes !== undefined) {
    const ends = starts.map((start, i) => ((sizes[i] ?? -1) < 0 ? TO_THE_END : start + (sizes[i] ?? 0)));
    const moved = starts.flatMap((start, i) => (start === 0 && ends[i] === TO_THE_END ? [] : [i]));
    if (moved.length === 0) return x;
    const pick = (values: readonly number[]) => builder.ints(moved.map((i) => values[i] ?? 0));
    // The engine cuts short what TensorFlow refuses: a slice that reaches past the end.
    const unsure: number[] = [];
    for (const i of moved) {
      const least = (starts[i] ?? 0) + Math.max(sizes[i] ?? 0, 0);
      const dim = x.shape[i];
      if ((starts[i] ?? 0) < 0 || (typeof dim === 'number' && least > dim)) {
        throw context.refuse(
          `it takes ${sizes[i]} elements from ${starts[i]} of a dimension of ${typeof dim === 'number' ? dim : 'unknown size'}`,
        );
      }
      if (typeof dim !== 'number' && least > 0) unsure.push(i);
    }
    const checked = fitting(builder, x, unsure, (i) => (starts[i] ?? 0) + Math.max(sizes[i] ?? 0, 0));
    const result = builder.emit('Slice', [checked, pick(starts), pick(ends), builder.ints(moved)]);
    const shape = x.shape.map((dim, i) => ((sizes[i] ?? -1) >= 0 ? (sizes[i] ?? dim) : (result.shape?.[i] ?? dim)));
    return result.constant === undefined ? { ...result, shape } : result;
  }
  // A size of -1 is "all that is left"; which sizes are -1 may itself depend on the request.
  const open = builder.emit('Less', [size, builder.int(0)]);
  const ends = builder.emit('Where', [open, builder.int(TO_THE_END), builder.emit('Add', [begin, size])]);
  const sliced = builder.emit('Slice', [x, begin, ends, axes]);
  if (sliced.constant !== undefined || rank === 0) return sliced;
  // Where a size is given, the slice must have it.
  const actual = builder.shapeOf(sliced);
  const inside = builder.emit('Not', [builder.emit('Less', [begin, builder.int(0)])]);
  const exact = builder.emit('Or', [open, builder.emit('Equal', [actual, size], {}, { dtype: 'bool', shape: [rank] })]);
  const ok = builder.emit('And', [inside, exact]);
  return requireAll(builder, ok, sliced, 'Expected begin and size inside of the input');
}

/** The value, once the dimensions at `axes` are seen to have at least the sizes asked for. */
function fitting(builder: Builder, x: Value, axes: readonly number[], least: (axis: number) => number): Value {
  if (axes.length === 0) return x;
  const sizes = builder.emit('Gather', [builder.shapeOf(x), builder.ints(axes)], { axis: 0 });
  const ok = builder.emit('GreaterOrEqual', [sizes, builder.ints(axes.map(least))]);
  return requireAll(builder, ok, x, 'Expected begin and size inside of the input');
}

/** One entry of a StridedSlice's begin, end and strides, after the masks have been read. */
type Entry =
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'newAxis' }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'range'; readonly at: number; readonly fromStart: boolean; readonly toEnd: boolean };

/** See `ValidateStridedSliceOp` in tensorflow/core/util/strided_slice_op.cc for the meaning of the masks. */
function stridedSlice(context: OpContext): Value {
  const { builder, attrs } = context;
  const [begin, end] = [context.input(1), context.input(2)];
  const strides = knownIntegers(context.input(3));
  const hasEllipsisMask = attrs.int('ellipsis_mask', 0) !== 0;
  if (strides === undefined || (context.input(0).shape === undefined && hasEllipsisMask)) return onHost(context);
  const entries = readMasks(strides.length, (name) => attrs.int(name, 0));
  const used = entries.filter((entry) => entry.kind === 'index' || entry.kind === 'range').length;
  let value = context.input(0);
  const rank = value.shape?.length;

  const axes: number[] = [];
  const starts: Value[] = [];
  const ends: Value[] = [];
  const steps: number[] = [];
  const picked: { readonly axis: number; readonly index: Value }[] = [];
  const inserted: number[] = [];
  let axis = 0;
  let outputAxis = 0;
  for (const entry of entries) {
    if (entry.kind === 'ellipsis') {
      const covered = (rank ?? used) - used;
      axis += covered;
      outputAxis += covered;
    } else if (entry.kind === 'newAxis') {
      inserted.push(outputAxis++);
    } else if (entry.kind === 'index') {
      picked.push({ axis: axis++, index: element(builder, begin, entry.at) });
    } else {
      const step = strides[entry.at] ?? 1;
      const startsAtZero = entry.fromStart || knownElements(begin)?.[entry.at] === 0;
      const endsAtEnd = entry.toEnd || reaches(knownElements(end)?.[entry.at], value.shape?.[axis]);
      if (!(startsAtZero && endsAtEnd && step === 1)) {
        axes.push(axis);
        starts.push(
          entry.fromStart ? builder.ints([step > 0 ? 0 : TO_THE_END]) : vectorElement(builder, begin, entry.at),
        );
        ends.push(
          entry.toEnd ? builder.ints([step > 0 ? TO_THE_END : TO_THE_START]) : vectorElement(builder, end, entry.at),
        );
        steps.push(step);
      }
      axis++;
      outputAxis++;
    }
  }
  if (axes.length > 0) {
    value = builder.emit('Slice', [
      value,
      builder.concat(starts, 0),
      builder.concat(ends, 0),
      builder.ints(axes),
      ...(steps.every((step) => step === 1) ? [] : [builder.ints(steps)]),
    ]);
  }
  // From the back, so that the axes in front keep their numbers.
  for (const { axis: at, index } of picked.reverse()) value = builder.emit('Gather', [value, index], { axis: at });
  return builder.unsqueeze(value, inserted);
}

/** Whether a slice that goes so far takes all of a dimension. */
function reaches(end: Dim | undefined, size: Dim | undefined): boolean {
  if (end === undefined || size === undefined) return false;
  return end === size || (typeof end === 'number' && typeof size === 'number' && end >= size);
}

function onHost(context: OpContext): Value {
  const { dtype } = context.input(0);
  const masks = masksOf(context);
  return hostValue(context, context.inputs(), { dtype, shape: undefined }, (x, begin, end, strides) =>
    sliceByMasks(x, integersOf(begin), integersOf(end), integersOf(strides), masks),
  );
}

export function masksOf({ attrs }: OpContext): SliceMasks {
  return {
    begin: attrs.int('begin_mask', 0),
    end: attrs.int('end_mask', 0),
    ellipsis: attrs.int('ellipsis_mask', 0),
    newAxis: attrs.int('new_axis_mask', 0),
    shrinkAxis: attrs.int('shrink_axis_mask', 0),
  };
}

function readMasks(count: number, mask: (name: string) => number): readonly Entry[] {
  const has = (name: string, i: number) => ((mask(name) >> i) & 1) === 1;
  const entries = Array.from({ length: count }, (_, i): Entry => {
    if (has('ellipsis_mask', i)) return { kind: 'ellipsis' };
    if (has('new_axis_mask', i)) return { kind: 'newAxis' };
    if (has('shrink_axis_mask', i)) return { kind: 'index', at: i };
    return { kind: 'range', at: i, fromStart: has('begin_mask', i), toEnd: has('end_mask', i) };
  });
  return entries;
}

function element(builder: Builder, vector: Value, at: number): Value {
  return builder.pick(builder.cast(vector, 'int64'), at);
}

function vectorElement(builder: Builder, vector: Value, at: number): Value {
  const known = knownIntegers(vector)?.[at];
  return known === undefined ? builder.slice(builder.cast(vector, 'int64'), 0, at, at + 1) : builder.ints([known]);
}
