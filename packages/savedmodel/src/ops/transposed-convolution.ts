import { knownElements } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { convolveByPosition, kernelOf } from './convolution.js';
import { computeDType, inComputeDType } from './dtypes.js';
import { fromChannelsFirst, isChannelsFirst, spatialAttribute, toChannelsFirst } from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';
import { padSpatial, type Window } from './window-slices.js';

/**
 * Transposed convolutions: TensorFlow's gradient of a convolution, told the size of the image that it is to make. That
 * size decides how much of the whole result is cut off, or left zero, at each end.
 */
export const transposedConvolution = new OpFamily('transposed convolution')
  .native('Conv2DBackpropInput', (context) => transposed(context, false))
  .native('Conv3DBackpropInputV2', (context) => transposed(context, false))
  .native('DepthwiseConv2dNativeBackpropInput', (context) => transposed(context, true));

interface Call {
  readonly context: OpContext;
  readonly window: Window;
  /** Depthwise: one output channel group per input channel. */
  readonly depthwise: boolean;
  readonly first: boolean;
  readonly rank: number;
}

function transposed(context: OpContext, depthwise: boolean): Value {
  const { builder } = context;
  const rank = context.rank(2);
  const kernel = kernelOf(context, context.input(1));
  const window = {
    kernel,
    strides: spatialAttribute(context, 'strides', rank),
    dilations: spatialAttribute(context, 'dilations', rank),
  };
  const call: Call = { context, window, depthwise, first: isChannelsFirst(context), rank };
  const native = computeDType(context.input(2).dtype) === 'float32';
  return inComputeDType(builder, [context.input(2), context.input(1)], ([x, filter]) =>
    (native ? inEngine : byPosition)(call, x as Value, filter as Value),
  );
}

/** The wanted spatial sizes: as far as known, and as a vector. */
function wantedSizes({ context, window, first }: Call): { known: readonly (Dim | undefined)[]; vector: Value } {
  const { builder } = context;
  const sizes = context.input(0);
  const count = window.kernel.length;
  const length = sizes.shape?.[0];
  // The sizes may come without batch and channels.
  const start = length === count ? 0 : first ? 2 : 1;
  const elements = knownElements(sizes) ?? [];
  const vector = builder.slice(builder.cast(sizes, 'int64'), 0, start, start + count);
  return { known: window.kernel.map((_, i) => elements[start + i]), vector };
}

/** The size of all that the input touches, per dimension. */
const fullSize = (size: number, { kernel, strides, dilations }: Window, i: number) =>
  (size - 1) * (strides[i] ?? 1) + ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;

function inEngine(call: Call, x: Value, filter: Value): Value {
  const { context, window, first, rank, depthwise } = call;
  const { builder } = context;
  const { kernel, strides, dilations } = window;
  const input = toChannelsFirst(builder, x, first);
  const [inner = 1, outer = 1] = (filter.shape?.slice(-2) ?? []) as number[];
  const group = depthwise ? inner : 1;
  const spatial = kernel.map((_, i) => i);
  // [spatial…, out, in] to [in, out, spatial…]; depthwise [H, W, channels, multiplier] to [channels * multiplier, 1, H, W].
  const weights = depthwise
    ? builder.reshape(builder.transpose(filter, [2, 3, 0, 1]), [inner * outer, 1, ...kernel])
    : builder.transpose(filter, [rank - 1, rank - 2, ...spatial]);
  const { known, vector } = wantedSizes(call);
  const given = input.shape?.slice(2) ?? [];
  const totals = kernel.map((_, i) => {
    const [from, to] = [given[i], known[i]];
    return typeof from === 'number' && typeof to === 'number' ? fullSize(from, window, i) - to : undefined;
  });
  const batch = input.shape?.[0] ?? builder.unknownDim();
  const common = { strides, dilations, group, kernel_shape: kernel };
  if (totals.every((total) => total !== undefined)) {
    const before = cutBefore(context, window, totals);
    const after = totals.map((total, i) => Math.max(total, 0) - (before[i] ?? 0));
    const shape = [batch, inner, ...(known as number[])];
    if (after.every((cut) => cut >= 0)) {
      const extra = totals.map((total) => Math.max(-total, 0));
      const attrs = { ...common, pads: [...before, ...after], output_padding: extra };
      return fromChannelsFirst(
        builder,
        builder.emit('ConvTranspose', [input, weights], attrs, { dtype: x.dtype, shape }),
        first,
      );
    }
  }
  // Sizes that only a request knows: everything is made, and what is wanted is cut out.
  const extra = strides.map((stride) => stride - 1);
  const full = builder.emit(
    'ConvTranspose',
    [input, weights],
    { ...common, output_padding: extra },
    {
      dtype: x.dtype,
      shape: [batch, inner, ...kernel.map(() => builder.unknownDim())],
    },
  );
  return fromChannelsFirst(builder, cutOut(call, full, input, 2, vector), first);
}

