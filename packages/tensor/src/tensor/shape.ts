import { invalidArgument } from '../tensor-error.js';

/** `[2,3]`, as in messages of TensorFlow. */
export function formatShape(shape: readonly (number | bigint)[]): string {
  return `[${shape.join(',')}]`;
}

/** Most dimensions a shape can have (`TensorShape::MaxDimensions` in `tensorflow/core/framework/tensor_shape.h`). */
export const maxRank = 254;

/**
 * Number of elements of a shape.
 *
 * @throws TensorError INVALID_ARGUMENT `INVALID_SHAPE` when a dimension is not an integer of 0 or more, when there are
 * more than 254 of them, or when their product is over 2^53 - 1
 */
export function shapeSize(shape: readonly number[]): number {
  if (shape.length > maxRank) {
    throw invalidArgument(
      'INVALID_SHAPE',
      `Invalid shape: expected at most ${maxRank} dimensions, given ${shape.length}`,
    );
  }
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const dim = shape[axis]!;
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw invalidArgument(
        'INVALID_SHAPE',
        `Invalid shape: expected dimensions that are integers of 0 or more, given ${String(dim)} at axis ${axis} of ` +
          formatShape(shape),
      );
    }
    size *= dim;
  }
  if (!Number.isSafeInteger(size)) {
    // A later 0 makes an overflowing product NaN or 0; only the true product counts.
    if (shape.includes(0)) return 0;
    throw invalidArgument(
      'INVALID_SHAPE',
      `Invalid shape: expected at most 2^53 - 1 elements, given ${formatShape(shape)}`,
    );
  }
  return size;
}
