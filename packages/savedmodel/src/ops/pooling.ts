import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import {
  fromChannelsFirst,
  isChannelsFirst,
  spatialAttribute,
  toChannelsFirst,
  windowPadding,
} from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';

/** Pooling; averages leave padding out of the count, as TensorFlow's do. */
export const pooling = new OpFamily('pooling')
  .native('MaxPool MaxPool3D', (context) => pool(context, 'MaxPool'))
  .native('AvgPool AvgPool3D', (context) => pool(context, 'AveragePool'));

function pool(context: OpContext, op: 'MaxPool' | 'AveragePool'): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const first = isChannelsFirst(context);
  const kernel = spatialAttribute(context, 'ksize', rank);
  const strides = spatialAttribute(context, 'strides', rank);
  const full = context.attrs.ints('ksize');
  if (full[0] !== 1 || full[first ? 1 : rank - 1] !== 1) {
    throw context.refuse('it pools over the batch or the channels');
  }
  return inComputeDType(builder, [context.input(0)], ([x]) => {
    const input = toChannelsFirst(builder, x as Value, first);
    const ones = kernel.map(() => 1);
    const padding = windowPadding(context, input, kernel, strides, ones);
    const value = builder.emit(op, [input], { kernel_shape: kernel, strides, ...padding });
    return fromChannelsFirst(builder, value, first);
  });
}
