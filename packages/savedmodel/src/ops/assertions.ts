import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { Attributes } from '../graph/attributes.js';
import type { FunctionGraph, GraphNode } from '../graph/graph.js';
import { assertedValue, assertionMessage } from '../kernels/assertion-message.js';
import { integersOf } from '../kernels/elements.js';
import type { Builder } from '../onnx/builder.js';
import { isStatic, type Value } from '../onnx/value.js';
import { emitCheck } from '../onnx/variable-access.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * A request that an assertion does not hold for is refused with TensorFlow's message, and before it changes a variable.
 * The engine computes the condition and hands out the few elements that the message shows, so that no island is cut and
 * one small host step is the price. Assertions in loops and branches that the engine runs are not checked: a host step
 * cannot stand there, and moving the whole loop to the host would cost every request far more
 * (docs/decisions/0003-state-and-control-flow.md).
 */
export const assertions = new OpFamily('assertions').host('Assert', (context) => {
  const [condition, ...data] = context.inputs();
  if (condition !== undefined) emitAssertion(context.builder, condition, data, context.attrs.int('summarize', 3));
  return [];
});

/** Ops that a guard's other branch may hold: none of them does anything. */
const IDLE = new Set(['NoOp', 'Const', 'Identity', 'IdentityN', '_Parameter', 'Placeholder']);

/** The assertion in the second branch of an If that does nothing else: how `tf.debugging.assert_*` write theirs. */
export function guardedAssertion(whenTrue: FunctionGraph, whenFalse: FunctionGraph): GraphNode | undefined {
  const [assertion, ...others] = whenFalse.nodes.filter((node) => !IDLE.has(node.op));
  const idle = whenTrue.nodes.every((node) => IDLE.has(node.op));
  return idle && others.length === 0 && assertion?.op === 'Assert' ? assertion : undefined;
}

/** Emits a guarded assertion without its branch: it fails when the guard and its own condition are false. */
export function lowerGuardedAssertion(
  context: OpContext,
  guard: Value,
  body: FunctionGraph,
  assertion: GraphNode,
  args: readonly Lowered[],
): void {
  const nodes = body.nodes.filter((node) => node !== assertion);
  const values = context.lowerBody({ ...body, nodes, effects: [], outputs: assertion.inputs }, args, context.builder);
  const [condition, ...data] = values.filter((value): value is Value => !isResource(value));
  if (condition === undefined) throw context.refuse('its assertion has no condition');
  const holds = context.builder.emit('Or', [guard, condition]);
  emitAssertion(context.builder, holds, data, new Attributes(assertion, assertion.attrs).int('summarize', 3));
}

/** Values of up to this many elements are handed to the host as they are. */
const MAX_WHOLE = 64;

function emitAssertion(builder: Builder, condition: Value, data: readonly Value[], summarize: number): void {
  if (condition.constant !== undefined && condition.constant.data[0] !== 0) return;
  if (!builder.runsHostOps) return;
  const shown = summarize < 0 ? Infinity : summarize;
  const parts = data.map((value) => {
    const size = isStatic(value.shape) ? value.shape.reduce((a, b) => a * b, 1) : Infinity;
    if (size <= MAX_WHOLE || value.dtype === 'string' || shown === Infinity) return [value];
    return [builder.slice(builder.reshape(value, [-1]), 0, 0, shown), builder.shapeOf(value)];
  });
  emitCheck(builder, 'Assert', [condition, ...parts.flat()], ([holds, ...tensors]) => {
    if (holds === undefined || holds.data[0] !== 0) return;
    let at = 0;
    const values = parts.flatMap(({ length }) => {
      const [elements, shape] = tensors.slice(at, (at += length));
      return elements === undefined ? [] : [assertedValue(elements, shown, shape && integersOf(shape))];
    });
    throw new SavedModelError('INVALID_ARGUMENT', 'ASSERTION_FAILED', assertionMessage(values, summarize));
  });
}
