import type { Builder } from '../onnx/builder.js';
import { knownIntegers } from '../onnx/infer-shapes.js';
import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** End of a slice that takes everything. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;
const TO_THE_START = -Number.MAX_SAFE_INTEGER;

/** Slices. */
export const slicing = new OpFamily('slicing').native('Slice', slice).native('StridedSlice', stridedSlice);

function slice(context: OpContext): Value {
  const { builder } = context;
  const x = context.input(0);
  const rank = context.rank(0);
  const begin = builder.cast(context.input(1), 'int64');
  const size = builder.cast(context.input(2), 'int64');
  const starts = knownIntegers(begin);
  const sizes = knownIntegers(size);
  const axes = builder.ints(Array.from({ length: rank }, (_, i) => i));
  if (starts !== undefined && sizes !== undefined) {
    const ends = starts.map((start, i) => ((sizes[i] ?? -1) < 0 ? TO_THE_END : start + (sizes[i] ?? 0)));
    const moved = starts.flatMap((start, i) => (start === 0 && ends[i] === TO_THE_END ? [] : [i]));
    if (moved.length === 0) return x;
    const pick = (values: readonly number[]) => builder.ints(moved.map((i) => values[i] ?? 0));
    return builder.emit('Slice', [x, pick(starts), pick(ends), builder.ints(moved)]);
  }
  // A size of -1 is "all that is left"; which sizes are -1 may itself depend on the request.
  const open = builder.emit('Less', [size, builder.int(0)]);
  const ends = builder.emit('Where', [open, builder.int(TO_THE_END), builder.emit('Add', [begin, size])]);
  return builder.emit('Slice', [x, begin, ends, axes]);
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
  const strides = context.constantInts(3, 'strides');
  const entries = readMasks(strides.length, (name) => attrs.int(name, 0));
  const used = entries.filter((entry) => entry.kind === 'index' || entry.kind === 'range').length;
  const hasEllipsis = entries.some((entry) => entry.kind === 'ellipsis');
  let value = context.input(0);
  const rank = value.shape?.length;
  if (rank === undefined && hasEllipsis)
    throw context.refuse('the rank of what it slices is not known before a request');

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
      if (!(entry.fromStart && entry.toEnd && step === 1)) {
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
