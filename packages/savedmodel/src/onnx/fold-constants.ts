import type { DType, Tensor } from '@servable/tensor';
import { isFolded } from './constant-kernels/constant-kernel.js';
import { elementwiseKernels } from './constant-kernels/elementwise-kernels.js';
import { layoutKernels } from './constant-kernels/layout-kernels.js';
import { reductionKernels } from './constant-kernels/reduction-kernels.js';
import type { OnnxAttributes } from './lowered-graph.js';

const kernels = new Map([...elementwiseKernels, ...layoutKernels, ...reductionKernels]);

/**
 * Evaluates ONNX ops on constants while lowering. Its purpose is shape arithmetic and the preparation of weights; an op
 * or dtype that is not covered is simply left to the engine.
 *
 * @returns undefined when the op is not folded
 */
export function foldConstants(
  op: string,
  inputs: readonly Tensor[],
  attrs: OnnxAttributes,
  outputDtype: DType,
): Tensor | undefined {
  if (inputs.some((input) => !isFolded(input.dtype))) return undefined;
  return kernels.get(op)?.(inputs, attrs, outputDtype);
}
