import { Tensor } from '@servable/tensor';
import { transpose } from '../../kernels/transpose.js';
import { broadcastShapes, normalizeAxis, sliceBounds } from '../known-shapes.js';
import { intAttribute } from '../onnx-attributes.js';
import {
  MAX_GROWN_ELEMENTS,
  broadcastStrides,
  integers,
  make,
  numbers,
  stridesOf,
  walkRows,
  type ConstantKernel,
} from './constant-kernel.js';

/** Ops that move elements, and those that shapes are made of. */
export const layoutKernels = new Map<string, ConstantKernel>();

/** The elements of `x` at the strides given, in the order of `shape`. */
function copyStrided(x: Tensor, shape: readonly number[], strides: number[], start = 0): Tensor | undefined {
  const output = make(x.dtype, shape);
  if (output === undefined) return undefined;
  const from = numbers(x);
  // Weights of tens of millions of elements pass through here.
  walkRows(shape, [strides], (out, [offset = 0], length, [step = 0]) => {
    let at = start + offset;
    for (const end = out + length; out < end; out++, at += step) output.data[out] = from[at] as number;
  });
  return output.tensor;
}

layoutKernels.set('Shape', ([x]) => x && new Tensor('int64', [x.rank], BigInt64Array.from(x.shape, BigInt)));
layoutKernels.set('Size', ([x]) => x && new Tensor('int64', [], BigInt64Array.of(BigInt(x.size))));

const reshaped: ConstantKernel = ([x, target], attrs) => {
  if (x === undefined) return undefined;
  const allowZero = intAttribute(attrs, 'allowzero', 0) === 1;
  const shape = integers(target).map((dim, i) => (dim === 0 && !allowZero ? (x.shape[i] ?? 0) : dim));
  const hole = shape.indexOf(-1);
  if (hole >= 0) shape[hole] = x.size / -shape.reduce((a, b) => a * b, 1);
  if (shape.reduce((a, b) => a * b, 1) !== x.size) return undefined;
  return x.reshape(shape);
};
layoutKernels.set('Reshape', reshaped);
layoutKernels.set('Unsqueeze', ([x, axes]) => {
  if (x === undefined) return undefined;
  const rank = x.rank + (axes?.size ?? 0);
  const inserted = new Set(integers(axes).map((axis) => normalizeAxis(axis, rank)));
  const rest = [...x.shape];
  return x.reshape(Array.from({ length: rank }, (_, i) => (inserted.has(i) ? 1 : (rest.shift() ?? 1))));
});
layoutKernels.set('Squeeze', ([x, axes]) => {
  if (x === undefined) return undefined;
  const removed = new Set(integers(axes).map((axis) => normalizeAxis(axis, x.rank)));
  return x.reshape(x.shape.filter((dim, i) => (axes === undefined ? dim !== 1 : !removed.has(i))));
});

layoutKernels.set('Transpose', ([x], attrs) => {
  if (x === undefined) return undefined;
  const given = attrs['perm'];
  return transpose(x, given?.kind === 'ints' ? given.value : x.shape.map((_, i) => x.rank - 1 - i));
});

layoutKernels.set('Slice', ([x, starts, ends, axes, steps]) => {
  if (x === undefined) return undefined;
  const [from, to, by] = [integers(starts), integers(ends), integers(steps)];
  const which = axes === undefined ? from.map((_, i) => i) : integers(axes).map((axis) => normalizeAxis(axis, x.rank));
  const shape = [...x.shape];
  const strides = stridesOf(x.shape);
  let start = 0;
  which.forEach((axis, i) => {
    const step = by[i] ?? 1;
    const [low, high] = sliceBounds(x.shape[axis] ?? 0, from[i] ?? 0, to[i] ?? 0, step);
    shape[axis] = Math.max(0, Math.ceil((high - low) / step));
    start += low * (strides[axis] ?? 0);
    strides[axis] = (strides[axis] ?? 0) * step;
  });
  return copyStrided(x, shape, strides, start);
});

layoutKernels.set('Concat', (inputs, attrs) => {
  const first = inputs[0];
  if (first === undefined || inputs.some((input) => input.dtype !== first.dtype)) return undefined;
  const axis = normalizeAxis(intAttribute(attrs, 'axis', 0), first.rank);
  const shape = first.shape.with(
    axis,
    inputs.reduce((size, input) => size + (input.shape[axis] ?? 0), 0),
  );
  const output = make(first.dtype, shape);
  if (output === undefined) return undefined;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const row = (shape[axis] ?? 0) * inner;
  let start = 0;
  for (const input of inputs) {
    const from = numbers(input);
    const chunk = (input.shape[axis] ?? 0) * inner;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < chunk; i++) output.data[o * row + start + i] = from[o * chunk + i] as number;
    }
    start += chunk;
  }
  return output.tensor;
});

