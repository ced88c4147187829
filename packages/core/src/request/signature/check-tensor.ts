import { dtypeInfo, formatShape, type Tensor } from '@servable/tensor';
import { type FieldViolation, ServingError } from '../../servable/serving-error.js';
import { formatSpec, inputField, type TensorSpec } from './tensor-spec.js';

/**
 * Refuses a tensor that an input of a signature cannot take.
 *
 * Upstream leaves this to the graph, which fails in the middle of a run with the name of an internal node
 * (`Expects arg[0] to be float but bool is provided`); here the call is refused before it reaches the engine, in words
 * that still contain the graph's own.
 *
 * @throws ServingError INVALID_ARGUMENT with the alias, and the dtype and shape expected and given
 */
export function checkTensor(signatureName: string, spec: TensorSpec, given: Tensor): void {
  if (spec.dtype !== undefined && spec.dtype !== given.dtype) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'INPUT_DTYPE_MISMATCH',
      `Input "${spec.alias}" of signature "${signatureName}" expects its tensor to be ` +
        `${dtypeInfo(spec.dtype).typeName} but ${dtypeInfo(given.dtype).typeName} is provided. ${comparison(spec, given)}`,
      { fieldViolations: [violation(spec, given)] },
    );
  }
  if (!fits(spec.shape, given.shape)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'INPUT_SHAPE_MISMATCH',
      `Input "${spec.alias}" of signature "${signatureName}" does not take a tensor of shape ` +
        `${formatShape(given.shape)}. ${comparison(spec, given)}`,
      { fieldViolations: [violation(spec, given)] },
    );
  }
}

function comparison(spec: TensorSpec, given: Tensor): string {
  return `Expected: ${formatSpec(spec)}, given: ${formatSpec(given)}.`;
}

function violation(spec: TensorSpec, given: Tensor): FieldViolation {
  return { field: inputField(spec.alias), description: `Expected ${formatSpec(spec)}, given ${formatSpec(given)}` };
}

function fits(expected: readonly number[] | undefined, given: readonly number[]): boolean {
  if (expected === undefined) return true;
  if (expected.length !== given.length) return false;
  for (let axis = 0; axis < given.length; axis++) {
    if (expected[axis]! >= 0 && expected[axis] !== given[axis]) return false;
  }
  return true;
}
