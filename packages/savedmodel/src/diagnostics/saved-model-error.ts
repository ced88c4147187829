/** Canonical status codes (gRPC names) that this package fails with. */
export type SavedModelErrorCode =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'DATA_LOSS';

/** What an error is about, where that is known. */
export interface SavedModelErrorDetails {
  readonly cause?: unknown;
  /** Path of the file that is to blame. */
  readonly file?: string | undefined;
  /** Byte position in `file` (a number up to 2^53 - 1) where reading or checking failed. */
  readonly offset?: number | undefined;
  /** TensorFlow's op type. */
  readonly op?: string | undefined;
  /** The node's path in the graph. */
  readonly node?: string | undefined;
}

/**
 * Every failure of this package: a SavedModel that cannot be found, read, understood or compiled.
 *
 * `code` is canonical and decides the gRPC and HTTP status at the edge; `reason` is a stable machine-readable word such
 * as `CHECKSUM_MISMATCH`; `message` says what was expected and what was given.
 */
export class SavedModelError extends Error {
  readonly code: SavedModelErrorCode;
  readonly reason: string;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly op: string | undefined;
  readonly node: string | undefined;

  constructor(code: SavedModelErrorCode, reason: string, message: string, details?: SavedModelErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SavedModelError';
    this.code = code;
    this.reason = reason;
    this.file = details?.file;
    this.offset = details?.offset;
    this.op = details?.op;
    this.node = details?.node;
  }
}
