import { Tensor } from '@servable/tensor';
import { axisOf, invalidRequest } from './elements.js';

/** Elements that are read in one go while their places in the output are far apart. */
const BLOCK = 8;
/**
 * Steps of the output that are taken before the next {@link BLOCK} elements beside those that were read: what was fetched
 * from memory with the first ones is still in the processor's cache then. More are slower where rows are powers of two apart.
 */
const TILE = 64;
/** Rows of so many elements are copied faster as a whole than one by one. */
const LONG_ROW = 64;

/**
 * Permutes dimensions. Weights of tens of millions of elements pass through here while a model loads, so neighbouring
 * dimensions are merged first and the input is read in runs.
 *
 * @param perm - output dimension `i` is input dimension `perm[i]`; negative ones count from the last
 * @throws SavedModelError INVALID_ARGUMENT for what is no permutation of the dimensions
 */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  const axes = perm.map((axis) => axisOf(axis, x.rank));
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw invalidRequest('BAD_PERMUTATION', `expected a permutation of ${x.rank} axes, got [${perm.join(', ')}]`);
  }
  const shape = axes.map((axis) => x.shape[axis] ?? 1);
  if (x.dtype === 'string') {
    const order = new Uint32Array(x.size);
    permute(
      Uint32Array.from({ length: x.size }, (_, i) => i),
      order,
      x.shape,
      axes,
    );
    const values = x.data as readonly Uint8Array[];
    return new Tensor(
      'string',
      shape,
      Array.from(order, (i) => values[i] as Uint8Array),
    );
  }
  const from = x.data as Elements;
  const y = new Tensor(x.dtype, shape, new (from.constructor as Float32ArrayConstructor)(from.length));
  transposeInto(x, y, axes);
  return y;
}

/** Like {@link transpose}, into the memory of a tensor of the same dtype and size, which must not be that of `x`. */
export function transposeInto(x: Tensor, y: Tensor, perm: readonly number[]): void {
  const from = asBits(x.data as Elements);
  const to = asBits(y.data as Elements);
  const lanes = x.size === 0 ? 1 : from.length / x.size;
  if (lanes === 1) permute(from, to, x.shape, perm);
  else permute(from, to, [...x.shape, lanes], [...perm, perm.length]);
}

/**
 * Like {@link transposeInto}, and multiplies on the way.
 *
 * @param factors - one for each index of the first dimension of `y`
 */
export function transposeScaledInto(x: Tensor, y: Tensor, perm: readonly number[], factors: Float32Array): void {
  permute(x.data as Elements, y.data as Elements, x.shape, perm, factors);
}

/**
 * Multiplies in place.
 *
 * @param factors - one for each index of the first dimension
 */
export function scaleRows(data: Float32Array, factors: Float32Array): void {
  const size = data.length / factors.length;
  for (let row = 0, i = 0; row < factors.length; row++) {
    const by = factors[row] as number;
    for (const end = i + size; i < end; i++) data[i] = (data[i] as number) * by;
  }
}

type Elements = Float32Array | Uint32Array | Int32Array;

/** Integers of 32 bits are moved fastest, and keep the bits of every NaN. */
function asBits(elements: Elements): Elements {
  const { buffer, byteOffset, length } = elements;
  return elements instanceof Float32Array || elements instanceof Uint32Array
    ? new Int32Array(buffer, byteOffset, length)
    : elements;
}

function permute(
  from: Elements,
  to: Elements,
  shape: readonly number[],
  perm: readonly number[],
  factors?: Float32Array,
): void {
  const { sizes, strides } = merged(shape, perm);
  const rank = sizes.length;
  if (to.length === 0) return;
  const outStrides = new Array<number>(rank);
  let stride = 1;
  for (let i = rank - 1; i >= 0; i--) {
    outStrides[i] = stride;
    stride *= sizes[i] ?? 1;
  }
  // The output dimension along which the input is contiguous is walked in blocks.
  const run = strides.indexOf(1);
  const length = sizes[run] ?? 1;
  const outStep = outStrides[run] ?? 1;
  if (factors !== undefined && (run !== 0 || length !== factors.length || outStep === 1)) {
    permute(from, to, shape, perm);
    scaleRows(to as Float32Array, factors);
    return;
  }
  if (rank <= 1) {
    to.set(from);
    return;
  }
  const others = sizes.map((_, i) => i).filter((i) => i !== run);
  if (outStep === 1) {
    // The others step like an odometer, the last of which is walked in one go.
    const last = others.pop() ?? 0;
    const rows: Rows = { count: sizes[last] ?? 1, inStep: strides[last] ?? 0, outStep: outStrides[last] ?? 0 };
    odometer(others, sizes, strides, outStrides)((at, out) => copyRows(from, to, at, out, length, rows));
    return;
  }
  // Of the others, the one with the shortest steps in the input is walked in tiles.
  const near = others.reduce((best, i) => ((strides[i] ?? 0) < (strides[best] ?? 0) ? i : best));
  const [inStep, rowStep, rowCount] = [strides[near] ?? 0, outStrides[near] ?? 0, sizes[near] ?? 1];
  const walk = odometer(
    others.filter((i) => i !== near),
    sizes,
    strides,
    outStrides,
  );
  for (let row = 0; row < rowCount; row += TILE) {
    const rows: Rows = { count: Math.min(TILE, rowCount - row), inStep, outStep: rowStep };
    const [inRow, outRow] = [row * inStep, row * rowStep];
    let start = 0;
    for (; start + BLOCK <= length; start += BLOCK) {
      walk((at, out) => {
        const [i, o] = [at + inRow + start, out + outRow + start * outStep];
        if (factors === undefined) moveBlocks(from, to, i, o, outStep, rows);
        else moveScaledBlocks(from, to, i, o, outStep, rows, factors, start);
      });
    }
    for (; start < length; start++) {
      const factor = factors?.[start];
      walk((at, out) => {
        const [i, o] = [at + inRow + start, out + outRow + start * outStep];
        if (factor === undefined) copyRows(from, to, i, o, 1, rows);
        else scaleRow(from, to, i, o, rows, factor);
      });
    }
  }
}

