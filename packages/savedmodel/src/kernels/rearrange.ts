import type { Tensor } from '@servable/tensor';
import { dtypeInfo } from '@servable/tensor';
import {
  allocate,
  around,
  axisOf,
  broadcast,
  broadcastOffsets,
  broadcastStrides,
  checkedSize,
  invalidRequest,
  offsets,
  sizeOf,
  stridesOf,
  take,
  tensorOf,
  type Elements,
} from './elements.js';

/** Ops that move elements without looking at them, for tensors of any dtype (strings and complex numbers too). */

/** `sizes[i]` elements from `starts[i]` on, `steps[i]` apart; all must lie inside of `x`. */
export function strided(
  x: Tensor,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): Tensor {
  const strides = stridesOf(x.shape);
  const start = sizeOf(sizes) === 0 ? 0 : starts.reduce((sum, from, i) => sum + from * strides[i]!, 0);
  return take(
    x,
    offsets(
      sizes,
      strides.map((stride, i) => stride * steps[i]!),
      start,
    ),
    sizes,
  );
}

/** `sizes[i]` elements from `starts[i]` on; a size of -1 means all that are left. */
export function slice(x: Tensor, starts: readonly number[], sizes: readonly number[]): Tensor {
  const counts = x.shape.map((dim, i) => {
    const start = starts[i] ?? 0;
    const size = sizes[i] === -1 ? dim - start : (sizes[i] ?? 0);
    if (start < 0 || size < 0 || start + size > dim) {
      throw invalidRequest(
        'BAD_SLICE',
        `Expected size[${i}] in [0, ${dim - start}], but got ${sizes[i]} from ${start}`,
      );
    }
    return size;
  });
  return strided(
    x,
    starts,
    counts,
    x.shape.map(() => 1),
  );
}

export function reverse(x: Tensor, axes: readonly number[]): Tensor {
  const reversed = new Set(axes.map((axis) => axisOf(axis, x.rank)));
  if (reversed.size !== axes.length) {
    throw invalidRequest('REPEATED_AXIS', `expected distinct axes, got [${axes.join(', ')}]`);
  }
  return strided(
    x,
    x.shape.map((dim, i) => (reversed.has(i) ? dim - 1 : 0)),
    x.shape,
    x.shape.map((_, i) => (reversed.has(i) ? -1 : 1)),
  );
}

export function expand(x: Tensor, shape: readonly number[]): Tensor {
  const target = broadcast(x.shape, shape);
  if (target.length !== shape.length || target.some((dim, i) => dim !== shape[i])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Incompatible shapes: [${x.shape.join(', ')}] does not broadcast to [${shape.join(', ')}]`,
    );
  }
  return take(x, offsets(shape, broadcastStrides(x.shape, shape)), shape);
}

export function tile(x: Tensor, multiples: readonly number[]): Tensor {
  if (multiples.length !== x.rank) {
    throw invalidRequest('BAD_MULTIPLES', `expected ${x.rank} multiples, got ${multiples.length}`);
  }
  const shape = x.shape.map((dim, i) => dim * multiples[i]!);
  checkedSize(multiples);
  // Repetitions as dimensions of their own, with stride 0.
  const strides = stridesOf(x.shape);
  const wide = x.shape.flatMap((dim, i) => [multiples[i]!, dim]);
  return take(
    x,
    offsets(
      wide,
      strides.flatMap((stride) => [0, stride]),
    ),
    shape,
  );
}

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0];
  if (first === undefined) throw invalidRequest('NOTHING_TO_CONCAT', 'expected at least one tensor, got none');
  const at = axisOf(axis, first.rank);
  for (const part of parts) {
    if (part.rank !== first.rank || part.shape.some((dim, i) => i !== at && dim !== first.shape[i])) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Dimensions of inputs should match: [${first.shape.join(', ')}] vs. [${part.shape.join(', ')}]`,
      );
    }
  }
  const shape = first.shape.with(
    at,
    parts.reduce((size, part) => size + part.shape[at]!, 0),
  );
  const { lanes } = dtypeInfo(first.dtype);
  const data = allocate(first.dtype, shape);
  const [outer, size, inner] = around(shape, at);
  let start = 0;
  for (const part of parts) {
    const source = part.data as unknown as Elements<never>;
    const chunk = part.shape[at]! * inner * lanes;
    for (let o = 0; o < outer; o++) {
      const to = o * size * inner * lanes + start;
      for (let i = 0; i < chunk; i++) data[to + i] = source[o * chunk + i]!;
    }
    start += chunk;
  }
  return tensorOf(first.dtype, shape, data);
}

