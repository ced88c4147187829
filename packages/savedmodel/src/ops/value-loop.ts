import type { Builder } from '../onnx/builder.js';
import { emitLoop, withBodies } from '../onnx/control-flow.js';
import type { Value } from '../onnx/value.js';
import { Carrier } from './loop-variables.js';

/** What one iteration makes. */
export interface LoopStep {
  /** Whether there is another one; only of a loop that has a first condition. */
  readonly goesOn?: Value;
  readonly next: readonly Value[];
  /** Values of which the loop makes one stack each. */
  readonly stacked?: readonly Value[];
}

export interface LoopLimits {
  /** The most iterations that there are: an int64 scalar. */
  readonly count?: Value | undefined;
  /** Whether there is a first iteration: a bool scalar. */
  readonly first?: Value | undefined;
}

/** Lowering a body again always settles a shape; a loop that goes on settling is a defect. */
const MAX_ATTEMPTS = 64;

/** A loop over tensors that a lowering makes up, in the engine if its body can run there. */
export function valueLoop(
  builder: Builder,
  initial: readonly Value[],
  { count, first }: LoopLimits,
  step: (inner: Builder, values: readonly Value[], iteration: Value) => LoopStep,
): { readonly values: readonly Value[]; readonly stacked: readonly Value[] } {
  const given = initial.map((value) => builder.materialize(value));
  return withBodies(builder, (body) => {
    const carriers = given.map((value) => new Carrier(value));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const inner = body();
      const iteration = inner.input(`${inner.origin}/iteration`, 'int64', []);
      const inside = carriers.map((carrier) => carrier.enter(inner));
      const { goesOn, next, stacked = [] } = step(inner, inside, iteration);
      const parts = carriers.map((carrier, i) => carrier.next(inner, next[i] as Value));
      if (parts.some((part) => part.again)) continue;
      const outputs = emitLoop(builder, inner, {
        count,
        condition: first && goesOn && { first, next: goesOn },
        iteration,
        carried: parts.flatMap((part) => part.carried),
        scanned: stacked.map((value) => inner.materialize(value)),
      });
      return { values: outputs.slice(0, given.length), stacked: outputs.slice(given.length) };
    }
    throw new RangeError('the shapes of a loop do not settle');
  });
}
