import type { Builder } from '../onnx/builder.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import type { Shape, Value } from '../onnx/value.js';

/**
 * Ties a value to a condition: where not all elements of `ok` hold, the run fails, as TensorFlow fails the request. The
 * engine has no assertion, so the failure is an index out of bounds, under a node whose name says what is wrong.
 *
 * @param ok - a bool tensor
 * @param shape - what the condition says of the value's shape, where it says more than is known
 */
export function requireAll(
  builder: Builder,
  ok: Value,
  value: Value,
  complaint: string,
  shape: Shape | undefined = value.shape,
): Value {
  const known = ok.constant;
  if (known !== undefined && (known.data as Uint8Array).every((x) => x !== 0)) return value;
  const bad = builder.reshape(builder.cast(builder.emit('Not', [ok]), 'int32'), [-1]);
  const any = builder.emit('ReduceSum', [bad, builder.ints([0])], { keepdims: 0 });
  const index = builder.cast(builder.emit('Greater', [any, builder.scalar('int32', 0)]), 'int64');
  const { origin } = builder;
  builder.origin = `${origin}/${complaint}`;
  // One element to pick from: index 1 is out of bounds. Adding the zero to the shape costs no pass over the value.
  const zero = builder.emit('Gather', [builder.ints([0]), index], { axis: 0 }, { dtype: 'int64', shape: [] });
  builder.origin = origin;
  const target = builder.emit(
    'Add',
    [builder.shapeOf(value), zero],
    {},
    { dtype: 'int64', shape: [value.shape?.length ?? builder.unknownDim()] },
  );
  return builder.emit('Reshape', [value, target], { allowzero: 1 }, { dtype: value.dtype, shape });
}

/**
 * Indices for an engine op that counts negative ones from the end, where TensorFlow refuses them: they are moved far
 * out of bounds, which the op refuses too.
 */
export function withoutNegatives(builder: Builder, indices: Value): Value {
  if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
    return withoutNegatives(builder, builder.cast(indices, 'int32'));
  const known = knownIntegers(indices);
  if (known !== undefined && known.every((index) => index >= 0)) return indices;
  if (indices.elements?.every((dim) => (typeof dim === 'number' ? dim >= 0 : dim.kind === 'size'))) return indices;
  const negative = builder.emit('Less', [indices, builder.scalar(indices.dtype, 0)]);
  return builder.emit('Where', [negative, builder.scalar(indices.dtype, 2 ** 31 - 1), indices]);
}
