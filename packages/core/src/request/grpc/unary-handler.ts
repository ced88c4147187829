import type { handleUnaryCall } from '@grpc/grpc-js';
import type { InFlight } from '../execution/in-flight.js';
import type { RequestOptions } from '../handlers/handler-dependencies.js';
import { callControl, type CallControl } from './call-control.js';
import { grpcStatus } from './grpc-status.js';

/** Answers one call from request bytes to response bytes. */
export type UnaryAnswer = (request: Buffer, options: RequestOptions) => Promise<Uint8Array>;

/**
 * Makes the grpc-js handler of a method: counts the request as in flight, passes deadline and cancellation on, and turns
 * whatever `answer` throws into a gRPC status.
 */
export function unaryHandler(inFlight: InFlight, answer: UnaryAnswer): handleUnaryCall<Buffer, Uint8Array> {
  return (call, callback) => {
    let leave: (() => void) | undefined;
    let control: CallControl;
    try {
      leave = inFlight.enter();
      control = callControl(call);
    } catch (error) {
      leave?.();
      callback(grpcStatus(error));
      return;
    }
    answer(call.request, control.options)
      .then(
        (response) => {
          control.finish();
          callback(null, response);
        },
        (error: unknown) => {
          control.finish();
          callback(grpcStatus(error));
        },
      )
      .finally(leave);
  };
}
