import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { checkTimeout, invalidOption } from '../call/call-options.js';
import { Channel } from '../channel/channel.js';
import { GrpcTransport } from '../transport/grpc/grpc-transport.js';
import { ModelClient } from './model-client.js';

export interface ServingClientOptions {
  /** Where the server is: `localhost:8500`, `dns:///models.internal:8500`, `unix:/tmp/serving.sock`. */
  readonly target: string;
  /** Default and only one so far: `grpc`. */
  readonly transport?: 'grpc' | undefined;
  /** Of `@grpc/grpc-js`. Default: no encryption. */
  readonly credentials?: ChannelCredentials | undefined;
  /** Passed to `@grpc/grpc-js`. Our one default: answers may have any size. */
  readonly channelOptions?: ChannelOptions | undefined;
  /** Milliseconds for calls that bring no `timeoutMs`; more than 0. Default: no limit. */
  readonly defaultTimeoutMs?: number | undefined;
}

/** A connection to one server: Servable, or TensorFlow Serving. */
export class ServingClient {
  readonly #channel: Channel;
  readonly #models = new Map<string, ModelClient>();
  readonly #defaultTimeoutMs: number | undefined;

  /** @internal */
  constructor(channel: Channel, defaultTimeoutMs: number | undefined) {
    this.#channel = channel;
    this.#defaultTimeoutMs = defaultTimeoutMs;
  }

  get target(): string {
    return this.#channel.target;
  }

  /** The model of that name; the same object each time. Whether the server has it shows when it is called. */
  model(name: string): ModelClient {
    let model = this.#models.get(name);
    if (model === undefined) {
      model = new ModelClient(name, this.#channel, this.#defaultTimeoutMs);
      this.#models.set(name, model);
    }
    return model;
  }

  /** Refuses new calls, waits for those in flight and disconnects. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  /** Disconnects at once; calls in flight fail with `error`, by default CANCELLED. */
  destroy(error?: Error): void {
    this.#channel.destroy(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Makes a client. It connects on the first call, and again whenever the connection was lost.
 *
 * @throws ClientError INVALID_ARGUMENT `OPTION_INVALID`
 * @example
 * ```ts
 * import { createServingClient } from '@servable/client';
 *
 * await using client = createServingClient({ target: 'localhost:8500', defaultTimeoutMs: 2000 });
 * const { outputs } = await client.model('half_plus_two').predict({ x: [1, 2, 5] });
 * console.log(outputs.y.toArray()); // [2.5, 3, 4.5]
 * ```
 */
export function createServingClient(options: ServingClientOptions): ServingClient {
  const { target, transport = 'grpc', credentials, channelOptions, defaultTimeoutMs } = options;
  if (typeof target !== 'string' || target === '') {
    throw invalidOption(`target must be an address such as localhost:8500, given ${String(target)}`);
  }
  if (transport !== 'grpc') throw invalidOption(`transport must be "grpc", given ${String(transport)}`);
  if (defaultTimeoutMs !== undefined) checkTimeout('defaultTimeoutMs', defaultTimeoutMs);
  let grpc: GrpcTransport;
  try {
    grpc = new GrpcTransport({ target, credentials, channelOptions });
  } catch (cause) {
    throw invalidOption(`target must be a gRPC target such as localhost:8500, given ${target}: ${String(cause)}`);
  }
  return new ServingClient(new Channel(grpc), defaultTimeoutMs);
}
