import { Tensor } from '@servable/tensor';
import { boundedStrings, indexOfBytes, int64s, isSpace, stringsOf } from './byte-strings.js';
import { invalidRequest } from './elements.js';

/** Indices, values and dense shape of a sparse matrix of strings. */
export type SparseStrings = readonly [indices: Tensor, values: Tensor, shape: Tensor];

/**
 * `StringSplitV2`: like Python's `str.split` (`SplitV2` in tensorflow/core/kernels/string_split_op.cc).
 *
 * @param maxSplit - the most cuts per string; below 0 means all
 */
export function splitStrings(input: Tensor, separator: Tensor, maxSplit: number): SparseStrings {
  if (separator.rank !== 0) {
    throw invalidRequest('NOT_A_SCALAR', `sep must be a scalar, got shape: [${separator.shape.join(',')}]`);
  }
  const [sep = new Uint8Array()] = stringsOf(separator);
  let total = 0;
  const cut = sep.length === 0 ? splitBlanks : (bytes: Uint8Array, max: number) => splitAt(bytes, sep, max);
  return sparseRows(
    input,
    stringsOf(input).map((bytes) => {
      const parts = maxSplit === 0 ? [bytes] : cut(bytes, maxSplit);
      total = boundedStrings(total + parts.length);
      return parts;
    }),
  );
}

/** `StringSplit`: cuts at every one of the delimiter's bytes, between all bytes when it is empty. */
export function splitStringsByAny(input: Tensor, delimiter: Tensor, skipEmpty: boolean): SparseStrings {
  if (delimiter.rank > 1 || delimiter.size !== 1) {
    throw invalidRequest('NOT_A_SCALAR', `delimiter must be a scalar, got shape: [${delimiter.shape.join(',')}]`);
  }
  const delimiters = new Set(stringsOf(delimiter)[0]);
  let total = 0;
  return sparseRows(
    input,
    stringsOf(input).map((bytes) => {
      if (delimiters.size === 0) {
        total = boundedStrings(total + bytes.length);
        return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
      }
      const parts: Uint8Array[] = [];
      let start = 0;
      for (let i = 0; i <= bytes.length; i++) {
        if (i < bytes.length && !delimiters.has(bytes[i] ?? 0)) continue;
        if (!skipEmpty || i > start) parts.push(bytes.subarray(start, i));
        boundedStrings(total + parts.length);
        start = i + 1;
      }
      total += parts.length;
      return parts;
    }),
  );
}

function splitAt(bytes: Uint8Array, separator: Uint8Array, max: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = indexOfBytes(bytes, separator, 0); at >= 0; at = indexOfBytes(bytes, separator, start)) {
    parts.push(bytes.subarray(start, at));
    boundedStrings(parts.length);
    start = at + separator.length;
    if (max > 0 && parts.length === max) break;
    if (start > bytes.length - separator.length) break;
  }
  parts.push(bytes.subarray(start));
  return parts;
}

function splitBlanks(bytes: Uint8Array, max: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    while (at < bytes.length && isSpace(bytes[at])) at++;
    if (max > 0 && parts.length === max) {
      parts.push(bytes.subarray(at));
      return parts;
    }
    const start = at;
    while (at < bytes.length && !isSpace(bytes[at])) at++;
    if (at === start) return parts;
    parts.push(bytes.subarray(start, at));
    boundedStrings(parts.length);
  }
}

function sparseRows(input: Tensor, rows: readonly (readonly Uint8Array[])[]): SparseStrings {
  if (input.rank !== 1) {
    throw invalidRequest('NOT_A_VECTOR', `input must be a vector, got shape: [${input.shape.join(',')}]`);
  }
  let count = 0;
  let longest = 0;
  for (const row of rows) {
    count += row.length;
    longest = Math.max(longest, row.length);
  }
  const positions = new BigInt64Array(count * 2);
  const values: Uint8Array[] = [];
  rows.forEach((row, i) => {
    row.forEach((part, k) => {
      positions[values.length * 2] = BigInt(i);
      positions[values.length * 2 + 1] = BigInt(k);
      values.push(part);
    });
  });
  return [
    new Tensor('int64', [count, 2], positions),
    new Tensor('string', [count], values),
    int64s([rows.length, longest]),
  ];
}
