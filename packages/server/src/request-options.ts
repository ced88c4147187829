import {
  type AdmissionOptions,
  AdmissionController,
  type MetricNameStyle,
  type RecordCollectorOptions,
  type ResolvedRecordCollectorOptions,
  resolveRecordCollectorOptions,
  ServingError,
} from '@servable/core';
import { isAbsolute } from 'node:path';
import type { LogOptions } from './logging/server-logger.js';

/** The metrics page on the REST port. */
export interface PrometheusOptions {
  /** Exact path of the page; default `/monitoring/prometheus/metrics`. */
  readonly path?: string | undefined;
  /** `upstream` keeps TensorFlow Serving's names, `:tensorflow:serving:…`; `prometheus` has no colons in them. Default `upstream`. */
  readonly nameStyle?: MetricNameStyle | undefined;
}

/** Bounds on what callers may send and hold; a default of none means that only the machine is the limit, as upstream. */
export interface RequestLimits {
  /** Most bytes of all headers of a REST request; default 16 384. */
  readonly maxHeaderBytes?: number | undefined;
  /** Milliseconds that a caller gets to send the headers of a REST request, or to shake hands for gRPC; default 60 000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds that a caller gets to send a whole request, over REST and gRPC; default 300 000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Milliseconds that an idle REST connection is kept open; default 75 000, over what load balancers keep theirs. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** Most REST connections; more are closed at once. Default: none. */
  readonly maxRestConnections?: number | undefined;
  /** Most gRPC connections; more are closed at once. Default: none. */
  readonly maxGrpcConnections?: number | undefined;
  /** Most calls at the same time on one gRPC connection; more wait at the client. Default: none. */
  readonly maxConcurrentStreams?: number | undefined;
  /**
   * Milliseconds after which a gRPC connection is asked whether it is still there; one that does not answer within 20
   * seconds is closed, which finds callers that have gone or only hold a connection open. Default 60 000.
   */
  readonly grpcKeepaliveMs?: number | undefined;
  /** Milliseconds that a gRPC connection without calls is kept open; default: for good. */
  readonly grpcIdleTimeoutMs?: number | undefined;
  /** Most bytes of REST bodies held at the same time, over all requests; default: none. */
  readonly maxHeldBodyBytes?: number | undefined;
  /** Most arrays and objects inside one another in a JSON body, at least 64; default: none. */
  readonly maxJsonDepth?: number | undefined;
  /** Most elements of one input of a Predict call; default: none. */
  readonly maxInputElements?: number | undefined;
}

/** {@link RequestLimits} with the defaults filled in. */
export interface ResolvedRequestLimits extends RequestLimits {
  readonly maxHeaderBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly grpcKeepaliveMs: number;
}

/** Recording of requests, for the models that have it configured (`logging`, `logging_config`). */
export interface RequestLogOptions extends RecordCollectorOptions {
  /**
   * Absolute paths of directories in which a configuration that comes over the wire may have requests recorded, besides
   * those that are configured at the start. Default none.
   */
  readonly roots?: readonly string[] | undefined;
}

/** Options on how requests are taken in, as a part of the server's options. */
export interface RequestOptions {
  /** Serves metrics on the REST port (`prometheus_config` of `--monitoring_config_file`); default: no such page. */
  readonly prometheus?: PrometheusOptions | undefined;
  /** Bounds on inference requests that run and wait at the same time, over both transports; default: none. */
  readonly admission?: Omit<AdmissionOptions, 'clock'> | undefined;
  readonly limits?: RequestLimits | undefined;
  /** Requests that take this many milliseconds or more are logged as warnings; default: none are. */
  readonly slowRequestMs?: number | undefined;
  readonly requestLog?: RequestLogOptions | undefined;
  /** How the log is written where there is no `logger`; default: there is none. */
  readonly log?: LogOptions | undefined;
  /**
   * Makes OpenTelemetry spans of requests. `true` asks for `@opentelemetry/api`, `false` makes none; default: when an SDK
   * is registered at the start.
   */
  readonly tracing?: boolean | undefined;
}

