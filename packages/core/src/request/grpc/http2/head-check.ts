import type { handleUnaryCall } from '@grpc/grpc-js';
import type { CallHead } from './call.js';
import type { CallStatus } from './failure.js';

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
