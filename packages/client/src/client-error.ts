/** The canonical status codes of gRPC, by name. */
export type ClientErrorCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/**
 * What kept a call from being answered, where `code` alone does not tell:
 *
 * | reason | meaning |
 * |---|---|
 * | `SERVER_REFUSED` | the server answered with an error; `message` is its text |
 * | `TARGET_UNAVAILABLE` | no connection to the target, or the server is going away |
 * | `DEADLINE_EXCEEDED` | the call's `timeoutMs` was over, here or on the server |
 * | `ABORTED_BY_CALLER` | the call's `signal` aborted |
 * | `CLIENT_CLOSED` | the client was closed or destroyed |
 * | `INPUT_MISMATCH`, `INPUT_MISSING`, `INPUT_UNKNOWN` | the inputs do not fit the signature; nothing was sent |
 * | `SIGNATURE_NOT_FOUND` | the model has no such signature; nothing was sent |
 * | `OPTION_INVALID` | an option of the client or of the call |
 * | `REQUEST_UNSENDABLE`, `RESPONSE_MALFORMED` | a message that could not be encoded or decoded |
 */
export type ClientErrorReason =
  | 'SERVER_REFUSED'
  | 'TARGET_UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'ABORTED_BY_CALLER'
  | 'CLIENT_CLOSED'
  | 'INPUT_MISMATCH'
  | 'INPUT_MISSING'
  | 'INPUT_UNKNOWN'
  | 'SIGNATURE_NOT_FOUND'
  | 'OPTION_INVALID'
  | 'REQUEST_UNSENDABLE'
  | 'RESPONSE_MALFORMED';

/** Every failure of this package. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly reason: ClientErrorReason;

  constructor(
    code: ClientErrorCode,
    reason: ClientErrorReason,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ClientError';
    this.code = code;
    this.reason = reason;
  }
}

/** The error of a call whose signal has aborted; one that aborted by a timeout counts as a deadline. */
export function abortedError(signal: AbortSignal): ClientError {
  const cause: unknown = signal.reason;
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return new ClientError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', cause.message, { cause });
  }
  return new ClientError('CANCELLED', 'ABORTED_BY_CALLER', 'The call was aborted by its signal', { cause });
}

/** The error of a call whose time was over before it could be sent. */
export function deadlineError(): ClientError {
  return new ClientError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'The time for the call was over before it was sent');
}
