import { Tensor } from '@servable/tensor';
import { boundedBytes, boundedList, indices, int64s, mapStrings, stringsOf } from './byte-strings.js';
import { integersOf, invalidRequest } from './elements.js';
import type { Decoder } from './unicode-decode.js';
import type { DType } from '@servable/tensor';

/** What to do with malformed text. */
export interface UnicodeErrors {
  readonly policy: 'strict' | 'replace' | 'ignore';
  readonly replacement: number;
  /** Whether U+0000 to U+001F count as malformed. */
  readonly controls: boolean;
}

export type OutputEncoding = 'UTF-8' | 'UTF-16-BE' | 'UTF-32-BE';

const malformedText = () => invalidRequest('MALFORMED_TEXT', 'Invalid formatting on input string');

/** `UnicodeDecodeWithOffsets`: row splits, code points, and the byte at which each starts. */
export function unicodeDecode(
  input: Tensor,
  decode: Decoder,
  errors: UnicodeErrors,
  splitsDtype: DType,
): readonly [splits: Tensor, points: Tensor, offsets: Tensor] {
  const points: number[] = [];
  const offsets: number[] = [];
  const splits = [0];
  for (const bytes of stringsOf(input)) {
    let at = 0;
    decode(bytes, (point, size, malformed) => {
      const start = at;
      at += size;
      const bad = malformed || (errors.controls && point <= 0x1f);
      if (malformed && errors.policy === 'strict') throw malformedText();
      if (bad && errors.policy === 'ignore') return;
      points.push(bad ? errors.replacement : point);
      offsets.push(start);
      boundedList(points.length);
    });
    splits.push(points.length);
  }
  return [indices(splitsDtype, splits), new Tensor('int32', [points.length], Int32Array.from(points)), int64s(offsets)];
}

/** `UnicodeTranscode`. */
export function unicodeTranscode(
  input: Tensor,
  decode: Decoder,
  errors: UnicodeErrors,
  encoding: OutputEncoding,
): Tensor<'string'> {
  let total = 0;
  return mapStrings(input, (bytes) => {
    const points: number[] = [];
    decode(bytes, (point, _size, malformed) => {
      const bad = malformed || (errors.controls && point <= 0x1f);
      if (bad && errors.policy === 'strict') throw malformedText();
      if (bad && errors.policy === 'ignore') return;
      points.push(bad ? errors.replacement : point);
    });
    const encoded = encode(points, encoding);
    total = boundedBytes(total + encoded.length);
    return encoded;
  });
}

/** `UnicodeEncode`: code points in ragged rows to strings. */
export function unicodeEncode(
  values: Tensor,
  splits: Tensor,
  errors: Pick<UnicodeErrors, 'policy' | 'replacement'>,
  encoding: OutputEncoding,
): Tensor<'string'> {
  const points = integersOf(values);
  const rows = integersOf(splits);
  if (rows.length === 0) {
    throw invalidRequest(
      'BAD_SPLITS',
      `Input_splits should contain elements, but given input_values has ${points.length} elements`,
    );
  }
  if (rows[0] !== 0) throw invalidRequest('BAD_SPLITS', 'First value in input_splits must be zero.');
  if (rows.at(-1) !== points.length) {
    throw invalidRequest('BAD_SPLITS', 'Last value in input_splits must be equal to length of input_tensor.');
  }
  const strings = rows.slice(1).map((end, i) => {
    const start = rows[i] ?? 0;
    if (end < start) throw invalidRequest('BAD_SPLITS', 'Values in input_splits must be equal or in ascending order.');
    const row: number[] = [];
    for (const point of points.slice(start, end)) {
      if (point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) row.push(point);
      else if (errors.policy === 'replace') row.push(errors.replacement);
      else if (errors.policy === 'strict') {
        throw invalidRequest('BAD_CODE_POINT', 'Code point is out of range for Unicode, or is a surrogate.');
      }
    }
    return encode(row, encoding);
  });
  return new Tensor('string', [strings.length], strings);
}

function encode(points: readonly number[], encoding: OutputEncoding): Uint8Array {
  if (encoding === 'UTF-32-BE') {
    const bytes = new Uint8Array(points.length * 4);
    const view = new DataView(bytes.buffer);
    points.forEach((point, i) => view.setUint32(i * 4, point));
    return bytes;
  }
  const bytes: number[] = [];
  for (const point of points) {
    if (encoding === 'UTF-16-BE') pushUtf16(bytes, point);
    else pushUtf8(bytes, point);
  }
  return Uint8Array.from(bytes);
}

function pushUtf16(bytes: number[], point: number): void {
  if (point < 0x10000) bytes.push(point >> 8, point & 0xff);
  else {
    const [high, low] = [0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff)];
    bytes.push(high >> 8, high & 0xff, low >> 8, low & 0xff);
  }
}

function pushUtf8(bytes: number[], point: number): void {
  if (point < 0x80) bytes.push(point);
  else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
  else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  else {
    bytes.push(
      0xf0 | (point >> 18),
      0x80 | ((point >> 12) & 0x3f),
      0x80 | ((point >> 6) & 0x3f),
      0x80 | (point & 0x3f),
    );
  }
}