function cutBefore(context: OpContext, { kernel }: Window, totals: readonly number[]): number[] {
  const padding = context.attrs.string('padding', 'VALID');
  if (padding === 'VALID') return kernel.map(() => 0);
  if (padding === 'EXPLICIT') return explicitBefore(context, kernel);
  return totals.map((total) => Math.floor(Math.max(total, 0) / 2));
}

function explicitBefore(context: OpContext, kernel: readonly number[]): number[] {
  const all = context.attrs.ints('explicit_paddings');
  const start = isChannelsFirst(context) ? 2 : 1;
  return kernel.map((_, i) => all[(i + start) * 2] ?? 0);
}

/** The wanted part of the whole result, whose spatial dimensions start at `axis`. */
function cutOut({ context, window }: Call, full: Value, input: Value, axis: number, wanted: Value): Value {
  const { builder } = context;
  const { kernel, strides, dilations } = window;
  const padding = context.attrs.string('padding', 'VALID');
  let before: Value;
  if (padding === 'SAME') {
    const sizes = builder.slice(builder.shapeOf(input), 0, axis, axis + kernel.length);
    const steps = builder.emit('Mul', [builder.emit('Sub', [sizes, builder.int(1)]), builder.ints(strides)]);
    const extent = builder.ints(kernel.map((k, i) => (k - 1) * (dilations[i] ?? 1) + 1));
    const surplus = builder.emit('Sub', [builder.emit('Add', [steps, extent]), wanted]);
    before = builder.emit('Div', [builder.emit('Max', [surplus, builder.int(0)]), builder.int(2)]);
  } else {
    before = builder.ints(padding === 'EXPLICIT' ? explicitBefore(context, kernel) : kernel.map(() => 0));
  }
  const axes = builder.ints(kernel.map((_, i) => axis + i));
  return builder.emit('Slice', [full, before, builder.emit('Add', [before, wanted]), axes]);
}

/** Zeros between the elements, then an ordinary convolution with the mirrored filter: for dtypes without a kernel. */
function byPosition(call: Call, x: Value, filter: Value): Value {
  const { context, window, first, rank, depthwise } = call;
  const { builder } = context;
  if (depthwise) throw context.refuse('a depthwise transposed convolution exists for float32 and half precision only');
  const { kernel, strides, dilations } = window;
  const last = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
  let image = first ? builder.transpose(x, last) : x;
  const input = image;
  kernel.forEach((_, i) => {
    const stride = strides[i] ?? 1;
    if (stride > 1) image = withZerosBetween(call, image, i + 1, stride);
  });
  const reach = builder.ints(kernel.map((k, i) => (k - 1) * (dilations[i] ?? 1)));
  const padded = padSpatial(builder, image, 1, reach, reach);
  const axes = kernel.map((_, i) => i);
  const backwards = builder.emit('Slice', [
    filter,
    builder.ints(axes.map(() => -1)),
    builder.ints(axes.map(() => -Number.MAX_SAFE_INTEGER)),
    builder.ints(axes),
    builder.ints(axes.map(() => -1)),
  ]);
  const mirrored = builder.transpose(backwards, [...axes, rank - 1, rank - 2]);
  const ones = kernel.map(() => 1);
  const full = convolveByPosition(builder, padded, mirrored, { kernel, strides: ones, dilations }, false);
  const value = cutOut(call, full, input, 1, wantedSizes(call).vector);
  return first ? builder.transpose(value, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]) : value;
}

/** `stride - 1` zeros behind every element along an axis. */
function withZerosBetween({ context }: Call, x: Value, axis: number, stride: number): Value {
  const { builder } = context;
  const rank = x.shape?.length ?? 4;
  const wide = builder.unsqueeze(x, [axis + 1]);
  const pads = new Array<number>((rank + 1) * 2).fill(0);
  pads[rank + 1 + axis + 1] = stride - 1;
  const padded = builder.emit('Pad', [wide, builder.ints(pads)], { mode: 'constant' });
  const shape = builder.shapeOf(x);
  const size = builder.emit('Mul', [builder.slice(shape, 0, axis, axis + 1), builder.int(stride)]);
  const target = builder.concat([builder.slice(shape, 0, 0, axis), size, builder.slice(shape, 0, axis + 1)], 0);
  return builder.reshapeTo(padded, target);
}
