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
  if (holes > 1 || (typeof unknown === 'object' && unknown.kind === 'integer')) return undefined;
  const hole = inferred(shape, written);
  return written.map((dim) => (dim === undefined || dim === -1 ? hole : dim));
}

/** What is left for the one size that is not known, if the others are those of the input's that are not known either. */
function inferred(shape: Shape | undefined, written: readonly (number | undefined)[]): number {
  if (shape?.some((dim, i) => (typeof dim === 'number' ? dim === 0 : written[i] !== 0)) !== false) return -1;
  const product = (dims: readonly unknown[]) =>
    dims.reduce<number>((size, dim) => (typeof dim === 'number' && dim > 0 ? size * dim : size), 1);
  const size = product(shape) / product(written);
  return Number.isInteger(size) ? size : -1;
}
