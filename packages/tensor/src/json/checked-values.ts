import { TensorError } from '../tensor-error.js';
import { decodeBase64 } from './base64.js';
import { debugString, isBase64Object } from './debug-string.js';
import type { JsonCursor } from './json-cursor.js';
import { valueError } from './json-format-error.js';
import { EmptyBuffer, StringBuffer } from './other-buffers.js';
import type { JsonInput } from './signature-inputs.js';
import type { ValueBuffer } from './value-buffer.js';

/** What errors say of the input that a value is for. */
export type ValueTarget = Pick<JsonInput, 'typeName'>;

/** `GetDenseTensorShape`: the sizes along the first items. */
export function denseShape(value: JsonCursor): number[] {
  const place = value.copy();
  const shape: number[] = [];
  while (place.isArray()) {
    const count = place.count();
    shape.push(count);
    if (count === 0) break;
    place.enter();
  }
  return shape;
}

/** `FillTensorProto`, without its recursion. */
export function fillChecked(
  value: JsonCursor,
  shape: readonly number[],
  input: ValueTarget,
  buffer: ValueBuffer,
): void {
  const rank = shape.length;
  const place = value.copy();
  const left: number[] = [];
  for (;;) {
    const level = left.length;
    if (place.isArray()) {
      if (level >= rank) {
        throw invalid('LIST_LEVEL', `Encountered list at unexpected level: ${level} expected < ${rank}`);
      }
      const count = place.count();
      if (count !== shape[level]) {
        throw invalid(
          'LIST_SIZE',
          `Encountered list at unexpected size: ${count} at level: ${level} expected size: ${shape[level]}`,
        );
      }
      if (count > 0) {
        left.push(count);
        place.enter();
        continue;
      }
    } else {
      if (level !== rank) {
        throw valueError(
          'VALUE_LEVEL',
          place,
          `found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${rank}`,
        );
      }
      appendValue(place, input, buffer);
    }
    place.skip();
    for (;;) {
      if (left.length === 0) return;
      if (--left[left.length - 1]! > 0) {
        place.next();
        break;
      }
      left.pop();
      place.leave();
    }
  }
}

/** `AddValueToTensor` and `JsonDecodeBase64Object`. */
function appendValue(value: JsonCursor, input: ValueTarget, buffer: ValueBuffer): void {
  if (value.isObject()) {
    if (!(buffer instanceof StringBuffer)) throw typeError(value, input);
    buffer.appendBytes(readBase64Object(value));
  } else if (buffer instanceof EmptyBuffer) {
    throw new TensorError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_DTYPE',
      `Conversion of JSON Value: ${debugString(value)} to type: ${input.typeName}`,
    );
  } else if (!buffer.append(value)) throw typeError(value, input);
}

/** The bytes of a `{"b64": "…"}` object. */
export function readBase64Object(value: JsonCursor): Uint8Array {
  if (!isBase64Object(value)) throw valueError('BASE64_FORMAT', value, 'not formatted correctly for base64 data');
  const place = value.copy();
  place.enter();
  place.enterMember();
  const bytes = decodeBase64(place.string());
  if (bytes === undefined) throw invalid('BASE64_DECODE', 'Unable to base64 decode');
  return bytes;
}

function typeError(value: JsonCursor, input: ValueTarget): TensorError {
  return valueError('VALUE_TYPE', value, `Type: ${value.type()} is not of expected type: ${input.typeName}`);
}

function invalid(reason: string, message: string): TensorError {
  return new TensorError('INVALID_ARGUMENT', reason, message);
}
