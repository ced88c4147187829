/** Canonical status codes (gRPC names) that this package fails with. */
export type RuntimeErrorCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS';

/**
 * Every failure of this package.
 *
 * `code` is canonical and decides the gRPC and HTTP status at the edge; `reason` is a stable machine-readable word such
 * as `INPUT_SHAPE_MISMATCH`; `message` says what was expected and what was given, or is the engine's own; `input` is the
 * alias of the input to blame, where there is one.
 */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  readonly reason: string;
  readonly input: string | undefined;

  constructor(
    code: RuntimeErrorCode,
    reason: string,
    message: string,
    options?: { readonly cause?: unknown; readonly input?: string },
  ) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
    this.reason = reason;
    this.input = options?.input;
  }
}

/** Refuses an option, naming what it expects. */
export function badOption(name: string, expected: string, given: unknown): RuntimeError {
  return new RuntimeError(
    'INVALID_ARGUMENT',
    'BAD_OPTION',
    `Bad option ${name}: expected ${expected}, given ${typeof given === 'string' ? JSON.stringify(given) : String(given)}`,
  );
}
