import type { Builder } from '../onnx/builder.js';
import { isNeverNegative } from '../onnx/known-shapes.js';
import { isStatic, type Shape, type Value } from '../onnx/value.js';

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
  const index = builder.cast(isAnyFalse(builder, ok), 'int64');
  const { origin } = builder;
  builder.origin = `${origin}/${complaint}`;
  if (shape === value.shape && isSmallInteger(value)) {
    const { dtype } = value;
    const nothing = builder.emit(
      'Gather',
      [builder.constantVector(dtype, [0]), index],
      { axis: 0 },
      { dtype, shape: [] },
    );
    builder.origin = origin;
    // Elements that are all known would make a constant of it, without the check.
    const elements = isStatic(value.elements) ? undefined : value.elements;
    return builder.emit('Add', [value, nothing], {}, { dtype, shape, elements, nonNegative: value.nonNegative });
  }
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

/** A bool scalar: whether not all elements hold. */
function isAnyFalse(builder: Builder, ok: Value): Value {
  if (ok.shape?.length === 0) return builder.emit('Not', [ok]);
  const bad = builder.reshape(builder.cast(builder.emit('Not', [ok]), 'int32'), [-1]);
  const any = builder.emit('ReduceSum', [bad, builder.ints([0])], { keepdims: 0 });
  return builder.emit('Greater', [any, builder.scalar('int32', 0)]);
}

/** Whether adding a zero to all elements costs less than three nodes. */
function isSmallInteger({ dtype, shape }: Value): boolean {
  return (dtype === 'int32' || dtype === 'int64') && isStatic(shape) && shape.reduce((a, b) => a * b, 1) <= 1024;
}

/**
 * Indices for an engine op that counts negative ones from the end, where TensorFlow refuses them: they are moved far
 * out of bounds, which the op refuses too.
 */
export function withoutNegatives(builder: Builder, indices: Value): Value {
  if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
    return withoutNegatives(builder, builder.cast(indices, 'int32'));
  if (isNeverNegative(indices)) return indices;
  const negative = builder.emit('Less', [indices, builder.scalar(indices.dtype, 0)]);
  return builder.emit('Where', [negative, builder.scalar(indices.dtype, 2 ** 31 - 1), indices]);
}
