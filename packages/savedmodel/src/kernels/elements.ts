import {
  bfloat16ToFloat32,
  dtypeInfo,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  Tensor,
  type DType,
} from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** Storage of any dtype as kernels write it: indexable, elements of one kind. */
export interface Elements<T = number> {
  [index: number]: T;
  readonly length: number;
}

/** Results above this many elements are refused: a request must not take all memory by a few bytes of shape. */
export const MAX_ELEMENTS = 2 ** 28;

/** The failure of a request, as TensorFlow's kernels have it. */
export function invalidRequest(reason: string, message: string): SavedModelError {
  return new SavedModelError('INVALID_ARGUMENT', reason, message);
}

/** @throws SavedModelError RESOURCE_EXHAUSTED above {@link MAX_ELEMENTS}, INVALID_ARGUMENT for a negative dimension */
export function checkedSize(shape: readonly number[]): number {
  const negative = shape.find((dim) => !(dim >= 0));
  if (negative !== undefined) {
    throw invalidRequest('NEGATIVE_DIMENSION', `expected dimensions of 0 or more, got [${shape.join(', ')}]`);
  }
  const size = sizeOf(shape);
  if (size > MAX_ELEMENTS) {
    throw new SavedModelError(
      'RESOURCE_EXHAUSTED',
      'RESULT_TOO_LARGE',
      `a tensor of shape [${shape.join(', ')}] has ${size} elements; at most ${MAX_ELEMENTS} are made`,
    );
  }
  return size;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

const NO_BYTES = new Uint8Array();

/** Zeros (empty strings) for a shape, as storage that is still to be filled. */
export function allocate(dtype: DType, shape: readonly number[]): Elements<never> {
  const { array, lanes } = dtypeInfo(dtype);
  const size = checkedSize(shape);
  if (array === undefined) return new Array<Uint8Array>(size).fill(NO_BYTES) as unknown as Elements<never>;
  return new array(size * lanes) as unknown as Elements<never>;
}

export function tensorOf(dtype: DType, shape: readonly number[], data: unknown): Tensor {
  return new Tensor(dtype, shape, data as never);
}

export function zeros(dtype: DType, shape: readonly number[]): Tensor {
  return tensorOf(dtype, shape, allocate(dtype, shape));
}

export const isComplex = (dtype: DType): boolean => dtype === 'complex64' || dtype === 'complex128';
export const isBig = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

/** The elements of an integer tensor as numbers; shapes, axes and indices are far below 2^53. */
export function integersOf(tensor: Tensor | undefined): number[] {
  if (tensor === undefined) return [];
  const data = tensor.data as ArrayLike<number | bigint>;
  const integers = new Array<number>(data.length);
  for (let i = 0; i < integers.length; i++) integers[i] = Number(data[i]);
  return integers;
}

export function integerOf(tensor: Tensor | undefined): number {
  return integersOf(tensor)[0] ?? 0;
}

/** The elements of any real numeric tensor as doubles. */
export function doublesOf(tensor: Tensor): Float64Array {
  const { data } = tensor;
  if (tensor.dtype === 'float64') return data as Float64Array;
  if (tensor.dtype === 'float16') return Float64Array.from(data as Uint16Array, float16ToFloat32);
  if (tensor.dtype === 'bfloat16') return Float64Array.from(data as Uint16Array, bfloat16ToFloat32);
  if (!isBig(tensor.dtype)) return new Float64Array(data as Float32Array);
  const doubles = new Float64Array(data.length);
  for (let i = 0; i < doubles.length; i++) doubles[i] = Number(data[i]);
  return doubles;
}

/** Doubles rounded to a dtype: half precision by way of float32, integers wrapped. */
export function fromDoubles(dtype: DType, shape: readonly number[], values: Float64Array): Tensor {
  if (dtype === 'float64') return tensorOf(dtype, shape, values);
  if (dtype === 'float16') return tensorOf(dtype, shape, Uint16Array.from(values, float32ToFloat16));
  if (dtype === 'bfloat16') return tensorOf(dtype, shape, Uint16Array.from(values, float32ToBfloat16));
  // The constructors of typed arrays convert all elements in one native loop.
  if (dtype === 'float32') return tensorOf(dtype, shape, new Float32Array(values));
  const data = allocate(dtype, shape) as unknown as Elements<number | bigint>;
  if (isBig(dtype)) for (let i = 0; i < values.length; i++) data[i] = BigInt(Math.trunc(values[i]!));
  else (data as unknown as Uint8Array).set(values);
  return tensorOf(dtype, shape, data);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/**
 * The broadcast of shapes.
 *
 * @throws SavedModelError INVALID_ARGUMENT when they do not fit
 */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    let dim = 1;
    for (const shape of shapes) {
      const own = shape[i - rank + shape.length] ?? 1;
      if (own === 1 || own === dim) continue;
      if (dim !== 1) {
        const given = shapes.map((s) => `[${s.join(', ')}]`).join(' and ');
        throw invalidRequest('INCOMPATIBLE_SHAPES', `Incompatible shapes: ${given} do not broadcast`);
      }
      dim = own;
    }
    return dim;
  });
}

