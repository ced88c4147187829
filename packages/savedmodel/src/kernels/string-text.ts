import { Tensor } from '@servable/tensor';
import { byteKey, isAscii, isSpace, joinBytes, mapStrings, NO_BYTES, stringsOf, textOf, utf8 } from './byte-strings.js';
import { broadcast, broadcastOffsets, integersOf, invalidRequest, sizeOf } from './elements.js';

/** `StringLower` and `StringUpper`: ASCII letters only, or all of Unicode (`utf-8`) with invalid bytes replaced. */
export function changeCase(input: Tensor, to: 'lower' | 'upper', encoding: '' | 'utf-8'): Tensor {
  return mapStrings(input, (bytes) => {
    if (encoding === 'utf-8' && !isAscii(bytes)) {
      const text = textOf(bytes);
      return utf8(to === 'lower' ? text.toLowerCase() : text.toUpperCase());
    }
    const [first, last, shift] = to === 'lower' ? [0x41, 0x5a, 0x20] : [0x61, 0x7a, -0x20];
    let result: Uint8Array | undefined;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte < first || byte > last) continue;
      result ??= bytes.slice();
      result[i] = byte + shift;
    }
    return result ?? bytes;
  });
}

/** `StringStrip`: blanks off both ends. */
export function strip(input: Tensor): Tensor {
  return mapStrings(input, (bytes) => {
    let start = 0;
    let end = bytes.length;
    while (start < end && isSpace(bytes[start])) start++;
    while (end > start && isSpace(bytes[end - 1])) end--;
    return bytes.subarray(start, end);
  });
}

/** Whether a byte continues a UTF-8 character. */
const continues = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** `StringLength`: bytes, or bytes that start a UTF-8 character (`UTF8StrLen` in tensorflow/core/kernels/string_util.cc). */
export function stringLength(input: Tensor, unit: 'BYTE' | 'UTF8_CHAR'): Tensor {
  const lengths = stringsOf(input).map((bytes) => {
    if (unit === 'BYTE') return bytes.length;
    let count = 0;
    for (const byte of bytes) if (!continues(byte)) count++;
    return count;
  });
  return new Tensor('int32', input.shape, Int32Array.from(lengths));
}

/** `StringJoin`: scalars are repeated, all others have one shape. */
export function stringJoin(inputs: readonly Tensor[], separator: Uint8Array): Tensor {
  const shaped = inputs.find((input) => input.rank > 0);
  const shape = shaped?.shape ?? [];
  for (const input of inputs) {
    if (input.rank > 0 && input.shape.join() !== shape.join()) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Input shapes do not match: [${shape.join(',')}] vs. [${input.shape.join(',')}]`,
      );
    }
  }
  const parts = inputs.map(stringsOf);
  const joined = Array.from({ length: sizeOf(shape) }, (_, i) =>
    joinBytes(
      parts.map((part, k) => part[inputs[k]?.rank === 0 ? 0 : i] ?? NO_BYTES),
      separator,
    ),
  );
  return new Tensor('string', shape, joined);
}

/**
 * `Substr` (tensorflow/core/kernels/substr_op.cc); positions may be negative, and lengths reach over the end.
 *
 * @throws SavedModelError INVALID_ARGUMENT when a position is outside of its string
 */
export function substr(input: Tensor, pos: Tensor, len: Tensor, unit: 'BYTE' | 'UTF8_CHAR'): Tensor {
  if (pos.shape.join() !== len.shape.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `pos and len should have the same shape, got: [${pos.shape.join(',')}] vs. [${len.shape.join(',')}]`,
    );
  }
  if (pos.size === 0) throw invalidRequest('EMPTY_POSITIONS', 'received empty tensor pos_tensor');
  const shape = broadcast(input.shape, pos.shape);
  const strings = stringsOf(input);
  const positions = integersOf(pos);
  const lengths = integersOf(len);
  const from = broadcastOffsets(input.shape, shape);
  const at = broadcastOffsets(pos.shape, shape);
  const cut = Array.from({ length: sizeOf(shape) }, (_, i) => {
    const bytes = strings[from?.[i] ?? i] ?? NO_BYTES;
    const position = positions[at?.[i] ?? i] ?? 0;
    const length = lengths[at?.[i] ?? i] ?? 0;
    const range = unit === 'BYTE' ? byteRange(bytes, position, length) : characterRange(bytes, position, length);
    if (range === undefined) {
      const of = unit === 'BYTE' ? `string b'${byteKey(bytes.subarray(0, 64))}'` : 'string';
      throw invalidRequest('POSITION_OUT_OF_RANGE', `pos ${position} out of range for ${of} at index ${i}`);
    }
    return bytes.subarray(range[0], range[1]);
  });
  return new Tensor('string', shape, cut);
}

type Range = readonly [start: number, end: number] | undefined;

function byteRange(bytes: Uint8Array, position: number, length: number): Range {
  const start = position < 0 ? bytes.length + position : position;
  if (start < 0 || start > bytes.length) return undefined;
  // A negative length is a huge unsigned one upstream: all that is left.
  return [start, length < 0 ? bytes.length : Math.min(bytes.length, start + length)];
}

function characterRange(bytes: Uint8Array, position: number, length: number): Range {
  if (position >= 0) {
    const start = forward(bytes, 0, position);
    return start === undefined ? undefined : [start, forward(bytes, start, length) ?? bytes.length];
  }
  const skipped = Math.max(0, -position - length);
  const end = backward(bytes, bytes.length, skipped);
  const start = end === undefined ? undefined : backward(bytes, end, -position - skipped);
  return start === undefined ? undefined : [start, end ?? start];
}

/** The position `count` characters behind `at`; undefined when the string ends before. */
function forward(bytes: Uint8Array, at: number, count: number): number | undefined {
  let pos = at;
  for (let i = 0; i < count; i++) {
    if (pos >= bytes.length) return undefined;
    do pos++;
    while (continues(bytes[pos]));
  }
  return pos;
}

function backward(bytes: Uint8Array, at: number, count: number): number | undefined {
  let pos = at;
  let left = count;
  while (left > 0 && pos > 0) {
    pos--;
    if (!continues(bytes[pos])) left--;
  }
  return left === 0 ? pos : undefined;
}
