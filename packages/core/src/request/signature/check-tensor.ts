import { dtypeInfo, formatShape, type Tensor } from '@servable/tensor';
import { type FieldViolation, ServingError } from '../../servable/serving-error.js';
import { formatSpec, inputField, type TensorSpec } from './tensor-spec.js';

/**
 * What is wrong with a tensor for an input of a signature; undefined when it fits.
 *
 * Upstream leaves this to the graph, which fails in the middle of a run with the name of an internal node
 * (`Expects arg[0] to be float but bool is provided`); here the alias is named, with the dtype and shape expected and given,
 * in words that still contain the graph's own.
 *
 * @param cause - what the graph said
 */
export function tensorMisfit(
  signatureName: string,
  spec: TensorSpec,
  given: Tensor,
  cause?: unknown,
): ServingError | undefined {
  const more = () => ({ fieldViolations: [violation(spec, given)], cause });
  if (spec.dtype !== undefined && spec.dtype !== given.dtype) {
    return new ServingError(
      'INVALID_ARGUMENT',
      'INPUT_DTYPE_MISMATCH',
      `Input "${spec.alias}" of signature "${signatureName}" expects its tensor to be ` +
        `${dtypeInfo(spec.dtype).typeName} but ${dtypeInfo(given.dtype).typeName} is provided. ${comparison(spec, given)}`,
      more(),
    );
  }
  if (fits(spec.shape, given.shape)) return undefined;
  return new ServingError(
    'INVALID_ARGUMENT',
    'INPUT_SHAPE_MISMATCH',
    `Input "${spec.alias}" of signature "${signatureName}" does not take a tensor of shape ` +
      `${formatShape(given.shape)}. ${comparison(spec, given)}`,
    more(),
  );
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
