import { Tensor, type DType } from '@servable/tensor';
import { broadcast, broadcastOffsets, integersOf, sizeOf } from '../kernels/elements.js';
import { concat, expand, gather, gatherNd, pad, select, split, strided, tile } from '../kernels/rearrange.js';
import { transpose } from '../kernels/transpose.js';
import { normalizeAxis, sliceBounds } from './known-shapes.js';
import type { OnnxAttributes } from './lowered-graph.js';
import { intAttribute } from './onnx-attributes.js';

type Kernel = (inputs: readonly Tensor[], attrs: OnnxAttributes) => readonly Tensor[];

/**
 * ONNX's ops that rearrange elements, for strings: they stay in JavaScript, where they come from and where nearly all
 * ops on them run, since copying them into the engine and back costs more than the op, and the engine lacks some kernels.
 */
const kernels = new Map<string, Kernel>();

/** How the host runs an op, when it should run there because of the dtypes it works on. */
export function hostKernel(op: string, dtypes: readonly (DType | undefined)[]): Kernel | undefined {
  return dtypes.includes('string') ? kernels.get(op) : undefined;
}

const at = (inputs: readonly Tensor[], index: number): Tensor => {
  const tensor = inputs[index];
  if (tensor === undefined) throw new RangeError(`input ${index} is missing`);
  return tensor;
};

const int64s = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  new Tensor('int64', shape, BigInt64Array.from(values, BigInt));

kernels.set('Identity', (inputs) => [at(inputs, 0)]);
kernels.set('Shape', (inputs) => [int64s(at(inputs, 0).shape)]);
kernels.set('Size', (inputs) => [int64s([at(inputs, 0).size], [])]);

