import type { OnnxAttributes } from '../lowered-graph.js';
import { isCount, unknownDim, type OutputSpec } from '../known-shapes.js';
import { DimSymbol, type Dim, type Value } from '../value.js';

export type Inputs = readonly (Value | undefined)[];

/** The outputs of an op, as far as they are known from its inputs. */
export type Inference = (inputs: Inputs, attrs: OnnxAttributes) => OutputSpec | readonly OutputSpec[];

/** Shape and dtype rules of ONNX ops by name. */
export class ShapeRules {
  readonly rules = new Map<string, Inference>();

  /** @param ops - ONNX ops, separated by blanks, that share a rule */
  readonly add = (ops: string, inference: Inference): void => {
    for (const op of ops.split(' ')) this.rules.set(op, inference);
  };
}

export const at = (inputs: Inputs, index: number): Value => {
  const value = inputs[index];
  if (value === undefined) throw new RangeError(`input ${index} is missing`);
  return value;
};

/** An integer that a request brings may be -1 or negative, and so is not the size of anything until an op made it one. */
export const asSize = (dim: Dim): Dim => (typeof dim !== 'number' && dim.kind !== 'size' ? unknownDim() : dim);

export const isShapeLike = (value: Value) =>
  (value.dtype === 'int64' || value.dtype === 'int32') && value.shape !== undefined && value.shape.length <= 1;

export const sameAsFirst: Inference = (inputs) => {
  const { dtype, shape } = at(inputs, 0);
  return { dtype, shape };
};

/**
 * An integer that two others make: known if they are, or if one leaves the other as it is.
 *
 * @param counts - how many of two integers must be 0 or more for the result to be; undefined: it may be negative anyway
 */
export function combineDims(
  combine: (a: number, b: number) => number,
  a: Dim | undefined,
  b: Dim | undefined,
  counts?: 1 | 2,
): Dim {
  if (typeof a === 'number' && typeof b === 'number') {
    const result = combine(a, b);
    return Number.isSafeInteger(result) ? result : new DimSymbol('integer');
  }
  // x-x, whatever it is.
  if (a !== undefined && a === b && [-3, 5].every((x) => combine(x, x) === 0)) return 0;
  // x*1, x+0, x/1 and x-0 keep the symbol: whether a constant is neutral shows in what it does to a few numbers.
  const probes = [-3, 0, 5, 2 ** 40];
  if (typeof b === 'number' && a !== undefined && probes.every((x) => combine(x, b) === x)) return a;
  if (typeof a === 'number' && b !== undefined && probes.every((x) => combine(a, x) === x)) return b;
  const known = Number(isCount(a)) + Number(isCount(b));
  return new DimSymbol(counts !== undefined && known >= counts ? 'count' : 'integer');
}
