import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { checkedSize, invalidRequest } from './elements.js';
import { SOBOL_DIMENSIONS, sobolDirections } from './sobol-directions.js';

const MAX_INT = 2 ** 31 - 1;
/** How many dimensions TensorFlow has. */
const UPSTREAM_DIMENSIONS = 21_200;

/**
 * Points of Sobol's sequence (upstream tensorflow/core/kernels/sobol_op.cc).
 *
 * @param skip - how many points of the sequence come before the first one
 * @returns `[points, dimensions]`, in [0, 1) but for more than 2^30 points, where TensorFlow's are negative
 */
export function sobolPoints(dimensions: number, points: number, skip: number): Float64Array {
  const isValid =
    dimensions >= 1 && dimensions <= UPSTREAM_DIMENSIONS && points >= 1 && skip >= 0 && points < MAX_INT - skip;
  if (!isValid) {
    throw invalidRequest(
      'BAD_SEQUENCE',
      `expected 1 to ${UPSTREAM_DIMENSIONS} dimensions, at least one point and at most ${MAX_INT} with those skipped, ` +
        `given ${dimensions}, ${points} and ${skip}`,
    );
  }
  if (dimensions > SOBOL_DIMENSIONS) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'TOO_MANY_DIMENSIONS',
      `expected at most ${SOBOL_DIMENSIONS} dimensions of a Sobol sequence, given ${dimensions}`,
    );
  }
  checkedSize([points, dimensions]);
  const digits = Math.floor(Math.log2(skip + points + 1)) + 1;
  const result = new Float64Array(points * dimensions);
  // With 31 digits the shift is negative, as upstream's is.
  const unit = 1 / (1 << digits);
  for (let j = 0; j < dimensions; j++) {
    const directions = sobolDirections(j)
      .slice(0, digits)
      .map((direction, k) => direction << (digits - k - 1));
    let point = 0;
    const first = skip + 1;
    const gray = first ^ (first >>> 1);
    for (let k = 0; k < digits; k++) if ((gray >>> k) & 1) point ^= directions[k]!;
    result[j] = point * unit;
    for (let i = 1; i < points; i++) {
      const number = i + skip;
      // The lowest digit that is 0.
      point ^= directions[31 - Math.clz32(~number & (number + 1))]!;
      result[i * dimensions + j] = point * unit;
    }
  }
  return result;
}