export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const at = axisOf(axis, x.rank);
  const total = x.shape[at]!;
  if (sizes.some((size) => size < 0) || sizes.reduce((a, b) => a + b, 0) !== total) {
    throw invalidRequest('BAD_SPLIT', `expected sizes that add up to ${total}, got [${sizes.join(', ')}]`);
  }
  const steps = x.shape.map(() => 1);
  let start = 0;
  return sizes.map((size) => {
    const part = strided(x, x.shape.map(() => 0).with(at, start), x.shape.with(at, size), steps);
    start += size;
    return part;
  });
}

/**
 * `params` at `indices` along an axis, where leading dimensions belong together (tensorflow/core/kernels/gather_op.cc).
 *
 * @throws SavedModelError INVALID_ARGUMENT for an index outside of the axis
 */
export function gather(params: Tensor, indices: Tensor, axis: number, batchDims = 0): Tensor {
  const batch = batchDims < 0 ? batchDims + indices.rank : batchDims;
  const at = axisOf(axis, params.rank);
  if (batch < 0 || batch > Math.min(at, indices.rank)) {
    throw invalidRequest('BAD_BATCH_DIMS', `expected batch_dims of at most the axis ${at}, got ${batchDims}`);
  }
  const lead = params.shape.slice(0, batch);
  if (lead.some((dim, i) => dim !== indices.shape[i])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `params [${params.shape.join(', ')}] and indices [${indices.shape.join(', ')}] differ in their first ${batch} dimensions`,
    );
  }
  const size = params.shape[at]!;
  const between = sizeOf(params.shape.slice(batch, at));
  const inner = sizeOf(params.shape.slice(at + 1));
  const shape = [...params.shape.slice(0, at), ...indices.shape.slice(batch), ...params.shape.slice(at + 1)];
  const own = sizeOf(indices.shape.slice(batch));
  const from = new Int32Array(checkedSize(shape));
  let i = 0;
  for (let b = 0; b < sizeOf(lead); b++) {
    for (let o = 0; o < between; o++) {
      for (let k = 0; k < own; k++) {
        const index = Number((indices.data as ArrayLike<number | bigint>)[b * own + k]);
        if (!(index >= 0 && index < size)) {
          throw invalidRequest('INDEX_OUT_OF_RANGE', `indices[${k}] = ${index} is not in [0, ${size})`);
        }
        const start = ((b * between + o) * size + index) * inner;
        for (let j = 0; j < inner; j++) from[i++] = start + j;
      }
    }
  }
  return take(params, from, shape);
}

/** Start of the slice that each row of `indices` names in a tensor of `shape`, and the size of the slices. */
export function sliceStarts(
  shape: readonly number[],
  indices: Tensor,
  whenOutside: 'refuse' | 'skip' = 'refuse',
): { readonly starts: Int32Array; readonly inner: number; readonly depth: number } {
  const depth = indices.shape.at(-1) ?? 1;
  if (depth > shape.length) {
    throw invalidRequest(
      'BAD_INDICES',
      `expected indices of at most ${shape.length} components, got indices of shape [${indices.shape.join(', ')}]`,
    );
  }
  const strides = stridesOf(shape);
  const count = sizeOf(indices.shape.slice(0, -1));
  const starts = new Int32Array(count);
  const data = indices.data as ArrayLike<number | bigint>;
  for (let row = 0; row < count; row++) {
    let start = 0;
    for (let k = 0; k < depth; k++) {
      const index = Number(data[row * depth + k]);
      if (!(index >= 0 && index < shape[k]!)) {
        if (whenOutside === 'refuse') {
          throw invalidRequest(
            'INDEX_OUT_OF_RANGE',
            `indices[${row}][${k}] = ${index} does not index into shape [${shape.join(', ')}]`,
          );
        }
        start = -1;
        break;
      }
      start += index * strides[k]!;
    }
    starts[row] = start;
  }
  return { starts, inner: sizeOf(shape.slice(depth)), depth };
}

