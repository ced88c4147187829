import { TensorError } from '../tensor-error.js';
import { debugString } from './debug-string.js';
import type { JsonCursor } from './json-cursor.js';

/** `JSON Value: <value> <text>`: how util/json_tensor.cc reports a value that it cannot use. */
export function valueError(reason: string, value: JsonCursor, text: string): TensorError {
  return new TensorError('INVALID_ARGUMENT', reason, `JSON Value: ${debugString(value)} ${text}`);
}
