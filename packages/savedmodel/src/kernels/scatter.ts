import { dtypeInfo, type Tensor } from '@servable/tensor';
import { broadcastOffsets, integersOf, invalidRequest, sizeOf, tensorOf, type Elements } from './elements.js';
import { sliceStarts } from './rearrange.js';
import { sliceExtent, type SliceMasks } from './strided-slice.js';
import { offsets, stridesOf } from './elements.js';

/** A copy of `x` whose slices at `indices` are replaced. */
export function scatterUpdate(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const { starts, inner } = sliceStarts(x.shape, indices);
  checkUpdates(starts.length * inner, updates);
  const at = new Int32Array(starts.length * inner);
  for (let i = 0; i < at.length; i++) at[i] = starts[Math.floor(i / inner)]! + (i % inner);
  return replaced(x, at, updates);
}

/** A copy of `x` in which what a StridedSlice would read is replaced; the value broadcasts to it. */
export function stridedSliceUpdate(
  x: Tensor,
  begin: Tensor,
  end: Tensor,
  strides: Tensor,
  value: Tensor,
  masks: SliceMasks,
): Tensor {
  const extent = sliceExtent(x.shape, integersOf(begin), integersOf(end), integersOf(strides), masks);
  const own = stridesOf(x.shape);
  const start = sizeOf(extent.sizes) === 0 ? 0 : extent.starts.reduce((sum, from, i) => sum + from * own[i]!, 0);
  const at = offsets(
    extent.sizes,
    own.map((stride, i) => stride * extent.steps[i]!),
    start,
  );
  return replaced(x, at, value, broadcastOffsets(value.shape, extent.shape));
}

function replaced(x: Tensor, at: Int32Array, values: Tensor, from?: Int32Array): Tensor {
  const { lanes } = dtypeInfo(x.dtype);
  const data = (x.data as Float32Array).slice() as unknown as Elements<never>;
  const source = values.data as unknown as Elements<never>;
  for (let i = 0; i < at.length; i++) {
    for (let lane = 0; lane < lanes; lane++) {
      data[at[i]! * lanes + lane] = source[(from?.[i] ?? i) * lanes + lane]!;
    }
  }
  return tensorOf(x.dtype, x.shape, data);
}

function checkUpdates(expected: number, updates: Tensor): void {
  if (updates.size !== expected) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected ${expected} updates, got shape [${updates.shape.join(', ')}]`,
    );
  }
}
