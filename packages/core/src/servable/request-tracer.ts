import type { RequestRecord } from './request-record.js';

/** The parts of a request that have spans of their own; `run` is the model's. */
export type RequestPhase = 'receive' | 'queue' | 'decode' | 'run' | 'encode';

/** A request as it comes in. */
export interface TracedArrival extends Pick<RequestRecord, 'entrypoint' | 'method' | 'requestId'> {
  /** A header or metadata entry by its lower-case name: `traceparent` and what else carries a trace. */
  readonly header: (name: string) => string | undefined;
  /** When its first part was there, in milliseconds of `performance.now()`. */
  readonly startedAt: number;
}

/** Makes spans of requests. */
export interface RequestTracer {
  start(arrival: TracedArrival): RequestSpan;
}

/** The span of one request. Times are milliseconds of `performance.now()`. */
export interface RequestSpan {
  /** In 32 hexadecimal digits, for logs; `undefined` when the request is not part of a trace. */
  readonly traceId: string | undefined;
  /** Notes a part of the request that is over. */
  phase(name: Exclude<RequestPhase, 'run'>, from: number, to: number): void;
  /** Makes a span of a run, which is the active one meanwhile: what the model's code traces becomes a part of it. */
  run<T>(use: () => Promise<T>): Promise<T>;
  /** Ends the request with what has become known of it. */
  end(record: RequestRecord): void;
}