/** How often the innermost of the other dimensions steps, and how far. */
interface Rows {
  readonly count: number;
  readonly inStep: number;
  readonly outStep: number;
}

/** Copies a row of neighbours from each step to each step. */
function copyRows(from: Elements, to: Elements, at: number, out: number, length: number, rows: Rows): void {
  const { count, inStep, outStep } = rows;
  for (let row = 0; row < count; row++, at += inStep, out += outStep) {
    if (length >= LONG_ROW) to.set(from.subarray(at, at + length), out);
    else for (let i = 0; i < length; i++) to[out + i] = from[at + i] as number;
  }
}

/** Moves {@link BLOCK} neighbours of each step to places that are `apart`. Written out: a loop takes twice as long. */
function moveBlocks(from: Elements, to: Elements, at: number, out: number, apart: number, rows: Rows): void {
  const { count, inStep, outStep } = rows;
  for (let row = 0; row < count; row++, at += inStep, out += outStep) {
    to[out] = from[at] as number;
    to[out + apart] = from[at + 1] as number;
    to[out + 2 * apart] = from[at + 2] as number;
    to[out + 3 * apart] = from[at + 3] as number;
    to[out + 4 * apart] = from[at + 4] as number;
    to[out + 5 * apart] = from[at + 5] as number;
    to[out + 6 * apart] = from[at + 6] as number;
    to[out + 7 * apart] = from[at + 7] as number;
  }
}

/** Like {@link moveBlocks}, multiplying each of the neighbours by its factor. */
function moveScaledBlocks(
  from: Elements,
  to: Elements,
  at: number,
  out: number,
  apart: number,
  rows: Rows,
  factors: Float32Array,
  first: number,
): void {
  const { count, inStep, outStep } = rows;
  const f0 = factors[first] as number;
  const f1 = factors[first + 1] as number;
  const f2 = factors[first + 2] as number;
  const f3 = factors[first + 3] as number;
  const f4 = factors[first + 4] as number;
  const f5 = factors[first + 5] as number;
  const f6 = factors[first + 6] as number;
  const f7 = factors[first + 7] as number;
  for (let row = 0; row < count; row++, at += inStep, out += outStep) {
    to[out] = (from[at] as number) * f0;
    to[out + apart] = (from[at + 1] as number) * f1;
    to[out + 2 * apart] = (from[at + 2] as number) * f2;
    to[out + 3 * apart] = (from[at + 3] as number) * f3;
    to[out + 4 * apart] = (from[at + 4] as number) * f4;
    to[out + 5 * apart] = (from[at + 5] as number) * f5;
    to[out + 6 * apart] = (from[at + 6] as number) * f6;
    to[out + 7 * apart] = (from[at + 7] as number) * f7;
  }
}

function scaleRow(from: Elements, to: Elements, at: number, out: number, rows: Rows, factor: number): void {
  const { count, inStep, outStep } = rows;
  for (let row = 0; row < count; row++, at += inStep, out += outStep) to[out] = (from[at] as number) * factor;
}

/** Steps through some dimensions; what it gives visits every place, by its offsets in the input and the output. */
function odometer(
  dims: readonly number[],
  sizes: readonly number[],
  inStrides: readonly number[],
  outStrides: readonly number[],
): (visit: (at: number, out: number) => void) => void {
  const counts = dims.map((i) => sizes[i] ?? 1);
  const inSteps = dims.map((i) => inStrides[i] ?? 0);
  const outSteps = dims.map((i) => outStrides[i] ?? 0);
  return (visit) => walk(counts, inSteps, outSteps, visit);
}

function walk(
  counts: readonly number[],
  inSteps: readonly number[],
  outSteps: readonly number[],
  visit: (at: number, out: number) => void,
): void {
  const rows = counts.reduce((a, b) => a * b, 1);
  const index = new Array<number>(counts.length).fill(0);
  let at = 0;
  let out = 0;
  for (let row = 0; row < rows; row++) {
    visit(at, out);
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      at += inSteps[axis] ?? 0;
      out += outSteps[axis] ?? 0;
      if (next < (counts[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      at -= (inSteps[axis] ?? 0) * next;
      out -= (outSteps[axis] ?? 0) * next;
      index[axis] = 0;
    }
  }
}

/** Output sizes and input strides, without dimensions of size 1 and with neighbours that stay together made one. */
function merged(shape: readonly number[], perm: readonly number[]): { sizes: number[]; strides: number[] } {
  const inStrides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    inStrides[i] = stride;
    stride *= shape[i] ?? 1;
  }
  const sizes: number[] = [];
  const strides: number[] = [];
  for (const axis of perm) {
    const size = shape[axis] ?? 1;
    if (size === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && strides[last] === (inStrides[axis] ?? 0) * size) {
      sizes[last] = (sizes[last] ?? 1) * size;
      strides[last] = inStrides[axis] ?? 0;
    } else {
      sizes.push(size);
      strides.push(inStrides[axis] ?? 0);
    }
  }
  return { sizes, strides };
}
