import { Tensor, tensor, type TensorLike, type TensorValues } from '@servable/tensor';
import { ClientError } from '../client-error.js';
import { formatSpec, type SignatureInfo, type TensorSpec } from './model-metadata.js';

/** Inputs of a prediction by alias: tensors, typed arrays, nested arrays, or scalars. */
export type Inputs = Readonly<Record<string, TensorLike>>;

/** Whether the inputs can be sent without knowing the signature. */
export function areTensors(inputs: Inputs): inputs is Readonly<Record<string, Tensor>> {
  return Object.values(inputs).every((value) => value instanceof Tensor);
}

/**
 * Turns inputs into tensors of the dtypes and shapes that a signature asks for.
 *
 * Values are never rounded, wrapped or parsed. A typed array, which has no shape of its own, takes the shape of the
 * signature when its size fits with at most one unknown dimension; nested arrays keep the shape they have.
 *
 * @param where - the signature for messages, `signature "serving_default" of model "digits"`
 * @throws ClientError INVALID_ARGUMENT `INPUT_UNKNOWN`, `INPUT_MISSING` or `INPUT_MISMATCH`
 */
export function coerceInputs(inputs: Inputs, signature: SignatureInfo, where: string): Map<string, Tensor> {
  for (const alias of Object.keys(inputs)) {
    if (!Object.hasOwn(signature.inputs, alias)) {
      throw refused('INPUT_UNKNOWN', `Unknown input "${alias}" for ${where}. ${expectation(signature)}`);
    }
  }
  const tensors = new Map<string, Tensor>();
  for (const [alias, spec] of Object.entries(signature.inputs)) {
    const value = Object.hasOwn(inputs, alias) ? inputs[alias] : undefined;
    if (value !== undefined) tensors.set(alias, coerce(alias, value, spec, where));
    else if (!spec.optional) {
      throw refused('INPUT_MISSING', `Missing input "${alias}" for ${where}. ${expectation(signature)}`);
    }
  }
  return tensors;
}

function coerce(alias: string, value: TensorLike, spec: TensorSpec, where: string): Tensor {
  const expected = `Input "${alias}" of ${where} expects ${formatSpec(spec)}`;
  const given = toTensor(value, spec, expected);
  if (spec.dtype !== undefined && given.dtype !== spec.dtype) {
    throw refused('INPUT_MISMATCH', `${expected}, given ${formatSpec(given)}`);
  }
  const shape = fit(given.shape, spec.shape) ? given.shape : flatShape(value, given, spec.shape);
  if (shape === undefined) {
    const hint = ArrayBuffer.isView(value) ? `${value.constructor.name} of ${given.size} values` : formatSpec(given);
    throw refused('INPUT_MISMATCH', `${expected}, given ${hint}`);
  }
  return shape === given.shape ? given : given.reshape(shape);
}

function toTensor(value: TensorLike, spec: TensorSpec, expected: string): Tensor {
  if (value instanceof Tensor) return value;
  try {
    return tensor(value, spec.dtype);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw refused('INPUT_MISMATCH', `${expected}. ${text}`, cause);
  }
}

function fit(given: readonly number[], expected: readonly number[] | undefined): boolean {
  if (expected === undefined) return true;
  return expected.length === given.length && expected.every((size, axis) => size < 0 || size === given[axis]);
}

/** The shape for values that came flat (a typed array, or the bytes of one string), if there is just one that fits. */
function flatShape(
  value: TensorLike | TensorValues,
  given: Tensor,
  expected: readonly number[] | undefined,
): readonly number[] | undefined {
  if (!ArrayBuffer.isView(value) || expected === undefined) return undefined;
  const unknown = expected.filter((size) => size < 0).length;
  const known = expected.reduce((product, size) => (size < 0 ? product : product * size), 1);
  if (unknown === 0) return known === given.size ? expected : undefined;
  if (unknown > 1 || known === 0 || given.size % known !== 0) return undefined;
  return expected.map((size) => (size < 0 ? given.size / known : size));
}

function expectation(signature: SignatureInfo): string {
  const parts = Object.entries(signature.inputs).map(
    ([alias, spec]) => `${alias}: ${formatSpec(spec)}${spec.optional ? ' (optional)' : ''}`,
  );
  return parts.length === 0 ? 'It takes no inputs' : `It takes {${parts.join(', ')}}`;
}

function refused(
  reason: 'INPUT_UNKNOWN' | 'INPUT_MISSING' | 'INPUT_MISMATCH',
  message: string,
  cause?: unknown,
): ClientError {
  return new ClientError('INVALID_ARGUMENT', reason, message, cause === undefined ? undefined : { cause });
}
