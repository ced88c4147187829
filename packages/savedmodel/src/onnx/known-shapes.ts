import type { DType } from '@servable/tensor';
import { DimSymbol, isStatic, type Dim, type Shape, type Value } from './value.js';

/** What is known of an output before it is emitted. */
export interface OutputSpec {
  readonly dtype: DType;
  readonly shape: Shape | undefined;
  readonly elements?: readonly Dim[] | undefined;
  readonly nonNegative?: boolean | undefined;
  readonly bits?: number | undefined;
}

export const unknownDim = (): Dim => new DimSymbol();

export function unknownShape(rank: number): Shape {
  return Array.from({ length: rank }, unknownDim);
}

/** NumPy broadcasting; a symbol against a size above 1 must turn out to be that size or 1, so the size wins. */
export function broadcastShapes(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    const rank = Math.max(result.length, shape.length);
    const a = padLeft(result, rank);
    const b = padLeft(shape, rank);
    result = a.map((dim, i) => broadcastDim(dim, b[i] ?? 1));
  }
  return result;
}

function padLeft(shape: Shape, rank: number): Shape {
  return [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
}

function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return unknownDim();
}

export function normalizeAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The values of an integer input, where all are known. */
export function knownIntegers(value: Value | undefined): readonly number[] | undefined {
  if (value === undefined) return undefined;
  if (value.constant !== undefined) {
    const data = value.constant.data as ArrayLike<number | bigint>;
    return Array.from(data, Number);
  }
  const elements = value.elements;
  return elements !== undefined && isStatic(elements) ? elements : undefined;
}

/** The values of an integer input as dimensions, where its length is known. */
export function knownElements(value: Value | undefined): readonly Dim[] | undefined {
  if (value === undefined) return undefined;
  if (value.elements !== undefined) return value.elements;
  const integers = value.constant !== undefined && value.constant.size < 64 ? knownIntegers(value) : undefined;
  if (integers !== undefined) return integers;
  const length = value.shape?.[0];
  return value.shape?.length === 1 && typeof length === 'number' && length < 64
    ? Array.from({ length }, () => new DimSymbol('integer'))
    : undefined;
}

/** Whether all elements of integers are known to be 0 or more: numbers that are, the sizes of something, and what is made of them. */
export function isNeverNegative(value: Value): boolean {
  if (value.nonNegative === true) return true;
  if (value.constant !== undefined) return Array.from(value.constant.data as ArrayLike<number>).every((x) => x >= 0);
  return value.elements?.every(isCount) ?? false;
}

/** Whether an integer is known to be 0 or more. */
export function isCount(dim: Dim | undefined): boolean {
  if (dim === undefined) return false;
  return typeof dim === 'number' ? dim >= 0 : dim.kind === 'size' || dim.kind === 'count';
}

/** ONNX's (and NumPy's) clamping of slice bounds to a dimension of known size. */
export function sliceBounds(size: number, start: number, end: number, step: number): [from: number, to: number] {
  const wrap = (bound: number) => (bound < 0 ? bound + size : bound);
  return step > 0
    ? [Math.min(Math.max(wrap(start), 0), size), Math.min(Math.max(wrap(end), 0), size)]
    : [Math.min(Math.max(wrap(start), -1), size - 1), Math.min(Math.max(wrap(end), -1), size - 1)];
}
