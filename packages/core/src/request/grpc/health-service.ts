import { create } from '@bufbuild/protobuf';
import type { ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation, sendUnaryData } from '@grpc/grpc-js';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthListResponseSchema,
} from '@servable/protos/health';
import { ServingError } from '../../servable/serving-error.js';
import { grpcStatus } from './grpc-status.js';
import { decodeMessage, encodeMessage } from './message-codec.js';

/**
 * The names that upstream answers for: the whole server and the short names of its two services
 * (model_servers/server.cc). The full names, which generic health probes use, are ours.
 */
const SERVICES = [
  '',
  'ModelService',
  'PredictionService',
  'tensorflow.serving.ModelService',
  'tensorflow.serving.PredictionService',
] as const;

type WatchStream = ServerWritableStream<Buffer, Uint8Array>;

/** What a watcher is told: that the state is another, or that there will be no more news. */
type HealthEvent = 'changed' | 'closed';

/**
 * The state behind `grpc.health.v1.Health`, one for the whole server. It starts as not serving.
 *
 * @example
 * ```ts
 * const health = new ServingHealth();
 * addPredictionServices(server, { ...dependencies, health });
 * health.setServing(true);
 * // to stop: tell everybody, then end their watches so that the server can shut down
 * health.close();
 * ```
 */
export class ServingHealth {
  #serving = false;
  #closed = false;
  readonly #listeners = new Set<(event: HealthEvent) => void>();

  get serving(): boolean {
    return this.#serving;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Tells everybody who watches, if that is news. No effect once closed. */
  setServing(serving: boolean): void {
    if (serving === this.#serving || this.#closed) return;
    this.#serving = serving;
    for (const listener of this.#listeners) listener('changed');
  }

  /** Stops serving for good and ends all watches, which would keep a gRPC server from shutting down. */
  close(): void {
    this.setServing(false);
    this.#closed = true;
    for (const listener of this.#listeners) listener('closed');
    this.#listeners.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @returns the function that stops the notices */
  subscribe(listener: (event: HealthEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/**
 * The handlers of `grpc.health.v1.Health`, on raw bytes. `Check` of an unknown service is NOT_FOUND, `Watch` of one
 * reports SERVICE_UNKNOWN and stays open. A watch does not count as a request in flight; it ends with the caller, or with
 * UNAVAILABLE when the health closes.
 */
export function healthService(health: ServingHealth): UntypedServiceImplementation {
  return {
    check: (call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
      try {
        const { service } = decodeMessage(HealthCheckRequestSchema, call.request);
        callback(null, encodeStatus(checkedHealth(health, service)));
      } catch (error) {
        callback(grpcStatus(error));
      }
    },
    list: (_call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
      const statuses = Object.fromEntries(SERVICES.map((name) => [name, { status: healthOf(health, name) }]));
      callback(null, encodeMessage(HealthListResponseSchema, create(HealthListResponseSchema, { statuses })));
    },
    watch: (call: WatchStream) => {
      let service: string;
      try {
        ({ service } = decodeMessage(HealthCheckRequestSchema, call.request));
      } catch (error) {
        call.emit('error', grpcStatus(error));
        return;
      }
      const tell = (event: HealthEvent) => {
        if (event === 'closed') call.emit('error', grpcStatus(closing()));
        else call.write(encodeStatus(healthOf(health, service)));
      };
      tell('changed');
      if (health.closed) tell('closed');
      else call.once('cancelled', health.subscribe(tell));
    },
  };
}

function closing(): ServingError {
  return new ServingError('UNAVAILABLE', 'SERVER_DRAINING', 'The server is shutting down');
}

/**
 * What `Check` answers for a service.
 *
 * @throws ServingError NOT_FOUND for a service that is none
 */
export function checkedHealth(health: ServingHealth, service: string): ServingStatus {
  const status = healthOf(health, service);
  if (status !== ServingStatus.SERVICE_UNKNOWN) return status;
  throw new ServingError('NOT_FOUND', 'SERVICE_UNKNOWN', `Unknown service: ${service}`);
}

function healthOf(health: ServingHealth, service: string): ServingStatus {
  if (!(SERVICES as readonly string[]).includes(service)) return ServingStatus.SERVICE_UNKNOWN;
  return health.serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

function encodeStatus(status: ServingStatus): Uint8Array {
  return encodeMessage(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }));
}
