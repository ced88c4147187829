import type { Value } from '../onnx/value.js';
import { isChannelsFirst } from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';

/** Batch normalization at inference: a multiplication and an addition per channel, which fold into a convolution. */
export const normalization = new OpFamily('normalization').native(
  'FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3',
  (context) => {
    if (context.attrs.bool('is_training', true)) {
      throw context.refuse('it normalizes with the statistics of the batch (is_training), as in training');
    }
    const { builder } = context;
    const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) => context.input(i)) as [Value, Value, Value, Value];
    const epsilon = builder.scalar(variance.dtype, context.attrs.float('epsilon', 0.0001));
    const deviation = builder.emit('Sqrt', [builder.emit('Add', [variance, epsilon])]);
    const factor = builder.emit('Div', [scale, deviation]);
    const shift = builder.emit('Sub', [offset, builder.emit('Mul', [mean, factor])]);
    const x = context.input(0);
    const perChannel = (value: Value) => alongChannels(context, value);
    const wide = builder.cast(x, scale.dtype);
    const y = builder.emit('Add', [builder.emit('Mul', [wide, perChannel(factor)]), perChannel(shift)]);
    return [builder.cast(y, x.dtype), mean, variance, mean, variance, mean];
  },
);

function alongChannels(context: OpContext, value: Value): Value {
  const spatial = Array.from({ length: context.rank(0) - 2 }, (_, i) => i + 1);
  return isChannelsFirst(context) ? context.builder.unsqueeze(value, spatial) : value;
}
