import { RuntimeError, type RuntimeErrorCode } from '../runtime-error.js';
import type { OrtApi } from './ort-api.js';
import type { Status } from './ort-functions.js';

/** `OrtErrorCode` of the C ABI: canonical code and stable reason. */
const errors: readonly (readonly [RuntimeErrorCode, string])[] = [
  ['INTERNAL', 'ENGINE_FAIL'],
  ['INTERNAL', 'ENGINE_FAIL'],
  ['INVALID_ARGUMENT', 'ENGINE_INVALID_ARGUMENT'],
  ['NOT_FOUND', 'MODEL_FILE_NOT_FOUND'],
  ['NOT_FOUND', 'NO_MODEL'],
  ['INTERNAL', 'ENGINE_ERROR'],
  ['INTERNAL', 'ENGINE_EXCEPTION'],
  ['INVALID_ARGUMENT', 'MODEL_NOT_PARSABLE'],
  ['FAILED_PRECONDITION', 'MODEL_LOADED'],
  ['UNIMPLEMENTED', 'ENGINE_NOT_IMPLEMENTED'],
  ['INVALID_ARGUMENT', 'MODEL_INVALID'],
  ['INTERNAL', 'EXECUTION_PROVIDER_FAIL'],
  ['CANCELLED', 'LOAD_CANCELLED'],
  ['FAILED_PRECONDITION', 'MODEL_REQUIRES_COMPILATION'],
  ['NOT_FOUND', 'ENGINE_NOT_FOUND'],
];

/**
 * Returns when the status is NULL; else releases it and throws what it says.
 *
 * A kernel that fails in a run (`Non-zero status code returned while running …`) has been given values it cannot work
 * with, such as shapes that do not fit each other: that is INVALID_ARGUMENT, as TensorFlow's kernels report it, unless
 * memory ran out.
 */
export function check(api: OrtApi, status: Status): void {
  if (status !== null) throw statusError(api, status);
}

/** Turns a status into an error and releases it. */
export function statusError(api: OrtApi, status: bigint): RuntimeError {
  const message = api.GetErrorMessage(status);
  const [code, reason] = classify(api.GetErrorCode(status), message);
  api.ReleaseStatus(status);
  return new RuntimeError(code, reason, message);
}

function classify(ortCode: number, message: string): readonly [RuntimeErrorCode, string] {
  if (/failed to allocate memory|bad_alloc|bad allocation/i.test(message))
    return ['RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY'];
  if (message.includes('terminate flag')) return ['CANCELLED', 'CANCELLED'];
  const [code, reason] = errors[ortCode] ?? ['INTERNAL', 'ENGINE_FAIL'];
  if (code !== 'UNIMPLEMENTED' && message.includes('Non-zero status code returned while running')) {
    // The compiler names checks by what TensorFlow's kernel says, and with the code where it has another one.
    return [/Name:'[^']*\/INTERNAL: /.test(message) ? 'INTERNAL' : 'INVALID_ARGUMENT', 'KERNEL_FAILED'];
  }
  return [code, reason];
}