/** {@link RequestOptions} with everything filled in. */
export interface ResolvedRequestOptions {
  readonly prometheus: { readonly path: string; readonly nameStyle: MetricNameStyle } | undefined;
  readonly admission: Omit<AdmissionOptions, 'clock'> | undefined;
  readonly limits: ResolvedRequestLimits;
  readonly slowRequestMs: number | undefined;
  readonly requestLog: ResolvedRecordCollectorOptions & { readonly roots: readonly string[] };
  readonly log: LogOptions | undefined;
  readonly tracing: boolean | undefined;
}

/** @throws ServingError INVALID_ARGUMENT that names the option, what it takes and what it was given */
export function resolveRequestOptions(options: RequestOptions): ResolvedRequestOptions {
  const { prometheus, admission, limits = {}, slowRequestMs } = options;
  // Refuses what makes no sense; the server makes the one that it uses.
  if (admission !== undefined) new AdmissionController(admission);
  if (slowRequestMs !== undefined && !(slowRequestMs > 0)) {
    throw refusal(`slowRequestMs must be a number of milliseconds above 0; got ${slowRequestMs}`);
  }
  if (options.tracing !== undefined && typeof options.tracing !== 'boolean') {
    throw refusal(`tracing must be true or false; got ${String(options.tracing)}`);
  }
  return {
    prometheus: prometheus === undefined ? undefined : resolvePrometheus(prometheus),
    admission,
    limits: resolveLimits(limits),
    slowRequestMs,
    requestLog: resolveRequestLog(options.requestLog),
    log: options.log,
    tracing: options.tracing,
  };
}

/** The least value of each limit. */
const leastLimit: Readonly<Record<keyof RequestLimits, number>> = {
  maxHeaderBytes: 1024,
  headersTimeoutMs: 1,
  requestTimeoutMs: 1,
  keepAliveTimeoutMs: 1,
  maxRestConnections: 1,
  maxGrpcConnections: 1,
  maxConcurrentStreams: 1,
  grpcKeepaliveMs: 1000,
  grpcIdleTimeoutMs: 1,
  maxHeldBodyBytes: 1,
  maxJsonDepth: 64,
  maxInputElements: 1,
};

function resolveLimits(limits: RequestLimits): ResolvedRequestLimits {
  for (const [name, value] of Object.entries(limits) as [keyof RequestLimits, number | undefined][]) {
    if (!Object.hasOwn(leastLimit, name)) {
      throw refusal(`Unknown option limits.${name}; known are ${Object.keys(leastLimit).join(', ')}`);
    }
    const least = leastLimit[name];
    const most = name === 'maxHeldBodyBytes' ? Number.MAX_SAFE_INTEGER : int32Max;
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
      throw refusal(`limits.${name} must be a whole number from ${least} to ${most}; got ${value}`);
    }
  }
  return {
    ...limits,
    maxHeaderBytes: limits.maxHeaderBytes ?? 16_384,
    headersTimeoutMs: limits.headersTimeoutMs ?? 60_000,
    requestTimeoutMs: limits.requestTimeoutMs ?? 300_000,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs ?? 75_000,
    grpcKeepaliveMs: limits.grpcKeepaliveMs ?? 60_000,
  };
}

function resolveRequestLog({ roots = [], ...files }: RequestLogOptions = {}): ResolvedRequestOptions['requestLog'] {
  const bad = roots.find((root) => !isAbsolute(root));
  if (bad !== undefined) throw refusal(`requestLog.roots must be absolute paths; got '${bad}'`);
  return { ...resolveRecordCollectorOptions(files), roots };
}

const int32Max = 2 ** 31 - 1;

function resolvePrometheus(options: PrometheusOptions): NonNullable<ResolvedRequestOptions['prometheus']> {
  const { path = '/monitoring/prometheus/metrics', nameStyle = 'upstream' } = options;
  if (!/^\/[^?#\s]*$/.test(path)) {
    throw refusal(`prometheus.path must be a path that starts with / and has no query; got '${path}'`);
  }
  if (nameStyle !== 'upstream' && nameStyle !== 'prometheus') {
    throw refusal(`prometheus.nameStyle must be 'upstream' or 'prometheus'; got '${String(nameStyle)}'`);
  }
  return { path, nameStyle };
}

function refusal(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', message);
}
