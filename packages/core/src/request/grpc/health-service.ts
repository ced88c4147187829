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

/**
 * The state behind `grpc.health.v1.Health`, one for the whole server. It starts as not serving.
 *
 * @example
 * ```ts
 * const health = new ServingHealth();
 * addPredictionServices(server, { ...dependencies, health });
 * health.setServing(true);
 * ```
 */
export class ServingHealth {
  #serving = false;
  readonly #listeners = new Set<() => void>();

  get serving(): boolean {
    return this.#serving;
  }

  /** Tells everybody who watches, if that is news. */
  setServing(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const listener of this.#listeners) listener();
  }

  /** @returns the function that stops the notices */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/**
 * The handlers of `grpc.health.v1.Health`, on raw bytes. `Check` of an unknown service is NOT_FOUND, `Watch` of one
 * reports SERVICE_UNKNOWN and stays open. A watch ends with the server or the caller; it never keeps a server from
 * draining.
 */
export function healthService(health: ServingHealth): UntypedServiceImplementation {
  return {
    check: (call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
      try {
        const { service } = decodeMessage(HealthCheckRequestSchema, call.request);
        const status = statusOf(health, service);
        if (status === ServingStatus.SERVICE_UNKNOWN) {
          throw new ServingError('NOT_FOUND', 'SERVICE_UNKNOWN', `Unknown service: ${service}`);
        }
        callback(null, encodeStatus(status));
      } catch (error) {
        callback(grpcStatus(error));
      }
    },
    list: (_call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
      const statuses = Object.fromEntries(SERVICES.map((name) => [name, { status: statusOf(health, name) }]));
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
      const send = () => call.write(encodeStatus(statusOf(health, service)));
      send();
      call.once('cancelled', health.onChange(send));
    },
  };
}

function statusOf(health: ServingHealth, service: string): ServingStatus {
  if (!(SERVICES as readonly string[]).includes(service)) return ServingStatus.SERVICE_UNKNOWN;
  return health.serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

function encodeStatus(status: ServingStatus): Uint8Array {
  return encodeMessage(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }));
}
