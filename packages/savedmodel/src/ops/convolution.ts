import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { computeDType, inComputeDType } from './dtypes.js';
import {
  toChannelsFirst,
  fromChannelsFirst,
  isChannelsFirst,
  spatialAttribute,
  windowPadding,
} from './image-layout.js';
import { mirrorPad } from './padding.js';
import { OpFamily, type OpContext } from './registry.js';
import { bilinear } from './resize.js';
import { rememberConvolution } from './space-batch.js';
import { overPositions, padSpatial, paddingOf, type Window } from './window-slices.js';

/** Convolutions; TensorFlow's filters are spatial-first (HWIO), the engine's channel-first (OIHW). */
export const convolution = new OpFamily('convolution')
  .native('Conv2D Conv3D', (context) => convolve(context, false))
  .native('Conv', convolveAnyRank)
  .native('FusedPadConv2D', (context) => {
    const filter = context.input(2);
    const image = mirrorPad(context, context.input(0), context.input(1));
    return convolve(withInputs(context, [centred(context, image, kernelOf(context, filter)), filter]), false);
  })
  .native('FusedResizeAndPadConv2D', (context) => {
    const { attrs, builder } = context;
    const { dtype } = context.input(0);
    if (dtype === 'float64') throw context.refuse('the engine resizes no images of dtype float64');
    const resized = bilinear(context, { align: attrs.bool('resize_align_corners', false), half: false });
    const filter = context.input(3);
    const image = mirrorPad(context, builder.cast(resized, dtype), context.input(2));
    return convolve(withInputs(context, [centred(context, image, kernelOf(context, filter)), filter]), false);
  })
  .native('DepthwiseConv2dNative', (context) => convolve(context, true))
  .native('Dilation2D', dilation);

/** The convolution of TensorFlow 2.13: two or three spatial dimensions behind any number of dimensions of the batch. */
function convolveAnyRank(context: OpContext): Value {
  const { builder, attrs } = context;
  const batches = attrs.int('batch_dims', 1);
  if (attrs.int('groups', 1) !== 1) throw context.refuse('its channels are in groups');
  if (batches === 1) return convolve(context, false);
  const x = context.input(0);
  const rest = context.rank(0) - batches;
  const shape = builder.shapeOf(x);
  const [outer, inner] = [builder.slice(shape, 0, 0, batches), builder.slice(shape, 0, batches)];
  const count = builder.reshape(builder.emit('ReduceProd', [outer, builder.ints([0])], { keepdims: 0 }), [1]);
  const flat = builder.reshapeTo(x, builder.concat([count, inner], 0));
  const shaped = { ...flat, shape: [builder.unknownDim(), ...context.shape(0).slice(batches)] };
  const y = convolve(withInputs(context, [shaped, context.input(1)]), false);
  const sizes = builder.slice(builder.shapeOf(y), 0, 1, rest + 1);
  const value = builder.reshapeTo(y, builder.concat([outer, sizes], 0));
  return { ...value, shape: [...context.shape(0).slice(0, batches), ...(y.shape ?? []).slice(1)] };
}

/** A node with other inputs than the graph gives it. */
function withInputs(context: OpContext, inputs: readonly Value[]): OpContext {
  const input = (index: number) => inputs[index] ?? context.input(index);
  const shape = (index: number) => {
    const known = input(index).shape;
    if (known === undefined) throw context.refuse(`the rank of its input ${index} is not known before a request`);
    return known;
  };
  return Object.create(context, {
    input: { value: input },
    inputs: { value: () => inputs },
    shape: { value: shape },
    rank: { value: (index: number) => shape(index).length },
  }) as OpContext;
}

