import type { DType, Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { packTensor, packVariant, unpackTensor, unpackVariant } from './variant.js';

/** `CompressElement`. Nothing outside of the graph sees the result, so it is the tensors as they are. */
export const compressElement = (...components: readonly Tensor[]): Tensor =>
  packVariant('compressed', components.map(packTensor));

/**
 * `UncompressElement` (tensorflow/core/kernels/data/experimental/compression_ops.cc).
 *
 * @param shapes - what the components must be like; `null` where any size will do, undefined where any shape will
 */
export function uncompressElement(
  element: Tensor,
  dtypes: readonly DType[],
  shapes: readonly (readonly (number | null)[] | undefined)[],
): readonly Tensor[] {
  const tensors = unpackVariant(element, 'compressed').map(unpackTensor);
  const fits = tensors.every(({ dtype, shape }, i) => {
    const wanted = shapes[i];
    if (dtype !== dtypes[i]) return false;
    if (wanted === undefined) return true;
    return wanted.length === shape.length && wanted.every((dim, axis) => dim === null || dim === shape[axis]);
  });
  if (fits && tensors.length === dtypes.length) return tensors;
  const given = tensors.map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`);
  throw new SavedModelError(
    'FAILED_PRECONDITION',
    'OTHER_ELEMENT',
    `Expected ${dtypes.join(', ')} of the shapes that are stated from uncompress, but got ${given.join(', ')}`,
  );
}
