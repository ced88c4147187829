import type { Tensor } from '@servable/tensor';
import { ClientError } from '../client-error.js';
import type { CallLimits, Dispatch, ModelSpec } from '../transport/transport.js';
import { areTensors, coerceInputs, type Inputs } from './coerce-inputs.js';
import type { MetadataCache } from './metadata-cache.js';
import type { ModelMetadata, SignatureInfo } from './model-metadata.js';

/** The answer to a prediction. */
export interface Prediction {
  /** By alias. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Who answered. */
  readonly model: { readonly name: string; readonly version: bigint };
}

export interface PredictCall {
  readonly spec: ModelSpec;
  readonly inputs: Inputs;
  readonly outputFilter: readonly string[];
  readonly limits: CallLimits;
}

/**
 * Sends a prediction. Inputs that are tensors all go out as they are; others are first coerced to the model's signature.
 * The signature comes from the cache, and is fetched anew once when the inputs do not fit it or the server refuses them:
 * a model may have been replaced since.
 *
 * @throws ClientError
 */
export async function predict(dispatch: Dispatch, cache: MetadataCache, call: PredictCall): Promise<Prediction> {
  const { spec, inputs, limits } = call;
  if (areTensors(inputs)) return send(dispatch, call, new Map(Object.entries(inputs)));
  const { metadata, fresh } = await cache.get(spec, limits);
  if (fresh) return send(dispatch, call, tensorsFor(metadata, call));

  let refusal: unknown;
  try {
    return await send(dispatch, call, tensorsFor(metadata, call));
  } catch (error) {
    if (!isMismatch(error)) throw error;
    refusal = error;
  }
  const renewed = await cache.fetch(spec, limits).catch(() => undefined);
  if (renewed === undefined || sameSignature(metadata, renewed, spec)) throw refusal;
  return send(dispatch, call, tensorsFor(renewed, call));
}

async function send(dispatch: Dispatch, call: PredictCall, inputs: ReadonlyMap<string, Tensor>): Promise<Prediction> {
  const request = { modelSpec: call.spec, inputs, outputFilter: call.outputFilter };
  const { name, version, outputs } = await dispatch('predict', request, call.limits);
  return { outputs: Object.fromEntries(outputs), model: { name, version } };
}

function tensorsFor(metadata: ModelMetadata, { spec, inputs }: PredictCall): Map<string, Tensor> {
  const name = signatureName(spec);
  const signature = signatureOf(metadata, spec);
  if (signature === undefined) {
    const known = Object.keys(metadata.signatures).sort();
    throw new ClientError(
      'FAILED_PRECONDITION',
      'SIGNATURE_NOT_FOUND',
      `Model "${spec.name}" version ${metadata.model.version} has no signature "${name}". It has {${known.join(', ')}}`,
    );
  }
  return coerceInputs(inputs, signature, `signature "${name}" of model "${spec.name}"`);
}

function signatureOf(metadata: ModelMetadata, spec: ModelSpec): SignatureInfo | undefined {
  const name = signatureName(spec);
  return Object.hasOwn(metadata.signatures, name) ? metadata.signatures[name] : undefined;
}

function signatureName(spec: ModelSpec): string {
  return spec.signatureName === '' ? 'serving_default' : spec.signatureName;
}

function isMismatch(error: unknown): boolean {
  return error instanceof ClientError && (error.code === 'INVALID_ARGUMENT' || error.code === 'FAILED_PRECONDITION');
}

function sameSignature(one: ModelMetadata, other: ModelMetadata, spec: ModelSpec): boolean {
  return JSON.stringify(signatureOf(one, spec)) === JSON.stringify(signatureOf(other, spec));
}
