import type { Tensor } from '@servable/tensor';
import { invalidRequest } from './elements.js';
import { strided } from './rearrange.js';

/** The five masks of StridedSlice, bit i for entry i of begin, end and strides. */
export interface SliceMasks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly newAxis: number;
  readonly shrinkAxis: number;
}

/** What a StridedSlice reads, per dimension of its input, and the shape it gives. */
export interface SliceExtent {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
  /** With new axes in and shrunk ones out. */
  readonly shape: readonly number[];
}

/**
 * Works out a StridedSlice of a tensor of known shape (`ValidateStridedSliceOp` in
 * tensorflow/core/util/strided_slice_op.cc).
 *
 * @throws SavedModelError INVALID_ARGUMENT for a stride of 0, an index out of bounds, too many entries
 */
export function sliceExtent(
  shape: readonly number[],
  begin: readonly number[],
  end: readonly number[],
  strides: readonly number[],
  masks: SliceMasks,
): SliceExtent {
  const has = (mask: number, i: number) => ((mask >> i) & 1) === 1;
  const count = strides.length;
  if (begin.length !== count || end.length !== count) {
    throw invalidRequest(
      'BAD_SLICE',
      `expected begin and end of ${count} entries, got ${begin.length} and ${end.length}`,
    );
  }
  let ellipsis = Array.from({ length: count }, (_, i) => i).findIndex((i) => has(masks.ellipsis, i));
  let added = 0;
  for (let i = 0; i < count; i++) if (i !== ellipsis && has(masks.newAxis, i)) added++;
  const used = count - added - (ellipsis < 0 ? 0 : 1);
  if (used > shape.length) {
    throw invalidRequest(
      'BAD_SLICE',
      `Index out of range using input dim ${used - 1}; input has only ${shape.length} dims`,
    );
  }
  const starts: number[] = [];
  const sizes: number[] = [];
  const steps: number[] = [];
  const result: number[] = [];
  const whole = (dims: number) => {
    for (let k = 0; k < dims; k++) {
      const dim = shape[sizes.length]!;
      starts.push(0);
      sizes.push(dim);
      steps.push(1);
      result.push(dim);
    }
  };
  if (ellipsis < 0) ellipsis = count;
  for (let i = 0; i < count; i++) {
    if (i === ellipsis) {
      whole(shape.length - used);
      continue;
    }
    if (has(masks.newAxis, i)) {
      result.push(1);
      continue;
    }
    const dim = shape[sizes.length]!;
    const step = strides[i]!;
    if (step === 0) throw invalidRequest('ZERO_STRIDE', `strides[${i}] must be non-zero`);
    if (has(masks.shrinkAxis, i)) {
      if (step < 0) throw invalidRequest('BAD_SLICE', 'only stride 1 allowed on non-range indexing.');
      const at = has(masks.begin, i) ? 0 : begin[i]! < 0 ? begin[i]! + dim : begin[i]!;
      if (at < 0 || at >= dim) {
        throw invalidRequest(
          'INDEX_OUT_OF_RANGE',
          `slice index ${begin[i]} of dimension ${sizes.length} out of bounds.`,
        );
      }
      starts.push(at);
      sizes.push(1);
      steps.push(1);
      continue;
    }
    const least = step > 0 ? 0 : -1;
    const most = step > 0 ? dim : dim - 1;
    const bound = (given: number, masked: boolean, open: number) => {
      if (masked) return open;
      return Math.min(Math.max(given < 0 ? given + dim : given, least), most);
    };
    const from = bound(begin[i]!, has(masks.begin, i), step > 0 ? least : most);
    const to = bound(end[i]!, has(masks.end, i), step > 0 ? most : least);
    const size = Math.max(0, Math.ceil((to - from) / step));
    starts.push(from);
    sizes.push(size);
    steps.push(step);
    result.push(size);
  }
  whole(shape.length - sizes.length);
  return { starts, sizes, steps, shape: result };
}

export function stridedSlice(
  x: Tensor,
  begin: readonly number[],
  end: readonly number[],
  strides: readonly number[],
  masks: SliceMasks,
): Tensor {
  const extent = sliceExtent(x.shape, begin, end, strides, masks);
  return strided(x, extent.starts, extent.sizes, extent.steps).reshape(extent.shape);
}