/** Without the rows and columns that the fused kernels, which put windows in the middle, leave out in front. */
function centred(context: OpContext, image: Value, kernel: readonly number[]): Value {
  const { builder, attrs } = context;
  const strides = attrs.ints('strides').slice(1, 3);
  if (attrs.string('padding') === 'SAME' || strides.every((stride) => stride < 4)) return image;
  const size = builder.slice(builder.shapeOf(image), 0, 1, 3);
  const left = builder.emit('Mod', [builder.emit('Sub', [size, builder.ints(kernel)]), builder.ints(strides)]);
  const spare = builder.emit('Max', [builder.emit('Sub', [left, builder.int(1)]), builder.int(0)]);
  const starts = builder.emit('Div', [spare, builder.int(2)]);
  const ends = builder.ints([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  return builder.emit('Slice', [image, starts, ends, builder.ints([1, 2])]);
}

interface Filter {
  readonly weights: Value;
  readonly group: number;
  readonly kernel: readonly number[];
}

function convolve(context: OpContext, depthwise: boolean): Value {
  const { builder } = context;
  const x = context.input(0);
  const filter = context.input(1);
  const rank = context.rank(0);
  const first = isChannelsFirst(context);
  const strides = spatialAttribute(context, 'strides', rank);
  const dilations = spatialAttribute(context, 'dilations', rank);
  const kernel = kernelOf(context, filter);
  if (computeDType(x.dtype) === 'float32') {
    const value = inComputeDType(builder, [x, filter], ([input, given]) => {
      const { weights, group } = (depthwise ? depthwiseFilter : ordinaryFilter)(context, given as Value, kernel);
      const image = toChannelsFirst(builder, input as Value, first);
      const padding = windowPadding(context, image, kernel, strides, dilations);
      return fromChannelsFirst(
        builder,
        emitConv(builder, image, weights, { strides, dilations, group, ...padding }),
        first,
      );
    });
    rememberConvolution(context, { kernel, strides, dilations }, (image, dilated) =>
      inComputeDType(builder, [image, filter], ([input, given]) => {
        const { weights, group } = (depthwise ? depthwiseFilter : ordinaryFilter)(context, given as Value, kernel);
        const moved = toChannelsFirst(builder, input as Value, first);
        return fromChannelsFirst(
          builder,
          emitConv(builder, moved, weights, { strides, dilations: dilated, group }),
          first,
        );
      }),
    );
    return value;
  }
  return inComputeDType(builder, [x, filter], ([input, given]) => {
    const image = first ? builder.transpose(input as Value, channelsLast(rank)) : (input as Value);
    const window = { kernel, strides, dilations };
    const { before, after, none } = paddingOf(context, image, 1, window);
    const padded = none ? image : padSpatial(builder, image, 1, before, after);
    const value = convolveByPosition(builder, padded, given as Value, window, depthwise);
    return first ? builder.transpose(value, channelsFirst(rank)) : value;
  });
}

const channelsLast = (rank: number) => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
const channelsFirst = (rank: number) => [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];

function emitConv(
  builder: Builder,
  image: Value,
  weights: Value,
  attrs: Parameters<Builder['emit']>[2] & { dilations: readonly number[] },
): Value {
  const kernel = weights.shape?.slice(2).filter((dim) => typeof dim === 'number') ?? [];
  return builder.emit('Conv', [image, weights], { kernel_shape: kernel, ...attrs });
}

/**
 * A convolution as one matrix product (or, for depthwise filters, one multiplication) per position of the kernel: the
 * engine has convolutions in float32 alone.
 *
 * @param image - channels last and padded
 */
export function convolveByPosition(
  builder: Builder,
  image: Value,
  filter: Value,
  window: Window,
  depthwise: boolean,
): Value {
  const rank = image.shape?.length ?? 4;
  const [inputs = 1, outputs = 1] = (filter.shape?.slice(-2) ?? []) as number[];
  const positions = builder.reshape(filter, [-1, inputs, outputs]);
  const channels = image.shape?.[rank - 1];
  const groups = depthwise ? 1 : typeof channels === 'number' ? channels / inputs : 1;
  let sum: Value | undefined;
  overPositions(builder, image, 1, window, (slice, position) => {
    const weights = builder.pick(positions, position);
    const part = depthwise
      ? builder.emit('Mul', [builder.unsqueeze(slice, [rank]), weights])
      : groups === 1
        ? builder.emit('MatMul', [slice, weights])
        : grouped(builder, slice, weights, groups, inputs, outputs / groups);
    sum = sum === undefined ? part : builder.emit('Add', [sum, part]);
  });
  if (sum === undefined) throw new RangeError('the kernel is empty');
  if (!depthwise) return sum;
  const shape = builder.concat(
    [builder.slice(builder.shapeOf(sum), 0, 0, rank - 1), builder.ints([inputs * outputs])],
    0,
  );
  return builder.reshapeTo(sum, shape);
}

function grouped(
  builder: Builder,
  slice: Value,
  weights: Value,
  groups: number,
  inputs: number,
  outputs: number,
): Value {
  const last = (slice.shape?.length ?? 4) - 1;
  const parts = Array.from({ length: groups }, (_, g) =>
    builder.emit('MatMul', [
      builder.slice(slice, last, g * inputs, (g + 1) * inputs),
      builder.slice(weights, 1, g * outputs, (g + 1) * outputs),
    ]),
  );
  return builder.concat(parts, last);
}

/** The spatial sizes of a filter. */
export function kernelOf(context: OpContext, filter: Value): readonly number[] {
  const { shape } = filter;
  const sizes = shape?.slice(0, -2);
  const known = sizes?.filter((dim) => typeof dim === 'number');
  if (sizes === undefined || known?.length !== sizes.length) {
    throw context.refuse('the size of its filter is not known before a request');
  }
  return known;
}

/** `[spatial…, in/group, out]` to `[out, in/group, spatial…]`. */
function ordinaryFilter(context: OpContext, filter: Value, kernel: readonly number[]): Filter {
  const rank = kernel.length + 2;
  const channels = context.shape(0)[isChannelsFirst(context) ? 1 : rank - 1];
  const inputChannels = filter.shape?.[rank - 2];
  const group = typeof channels === 'number' && typeof inputChannels === 'number' ? channels / inputChannels : 1;
  const perm = [rank - 1, rank - 2, ...kernel.map((_, i) => i)];
  return { weights: context.builder.transpose(filter, perm), group, kernel };
}

/** `[H, W, in, multiplier]` to `[in * multiplier, 1, H, W]`, one group per input channel. */
function depthwiseFilter(context: OpContext, filter: Value, kernel: readonly number[]): Filter {
  const { builder } = context;
  const first = isChannelsFirst(context);
  const channels = [filter.shape?.[2], context.shape(0)[first ? 1 : 3]].find((dim) => typeof dim === 'number');
  if (channels === undefined) throw context.refuse('the number of its channels is not known before a request');
  const multiplier = filter.shape?.[3];
  const outputs = typeof multiplier === 'number' ? channels * multiplier : undefined;
  const weights = builder.reshape(builder.transpose(filter, [2, 3, 0, 1]), [outputs ?? -1, 1, ...kernel]);
  const shape = [outputs ?? builder.unknownDim(), 1, ...kernel];
  return { weights: weights.shape?.length === shape.length ? weights : { ...weights, shape }, group: channels, kernel };
}

/** Grey-scale dilation: the maximum over the window of image plus filter; what lies outside does not count. */
function dilation(context: OpContext): Value {
  const { builder, attrs } = context;
  const filter = context.input(1);
  const kernel = filter.shape?.slice(0, 2).filter((dim) => typeof dim === 'number') ?? [];
  if (kernel.length !== 2) throw context.refuse('the size of its filter is not known before a request');
  const window = { kernel, strides: attrs.ints('strides').slice(1, 3), dilations: attrs.ints('rates').slice(1, 3) };
  return inComputeDType(builder, [context.input(0), filter], ([x, given]) => {
    const image = x as Value;
    const { before, after, none } = paddingOf(context, image, 1, window);
    const padded = none
      ? image
      : padSpatial(builder, image, 1, before, after, builder.scalar(image.dtype, lowest(image.dtype)));
    const positions = builder.reshapeTo(
      given as Value,
      builder.concat([builder.ints([-1]), builder.slice(builder.shapeOf(given as Value), 0, 2, 3)], 0),
    );
    let best: Value | undefined;
    overPositions(builder, padded, 1, window, (slice, position) => {
      const sum = builder.emit('Add', [slice, builder.pick(positions, position)]);
      best = best === undefined ? sum : builder.emit('Max', [best, sum]);
    });
    if (best === undefined) throw context.refuse('its filter is empty');
    return best;
  });
}

/** A value that no element is below, far enough from the end of the range to add small numbers to. */
function lowest(dtype: Value['dtype']): number {
  return dtype === 'float32' || dtype === 'float64' ? -Infinity : dtype === 'int64' ? -(2 ** 52) : -(2 ** 30);
}
