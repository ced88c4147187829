import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import {
  toChannelsFirst,
  fromChannelsFirst,
  isChannelsFirst,
  spatialAttribute,
  windowPadding,
} from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';

/** Convolutions; TensorFlow's filters are spatial-first (HWIO), the engine's channel-first (OIHW). */
export const convolution = new OpFamily('convolution')
  .native('Conv2D Conv3D', (context) => convolve(context, ordinaryFilter))
  .native('DepthwiseConv2dNative', (context) => convolve(context, depthwiseFilter))
  .native('Conv2DBackpropInput Conv3DBackpropInputV2', transposedConvolution);

interface Filter {
  readonly weights: Value;
  readonly group: number;
  readonly kernel: readonly number[];
}

function convolve(context: OpContext, toFilter: (context: OpContext, filter: Value) => Filter): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const first = isChannelsFirst(context);
  return inComputeDType(builder, [context.input(0), context.input(1)], ([x, given]) => {
    const { weights, group, kernel } = toFilter(context, given as Value);
    const strides = spatialAttribute(context, 'strides', rank);
    const dilations = spatialAttribute(context, 'dilations', rank);
    const input = toChannelsFirst(builder, x as Value, first);
    const padding = windowPadding(context, input, kernel, strides, dilations);
    const value = builder.emit('Conv', [input, weights], {
      strides,
      dilations,
      group,
      kernel_shape: kernel,
      ...padding,
    });
    return fromChannelsFirst(builder, value, first);
  });
}

/** `[spatial…, in/group, out]` to `[out, in/group, spatial…]`. */
function ordinaryFilter(context: OpContext, filter: Value): Filter {
  const shape = filter.shape;
  const rank = shape?.length ?? 0;
  const spatial = shape?.slice(0, -2).filter((dim) => typeof dim === 'number');
  const inputChannels = shape?.[rank - 2];
  if (spatial?.length !== rank - 2 || typeof inputChannels !== 'number') {
    throw context.refuse('the size of its filter is not known before a request');
  }
  const channels = context.shape(0)[isChannelsFirst(context) ? 1 : rank - 1];
  const group = typeof channels === 'number' ? channels / inputChannels : 1;
  const perm = [rank - 1, rank - 2, ...spatial.map((_, i) => i)];
  return { weights: context.builder.transpose(filter, perm), group, kernel: spatial };
}

/** `[H, W, in, multiplier]` to `[in * multiplier, 1, H, W]`, one group per input channel. */
function depthwiseFilter(context: OpContext, filter: Value): Filter {
  const [height, width, channels, multiplier] = filter.shape ?? [];
  if (
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    typeof channels !== 'number' ||
    typeof multiplier !== 'number'
  ) {
    throw context.refuse('the size of its filter is not known before a request');
  }
  const { builder } = context;
  const weights = builder.reshape(builder.transpose(filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
  return { weights, group: channels, kernel: [height, width] };
}

function transposedConvolution(context: OpContext): Value {
  const { builder, attrs } = context;
  const rank = context.rank(2);
  const first = isChannelsFirst(context);
  const wanted = context.input(0).elements ?? context.input(0).constant?.toArray();
  const filterShape = context.shape(1);
  const kernel = filterShape.slice(0, -2).filter((dim) => typeof dim === 'number');
  if (kernel.length !== rank - 2) throw context.refuse('the size of its filter is not known before a request');
  const strides = spatialAttribute(context, 'strides', rank);
  const dilations = spatialAttribute(context, 'dilations', rank);
  const padding = attrs.string('padding', 'VALID');
  if (padding === 'EXPLICIT') throw context.refuse('explicit paddings of a transposed convolution are not supported');
  return inComputeDType(builder, [context.input(2), context.input(1)], ([x, filter]) => {
    const input = toChannelsFirst(builder, x as Value, first);
    const weights = builder.transpose(filter as Value, [rank - 1, rank - 2, ...kernel.map((_, i) => i)]);
    const before: number[] = [];
    const after: number[] = [];
    const extra: number[] = [];
    kernel.forEach((size, i) => {
      const effective = (size - 1) * (dilations[i] ?? 1) + 1;
      const stride = strides[i] ?? 1;
      const given = input.shape?.[i + 2];
      const output = Array.isArray(wanted) ? (wanted as unknown[])[first ? i + 2 : i + 1] : undefined;
      const known = typeof given === 'number' && (typeof output === 'number' || typeof output === 'bigint');
      // Without known sizes the output is what Keras asks for: input times stride (SAME), or all that is touched.
      const surplus = known
        ? (given - 1) * stride + effective - Number(output)
        : padding === 'SAME'
          ? effective - stride
          : Math.min(effective - stride, 0);
      const cut = Math.max(surplus, 0);
      before.push(padding === 'SAME' ? Math.floor(cut / 2) : 0);
      after.push(padding === 'SAME' ? cut - Math.floor(cut / 2) : cut);
      extra.push(Math.max(-surplus, 0));
    });
    const outChannels = filterShape.at(-2) ?? 1;
    const value = builder.emit(
      'ConvTranspose',
      [input, weights],
      { strides, dilations, kernel_shape: kernel, pads: [...before, ...after], output_padding: extra },
      {
        dtype: input.dtype,
        shape: input.shape && [
          input.shape[0] ?? 1,
          outChannels,
          ...kernel.map((size, i) => {
            const given = input.shape?.[i + 2];
            const effective = (size - 1) * (dilations[i] ?? 1) + 1;
            if (typeof given !== 'number') return builder.unknownDim();
            return (given - 1) * (strides[i] ?? 1) + effective - (before[i] ?? 0) - (after[i] ?? 0) + (extra[i] ?? 0);
          }),
        ],
      },
    );
    return fromChannelsFirst(builder, value, first);
  });
}
