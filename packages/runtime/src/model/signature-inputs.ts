import type { SignatureDef } from '@servable/protos/tensorflow';
import type { SignatureTensor } from '@servable/savedmodel';
import { formatShape, Tensor, tensor, tensorFromProto, TensorError, type TensorLike } from '@servable/tensor';
import { RuntimeError } from '../runtime-error.js';

/** What a signature takes, of a compiled plan. */
export interface SignatureInputs {
  readonly inputs: readonly SignatureTensor[];
  readonly signatureDef: SignatureDef;
}

/**
 * Makes tensors of what a caller gave, as the signature wants them.
 *
 * @throws RuntimeError INVALID_ARGUMENT with the input to blame
 */
export function coerceInputs(
  signature: SignatureInputs,
  given: Readonly<Record<string, TensorLike>>,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const known = new Map(signature.inputs.map((input) => [input.alias, input]));
  for (const [alias, value] of Object.entries(given)) {
    const expected = known.get(alias);
    if (expected === undefined) throw unknownInput(signature, alias);
    tensors.set(alias, value instanceof Tensor ? value : coerce(expected, value));
  }
  return tensors;
}

/**
 * Checks tensors against the signature, and adds the signature's default values for inputs that are left out.
 *
 * @throws RuntimeError INVALID_ARGUMENT: `UNKNOWN_INPUT`, `MISSING_INPUT`, `INPUT_DTYPE_MISMATCH`, `INPUT_SHAPE_MISMATCH`
 */
export function checkInputs(
  signature: SignatureInputs,
  given: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const absent: string[] = [];
  let present = 0;
  for (const expected of signature.inputs) {
    const value = given.get(expected.alias);
    if (value === undefined) absent.push(expected.alias);
    else {
      present++;
      checkInput(expected, value);
    }
  }
  if (present < given.size) {
    const aliases = new Set(signature.inputs.map((input) => input.alias));
    for (const alias of given.keys()) if (!aliases.has(alias)) throw unknownInput(signature, alias);
  }
  if (absent.length === 0) return given;
  const complete = new Map(given);
  for (const alias of absent) {
    const { defaults } = signature.signatureDef;
    const byDefault = Object.hasOwn(defaults, alias) ? defaults[alias] : undefined;
    if (byDefault === undefined) throw missingInput(signature, absent, given);
    complete.set(alias, tensorFromProto(byDefault));
  }
  return complete;
}

function coerce(expected: SignatureTensor, value: Exclude<TensorLike, Tensor>): Tensor {
  const { alias, dtype, shape } = expected;
  try {
    const made = tensor(value, dtype);
    if (!ArrayBuffer.isView(value) || shape === undefined || shape.length === made.rank) return made;
    // A flat typed array: the signature says how it is laid out, if that can be told.
    const open = shape.filter((dim) => dim === null).length;
    return open > 1 ? made : made.reshape(shape.map((dim) => dim ?? -1));
  } catch (error) {
    if (!(error instanceof TensorError)) throw error;
    throw new RuntimeError(
      error.code,
      error.reason,
      `Input ${JSON.stringify(alias)} (expected ${describe(expected)}): ${error.message}`,
      { cause: error, input: alias },
    );
  }
}

function checkInput(expected: SignatureTensor, { dtype, shape }: Tensor): void {
  const { alias } = expected;
  if (dtype !== expected.dtype) {
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      'INPUT_DTYPE_MISMATCH',
      `Input ${JSON.stringify(alias)}: expected ${describe(expected)}, given dtype ${dtype}`,
      { input: alias },
    );
  }
  const dims = expected.shape;
  if (dims === undefined) return;
  if (dims.length !== shape.length || dims.some((dim, axis) => dim !== null && dim !== shape[axis])) {
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      'INPUT_SHAPE_MISMATCH',
      `Input ${JSON.stringify(alias)}: expected ${describe(expected)}, given shape ${formatShape(shape)}`,
      { input: alias },
    );
  }
}

function unknownInput(signature: SignatureInputs, alias: string): RuntimeError {
  return new RuntimeError(
    'INVALID_ARGUMENT',
    'UNKNOWN_INPUT',
    `The signature has no input ${JSON.stringify(alias)}: expected ${describeAll(signature)}`,
    { input: alias },
  );
}

function missingInput(
  signature: SignatureInputs,
  absent: readonly string[],
  given: ReadonlyMap<string, Tensor>,
): RuntimeError {
  const { defaults } = signature.signatureDef;
  const names = absent.filter((alias) => !Object.hasOwn(defaults, alias));
  const had = [...given.keys()].map((alias) => JSON.stringify(alias)).join(', ') || 'none';
  return new RuntimeError(
    'INVALID_ARGUMENT',
    'MISSING_INPUT',
    `Missing input ${names.map((alias) => JSON.stringify(alias)).join(', ')}: expected ${describeAll(signature)}, given ${had}`,
    names[0] === undefined ? {} : { input: names[0] },
  );
}

function describeAll({ inputs }: SignatureInputs): string {
  return inputs.map((input) => `${JSON.stringify(input.alias)} ${describe(input)}`).join(', ') || 'none';
}

/** `float32 [?,784]`, or `float32 of any shape`. */
function describe({ dtype, shape }: SignatureTensor): string {
  return shape === undefined ? `${dtype} of any shape` : `${dtype} [${shape.map((dim) => dim ?? '?').join(',')}]`;
}