/** Strides of a tensor of `shape` that is broadcast to `target`: 0 along the dimensions that repeat. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : own[i - lead]!));
}

/** For every element of `shape`, in order, the offset that the strides give. */
export function offsets(shape: readonly number[], strides: readonly number[], start = 0): Int32Array {
  const size = checkedSize(shape);
  const result = new Int32Array(size);
  const rank = shape.length;
  const index = new Int32Array(rank);
  let at = start;
  for (let i = 0; i < size; i++) {
    result[i] = at;
    for (let axis = rank - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** What becomes of a tensor's elements when axes are reduced: the result's shape, and the offset of each element in it. */
export interface Reduced {
  readonly shape: readonly number[];
  readonly target: Int32Array;
}

/** @param axes - counted from the front */
export function reducedAlong(shape: readonly number[], axes: ReadonlySet<number>, keep: boolean): Reduced {
  const ones = shape.map((dim, i) => (axes.has(i) ? 1 : dim));
  return {
    shape: keep ? ones : shape.filter((_, i) => !axes.has(i)),
    target: offsets(shape, broadcastStrides(ones, shape)),
  };
}

/** The offsets of a tensor of `shape` broadcast to `target`; undefined when they are 0, 1, 2 ... */
export function broadcastOffsets(shape: readonly number[], target: readonly number[]): Int32Array | undefined {
  if (shape.length === target.length && shape.every((dim, i) => dim === target[i])) return undefined;
  return offsets(target, broadcastStrides(shape, target));
}

/** The elements of `x` at `from`, of any dtype; negative offsets leave zero, or `fill`. */
export function take(x: Tensor, from: Int32Array, shape: readonly number[], fill?: Tensor): Tensor {
  const { lanes } = dtypeInfo(x.dtype);
  const source = x.data as unknown as Elements<never>;
  const filling = fill?.data as unknown as Elements<never> | undefined;
  const data = allocate(x.dtype, shape);
  for (let i = 0; i < from.length; i++) {
    const at = from[i]!;
    const values = at < 0 ? filling : source;
    if (values === undefined) continue;
    for (let lane = 0; lane < lanes; lane++) data[i * lanes + lane] = values[Math.max(at, 0) * lanes + lane]!;
  }
  return tensorOf(x.dtype, shape, data);
}

/**
 * An axis counted from the front.
 *
 * @throws SavedModelError INVALID_ARGUMENT when it is outside of [-rank, rank)
 */
export function axisOf(axis: number, rank: number): number {
  if (!(axis >= -rank && axis < rank)) {
    throw invalidRequest('AXIS_OUT_OF_RANGE', `expected an axis in [${-rank}, ${rank}), got ${axis}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Sizes in front of, along and behind an axis. */
export function around(shape: readonly number[], axis: number): readonly [outer: number, size: number, inner: number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis] ?? 1, sizeOf(shape.slice(axis + 1))];
}
