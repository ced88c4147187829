import type { Shape, Value } from '../../onnx/value.js';

/**
 * A value that is `source` broadcast to a shape, as StableHLO writes it out in front of every op on elements. The engine
 * broadcasts by itself: only what cannot take it as it is has it made.
 */
export interface Spread {
  readonly kind: 'spread';
  /** Its dimensions belong to the last ones of the shape. */
  readonly source: Value;
  /** The shape, as an int64 vector. */
  readonly dims: Value;
  readonly shape: Shape;
}

/** What stands for a value of StableHLO while lowering. */
export type HloLowered =
  Value | Spread | { readonly kind: 'tuple'; readonly elements: readonly HloLowered[] } | { readonly kind: 'token' };

export const TOKEN: HloLowered = { kind: 'token' };

export function isSpread(value: HloLowered): value is Spread {
  return 'kind' in value && value.kind === 'spread';
}
