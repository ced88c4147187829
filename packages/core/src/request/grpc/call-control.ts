import type { ServerUnaryCall } from '@grpc/grpc-js';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestLimits } from '../execution/open-request.js';

/** The deadline and the cancellation of one gRPC call, in the form that handlers take. */
export interface CallControl {
  readonly limits: RequestLimits;
  /** To be called when the answer is known: from then on the end of the call is no cancellation. */
  finish(): void;
}

/**
 * Ties an `AbortSignal` and a time limit to a gRPC call. grpc-js itself answers DEADLINE_EXCEEDED when the deadline
 * passes; the signal then stops the work behind it.
 *
 * @throws ServingError DEADLINE_EXCEEDED when the deadline has passed already
 */
export function callControl(call: ServerUnaryCall<Buffer, Uint8Array>): CallControl {
  const deadline = Number(call.getDeadline());
  const timeoutMs = deadline === Infinity ? undefined : deadline - Date.now();
  if (timeoutMs !== undefined && timeoutMs <= 0) throw deadlineExceeded();
  const controller = new AbortController();
  let finished = false;
  // grpc-js emits `cancelled` at the end of every call, also of one that went well.
  call.once('cancelled', () => {
    if (finished) return;
    controller.abort(
      Date.now() >= deadline
        ? deadlineExceeded()
        : new ServingError('CANCELLED', 'CANCELLED', 'The caller cancelled the call'),
    );
  });
  return {
    limits: { signal: controller.signal, timeoutMs },
    finish: () => {
      finished = true;
    },
  };
}

function deadlineExceeded(): ServingError {
  return new ServingError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'Deadline exceeded');
}
