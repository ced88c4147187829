import { sameDim, type Dim, type Shape } from './value.js';

/** Whether a reshape to `target` leaves `shape` as it is. */
export function sameTarget(shape: Shape, target: readonly Dim[]): boolean {
  if (shape.length !== target.length) return false;
  const different = target.filter((dim, i) => !sameDim(dim, shape[i]));
  return different.length === 0 || (different.length === 1 && different[0] === -1);
}

/**
 * A reshape target as constants: a size that the input has in the same place is written 0, one other unknown size -1.
 * This spares the nodes that would compute the shape.
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
  return written.map((dim) => dim ?? -1);
}
