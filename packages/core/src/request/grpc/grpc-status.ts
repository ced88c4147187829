import { ServingError, statusCodeNumber } from '../../servable/serving-error.js';

/** Longest error text that goes on the wire, in bytes of UTF-8 (model_servers/grpc_status_util.cc). */
const MAX_DETAILS_BYTES = 1024;
const TRUNCATED = '...TRUNCATED';

/** A failed call as grpc-js takes it. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The gRPC status of anything that was thrown while a request was answered. */
export function grpcStatus(error: unknown): GrpcStatus {
  const { code, message } = ServingError.from(error);
  return { code: statusCodeNumber[code], details: truncate(wellFormed(message)) };
}

function truncate(text: string): string {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (text.length * 3 <= MAX_DETAILS_BYTES) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_DETAILS_BYTES) return text;
  let end = MAX_DETAILS_BYTES;
  // Never cut a character in half: step back over UTF-8 continuation bytes.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + TRUNCATED;
}

/** grpc-js percent-encodes the text with `encodeURI`, which throws for a lone surrogate. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
