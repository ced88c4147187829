import { dtypeInfo, type Tensor } from '@servable/tensor';
import { allocate, checkedSize, tensorOf } from '../../kernels/elements.js';
import { elementOf, scalarOf, type Scalar, type ScalarProgram } from './scalar-program.js';

/** A window over a tensor: one entry for each dimension. */
export interface WindowShape {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly baseDilations: readonly number[];
  readonly windowDilations: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/**
 * Combines the elements under each place of a window, tensors side by side.
 *
 * @param inputs - the tensors, then the scalar that each begins with
 */
export function reduceWindows(
  inputs: readonly Tensor[],
  window: WindowShape,
  program: ScalarProgram,
): readonly Tensor[] {
  const count = inputs.length / 2;
  const tensors = inputs.slice(0, count);
  const shape = (tensors[0] as Tensor).shape;
  const initial = inputs.slice(count).map((tensor) => scalarOf(tensor.data, tensor.dtype));
  const result = shape.map((size, axis) => placesOf(size, window, axis));
  const total = checkedSize(result);
  const outputs = tensors.map((tensor) => allocate(tensor.dtype, result));
  const places = checkedSize(window.size);
  const at = new Array<number>(shape.length).fill(0);
  const within = new Array<number>(shape.length).fill(0);
  for (let place = 0; place < total; place++) {
    let state: readonly Scalar[] = initial;
    within.fill(0);
    for (let i = 0; i < places; i++) {
      const from = sourceOf(at, within, shape, window);
      if (from >= 0) state = program([...state, ...tensors.map((tensor) => scalarOf(tensor.data, tensor.dtype, from))]);
      advance(within, window.size);
    }
    state.forEach((value, i) => {
      const output = outputs[i] as unknown as Scalar[];
      output[place] = elementOf(value, (tensors[i] as Tensor).dtype);
    });
    advance(at, result);
  }
  return outputs.map((data, i) => tensorOf((tensors[i] as Tensor).dtype, result, data));
}

/** How many places a window has along an axis. */
function placesOf(size: number, window: WindowShape, axis: number): number {
  const of = (values: readonly number[], fallback: number) => values[axis] ?? fallback;
  const dilated = size === 0 ? 0 : (size - 1) * of(window.baseDilations, 1) + 1;
  const padded = dilated + of(window.low, 0) + of(window.high, 0);
  const reach = (of(window.size, 1) - 1) * of(window.windowDilations, 1) + 1;
  return padded < reach ? 0 : Math.floor((padded - reach) / of(window.strides, 1)) + 1;
}

/** Where the element is in the tensor; -1 in the padding. */
function sourceOf(
  at: readonly number[],
  within: readonly number[],
  shape: readonly number[],
  { strides, windowDilations, baseDilations, low }: WindowShape,
): number {
  let from = 0;
  for (const [axis, size] of shape.entries()) {
    const place =
      (at[axis] ?? 0) * (strides[axis] ?? 1) + (within[axis] ?? 0) * (windowDilations[axis] ?? 1) - (low[axis] ?? 0);
    const step = baseDilations[axis] ?? 1;
    const index = place / step;
    if (!Number.isInteger(index) || index < 0 || index >= size) return -1;
    from = from * size + index;
  }
  return from;
}

function advance(position: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = (position[axis] ?? 0) + 1;
    if ((position[axis] ?? 0) < (shape[axis] ?? 1)) return;
    position[axis] = 0;
  }
}

/** Combines the elements along some axes, tensors side by side. */
export function reduceAxes(
  inputs: readonly Tensor[],
  axes: readonly number[],
  program: ScalarProgram,
): readonly Tensor[] {
  const { shape } = inputs[0] as Tensor;
  const ones = shape.map(() => 1);
  const zeros = shape.map(() => 0);
  const window: WindowShape = {
    size: shape.map((size, axis) => (axes.includes(axis) ? Math.max(size, 1) : 1)),
    strides: ones,
    baseDilations: ones,
    windowDilations: ones,
    low: zeros,
    // Of no elements there is the beginning.
    high: shape.map((size, axis) => (axes.includes(axis) && size === 0 ? 1 : 0)),
  };
  const kept = shape.filter((_, axis) => !axes.includes(axis));
  return reduceWindows(inputs, window, program).map((tensor) => tensor.reshape(kept));
}

/** Sorts tensors side by side along an axis; equals keep their order. */
export function sortTensors(
  inputs: readonly Tensor[],
  axis: number,
  comparator: (lines: readonly LineReader[]) => (a: number, b: number) => number,
): readonly Tensor[] {
  const { shape } = inputs[0] as Tensor;
  const size = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const outputs = inputs.map((tensor) => allocate(tensor.dtype, shape) as unknown as Scalar[]);
  const order = new Uint32Array(size);
  for (let line = 0; line < outer * inner; line++) {
    const start = Math.floor(line / inner) * size * inner + (line % inner);
    const readers = inputs.map(
      (tensor): LineReader =>
        (i) =>
          scalarOf(tensor.data, tensor.dtype, start + i * inner),
    );
    for (let i = 0; i < size; i++) order[i] = i;
    order.sort(comparator(readers));
    inputs.forEach((tensor, k) => {
      const output = outputs[k] as Scalar[];
      const data = tensor.data as unknown as readonly Scalar[];
      for (let i = 0; i < size; i++) output[start + i * inner] = data[start + (order[i] as number) * inner] as Scalar;
    });
  }
  return inputs.map((tensor, k) => tensorOf(tensor.dtype, shape, outputs[k]));
}

/** Reads the element of a line at a position. */
export type LineReader = (position: number) => Scalar;

/** Bits set at the top of an integer that are 0. */
export function leadingZeros(x: Tensor): Tensor {
  const width = dtypeInfo(x.dtype).bytes * 8;
  const data = allocate(x.dtype, x.shape) as unknown as Scalar[];
  const isBig = width === 64;
  for (let i = 0; i < x.size; i++) {
    const value = BigInt.asUintN(width, BigInt((x.data as ArrayLike<Scalar>)[i] as Scalar));
    const zeros = value === 0n ? width : width - value.toString(2).length;
    data[i] = isBig ? BigInt(zeros) : zeros;
  }
  return tensorOf(x.dtype, x.shape, data);
}
