import { SavedModelError, type SavedModelErrorCode } from '../diagnostics/saved-model-error.js';

const codes: Readonly<Record<string, readonly [SavedModelErrorCode, string]>> = {
  ENOENT: ['NOT_FOUND', 'FILE_NOT_FOUND'],
  ENOTDIR: ['NOT_FOUND', 'FILE_NOT_FOUND'],
  EISDIR: ['FAILED_PRECONDITION', 'NOT_A_FILE'],
  EACCES: ['PERMISSION_DENIED', 'FILE_NOT_READABLE'],
  EPERM: ['PERMISSION_DENIED', 'FILE_NOT_READABLE'],
  EMFILE: ['RESOURCE_EXHAUSTED', 'TOO_MANY_OPEN_FILES'],
  ENFILE: ['RESOURCE_EXHAUSTED', 'TOO_MANY_OPEN_FILES'],
  ENOMEM: ['RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY'],
};

/** An operating system's refusal as this package's error. */
export function fileError(file: string, doing: string, cause: unknown): SavedModelError {
  const { code: name, message } = cause as NodeJS.ErrnoException;
  const [code, reason] = codes[name ?? ''] ?? ['INTERNAL', 'FILE_ERROR'];
  return new SavedModelError(code, reason, `Cannot ${doing} ${file}: ${message}`, { cause, file });
}

/** Whether an operation failed because a file, or a folder on the way to it, does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof SavedModelError && error.reason === 'FILE_NOT_FOUND';
}
