import type { Tensor } from '@servable/tensor';
import type { Value } from './value.js';

/** Something that a request has to fulfil. */
export interface Check {
  /** TensorFlow's op. */
  readonly op: string;
  /** A bool scalar. */
  readonly holds: Value;
  /** What its message shows; of fixed shapes where the engine runs what is around it. */
  readonly inputs: readonly Value[];
  /** Throws; called with the inputs when the check does not hold. */
  readonly fail: (inputs: readonly Tensor[]) => never;
}
