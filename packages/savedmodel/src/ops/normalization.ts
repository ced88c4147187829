import { float } from '../onnx/onnx-attributes.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { fromChannelsFirst, isChannelsFirst, toChannelsFirst } from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';

/** Batch normalization and normalization over neighbouring channels. */
export const normalization = new OpFamily('normalization')
  .native('FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3', (context) =>
    context.attrs.bool('is_training', true) ? byBatch(context) : byKnownStatistics(context),
  )
  .native('LRN', (context) => {
    const { builder, attrs } = context;
    const size = 2 * attrs.int('depth_radius', 5) + 1;
    return inComputeDType(builder, [context.input(0)], ([x]) => {
      const value = builder.emit('LRN', [toChannelsFirst(builder, x as Value, false)], {
        size,
        // The engine divides alpha by the size of the window, TensorFlow does not.
        alpha: float(attrs.float('alpha', 1) * size),
        beta: float(attrs.float('beta', 0.5)),
        bias: float(attrs.float('bias', 1)),
      });
      return fromChannelsFirst(builder, value, false);
    });
  });

/** Inference: a multiplication and an addition per channel, which fold into a convolution. */
function byKnownStatistics(context: OpContext): readonly Value[] {
  const { builder } = context;
  const [scale, offset, mean, variance] = parameters(context);
  const epsilon = builder.scalar(variance.dtype, context.attrs.float('epsilon', 0.0001));
  const deviation = builder.emit('Sqrt', [builder.emit('Add', [variance, epsilon])]);
  const factor = builder.emit('Div', [scale, deviation]);
  const shift = builder.emit('Sub', [offset, builder.emit('Mul', [mean, factor])]);
  const x = context.input(0);
  const wide = builder.cast(x, scale.dtype);
  const scaled = builder.emit('Mul', [wide, alongChannels(context, factor)]);
  const y = builder.emit('Add', [scaled, alongChannels(context, shift)]);
  return [builder.cast(y, x.dtype), mean, variance, mean, variance, mean];
}

/** With the statistics of the batch itself, as in training; the variance that is handed on is the unbiased one. */
function byBatch(context: OpContext): readonly Value[] {
  const { builder, attrs } = context;
  const [scale, offset, oldMean, oldVariance] = parameters(context);
  const { dtype } = scale;
  const given = context.input(0);
  const x = builder.cast(given, dtype);
  const rank = context.rank(0);
  const channelAxis = isChannelsFirst(context) ? 1 : rank - 1;
  const axes = Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== channelAxis);
  const reduce = (value: Value) => builder.emit('ReduceMean', [value, builder.ints(axes)], { keepdims: 0 });
  const mean = reduce(x);
  const centred = builder.emit('Sub', [x, alongChannels(context, mean)]);
  const variance = reduce(builder.emit('Mul', [centred, centred]));
  const epsilon = builder.scalar(dtype, attrs.float('epsilon', 0.0001));
  const deviation = builder.emit('Sqrt', [builder.emit('Add', [variance, epsilon])]);
  const factor = builder.emit('Div', [scale, deviation]);
  const scaled = builder.emit('Mul', [centred, alongChannels(context, factor)]);
  const y = builder.emit('Add', [scaled, alongChannels(context, offset)]);
  const shape = builder.shapeOf(x);
  const sizes = builder.emit('Gather', [shape, builder.ints(axes)], { axis: 0 });
  const count = builder.cast(builder.emit('ReduceProd', [sizes, builder.ints([0])], { keepdims: 0 }), dtype);
  const one = builder.scalar(dtype, 1);
  const degrees = builder.emit('Max', [builder.emit('Sub', [count, one]), one]);
  const unbiased = builder.emit('Mul', [variance, builder.emit('Div', [count, degrees])]);
  const share = attrs.float('exponential_avg_factor', 1);
  const running = (old: Value, current: Value) =>
    share === 1
      ? current
      : builder.emit('Add', [
          builder.emit('Mul', [old, builder.scalar(dtype, 1 - share)]),
          builder.emit('Mul', [current, builder.scalar(dtype, share)]),
        ]);
  const reserve = builder.constantVector(dtype, []);
  return [
    builder.cast(y, given.dtype),
    running(oldMean, mean),
    running(oldVariance, unbiased),
    mean,
    variance,
    reserve,
  ];
}

const parameters = (context: OpContext) => [1, 2, 3, 4].map((i) => context.input(i)) as [Value, Value, Value, Value];

function alongChannels(context: OpContext, value: Value): Value {
  const spatial = Array.from({ length: context.rank(0) - 2 }, (_, i) => i + 1);
  return isChannelsFirst(context) ? context.builder.unsqueeze(value, spatial) : value;
}
