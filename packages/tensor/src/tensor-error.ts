/** Canonical status codes (gRPC names) that this package fails with. */
export type TensorErrorCode = 'INVALID_ARGUMENT' | 'UNIMPLEMENTED' | 'OUT_OF_RANGE' | 'RESOURCE_EXHAUSTED' | 'INTERNAL';

/**
 * Every failure of this package: bad values, shapes, dtypes or wire bytes.
 *
 * `code` is canonical and decides the gRPC and HTTP status at the edge; `reason` is a stable machine-readable word such
 * as `SHAPE_MISMATCH`; `message` says what was expected and what was given; `input` is the alias of the request input
 * (or response output) that could not be decoded, where one is to blame.
 */
export class TensorError extends Error {
  readonly code: TensorErrorCode;
  readonly reason: string;
  readonly input: string | undefined;

  constructor(
    code: TensorErrorCode,
    reason: string,
    message: string,
    options?: { readonly cause?: unknown; readonly input?: string },
  ) {
    super(message, options);
    this.name = 'TensorError';
    this.code = code;
    this.reason = reason;
    this.input = options?.input;
  }
}

/** Shorthand for the commonest case. */
export function invalidArgument(reason: string, message: string, options?: { readonly cause?: unknown }): TensorError {
  return new TensorError('INVALID_ARGUMENT', reason, message, options);
}
