import type { Tensor } from '@servable/tensor';
import type { OutputSpec } from '../onnx/infer-shapes.js';
import { isStatic, type Value } from '../onnx/value.js';
import type { OpContext } from './registry.js';

/** Tensors as a kernel reads them: as many as the op has inputs. */
export type HostKernel = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** Constants are computed while compiling only up to this many elements, where their number is known. */
const MAX_FOLDED_ELEMENTS = 65_536;

/**
 * Runs a kernel on the host for this node; at once when nothing depends on the request. The kernel must be pure, as its
 * result is then part of the plan.
 */
export function runOnHost(
  context: OpContext,
  inputs: readonly Value[],
  specs: readonly OutputSpec[],
  kernel: HostKernel,
): readonly Value[] {
  const { builder, node } = context;
  const run = (tensors: readonly Tensor[]): readonly Tensor[] => {
    const result = kernel(...tensors);
    return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
  };
  const constants = inputs.map((input) => input.constant).filter((constant) => constant !== undefined);
  const small = specs.every(({ shape }) => !isStatic(shape) || shape.reduce((a, b) => a * b, 1) <= MAX_FOLDED_ELEMENTS);
  if (inputs.length > 0 && constants.length === inputs.length && small) {
    // What fails on constants fails on every request, and says so then, as TensorFlow does.
    const folded = attempt(() => run(constants));
    if (folded !== undefined) return folded.map((tensor) => builder.constant(tensor));
  }
  return builder.host(node.op, inputs, specs, run);
}

/** As {@link runOnHost}, for ops with one output. */
export function runOneOnHost(
  context: OpContext,
  inputs: readonly Value[],
  spec: OutputSpec,
  kernel: (...inputs: Tensor[]) => Tensor,
): Value {
  const [value] = runOnHost(context, inputs, [spec], kernel);
  if (value === undefined) throw context.refuse('it has no output');
  return value;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
