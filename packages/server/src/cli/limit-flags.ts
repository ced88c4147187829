import type { RequestLimits, RequestOptions } from '../request-options.js';
import { flag, type FlagValues, inGroup, ownFlags } from './parse-flags.js';

/** Flags on what callers may send and hold; zero leaves a limit at its default. */
const requestLimitFlags = inGroup('Limits on requests', {
  max_request_bytes: flag('int32', 0, 'Largest gRPC message and REST body; zero: 2147483647.'),
  max_header_bytes: flag('int32', 0, 'Most bytes of the headers of a REST request; zero: 16384.'),
  headers_timeout_in_ms: flag(
    'int32',
    0,
    'Milliseconds to send the headers of a REST request, or to shake hands for gRPC; zero: 60000.',
  ),
  request_timeout_in_ms: flag('int32', 0, 'Milliseconds to send a whole request; zero: 300000.'),
  keep_alive_timeout_in_ms: flag('int32', 0, 'Milliseconds that an idle REST connection is kept; zero: 75000.'),
  max_rest_connections: flag('int32', 0, 'Most REST connections; zero: no limit.'),
  max_grpc_connections: flag('int32', 0, 'Most gRPC connections; zero: no limit.'),
  max_concurrent_streams: flag('int32', 0, 'Most calls at the same time on one gRPC connection; zero: no limit.'),
  max_held_body_bytes: flag('int64', 0n, 'Most bytes of REST bodies held at the same time; zero: no limit.'),
  max_json_depth: flag('int32', 0, 'Most arrays and objects inside one another in JSON; zero: no limit.'),
  max_input_elements: flag('int32', 0, 'Most elements of one input of a Predict call; zero: no limit.'),
});

/** Flags on what runs and waits at the same time. */
const admissionFlags = inGroup('Overload', {
  max_concurrent_requests: flag(
    'int32',
    0,
    'Most inference requests that run at the same time; more wait; zero: no limit.',
  ),
  max_queued_requests: flag('int32', -1, 'Most inference requests that wait; more are refused; -1: 1000.'),
  max_queue_wait_in_ms: flag('int32', 0, 'Longest expected wait, over which one is refused; zero: none.'),
  max_requests_per_caller: flag(
    'int32',
    0,
    'Most inference requests of one caller, running and waiting; zero: no limit.',
  ),
});

/** Flags on what callers may send and hold, all of them ours. */
export const limitFlags = ownFlags({ ...requestLimitFlags, ...admissionFlags });

/** The options that {@link limitFlags} come to. */
export function limitOptions(
  values: FlagValues<typeof limitFlags>,
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
