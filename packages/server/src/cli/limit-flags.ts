import type { RequestLimits, RequestOptions } from '../request-options.js';
import { flag, flagSpecs, type ParsedFlags } from './parse-flags.js';

const ours = 'Not a flag of TensorFlow Serving.';

/** Flags on what callers may send and hold, all of them ours; zero leaves a limit at its default. */
export const limitFlags = flagSpecs({
  max_request_bytes: flag('int32', 0, `Largest gRPC message and REST body; zero: 2147483647. ${ours}`),
  max_header_bytes: flag('int32', 0, `Most bytes of the headers of a REST request; zero: 16384. ${ours}`),
  headers_timeout_in_ms: flag(
    'int32',
    0,
    `Milliseconds to send the headers of a REST request, or to shake hands for gRPC; zero: 60000. ${ours}`,
  ),
  request_timeout_in_ms: flag('int32', 0, `Milliseconds to send a whole request; zero: 300000. ${ours}`),
  keep_alive_timeout_in_ms: flag('int32', 0, `Milliseconds that an idle REST connection is kept; zero: 75000. ${ours}`),
  max_rest_connections: flag('int32', 0, `Most REST connections; zero: no limit. ${ours}`),
  max_grpc_connections: flag('int32', 0, `Most gRPC connections; zero: no limit. ${ours}`),
  max_concurrent_streams: flag(
    'int32',
    0,
    `Most calls at the same time on one gRPC connection; zero: no limit. ${ours}`,
  ),
  max_held_body_bytes: flag('int64', 0n, `Most bytes of REST bodies held at the same time; zero: no limit. ${ours}`),
  max_json_depth: flag('int32', 0, `Most arrays and objects inside one another in JSON; zero: no limit. ${ours}`),
  max_input_elements: flag('int32', 0, `Most elements of one input of a Predict call; zero: no limit. ${ours}`),
  max_concurrent_requests: flag(
    'int32',
    0,
    `Most inference requests that run at the same time; more wait; zero: no limit. ${ours}`,
  ),
  max_queued_requests: flag('int32', -1, `Most inference requests that wait; more are refused; -1: 1000. ${ours}`),
  max_queue_wait_in_ms: flag('int32', 0, `Longest expected wait, over which one is refused; zero: none. ${ours}`),
  max_requests_per_caller: flag(
    'int32',
    0,
    `Most inference requests of one caller, running and waiting; zero: no limit. ${ours}`,
  ),
});

/** The options that {@link limitFlags} come to. */
export function limitOptions(
  values: ParsedFlags<typeof limitFlags>['values'],
): Pick<RequestOptions, 'limits' | 'admission'> & { readonly maxReceiveMessageBytes: number | undefined } {
  const limits: RequestLimits = {
    maxHeaderBytes: given(values.max_header_bytes),
    headersTimeoutMs: given(values.headers_timeout_in_ms),
    requestTimeoutMs: given(values.request_timeout_in_ms),
    keepAliveTimeoutMs: given(values.keep_alive_timeout_in_ms),
    maxRestConnections: given(values.max_rest_connections),
    maxGrpcConnections: given(values.max_grpc_connections),
    maxConcurrentStreams: given(values.max_concurrent_streams),
    maxHeldBodyBytes: given(Number(values.max_held_body_bytes)),
    maxJsonDepth: given(values.max_json_depth),
    maxInputElements: given(values.max_input_elements),
  };
  const admission = {
    maxConcurrent: given(values.max_concurrent_requests),
    maxQueued: values.max_queued_requests === -1 ? undefined : values.max_queued_requests,
    maxWaitMs: given(values.max_queue_wait_in_ms),
    maxPerCaller: given(values.max_requests_per_caller),
  };
  const isAdmitting = Object.values(admission).some((value) => value !== undefined);
  return {
    maxReceiveMessageBytes: given(values.max_request_bytes),
    limits,
    admission: isAdmitting ? admission : undefined,
  };
}

function given(value: number): number | undefined {
  return value === 0 ? undefined : value;
}
