import type { Pointer } from '../native/ort-functions.js';
import { RuntimeError, type RuntimeErrorCode } from '../runtime-error.js';
import type { TfApi } from './tf-api.js';

/** `TF_Code` (`tensorflow/c/tf_status.h`) by number. */
const codes: readonly RuntimeErrorCode[] = [
  'UNKNOWN',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The error of a status that is not OK: TensorFlow's code and message, and `TENSORFLOW_<code>` as the reason. */
export function tfError(number: number, message: string): RuntimeError {
  const code = codes[number] ?? 'UNKNOWN';
  return new RuntimeError(code, `TENSORFLOW_${code}`, message);
}

/** Makes a status for one call, and throws what the call left in it. */
export function withStatus<R>(api: TfApi, call: (status: Pointer) => R): R {
  const status = newStatus(api);
  let result: R;
  try {
    result = call(status);
  } catch (error) {
    api.TF_DeleteStatus(status);
    throw error;
  }
  const error = takeStatus(api, status);
  if (error !== undefined) throw error;
  return result;
}

/** A status that says OK. */
export function newStatus(api: TfApi): Pointer {
  return api.TF_NewStatus() ?? 0n;
}

/** The error of a status, `undefined` for OK; deletes the status. */
export function takeStatus(api: TfApi, status: Pointer): RuntimeError | undefined {
  const code = api.TF_GetCode(status);
  const error = code === 0 ? undefined : tfError(code, api.TF_Message(status));
  api.TF_DeleteStatus(status);
  return error;
}