kernels.set('Reshape', (inputs, attrs) => {
  const x = at(inputs, 0);
  const keepZero = intAttribute(attrs, 'allowzero', 0) === 1;
  const shape = integersOf(inputs[1]).map((dim, i) => (dim === 0 && !keepZero ? (x.shape[i] ?? 0) : dim));
  const hole = shape.indexOf(-1);
  const rest = sizeOf(shape.filter((_, i) => i !== hole));
  if (hole >= 0) shape[hole] = rest === 0 ? 0 : x.size / rest;
  return [x.reshape(shape)];
});
kernels.set('Unsqueeze', (inputs) => {
  const x = at(inputs, 0);
  const axes = integersOf(inputs[1]);
  const rank = x.rank + axes.length;
  const inserted = new Set(axes.map((axis) => normalizeAxis(axis, rank)));
  const rest = [...x.shape];
  return [x.reshape(Array.from({ length: rank }, (_, i) => (inserted.has(i) ? 1 : (rest.shift() ?? 1))))];
});
kernels.set('Squeeze', (inputs) => {
  const x = at(inputs, 0);
  const removed = new Set(integersOf(inputs[1]).map((axis) => normalizeAxis(axis, x.rank)));
  return [x.reshape(x.shape.filter((dim, i) => (inputs[1] === undefined ? dim !== 1 : !removed.has(i))))];
});
kernels.set('Transpose', (inputs, attrs) => {
  const x = at(inputs, 0);
  const perm = attrs['perm'];
  return [transpose(x, perm?.kind === 'ints' ? perm.value : x.shape.map((_, i) => x.rank - 1 - i))];
});
kernels.set('Slice', (inputs) => {
  const x = at(inputs, 0);
  const [from, to, by] = [integersOf(inputs[1]), integersOf(inputs[2]), integersOf(inputs[4])];
  const axes = inputs[3] === undefined ? from.map((_, i) => i) : integersOf(inputs[3]);
  const starts = x.shape.map(() => 0);
  const sizes = [...x.shape];
  const steps = x.shape.map(() => 1);
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, x.rank);
    const step = by[i] ?? 1;
    const [low, high] = sliceBounds(x.shape[axis] ?? 0, from[i] ?? 0, to[i] ?? 0, step);
    starts[axis] = low;
    sizes[axis] = Math.max(0, Math.ceil((high - low) / step));
    steps[axis] = step;
  });
  return [strided(x, starts, sizes, steps)];
});
kernels.set('Concat', (inputs, attrs) => [concat(inputs, intAttribute(attrs, 'axis', 0))]);
kernels.set('Gather', (inputs, attrs) => {
  const x = at(inputs, 0);
  const axis = normalizeAxis(intAttribute(attrs, 'axis', 0), x.rank);
  const size = x.shape[axis] ?? 0;
  const indices = at(inputs, 1);
  const wrapped = integersOf(indices).map((index) => (index < 0 ? index + size : index));
  return [gather(x, int64s(wrapped, indices.shape), axis)];
});
kernels.set('GatherND', (inputs, attrs) => {
  const batch = intAttribute(attrs, 'batch_dims', 0);
  const [x, indices] = [at(inputs, 0), at(inputs, 1)];
  if (batch === 0) return [gatherNd(x, indices)];
  const lead = indices.shape.slice(0, batch);
  const [count, rows, width] = [sizeOf(lead), sizeOf(indices.shape.slice(batch, -1)), indices.shape.at(-1) ?? 1];
  const own = integersOf(indices);
  const wide = Array.from({ length: count * rows }, (_, row) => [
    Math.floor(row / rows),
    ...own.slice(row * width, (row + 1) * width),
  ]).flat();
  const flat = x.reshape([count, ...x.shape.slice(batch)]);
  return [gatherNd(flat, int64s(wide, [...indices.shape.slice(0, -1), width + 1]))];
});
kernels.set('Expand', (inputs) => {
  const x = at(inputs, 0);
  return [expand(x, broadcast(x.shape, integersOf(inputs[1])))];
});
kernels.set('Tile', (inputs) => [tile(at(inputs, 0), integersOf(inputs[1]))]);
kernels.set('Pad', (inputs, attrs) => {
  const x = at(inputs, 0);
  const pads = integersOf(inputs[1]);
  const mode = attrs['mode'];
  const pairs = x.shape.flatMap((_, i) => [pads[i] ?? 0, pads[i + x.rank] ?? 0]);
  return [pad(x, pairs, mode?.kind === 'string' && mode.value === 'reflect' ? 'REFLECT' : 'CONSTANT', inputs[2])];
});
kernels.set('Where', (inputs) => [select(at(inputs, 0), at(inputs, 1), at(inputs, 2))]);
kernels.set('Split', (inputs, attrs) => {
  const x = at(inputs, 0);
  const axis = normalizeAxis(intAttribute(attrs, 'axis', 0), x.rank);
  const count = intAttribute(attrs, 'num_outputs', 1);
  const sizes =
    inputs[1] === undefined ? new Array<number>(count).fill((x.shape[axis] ?? 0) / count) : integersOf(inputs[1]);
  return split(x, sizes, axis);
});
/** TensorFlow adds strings by joining them. */
kernels.set('Add', (inputs) => {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  const shape = broadcast(a.shape, b.shape);
  const [ofA, ofB] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b.shape, shape)];
  const [x, y] = [a.data as readonly Uint8Array[], b.data as readonly Uint8Array[]];
  const data = Array.from({ length: sizeOf(shape) }, (_, i) => Buffer.concat([x[ofA?.[i] ?? i]!, y[ofB?.[i] ?? i]!]));
  return [new Tensor('string', shape, data)];
});
kernels.set('Equal', (inputs) => {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  const shape = broadcast(a.shape, b.shape);
  const [ofA, ofB] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b.shape, shape)];
  const [x, y] = [a.data as readonly Uint8Array[], b.data as readonly Uint8Array[]];
  const data = new Uint8Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = Number(sameBytes(x[ofA?.[i] ?? i], y[ofB?.[i] ?? i]));
  return [new Tensor('bool', shape, data)];
});

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
