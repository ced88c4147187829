import { Tensor } from '@servable/tensor';
import { boundedBytes, boundedStrings, joinBytes, stringsOf } from '../byte-strings.js';
import { checkedSize, integersOf, invalidRequest } from '../elements.js';
import { longs, rowSplitsOf, stringVector } from './token-lists.js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';

/**
 * `NgramsStringJoin`: every `width` neighbours of a row as one string.
 *
 * @param splits - of the rows, the innermost last; without any the rows are those of the last dimension
 */
export function joinNgrams(values: Tensor, splits: readonly Tensor[], width: number, separator: Uint8Array): Tensor[] {
  const strings = stringsOf(values);
  const innermost = splits.at(-1);
  const last = values.shape.at(-1) ?? 0;
  const rows =
    innermost === undefined
      ? Array.from({ length: last === 0 ? 1 : strings.length / last + 1 }, (_, i) => i * last)
      : rowSplitsOf(innermost, strings.length);
  const joined: Uint8Array[] = [];
  const ends = [0];
  let total = 0;
  for (let row = 0; row + 1 < rows.length; row++) {
    for (let at = rows[row]! + width; at <= rows[row + 1]!; at++) {
      const ngram = joinBytes(strings.slice(at - width, at), separator);
      total = boundedBytes(total + ngram.length);
      joined.push(ngram);
    }
    ends.push(boundedStrings(joined.length));
  }
  if (innermost !== undefined) return [stringVector(joined), ...splits.slice(0, -1), longs(ends)];
  return [new Tensor('string', [...values.shape.slice(0, -1), Math.max(0, last - width + 1)], joined)];
}

/** `Utf8Binarize`: the lowest bits of the first characters of every string, the lowest first. */
export function binarizeUtf8(input: Tensor, length: number, bits: number, replacement: number): Tensor {
  const strings = stringsOf(input);
  const shape = [strings.length, length * bits];
  const data = new Float32Array(checkedSize(shape));
  strings.forEach((text, row) => {
    let to = row * length * bits;
    for (let at = 0, count = 0; at < text.length && count < length; count++) {
      const character = utf8At(text, at, text.length);
      at += sizeOfPoint(character);
      let point = pointOf(character);
      if (point < 0) point = replacement;
      for (let bit = 0; bit < bits; bit++) data[to++] = bit < 32 ? (point >> bit) & 1 : point < 0 ? 1 : 0;
    }
  });
  return new Tensor('float32', shape, data);
}

/** `ByteSplitWithOffsets`: the bytes of all strings, row splits, and where each byte begins and ends. */
export function splitBytes(input: Tensor): readonly Tensor[] {
  const strings = stringsOf(input);
  const bytes = joinBytes(strings);
  const starts = new Int32Array(bytes.length);
  const splits = [0];
  for (const text of strings) {
    const from = splits.at(-1)!;
    for (let i = 0; i < text.length; i++) starts[from + i] = i;
    splits.push(from + text.length);
  }
  return [
    new Tensor('uint8', [bytes.length], bytes),
    longs(splits),
    new Tensor('int32', [bytes.length], starts),
    new Tensor(
      'int32',
      [bytes.length],
      starts.map((start) => start + 1),
    ),
  ];
}

/** `ByteSplitByOffsets`: parts of every string. */
export function splitByOffsets(input: Tensor, starts: Tensor, ends: Tensor, splits: Tensor): readonly Tensor[] {
  const strings = stringsOf(input);
  const [from, to] = [integersOf(starts), integersOf(ends)];
  const rows = rowSplitsOf(splits, from.length);
  if (rows.length !== strings.length + 1 || from.length !== to.length) {
    throw invalidRequest(
      'BAD_SPLITS',
      `expected as many ends as starts for each of ${strings.length} strings, got ${rows.length - 1} rows, ` +
        `${from.length} starts and ${to.length} ends`,
    );
  }
  const parts: Uint8Array[] = [];
  strings.forEach((text, row) => {
    for (let i = rows[row]!; i < rows[row + 1]!; i++) {
      const [start, end] = [from[i]!, to[i]!];
      if (start < 0 || start > text.length) throw invalidRequest('BAD_OFFSETS', 'Start offsets out of range.');
      if (end < 0 || end > text.length) throw invalidRequest('BAD_OFFSETS', 'End offsets out of range.');
      if (start > end) throw invalidRequest('BAD_OFFSETS', 'Start offset after end offset.');
      parts.push(text.subarray(start, end));
    }
  });
  return [stringVector(parts), longs(rows)];
}
