import { Metadata } from '@grpc/grpc-js';
import { ServingError, statusCodeNumber } from '../../servable/serving-error.js';
import { REQUEST_ID_HEADER } from '../execution/request-id.js';
import { encodeStatusDetails } from './status-details.js';
import { truncateUtf8 } from './truncate-utf8.js';

/** Longest error text that goes on the wire, in bytes of UTF-8 (model_servers/grpc_status_util.cc). */
const MAX_DETAILS_BYTES = 1024;

/** A failed call as grpc-js takes it. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/**
 * The gRPC status of anything that was thrown while a request was answered. Its trailers hold what upstream does not
 * send: a `google.rpc.Status` in `grpc-status-details-bin`, the request id, and `grpc-retry-pushback-ms` where the error
 * says when to come again.
 */
export function grpcStatus(thrown: unknown, requestId?: string): GrpcStatus {
  const error = ServingError.from(thrown);
  const code = statusCodeNumber[error.code];
  const details = truncateUtf8(error.message, MAX_DETAILS_BYTES, '...TRUNCATED');
  const metadata = new Metadata();
  metadata.set(
    'grpc-status-details-bin',
    Buffer.from(encodeStatusDetails(error, { code, message: details, requestId })),
  );
  if (requestId !== undefined) metadata.set(REQUEST_ID_HEADER, requestId);
  if (error.retryAfterMs !== undefined) metadata.set('grpc-retry-pushback-ms', String(Math.ceil(error.retryAfterMs)));
  return { code, details, metadata };
}
