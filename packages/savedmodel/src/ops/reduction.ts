import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

/** Reductions; their axes may come with the request. */
export const reduction = new OpFamily('reduction')
  .native('Sum', reduceWith('ReduceSum'))
  .native('Mean', reduceWith('ReduceMean'))
  .native('Max', reduceWith('ReduceMax'))
  .native('Min', reduceWith('ReduceMin'))
  .native('Prod', reduceWith('ReduceProd'))
  .native('All', (context) => overBooleans(context, 'ReduceMin'))
  .native('Any', (context) => overBooleans(context, 'ReduceMax'))
  .native('EuclideanNorm', reduceWith('ReduceL2'))
  .native('ArgMax', (context) => position(context, 'ArgMax'))
  .native('ArgMin', (context) => position(context, 'ArgMin'));

function reduceWith(op: string) {
  return (context: OpContext): Value =>
    inComputeDType(context.builder, [context.input(0)], ([x]) => reduce(context, op, x as Value));
}

function reduce(context: OpContext, op: string, x: Value): Value {
  const { builder, attrs } = context;
  return builder.emit(op, [x, axesVector(builder, context.input(1))], {
    keepdims: Number(attrs.bool('keep_dims', attrs.bool('keepdims', false))),
    // No axes means nothing is reduced, where ONNX would reduce everything.
    noop_with_empty_axes: 1,
  });
}

/** Axes as an int64 vector; TensorFlow takes a scalar too. */
function axesVector(builder: Builder, axes: Value): Value {
  const wide = builder.cast(axes, 'int64');
  return axes.shape?.length === 0 ? builder.unsqueeze(wide, [0]) : wide;
}

function overBooleans(context: OpContext, op: string): Value {
  const { builder } = context;
  return builder.cast(reduce(context, op, builder.cast(context.input(0), 'int32')), 'bool');
}

function position(context: OpContext, op: string): Value {
  const { builder, attrs } = context;
  const [axis = 0] = context.constantInts(1, 'axis');
  return inComputeDType(
    builder,
    [context.input(0)],
    ([x]) => {
      const wide = x?.dtype === 'int64' ? builder.cast(x, 'float64') : x;
      return builder.cast(builder.emit(op, [wide], { axis, keepdims: 0 }), attrs.dtype('output_type', 'int64'));
    },
    'asComputed',
  );
}
