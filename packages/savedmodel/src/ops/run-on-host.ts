import type { Tensor } from '@servable/tensor';
import type { OutputSpec } from '../onnx/infer-shapes.js';
import type { Value } from '../onnx/value.js';
import { hostValue, hostValues } from './host-value.js';
import type { OpContext } from './registry.js';

/** {@link hostValues} with a kernel that takes each tensor as an argument. */
export function runOnHost(
  context: OpContext,
  inputs: readonly Value[],
  specs: readonly OutputSpec[],
  kernel: (...inputs: Tensor[]) => readonly Tensor[],
): readonly Value[] {
  return hostValues(context, inputs, specs, (tensors) => kernel(...tensors));
}

/** {@link runOnHost} for one output. */
export function runOneOnHost(
  context: OpContext,
  inputs: readonly Value[],
  spec: OutputSpec,
  kernel: (...inputs: Tensor[]) => Tensor,
): Value {
  return hostValue(context, inputs, spec, (tensors) => kernel(...tensors));
}
