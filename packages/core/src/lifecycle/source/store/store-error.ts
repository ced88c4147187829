import { ServingError, type StatusCode } from '../../../servable/serving-error.js';

type ErrorCode = Exclude<StatusCode, 'OK'>;

const byStatus: Readonly<Record<number, readonly [ErrorCode, string] | undefined>> = {
  400: ['INVALID_ARGUMENT', 'STORE_REFUSED'],
  401: ['UNAUTHENTICATED', 'STORE_UNAUTHENTICATED'],
  403: ['PERMISSION_DENIED', 'STORE_FORBIDDEN'],
  404: ['NOT_FOUND', 'STORE_NOT_FOUND'],
  408: ['UNAVAILABLE', 'STORE_UNAVAILABLE'],
  409: ['ABORTED', 'OBJECT_CHANGED'],
  412: ['ABORTED', 'OBJECT_CHANGED'],
  416: ['ABORTED', 'OBJECT_CHANGED'],
  429: ['UNAVAILABLE', 'STORE_UNAVAILABLE'],
};

const byErrno: Readonly<Record<string, readonly [ErrorCode, string] | undefined>> = {
  ENOSPC: ['RESOURCE_EXHAUSTED', 'DISK_FULL'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'DISK_FULL'],
  EFBIG: ['RESOURCE_EXHAUSTED', 'DISK_FULL'],
  EMFILE: ['RESOURCE_EXHAUSTED', 'FILES_EXHAUSTED'],
  ENFILE: ['RESOURCE_EXHAUSTED', 'FILES_EXHAUSTED'],
  EACCES: ['PERMISSION_DENIED', 'FILE_FORBIDDEN'],
  EPERM: ['PERMISSION_DENIED', 'FILE_FORBIDDEN'],
  EROFS: ['PERMISSION_DENIED', 'FILE_FORBIDDEN'],
  ENOENT: ['NOT_FOUND', 'FILE_NOT_FOUND'],
  EEXIST: ['FAILED_PRECONDITION', 'NO_DIRECTORY'],
  ENOTDIR: ['FAILED_PRECONDITION', 'NO_DIRECTORY'],
  EISDIR: ['FAILED_PRECONDITION', 'NO_FILE'],
};

/** The status of an HTTP answer that an SDK turned into an error. */
function httpStatus(error: object): number | undefined {
  const { $metadata, statusCode, code } = error as {
    $metadata?: { httpStatusCode?: number };
    statusCode?: unknown;
    code?: unknown;
  };
  const status = $metadata?.httpStatusCode ?? statusCode ?? code;
  return typeof status === 'number' && status >= 300 ? status : undefined;
}

function words(error: Error, status: number | undefined): string {
  const { name, message, code } = error as Error & { code?: unknown };
  const kind = typeof code === 'string' ? code : name;
  // SDKs put whole answers into messages.
  const text = message.split('\n', 1)[0]!.slice(0, 300);
  const label = kind === 'Error' || text.includes(kind) ? '' : `${kind}: `;
  return `${status === undefined ? '' : `HTTP ${status}: `}${label}${text || name}`;
}

/**
 * What an SDK threw, as an error that says what was being done and what the store answered.
 *
 * @param doing - `list s3://bucket/models`
 */
export function storeError(error: unknown, doing: string): ServingError {
  if (error instanceof ServingError) return error;
  if (!(error instanceof Error)) return ServingError.from(error);
  if (error.name === 'AbortError') return new ServingError('CANCELLED', 'CANCELLED', `Cannot ${doing}: cancelled`);
  const status = httpStatus(error);
  const message = `Cannot ${doing}: ${words(error, status)}`;
  if (status !== undefined) {
    const [code, reason] =
      byStatus[status] ??
      (status >= 500 ? (['UNAVAILABLE', 'STORE_UNAVAILABLE'] as const) : (['UNKNOWN', 'STORE_REFUSED'] as const));
    return new ServingError(code, reason, message, { cause: error });
  }
  if (/credential|Region is missing/i.test(`${error.name} ${error.message}`)) {
    return new ServingError('UNAUTHENTICATED', 'STORE_CREDENTIALS', message, { cause: error });
  }
  // What is left is a connection that could not be made or broke.
  return new ServingError('UNAVAILABLE', 'STORE_UNREACHABLE', message, { cause: error });
}

/** What the file system threw, as an error that says what was being done. @param doing - `write /var/cache/model.pb` */
export function fileError(error: unknown, doing: string): ServingError {
  if (error instanceof ServingError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : byErrno[code];
  if (!known) return ServingError.from(error);
  return new ServingError(known[0], known[1], `Cannot ${doing}: ${message}`, { cause: error });
}

/** Whether the same request may do better in a moment. */
export function isPassing(error: ServingError): boolean {
  return error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED';
}
