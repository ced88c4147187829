import type { Tensor } from '@servable/tensor';
import type { SignatureDef } from '@servable/protos/tensorflow';
import { ServingError } from '../../servable/serving-error.js';
import { checkTensor } from './check-tensor.js';
import { SignatureSpec } from './tensor-spec.js';

/** The parts of a Predict request that are checked against a signature. */
export interface PredictArguments {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputFilter: readonly string[];
}

/**
 * Checks a Predict call in upstream's order and words (servables/tensorflow/predict_util.cc and TensorFlow's
 * cc/saved_model/util.cc): number of inputs, missing inputs, unknown names, output filter. Dtypes and shapes follow;
 * upstream has no such check.
 *
 * @returns the inputs to run with: the given ones, and the signature's defaults for those left out
 * @throws ServingError INVALID_ARGUMENT
 */
export function checkPredictCall(
  signatureName: string,
  signature: SignatureDef,
  call: PredictArguments,
): ReadonlyMap<string, Tensor> {
  const spec = SignatureSpec.of(signature);
  checkInputCount(spec, call.inputs);
  const inputs = completeInputs(spec, call.inputs);
  checkOutputFilter(spec, call.outputFilter);
  for (const [alias, tensor] of inputs) checkTensor(signatureName, spec.inputs.get(alias)!, tensor);
  return inputs;
}

function checkInputCount(spec: SignatureSpec, inputs: ReadonlyMap<string, Tensor>): void {
  const given = inputs.size;
  const wanted = spec.inputs.size;
  if (given === wanted || (given < wanted && spec.hasDefaults)) return;
  const extra = sorted(inputs.keys()).filter((alias) => !spec.inputs.has(alias));
  const missing = [...spec.inputs.keys()].filter((alias) => !inputs.has(alias));
  throw new ServingError(
    'INVALID_ARGUMENT',
    'INPUT_COUNT_MISMATCH',
    `input size does not match signature: ${given}!=${wanted} len({${sorted(inputs.keys()).join(',')}}) != ` +
      `len({${[...spec.inputs.keys()].join(',')}}). Sent extra: {${extra.join(',')}}. ` +
      `Missing but required: {${missing.join(',')}}.`,
  );
}

function completeInputs(spec: SignatureSpec, given: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  let completed: Map<string, Tensor> | undefined;
  let used = 0;
  for (const [alias, { tensorName }] of spec.inputs) {
    if (given.has(alias)) {
      used++;
      continue;
    }
    const value = spec.defaultValue(alias);
    if (value === undefined) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'INPUT_MISSING',
        `Signature input alias: ${alias}(feed name: ${tensorName}) not found in request and no default value ` +
          `provided. Inputs expected to be in the request {${sorted(given.keys()).join(',')}}, or default input ` +
          `alias set: ${spec.defaultAliases.join(',')}`,
      );
    }
    completed ??= new Map(given);
    completed.set(alias, value);
  }
  if (used !== given.size) {
    const known = sorted(given.keys()).filter((alias) => spec.inputs.has(alias));
    throw new ServingError(
      'INVALID_ARGUMENT',
      'INPUT_UNKNOWN',
      `Inputs contains invalid name. Used request inputs: ${known.join(',')}, ` +
        `request input: ${sorted(given.keys()).join(',')}`,
    );
  }
  return completed ?? given;
}

function checkOutputFilter(spec: SignatureSpec, outputFilter: readonly string[]): void {
  const seen = new Set<string>();
  for (const alias of outputFilter) {
    if (!spec.outputs.has(alias)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'OUTPUT_UNKNOWN',
        `output tensor alias not found in signature: ${alias} Outputs expected to be in the set ` +
          `{${[...spec.outputs.keys()].join(',')}}.`,
      );
    }
    if (seen.has(alias)) {
      throw new ServingError('INVALID_ARGUMENT', 'OUTPUT_DUPLICATE', `duplicate output tensor alias: ${alias}`);
    }
    seen.add(alias);
  }
}

function sorted(aliases: Iterable<string>): string[] {
  return [...aliases].sort();
}
