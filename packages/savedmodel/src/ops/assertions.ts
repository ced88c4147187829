import { stringTensor, type DType, type Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { Attributes } from '../graph/attributes.js';
import type { FunctionGraph, GraphNode } from '../graph/graph.js';
import { assertedValue, assertionMessage } from '../kernels/assertion-message.js';
import { integersOf, zeros } from '../kernels/elements.js';
import type { Builder } from '../onnx/builder.js';
import { isStatic, type Value } from '../onnx/value.js';
import { emitCheck } from '../onnx/emit-check.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * A request that an assertion does not hold for is refused with TensorFlow's message, and before it changes a variable.
 * The engine computes the condition and hands out the few elements that the message shows, so that no island is cut and
 * one small host step is the price. Loops and branches that the engine runs hand the condition and these elements on to the
 * step, which stands behind them (docs/decisions/0003-state-and-control-flow.md).
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

/** What a message shows of a value: its first elements, and its shape if these are not all. */
type Shown = readonly [elements: Value, shape?: Value];

function emitAssertion(builder: Builder, condition: Value, data: readonly Value[], summarize: number): void {
  if (condition.constant !== undefined && condition.constant.data[0] !== 0) return;
  const shown = summarize < 0 ? Infinity : summarize;
  const parts = data.flatMap((value): readonly Shown[] => {
    if (builder.runsHostOps) return [firstElements(builder, value, shown)];
    const fixed = fixedElements(builder, value, shown);
    return fixed === undefined ? [] : [fixed];
  });
  const fail = (tensors: readonly Tensor[]): never => {
    let at = 0;
    const values = parts.flatMap(({ length }) => {
      const [elements, shape] = tensors.slice(at, (at += length));
      return elements === undefined ? [] : [assertedValue(elements, shown, shape && integersOf(shape))];
    });
    throw new SavedModelError('INVALID_ARGUMENT', 'ASSERTION_FAILED', assertionMessage(values, summarize));
  };
  const inputs = parts.flat().filter((value) => value !== undefined);
  emitCheck(builder, { op: 'Assert', holds: builder.reshape(condition, []), inputs, fail });
}

function firstElements(builder: Builder, value: Value, shown: number): Shown {
  if (isWhole(value) || value.dtype === 'string' || shown === Infinity) return [value];
  return [builder.slice(builder.reshape(value, [-1]), 0, 0, shown), builder.shapeOf(value)];
}

/**
 * The same in a fixed shape, as a loop of the engine carries it, in a dtype that the engine can choose by a condition.
 * Nothing of what has neither.
 */
function fixedElements(builder: Builder, given: Value, shown: number): Shown | undefined {
  if (given.constant !== undefined) return [given];
  const dtype = carriedDType(given.dtype);
  if (dtype === undefined || given.shape === undefined) return undefined;
  const value = builder.cast(given, dtype);
  if (isWhole(value)) return [value];
  const count = Math.min(shown, MAX_WHOLE);
  const flat = builder.slice(builder.reshape(value, [-1]), 0, 0, count);
  const filling = builder.constant(
    dtype === 'string' ? stringTensor([count], Array<string>(count).fill('')) : zeros(dtype, [count]),
  );
  const whole = builder.emit('Concat', [flat, filling], { axis: 0 }, { dtype, shape: [builder.unknownDim()] });
  const bounds = [0, count, 0].map((bound) => builder.ints([bound]));
  const elements = builder.emit('Slice', [whole, ...bounds], {}, { dtype, shape: [count] });
  return [elements, builder.shapeOf(value)];
}

const isWhole = ({ shape }: Value): boolean => isStatic(shape) && shape.reduce((a, b) => a * b, 1) <= MAX_WHOLE;

/** A dtype with the same numbers that the engine's `Where` takes. */
function carriedDType(dtype: DType): DType | undefined {
  switch (dtype) {
    case 'float32':
    case 'float64':
    case 'int32':
    case 'int64':
    case 'uint8':
    case 'string':
      return dtype;
    case 'float16':
    case 'bfloat16':
      return 'float32';
    case 'bool':
    case 'int8':
    case 'int16':
    case 'uint16':
      return 'int32';
    case 'uint32':
      return 'int64';
    default:
      return undefined;
  }
}
