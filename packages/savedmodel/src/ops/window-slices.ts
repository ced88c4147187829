import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import type { OpContext } from './registry.js';
import { isChannelsFirst } from './image-layout.js';

/** A sliding window over the spatial dimensions. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/**
 * Paddings `[before, after]` per spatial dimension for TensorFlow's `padding`, as numbers where the image's sizes allow
 * it and else as an int64 vector in the order of ONNX's `pads` for the spatial dimensions.
 *
 * @param sizes - the spatial sizes, in order
 * @param firstAxis - where they stand in `x`
 */
export function paddingOf(
  context: OpContext,
  x: Value,
  firstAxis: number,
  { kernel, strides, dilations }: Window,
): { readonly before: Value; readonly after: Value; readonly none: boolean } {
  const { builder } = context;
  const padding = context.attrs.string('padding', 'VALID');
  const zeros = builder.ints(kernel.map(() => 0));
  if (padding === 'VALID') return { before: zeros, after: zeros, none: true };
  if (padding === 'EXPLICIT') {
    const all = context.attrs.ints('explicit_paddings');
    const first = isChannelsFirst(context) ? 2 : 1;
    const before = kernel.map((_, i) => all[(i + first) * 2] ?? 0);
    const after = kernel.map((_, i) => all[(i + first) * 2 + 1] ?? 0);
    return {
      before: builder.ints(before),
      after: builder.ints(after),
      none: [...before, ...after].every((p) => p === 0),
    };
  }
  // SAME: ceil(n / stride) outputs; the odd one of the padding goes behind.
  const size = builder.slice(builder.shapeOf(x), 0, firstAxis, firstAxis + kernel.length);
  const stride = builder.ints(strides);
  const extent = builder.ints(kernel.map((k, i) => (k - 1) * (dilations[i] ?? 1) + 1));
  const one = builder.int(1);
  const steps = builder.emit('Div', [builder.emit('Sub', [size, one]), stride]);
  const reach = builder.emit('Add', [builder.emit('Mul', [steps, stride]), extent]);
  const total = builder.emit('Max', [builder.emit('Sub', [reach, size]), builder.int(0)]);
  const before = builder.emit('Div', [total, builder.int(2)]);
  const after = builder.emit('Sub', [total, before]);
  return { before, after, none: kernel.every((k) => k === 1) && strides.every((s) => s === 1) };
}

/** Pads the spatial dimensions (`firstAxis` onwards) of a value. */
export function padSpatial(
  builder: Builder,
  x: Value,
  firstAxis: number,
  before: Value,
  after: Value,
  fill?: Value,
): Value {
  const rank = x.shape?.length ?? 4;
  const count = rank - 2;
  const lead = builder.ints(Array.from({ length: firstAxis }, () => 0));
  const trail = builder.ints(Array.from({ length: rank - firstAxis - count }, () => 0));
  const pads = builder.concat([lead, before, trail, lead, after, trail], 0);
  return builder.emit('Pad', fill === undefined ? [x, pads] : [x, pads, fill], { mode: 'constant' });
}

/**
 * The elements that a window's positions see: for every position of the kernel one strided slice of `x`, each with the
 * output's spatial size. Sums and maxima over them are convolutions and poolings in any dtype.
 *
 * @param x - padded already
 * @param visit - called per position, in row-major order
 */
export function overPositions(
  builder: Builder,
  x: Value,
  firstAxis: number,
  window: Window,
  visit: (slice: Value, position: number) => void,
): void {
  const { kernel, strides, dilations } = window;
  const axes = builder.ints(kernel.map((_, i) => firstAxis + i));
  const count = kernel.reduce((a, b) => a * b, 1);
  for (let position = 0; position < count; position++) {
    let rest = position;
    const at = kernel.toReversed().map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    });
    at.reverse();
    const starts = at.map((index, i) => index * (dilations[i] ?? 1));
    const ends = at.map((index, i) => {
      const behind = ((kernel[i] ?? 1) - 1 - index) * (dilations[i] ?? 1);
      return behind === 0 ? Number.MAX_SAFE_INTEGER : -behind;
    });
    visit(builder.emit('Slice', [x, builder.ints(starts), builder.ints(ends), axes, builder.ints(strides)]), position);
  }
}
