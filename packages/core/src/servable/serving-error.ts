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

/** One field of a request that is not as it should be (`google.rpc.BadRequest.FieldViolation`). */
export interface FieldViolation {
  /** Path of the field in the request message: `inputs["x"]`, `output_filter[1]`. */
  readonly field: string;
  /** What is expected there, and what was given. */
  readonly description: string;
}

export interface ServingErrorOptions {
  readonly cause?: unknown;
  /** The fields of the request that are to blame, where the failure is theirs. */
  readonly fieldViolations?: readonly FieldViolation[] | undefined;
  /** After how many milliseconds the same request may do better; for UNAVAILABLE and RESOURCE_EXHAUSTED. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Every failure that leaves the serving core.
 *
 * `code` is canonical and decides the gRPC status and the HTTP status; `reason` is a stable machine-readable word
 * (`SERVABLE_NOT_FOUND`); `message` is upstream's text where upstream has one.
 */
export class ServingError extends Error {
  readonly code: Exclude<StatusCode, 'OK'>;
  readonly reason: string;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;

  constructor(code: Exclude<StatusCode, 'OK'>, reason: string, message: string, options: ServingErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'ServingError';
    this.code = code;
    this.reason = reason;
    this.fieldViolations = options.fieldViolations ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  /**
   * Brings anything that was thrown into this shape. Errors of the other packages carry a canonical `code` and a
   * `reason`, which are kept; of the two errors that an `AbortSignal` makes by itself, an abort is CANCELLED and a
   * timeout DEADLINE_EXCEEDED; anything else is INTERNAL.
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
      const own = signalCodes[error.name];
      if (own !== undefined) return new ServingError(own, own, error.message, { cause: error });
      return new ServingError('INTERNAL', 'UNEXPECTED', error.message, { cause: error });
    }
    return new ServingError('INTERNAL', 'UNEXPECTED', String(error), { cause: error });
  }
}

const signalCodes: Readonly<Record<string, 'CANCELLED' | 'DEADLINE_EXCEEDED' | undefined>> = {
  AbortError: 'CANCELLED',
  TimeoutError: 'DEADLINE_EXCEEDED',
};