export function gatherNd(params: Tensor, indices: Tensor): Tensor {
  const { starts, inner, depth } = sliceStarts(params.shape, indices);
  const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
  const from = new Int32Array(checkedSize(shape));
  for (let i = 0; i < from.length; i++) from[i] = starts[Math.floor(i / inner)]! + (i % inner);
  return take(params, from, shape);
}

/** Elements of `a` where the condition holds, else of `b`; all three broadcast. */
export function select(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const shape = broadcast(condition.shape, a.shape, b.shape);
  const size = checkedSize(shape);
  const at = [condition, a, b].map((tensor) => broadcastOffsets(tensor.shape, shape));
  const { lanes } = dtypeInfo(a.dtype);
  const data = allocate(a.dtype, shape);
  const choice = condition.data as Uint8Array;
  for (let i = 0; i < size; i++) {
    const first = choice[at[0]?.[i] ?? i] !== 0;
    const from = ((first ? at[1] : at[2])?.[i] ?? i) * lanes;
    const source = (first ? a : b).data as unknown as Elements<never>;
    for (let lane = 0; lane < lanes; lane++) data[i * lanes + lane] = source[from + lane]!;
  }
  return tensorOf(a.dtype, shape, data);
}

export type PadMode = 'CONSTANT' | 'REFLECT' | 'SYMMETRIC';

/** @param paddings - pairs of sizes before and after, per dimension */
export function pad(x: Tensor, paddings: readonly number[], mode: PadMode, fill?: Tensor): Tensor {
  if (paddings.length !== x.rank * 2 || paddings.some((size) => size < 0)) {
    throw invalidRequest(
      'BAD_PADDINGS',
      `expected ${x.rank} pairs of sizes of 0 or more, got [${paddings.join(', ')}]`,
    );
  }
  const strides = stridesOf(x.shape);
  const shape = x.shape.map((dim, i) => dim + paddings[2 * i]! + paddings[2 * i + 1]!);
  checkedSize(shape);
  // Per dimension, which index of `x` an index of the result shows.
  const maps = x.shape.map((dim, axis) => {
    const reach = mode === 'REFLECT' ? dim - 1 : dim;
    const most = Math.max(paddings[2 * axis]!, paddings[2 * axis + 1]!);
    if (mode !== 'CONSTANT' && most > reach) {
      throw invalidRequest(
        'BAD_PADDINGS',
        `expected mirrored paddings of at most ${reach} for dimension ${axis}, got ${most}`,
      );
    }
    return Int32Array.from({ length: shape[axis]! }, (_, i) => {
      const at = i - paddings[2 * axis]!;
      if (at >= 0 && at < dim) return at;
      if (mode === 'CONSTANT') return -1;
      const edge = mode === 'REFLECT' ? 0 : 1;
      return at < 0 ? -at - edge : 2 * dim - 2 - at + edge;
    });
  });
  const from = new Int32Array(sizeOf(shape));
  shape.forEach((dim, axis) => {
    const inner = sizeOf(shape.slice(axis + 1));
    for (let i = 0; i < from.length; i++) {
      const at = maps[axis]![Math.floor(i / inner) % dim]!;
      if (at < 0 || from[i]! < 0) from[i] = -1;
      else from[i] = from[i]! + at * strides[axis]!;
    }
  });
  return take(x, from, shape, fill);
}

/** Shifts with wrap-around; an axis that stands several times is shifted by the sum. */
export function roll(x: Tensor, shifts: readonly number[], axes: readonly number[]): Tensor {
  const by = x.shape.map(() => 0);
  axes.forEach((axis, i) => (by[axisOf(axis, x.rank)]! += shifts[i] ?? 0));
  const strides = stridesOf(x.shape);
  const from = new Int32Array(x.size);
  x.shape.forEach((dim, axis) => {
    const inner = strides[axis]!;
    for (let i = 0; i < from.length; i++) {
      const at = Math.floor(i / inner) % dim;
      from[i] = from[i]! + ((((at - by[axis]!) % dim) + dim) % dim) * inner;
    }
  });
  return take(x, from, x.shape);
}
