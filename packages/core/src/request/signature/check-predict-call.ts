import type { Tensor } from '@servable/tensor';
import type { SignatureDef } from '@servable/protos/tensorflow';
import { type FieldViolation, ServingError } from '../../servable/serving-error.js';
import { tensorMisfit } from './check-tensor.js';
import { formatSpec, inputField, SignatureSpec } from './tensor-spec.js';

/** The parts of a Predict request that are checked against a signature. */
export interface PredictArguments {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputFilter: readonly string[];
  /** Inputs that came but could not be decoded, with the reason; none of them is in `inputs`. */
  readonly inputErrors?: ReadonlyMap<string, Error> | undefined;
}

/**
 * Checks a Predict call in upstream's order and words (servables/tensorflow/predict_util.cc and TensorFlow's
 * cc/saved_model/util.cc): number of inputs, missing inputs, unknown names, output filter. Dtypes and shapes follow;
 * upstream has no such check.
 *
 * @param takesOtherTensors - leaves dtypes and shapes to the run of the servable
 * @returns the inputs to run with: the given ones, and the signature's defaults for those left out
 * @throws ServingError INVALID_ARGUMENT
 */
export function checkPredictCall(
  signatureName: string,
  signature: SignatureDef,
  call: PredictArguments,
  takesOtherTensors = false,
): ReadonlyMap<string, Tensor> {
  const spec = SignatureSpec.of(signature);
  const sent = sentAliases(call);
  checkInputCount(spec, sent);
  const inputs = completeInputs(spec, sent, call);
  checkOutputFilter(spec, call.outputFilter);
  if (!takesOtherTensors) {
    const misfit = inputsMisfit(signatureName, signature, inputs);
    if (misfit !== undefined) throw misfit;
  }
  return inputs;
}

/** What is wrong with the first tensor that an input of a signature cannot take. @param cause - what the run said */
export function inputsMisfit(
  signatureName: string,
  signature: SignatureDef,
  inputs: ReadonlyMap<string, Tensor>,
  cause?: unknown,
): ServingError | undefined {
  const spec = SignatureSpec.of(signature);
  for (const [alias, tensor] of inputs) {
    const misfit = tensorMisfit(signatureName, spec.inputs.get(alias)!, tensor, cause);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

/** All that has `has`, `size` and `keys`: the map of inputs itself unless some of them are malformed. */
type Aliases = Pick<ReadonlyMap<string, unknown>, 'has' | 'size' | 'keys'>;

function sentAliases({ inputs, inputErrors }: PredictArguments): Aliases {
  if (inputErrors === undefined || inputErrors.size === 0) return inputs;
  return new Set([...inputs.keys(), ...inputErrors.keys()]);
}

function checkInputCount(spec: SignatureSpec, sent: Aliases): void {
  const wanted = spec.inputs.size;
  if (sent.size === wanted || (sent.size < wanted && spec.hasDefaults)) return;
  const extra = sorted(sent.keys()).filter((alias) => !spec.inputs.has(alias));
  const missing = [...spec.inputs.keys()].filter((alias) => !sent.has(alias));
  throw new ServingError(
    'INVALID_ARGUMENT',
    'INPUT_COUNT_MISMATCH',
    `input size does not match signature: ${sent.size}!=${wanted} len({${sorted(sent.keys()).join(',')}}) != ` +
      `len({${[...spec.inputs.keys()].join(',')}}). Sent extra: {${extra.join(',')}}. ` +
      `Missing but required: {${missing.join(',')}}.`,
    { fieldViolations: [...missing.map((alias) => missingInput(spec, alias)), ...extra.map(unknownInput)] },
  );
}

function completeInputs(spec: SignatureSpec, sent: Aliases, call: PredictArguments): ReadonlyMap<string, Tensor> {
  const { inputs, inputErrors } = call;
  let completed: Map<string, Tensor> | undefined;
  let used = 0;
  for (const [alias, { tensorName }] of spec.inputs) {
    if (sent.has(alias)) {
      const cause = inputErrors?.get(alias);
      if (cause !== undefined) throw malformedInput(alias, cause);
      used++;
      continue;
    }
    const value = spec.defaultValue(alias);
    if (value === undefined) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'INPUT_MISSING',
        `Signature input alias: ${alias}(feed name: ${tensorName}) not found in request and no default value ` +
          `provided. Inputs expected to be in the request {${sorted(sent.keys()).join(',')}}, or default input ` +
          `alias set: ${spec.defaultAliases.join(',')}`,
        { fieldViolations: [missingInput(spec, alias)] },
      );
    }
    completed ??= new Map(inputs);
    completed.set(alias, value);
  }
  if (used !== sent.size) {
    const known = sorted(sent.keys()).filter((alias) => spec.inputs.has(alias));
    throw new ServingError(
      'INVALID_ARGUMENT',
      'INPUT_UNKNOWN',
      `Inputs contains invalid name. Used request inputs: ${known.join(',')}, ` +
        `request input: ${sorted(sent.keys()).join(',')}`,
      {
        fieldViolations: sorted(sent.keys())
          .filter((alias) => !spec.inputs.has(alias))
          .map(unknownInput),
      },
    );
  }
  return completed ?? inputs;
}

/** Upstream has this one text for all tensors that do not parse; limits that are ours alone keep their own words. */
function malformedInput(alias: string, cause: Error): ServingError {
  const error = ServingError.from(cause);
  if (error.code !== 'INVALID_ARGUMENT' || error.reason === 'TOO_MANY_ELEMENTS') return error;
  return new ServingError('INVALID_ARGUMENT', 'TENSOR_MALFORMED', `tensor parsing error: ${alias}`, {
    cause,
    fieldViolations: [{ field: inputField(alias), description: error.message }],
  });
}

function checkOutputFilter(spec: SignatureSpec, outputFilter: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, alias] of outputFilter.entries()) {
    const field = `output_filter[${index}]`;
    if (!spec.outputs.has(alias)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'OUTPUT_UNKNOWN',
        `output tensor alias not found in signature: ${alias} Outputs expected to be in the set ` +
          `{${[...spec.outputs.keys()].join(',')}}.`,
        {
          fieldViolations: [
            { field, description: `Expected one of {${[...spec.outputs.keys()].join(', ')}}, given "${alias}"` },
          ],
        },
      );
    }
    if (seen.has(alias)) {
      throw new ServingError('INVALID_ARGUMENT', 'OUTPUT_DUPLICATE', `duplicate output tensor alias: ${alias}`, {
        fieldViolations: [{ field, description: `Expected each output once, given "${alias}" again` }],
      });
    }
    seen.add(alias);
  }
}

function sorted(aliases: Iterable<string>): string[] {
  return [...aliases].sort();
}

function missingInput(spec: SignatureSpec, alias: string): FieldViolation {
  return { field: inputField(alias), description: `Expected ${formatSpec(spec.inputs.get(alias)!)}, given nothing` };
}

function unknownInput(alias: string): FieldViolation {
  return { field: inputField(alias), description: 'The signature has no input of this name' };
}