layoutKernels.set('Gather', ([x, indices], attrs) => {
  if (x === undefined || indices === undefined) return undefined;
  const axis = normalizeAxis(intAttribute(attrs, 'axis', 0), x.rank);
  const size = x.shape[axis] ?? 0;
  const which = integers(indices).map((index) => (index < 0 ? index + size : index));
  if (which.some((index) => index < 0 || index >= size)) return undefined;
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  if (outer * which.length * inner > Math.max(MAX_GROWN_ELEMENTS, x.size)) return undefined;
  const output = make(x.dtype, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
  if (output === undefined) return undefined;
  const from = numbers(x);
  let out = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of which) {
      const start = (o * size + index) * inner;
      for (let i = 0; i < inner; i++) output.data[out++] = from[start + i] as number;
    }
  }
  return output.tensor;
});

layoutKernels.set('Expand', ([x, target]) => {
  if (x === undefined) return undefined;
  const shape = broadcastShapes([x.shape, integers(target)]) as readonly number[];
  if (shape.reduce((a, b) => a * b, 1) > MAX_GROWN_ELEMENTS) return undefined;
  return copyStrided(x, shape, broadcastStrides(x, shape));
});

layoutKernels.set('Tile', ([x, repeats]) => {
  if (x === undefined) return undefined;
  const times = integers(repeats);
  const shape = x.shape.map((dim, i) => dim * (times[i] ?? 1));
  if (shape.some((dim) => dim < 0) || shape.reduce((a, b) => a * b, 1) > MAX_GROWN_ELEMENTS) return undefined;
  // Each dimension as one that is repeated and one that is walked over.
  const strides = stridesOf(x.shape);
  const pairs = x.shape.flatMap((dim, i) => [
    { dim: times[i] ?? 1, stride: 0 },
    { dim, stride: strides[i] ?? 0 },
  ]);
  const wide = pairs.map(({ dim }) => dim);
  const tiled = copyStrided(
    x,
    wide,
    pairs.map(({ stride }) => stride),
  );
  return tiled?.reshape(shape);
});

layoutKernels.set('Pad', ([x, pads, fill, axes], attrs) => {
  const mode = attrs['mode'];
  const isConstant = mode === undefined || (mode.kind === 'string' && mode.value === 'constant');
  if (x === undefined || axes !== undefined || !isConstant) return undefined;
  const sizes = integers(pads);
  const shape = x.shape.map((dim, i) => dim + (sizes[i] ?? 0) + (sizes[i + x.rank] ?? 0));
  const isGrown = shape.reduce((a, b) => a * b, 1) <= Math.max(MAX_GROWN_ELEMENTS, x.size);
  const output = sizes.every((size) => size >= 0) && isGrown ? make(x.dtype, shape) : undefined;
  if (output === undefined) return undefined;
  if (fill !== undefined) for (let i = 0; i < output.tensor.size; i++) output.data[i] = numbers(fill)[0] as number;
  const strides = stridesOf(shape);
  const start = strides.reduce((sum, stride, i) => sum + stride * (sizes[i] ?? 0), 0);
  const from = numbers(x);
  walkRows(x.shape, [strides], (out, [at = 0], length, [step = 0]) => {
    for (let i = 0; i < length; i++) output.data[start + at + i * step] = from[out + i] as number;
  });
  return output.tensor;
});

layoutKernels.set('Range', ([start, limit, delta], _attrs, dtype) => {
  const [from, to, step] = [start, limit, delta].map((tensor) => Number((tensor?.data as ArrayLike<number>)[0]));
  if (from === undefined || to === undefined || !step) return undefined;
  const size = Math.max(0, Math.ceil((to - from) / step));
  if (size > MAX_GROWN_ELEMENTS) return undefined;
  const output = make(dtype, [size]);
  for (let i = 0; output !== undefined && i < size; i++) {
    const value = from + i * step;
    output.data[i] = dtype === 'int64' ? BigInt(value) : value;
  }
  return output?.tensor;
});

layoutKernels.set('ConstantOfShape', ([target], attrs, dtype) => {
  const shape = integers(target);
  if (shape.some((dim) => dim < 0) || shape.reduce((a, b) => a * b, 1) > MAX_GROWN_ELEMENTS) return undefined;
  const output = make(dtype, shape);
  const value = attrs['value'];
  if (output !== undefined && value?.kind === 'tensor') {
    const fill = numbers(value.value)[0];
    for (let i = 0; i < output.tensor.size; i++) output.data[i] = fill as number;
  }
  return output?.tensor;
});
