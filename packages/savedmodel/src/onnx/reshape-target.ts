import { sameDim, type Dim, type Shape } from './value.js';

/** Whether a reshape to `target` leaves `shape` as it is. */
export function sameTarget(shape: Shape, target: readonly Dim[]): boolean {
  if (shape.length !== target.length) return false;
  const different = target.filter((dim, i) => !sameDim(dim, shape[i]));
  return different.length === 0 || (different.length === 1 && different[0] === -1);
}

/**
 * A reshape target as constants: a size that the input has in the same place is written 0, one other unknown size is
 * computed if it can be, and else -1, which the engine cannot infer of a tensor without elements. This spares the nodes
 * that would compute the shape.
 */
export function writtenTarget(shape: Shape | undefined, target: readonly Dim[]): readonly number[] | undefined {
  if (target.includes(0)) return undefined;
  const written = target.map((dim, i) => {
    if (typeof dim === 'number') return dim;
    return dim.kind === 'size' && shape !== undefined && sameDim(dim, shape[i]) ? 0 : undefined;
  });
  const holes = written.filter((dim) => dim === undefined).length + (target.includes(-1) ? 1 : 0);
  const unknown = target.find((dim, i) => written[i] === undefined);
  if (holes > 1 || (typeof unknown === 'object' && unknown.kind !== 'size')) return undefined;
  const place = written.findIndex((dim) => dim === undefined || dim === -1);
  const hole = inferred(shape, written, place);
  return written.map((dim) => (dim === undefined || dim === -1 ? hole : dim));
}

/**
 * What is left for the one size that is not known, if the others are those of the input's that are not known either; 0
 * where it is the input's size in the same place.
 */
function inferred(shape: Shape | undefined, written: readonly (number | undefined)[], place: number): number {
  const isLeft = (dim: Dim, i: number) => (typeof dim === 'number' ? dim === 0 : written[i] !== 0);
  if (shape?.some((dim, i) => i !== place && isLeft(dim, i)) !== false) return -1;
  const size = product(shape) / product(written);
  const kept = shape[place];
  if (kept !== undefined && isLeft(kept, place)) return size === 1 && kept !== 0 ? 0 : -1;
  return Number.isInteger(size) ? size : -1;
}

/**
 * The places of ones that a reshape drops and adds, if that is all it does to a shape with sizes that a request brings.
 * The engine needs no sizes for it, and can do it to a tensor without elements.
 */
export function movedOnes(
  shape: Shape,
  target: readonly Dim[],
): { readonly dropped: readonly number[]; readonly added: readonly number[] } | undefined {
  const places = (dims: readonly Dim[]) => dims.flatMap((dim, i) => (dim === 1 ? [i] : []));
  const [left, wanted] = [shape, target].map((dims) => dims.filter((dim) => dim !== 1)) as [Dim[], Dim[]];
  if (left.length === 0 || left.length !== wanted.length) return undefined;
  if (wanted.filter((dim) => dim === -1).length > 1) return undefined;
  const kept = wanted.every((dim, i) => dim === -1 || (isSize(dim) && sameDim(dim, left[i])));
  return kept ? { dropped: places(shape), added: places(target) } : undefined;
}

/** Not an integer that a request brings, which may be -1. */
function isSize(dim: Dim): boolean {
  return typeof dim === 'number' ? dim > 0 : dim.kind === 'size';
}

const product = (dims: readonly unknown[]): number =>
  dims.reduce<number>((size, dim) => (typeof dim === 'number' && dim > 0 ? size * dim : size), 1);

/** A size of a target: a number, the size of an axis of the input, or what is left. */
export type TargetSize = number | { readonly axis: number } | 'left';

/** How a target with one -1 follows from the sizes of the input. */
export interface InferredTarget {
  readonly sizes: readonly TargetSize[];
  /** The axes of the input that the sizes do not name, and by what their product is divided for what is left. */
  readonly axes: readonly number[];
  readonly divisor: number;
}

/**
 * A target with a -1 as TensorFlow infers it of an empty batch too: sizes that input and target have in common do not matter,
 * whether they are 0 or not (core/kernels/reshape_op).
 *
 * @returns undefined where a size of the target is not one of the input's
 */
export function inferredTarget(shape: Shape | undefined, target: readonly Dim[]): InferredTarget | undefined {
  if (shape === undefined || target.includes(0) || target.filter((dim) => dim === -1).length !== 1) return undefined;
  const axes = new Set(shape.keys());
  const sizes = target.map((dim): TargetSize | undefined => {
    if (typeof dim === 'number') return dim === -1 ? 'left' : dim;
    const axis = [...axes].find((each) => sameDim(shape[each], dim));
    if (axis === undefined) return undefined;
    axes.delete(axis);
    return { axis };
  });
  if (sizes.some((size) => size === undefined)) return undefined;
  return { sizes: sizes as TargetSize[], axes: [...axes], divisor: product(target) };
}
