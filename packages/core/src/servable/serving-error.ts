/** The canonical status codes of gRPC and TensorFlow, by name. */
export type StatusCode =
  | 'OK'
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

/** Numbers of {@link StatusCode} on the wire (`google.rpc.Code`, `tensorflow.error.Code`). */
export const statusCodeNumber: Readonly<Record<StatusCode, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/**
 * Every failure that leaves the serving core.
 *
 * `code` is canonical and decides the gRPC status and the HTTP status; `reason` is a stable machine-readable word
 * (`SERVABLE_NOT_FOUND`); `message` is upstream's text where upstream has one.
 */
export class ServingError extends Error {
  readonly code: Exclude<StatusCode, 'OK'>;
  readonly reason: string;

  constructor(
    code: Exclude<StatusCode, 'OK'>,
    reason: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ServingError';
    this.code = code;
    this.reason = reason;
  }

  /**
   * Brings anything that was thrown into this shape. Errors of the other packages carry a canonical `code` and a
   * `reason`, which are kept; anything else is INTERNAL.
   */
  static from(error: unknown): ServingError {
    if (error instanceof ServingError) return error;
    if (error instanceof Error) {
      const { code, reason } = error as { code?: unknown; reason?: unknown };
      if (typeof code === 'string' && code in statusCodeNumber && code !== 'OK') {
        return new ServingError(
          code as Exclude<StatusCode, 'OK'>,
          typeof reason === 'string' ? reason : 'UNSPECIFIED',
          error.message,
          { cause: error },
        );
      }
      return new ServingError('INTERNAL', 'UNEXPECTED', error.message, { cause: error });
    }
    return new ServingError('INTERNAL', 'UNEXPECTED', String(error), { cause: error });
  }
}
