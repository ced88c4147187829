import type { DType, Tensor } from '@servable/tensor';
import { mapElements } from '../kernels/map-elements.js';
import { broadcastShapes, type OutputSpec } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import type { OpContext } from './registry.js';

/** Constants computed while compiling are kept only up to this many elements. */
const MAX_FOLDED_ELEMENTS = 65_536;

/**
 * An op run by a kernel of ours between native islands, or now when all its inputs are known. The kernel must be pure,
 * as its result may become part of the plan.
 */
export function hostValues(
  context: OpContext,
  inputs: readonly Value[],
  specs: readonly OutputSpec[],
  kernel: (...inputs: Tensor[]) => readonly Tensor[],
): readonly Value[] {
  const { builder } = context;
  const constants = inputs.map((input) => input.constant).filter((constant) => constant !== undefined);
  if (inputs.length > 0 && constants.length === inputs.length) {
    const folded = attempt(() => kernel(...constants));
    if (folded?.every((tensor) => tensor.size <= MAX_FOLDED_ELEMENTS)) {
      return folded.map((tensor) => builder.constant(tensor));
    }
  }
  return builder.host(context.node.op, inputs, specs, (tensors) => kernel(...tensors));
}

/** What fails on constants fails on every request, and says so then, as TensorFlow does. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** {@link hostValues} of one output. */
export function hostValue(
  context: OpContext,
  inputs: readonly Value[],
  spec: OutputSpec,
  kernel: (...inputs: Tensor[]) => Tensor,
): Value {
  return hostValues(context, inputs, [spec], (...tensors) => [kernel(...tensors)])[0] as Value;
}

/** The dtype and shape of a value, for a result that has the same. */
export const like = ({ dtype, shape }: OutputSpec): OutputSpec => ({ dtype, shape });

/** A function of the elements of all inputs, which broadcast, computed by the host in double precision. */
export function elementwise(
  context: OpContext,
  f: (...values: number[]) => number,
  inputs: readonly Value[] = context.inputs(),
  dtype: DType | undefined = inputs[0]?.dtype,
): Value {
  const spec = { dtype: dtype as DType, shape: broadcastShapes(inputs.map((input) => input.shape)) };
  return hostValue(context, inputs, spec, (...tensors) => mapElements(tensors, f, dtype));
}
