import type { OipInferRequest, OipInferResponse, OipParameters, Tensor } from '@servable/tensor';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestOptions } from '../handlers/handler-dependencies.js';
import { withServableHandle } from '../handlers/model-spec.js';
import { predictOnHandle } from '../handlers/predict.js';
import { type OipDependencies, type OipModel, oipModelSpec, oipSignature, oipSignatureName } from './oip-model.js';

/**
 * Answers an inference request of the Open Inference Protocol: a Predict call whose signature is chosen by the request
 * parameter `signature_name` and whose output filter is the list of outputs.
 *
 * @param signatureName - from the URL; the parameter goes before it
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED for parameters of extensions that change the answer
 */
export async function oipInfer(
  dependencies: OipDependencies,
  model: OipModel,
  request: OipInferRequest,
  options: RequestOptions,
  signatureName = '',
): Promise<OipInferResponse> {
  const asked = textParameter(request.parameters, 'signature_name') ?? signatureName;
  for (const { name, parameters } of request.outputs) checkOutputParameters(name, parameters);
  const outputFilter = request.outputs.map(({ name }) => name);
  return withServableHandle(
    dependencies.provider,
    oipModelSpec(model),
    async (handle) => {
      const chosen = oipSignatureName(handle.servable, asked);
      oipSignature(handle.servable, chosen);
      const modelSpec = { name: model.name, signatureName: chosen };
      const { inputs } = request;
      const { outputs } = await predictOnHandle(dependencies, handle, { modelSpec, inputs, outputFilter }, options);
      const { name, version } = handle.id;
      return {
        modelName: name,
        modelVersion: String(version),
        id: request.id,
        outputs: ordered(outputs, outputFilter),
      };
    },
    options.record,
    options,
  );
}

/** As the request lists them, else by name. */
function ordered(outputs: ReadonlyMap<string, Tensor>, asked: readonly string[]): ReadonlyMap<string, Tensor> {
  const names = asked.length > 0 ? asked : [...outputs.keys()].sort();
  return new Map(names.map((name) => [name, outputs.get(name)!]));
}

/** Without these the answer would be another one than the caller asked for. */
function checkOutputParameters(name: string, parameters: OipParameters): void {
  for (const key of ['classification', 'shared_memory_region']) {
    const value = parameters.get(key);
    if (value === undefined || value === 0n) continue;
    throw new ServingError(
      'UNIMPLEMENTED',
      'PARAMETER_UNSUPPORTED',
      `The parameter "${key}" is not supported; given for output "${name}"`,
    );
  }
}

function textParameter(parameters: OipParameters, key: string): string | undefined {
  const value = parameters.get(key);
  if (value === undefined || typeof value === 'string') return value;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'PARAMETER_INVALID',
    `The parameter "${key}" must be a string, given ${String(value)}`,
  );
}
