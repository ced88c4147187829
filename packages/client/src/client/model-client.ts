import { callLimits, invalidOption, modelSpec, type CallOptions, type VersionOptions } from '../call/call-options.js';
import type { Inputs } from '../call/coerce-inputs.js';
import { MetadataCache } from '../call/metadata-cache.js';
import type { ModelMetadata } from '../call/model-metadata.js';
import { predict, type Prediction } from '../call/predict-call.js';
import type { Channel } from '../channel/channel.js';
import type { ModelVersionStatus } from '../transport/transport.js';

export interface PredictOptions extends CallOptions, VersionOptions {
  /** Default `serving_default`. */
  readonly signature?: string | undefined;
  /** Aliases of the outputs to compute and send back. Default: all of the signature's. */
  readonly outputFilter?: readonly string[] | undefined;
}

/** Which versions {@link ModelClient.status} reports; all of them when no version is given. */
export interface StatusOptions extends CallOptions {
  readonly version?: bigint | undefined;
}

/** One model of a server. Made by `ServingClient.model`; holds no connection of its own. */
export class ModelClient {
  readonly name: string;
  readonly #channel: Channel;
  readonly #metadata: MetadataCache;
  readonly #defaultTimeoutMs: number | undefined;

  /** @internal */
  constructor(name: string, channel: Channel, defaultTimeoutMs: number | undefined) {
    if (typeof name !== 'string' || name === '') throw invalidOption(`A model needs a name, given ${String(name)}`);
    this.name = name;
    this.#channel = channel;
    this.#metadata = new MetadataCache(channel.dispatch);
    this.#defaultTimeoutMs = defaultTimeoutMs;
  }

  /**
   * Runs the model.
   *
   * Inputs may be tensors, typed arrays, nested arrays or scalars. Anything but tensors is coerced to the dtypes and
   * shapes of the model's own signature, which is fetched once and remembered; what does not fit is refused with both
   * sides named before anything is sent. A typed array takes the signature's shape when its size fits (64 floats for
   * `[-1,8,8,1]` become `[1,8,8,1]`), and a `Uint8Array` for a string input is one string. When all inputs are tensors
   * the signature is not needed and the server does the checking.
   *
   * @throws ClientError INVALID_ARGUMENT for inputs or options that do not fit, FAILED_PRECONDITION for an unknown
   * signature, NOT_FOUND for a model or version that is not ready, DEADLINE_EXCEEDED, CANCELLED, UNAVAILABLE, or what
   * the model failed with
   * @example
   * ```ts
   * const { outputs, model } = await client.model('half_plus_two').predict({ x: [1, 2, 5] });
   * outputs.y.data; // Float32Array [2.5, 3, 4.5]
   * model.version; // 123n
   * ```
   */
  async predict(inputs: Inputs, options: PredictOptions = {}): Promise<Prediction> {
    checkInputs(inputs);
    const call = {
      spec: modelSpec(this.name, options, options.signature),
      inputs,
      outputFilter: options.outputFilter ?? [],
      limits: callLimits(options, this.#defaultTimeoutMs),
    };
    return this.#channel.run(() => predict(this.#channel.dispatch, this.#metadata, call));
  }

  /**
   * The states of the model's versions, highest first; versions that have ended stay listed.
   *
   * @throws ClientError NOT_FOUND for a model or version that the server never saw
   * @example
   * ```ts
   * const [latest] = await client.model('half_plus_two').status();
   * latest.state; // 'AVAILABLE'
   * ```
   */
  async status(options: StatusOptions = {}): Promise<readonly ModelVersionStatus[]> {
    const request = { modelSpec: modelSpec(this.name, { version: options.version }) };
    const limits = callLimits(options, this.#defaultTimeoutMs);
    return this.#channel.run(() => this.#channel.dispatch('getModelStatus', request, limits));
  }

  /**
   * The signatures of the model, with dtype and shape of every input and output, fresh from the server.
   *
   * @throws ClientError NOT_FOUND for a model or version that is not ready
   * @example
   * ```ts
   * const { signatures } = await client.model('half_plus_two').metadata();
   * signatures.serving_default.inputs.x; // { dtype: 'float32', shape: [-1], optional: false }
   * ```
   */
  async metadata(options: CallOptions & VersionOptions = {}): Promise<ModelMetadata> {
    const spec = modelSpec(this.name, options);
    const limits = callLimits(options, this.#defaultTimeoutMs);
    return this.#channel.run(() => this.#metadata.fetch(spec, limits));
  }
}

function checkInputs(inputs: unknown): void {
  if (typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs) && !ArrayBuffer.isView(inputs)) return;
  const given = typeof inputs === 'object' && inputs !== null ? inputs.constructor.name : String(inputs);
  throw invalidOption(`inputs must be an object with one value per input alias, given ${given}`);
}
