import type { DType, Tensor } from '@servable/tensor';
import type { Weight } from '../plan/plan.js';

/**
 * A dimension: its size, or a symbol. Two dimensions with the same symbol object have the same size whatever it is;
 * nothing is known of two different symbols.
 */
export type Dim = number | DimSymbol;

export class DimSymbol {
  /**
   * @param kind - `size`: the size of some dimension; of an element of an integer tensor, what is known of its sign:
   * `integer`: nothing, `count`: it is not negative, `opposite`: it is not positive
   */
  constructor(readonly kind: 'size' | 'integer' | 'count' | 'opposite' = 'size') {}
}

export type Shape = readonly Dim[];

/** A value of the graph being lowered, with all that is known of it before any request. */
export interface Value {
  /** Unique in its plan. */
  readonly name: string;
  readonly dtype: DType;
  /** Undefined when even the rank is unknown. */
  readonly shape: Shape | undefined;
  /** The whole value, when it does not depend on a request. */
  readonly constant?: Tensor | undefined;
  /** A constant too large to be looked at: only its layout is changed while compiling. */
  readonly weight?: Weight | undefined;
  /** What is known of an integer tensor's elements, in their order: the way shapes and paddings travel through a graph. */
  readonly elements?: readonly Dim[] | undefined;
  /** Set where all elements of an integer tensor are known to be 0 or more. */
  readonly nonNegative?: boolean | undefined;
  /** Set where all elements of an integer tensor are known to be between -2^bits and 2^bits. */
  readonly bits?: number | undefined;
  /**
   * Set when this value is `of` with its dimensions permuted and the Transpose has not been emitted. Ops that do not
   * care for the order of dimensions work on `of`, so that pairs of transpositions around convolutions vanish.
   */
  readonly transposed?: { readonly of: Value; readonly perm: readonly number[] } | undefined;
  /** Set for a complex value that exists only as its real and imaginary part. */
  readonly parts?: ComplexParts | undefined;
}

/** Real and imaginary part of a complex value: two real tensors of one shape. */
export interface ComplexParts {
  readonly re: Value;
  readonly im: Value;
}

export function isStatic(shape: Shape | undefined): shape is readonly number[] {
  return shape !== undefined && shape.every((dim) => typeof dim === 'number');
}

export function sameDim(a: Dim | undefined, b: Dim | undefined): boolean {
  return a === b;
}

export function sameShape(a: Shape | undefined, b: Shape | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((dim, i) => sameDim(dim, b[i]));
}

/** For messages: `[?, 8, 8, 1]`, or `unknown rank`. */
export function formatShape(shape: Shape | undefined): string {
  if (shape === undefined) return 'unknown rank';
  return `[${shape.map((dim) => (typeof dim === 'number' ? String(dim) : '?')).join(', ')}]`;
}
