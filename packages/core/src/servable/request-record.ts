import type { StatusCode } from './serving-error.js';

/** The calls there are, by their gRPC names, on whatever transport; empty for what is none of them. */
export type RequestMethod =
  | 'Predict'
  | 'Classify'
  | 'Regress'
  | 'MultiInference'
  | 'SessionRun'
  | 'GetModelMetadata'
  | 'GetModelStatus'
  | 'HandleReloadConfigRequest'
  | 'ListModels'
  | 'GetConfig'
  | 'GetOpenApi'
  | '';

/** What is known of one request once it has been answered. */
export interface RequestRecord {
  /** The id that the caller sent with `x-request-id`, or one made here. */
  readonly requestId: string;
  /** The trace that the request is a part of, in 32 hexadecimal digits; absent without one. */
  readonly traceId?: string | undefined;
  readonly entrypoint: 'GRPC' | 'REST';
  readonly method: RequestMethod;
  /** The caller's name where access control knows it. */
  readonly caller?: string | undefined;
  /** As the caller wrote it, also when there is no such model; empty when the request names none. */
  readonly modelName: string;
  /** The version that was picked; absent when none was found. */
  readonly version: bigint | undefined;
  /** The signature that was called, under its own name; absent when it was not found. */
  readonly signatureName: string | undefined;
  readonly code: StatusCode;
  /** The error's stable word and its text; empty when the code is `OK`. */
  readonly reason: string;
  readonly message: string;
  /** Size of the body or message as it came. */
  readonly requestBytes: number;
  /** Size of the answer; 0 for an error over gRPC. */
  readonly responseBytes: number;
  /** tf.Examples in the request; only for classify, regress and multi-inference. */
  readonly exampleCount: number | undefined;
  /** From the whole request being there to the answer being ready. */
  readonly latencyMicros: number;
  /** The part of the latency spent waiting for admission. */
  readonly queueMicros: number;
  /** The part of the latency spent in runs of the servable; absent when there was none, or when one failed. */
  readonly runMicros: number | undefined;
}

/** Told of every request that was answered: metrics, logs. Must not throw. */
export type RequestObserver = (record: RequestRecord) => void;
