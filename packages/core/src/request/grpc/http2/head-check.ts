import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import type { CallStatus } from './failure.js';

/** What is known of a call before its message is there. */
export type CallHead = Pick<
  ServerUnaryCall<unknown, unknown>,
  'metadata' | 'getPeer' | 'getAuthContext' | 'getDeadline'
> & {
  /** When its headers were there, by `performance.now()`; grpc-js does not tell. */
  readonly startedAt?: number;
};

/** Says, by the headers alone, what a call is to end with; `undefined` lets its message in. */
export type HeadCheck = (call: CallHead) => CallStatus | undefined;

/**
 * A handler that is asked about each call when its headers are there, so that one that it refuses need not be sent in
 * full. It checks the whole call as well: the server of grpc-js does not ask.
 */
export interface HeadCheckingHandler extends handleUnaryCall<Buffer, Uint8Array> {
  readonly checkHead: HeadCheck;
}

/** The check that a handler has, if it has one. */
export function headCheckOf(handle: object): HeadCheck | undefined {
  return 'checkHead' in handle ? (handle as HeadCheckingHandler).checkHead : undefined;
}
