import type { Value } from './value.js';

/** A loop as ONNX has it: it ends after `count` iterations or when the condition is false. */
export interface LoopParts {
  readonly count: Value | undefined;
  /** Before the first iteration, and after each. */
  readonly condition: { readonly first: Value; readonly next: Value } | undefined;
  /** The number of the iteration, from 0: an int64 scalar inside the body. */
  readonly iteration: Value;
  readonly carried: readonly { readonly initial: Value; readonly parameter: Value; readonly next: Value }[];
  /** Values of each iteration that the loop stacks. */
  readonly scanned: readonly Value[];
}
