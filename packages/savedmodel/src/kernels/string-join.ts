import { Tensor } from '@servable/tensor';
import { boundedBytes, boundedStrings, indices, joinBytes, stringsOf } from './byte-strings.js';
import { axisOf, integerOf, integersOf, invalidRequest, sizeOf } from './elements.js';
import { transpose } from './transpose.js';

/**
 * `ReduceJoin`: joins along the given axes, the first of them moving fastest; without axes nothing is joined.
 *
 * @throws SavedModelError INVALID_ARGUMENT for axes out of range or given twice
 */
export function reduceJoin(input: Tensor, axes: Tensor, keepDims: boolean, separator: Uint8Array): Tensor {
  const reduced = integersOf(axes).map((axis) => axisOf(axis, input.rank));
  if (new Set(reduced).size !== reduced.length) {
    throw invalidRequest('DUPLICATE_AXIS', `Duplicate reduction dimension in [${integersOf(axes).join(', ')}]`);
  }
  const kept = input.shape.map((_, i) => i).filter((axis) => !reduced.includes(axis));
  const moved = stringsOf(transpose(input, [...kept, ...reduced.toReversed()]));
  const width = sizeOf(reduced.map((axis) => input.shape[axis] ?? 1));
  const count = sizeOf(kept.map((axis) => input.shape[axis] ?? 1));
  const shape = keepDims
    ? input.shape.map((dim, i) => (reduced.includes(i) ? 1 : dim))
    : kept.map((axis) => input.shape[axis] ?? 1);
  let total = 0;
  const joined = Array.from({ length: count }, (_, i) => {
    const bytes = joinBytes(moved.slice(i * width, (i + 1) * width), separator);
    total = boundedBytes(total + bytes.length);
    return bytes;
  });
  return new Tensor('string', shape, joined);
}

/** `UnsortedSegmentJoin`: joins the strings of each segment; negative ids are left out. */
export function segmentJoin(input: Tensor, ids: Tensor, count: Tensor, separator: Uint8Array): Tensor {
  const segments = integerOf(count);
  if (segments < 0)
    throw invalidRequest('NEGATIVE_SEGMENTS', `Number of segments must be non-negative, got ${segments}`);
  if (ids.rank === 0 || ids.shape.some((dim, i) => dim !== input.shape[i])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `the shape of segment_ids, [${ids.shape.join(',')}], is not the start of the inputs' shape [${input.shape.join(',')}]`,
    );
  }
  const rest = input.shape.slice(ids.rank);
  const inner = sizeOf(rest);
  const shape = [segments, ...rest];
  const groups = Array.from({ length: boundedStrings(sizeOf(shape)) }, (): Uint8Array[] => []);
  const strings = stringsOf(input);
  integersOf(ids).forEach((id, i) => {
    if (id >= segments) {
      throw invalidRequest('SEGMENT_OUT_OF_RANGE', `segment_ids[${i}] = ${id} is out of range [0, ${segments})`);
    }
    for (let k = 0; id >= 0 && k < inner; k++) {
      const bytes = strings[i * inner + k];
      if (bytes !== undefined) groups[id * inner + k]?.push(bytes);
    }
  });
  return new Tensor(
    'string',
    shape,
    groups.map((group) => joinBytes(group, separator)),
  );
}

/** Attributes of `StringNGrams`. */
export interface NGramOptions {
  readonly separator: Uint8Array;
  readonly widths: readonly number[];
  readonly leftPad: Uint8Array;
  readonly rightPad: Uint8Array;
  /** Below 0: one less than the width. */
  readonly padWidth: number;
  /** Whether a row too short for any width gives one n-gram of all it has. */
  readonly preserveShort: boolean;
}

/** `StringNGrams` over ragged rows (tensorflow/core/kernels/string_ngrams_op.cc). */
export function stringNGrams(data: Tensor, splits: Tensor, options: NGramOptions): readonly [Tensor, Tensor] {
  const { widths, padWidth } = options;
  if (widths.some((width) => width <= 0)) {
    throw invalidRequest('BAD_NGRAM_WIDTH', 'ngram_widths must contain positive values');
  }
  const tokens = stringsOf(data);
  const rows = checkedSplits(splits, tokens.length);
  if (tokens.length === 0 || rows.length === 0) {
    return [
      new Tensor('string', data.shape, [...tokens]),
      indices(
        splits.dtype,
        rows.map(() => 0),
        splits.shape,
      ),
    ];
  }
  const grams: Uint8Array[] = [];
  const ends = [0];
  let total = 0;
  const add = (row: readonly Uint8Array[], width: number, pad: number) => {
    const count = Math.max(0, row.length + 2 * pad - width + 1);
    boundedStrings(grams.length + count);
    for (let i = 0; i < count; i++) {
      const left = Math.max(0, pad - i);
      const right = Math.max(0, pad - (count - (i + 1)));
      const start = left > 0 ? 0 : i - pad;
      const parts = [
        ...Array.from({ length: left }, () => options.leftPad),
        ...row.slice(start, start + width - left - right),
        ...Array.from({ length: right }, () => options.rightPad),
      ];
      const gram = joinBytes(parts, options.separator);
      total = boundedBytes(total + gram.length);
      grams.push(gram);
    }
  };
  for (let i = 0; i + 1 < rows.length; i++) {
    const row = tokens.slice(rows[i], rows[i + 1]);
    const before = grams.length;
    for (const width of widths) add(row, width, Math.min(padWidth < 0 ? width - 1 : padWidth, width - 1));
    if (options.preserveShort && grams.length === before && row.length > 0) {
      if (padWidth < 0) {
        throw invalidRequest(
          'BAD_PAD_WIDTH',
          `Pad width should be >= 0 when preserve_short_sequences is True and ngram_widths are not provided, got ${padWidth}`,
        );
      }
      add(row, row.length + 2 * padWidth, padWidth);
    }
    ends.push(grams.length);
  }
  return [new Tensor('string', [grams.length], grams), indices(splits.dtype, ends)];
}

function checkedSplits(splits: Tensor, size: number): readonly number[] {
  const rows = integersOf(splits);
  const [first] = rows;
  if (first === undefined) return rows;
  if (first !== 0) throw invalidRequest('BAD_SPLITS', `First split value must be 0, got ${first}`);
  rows.forEach((split, i) => {
    const previous = rows[i - 1] ?? 0;
    if (split < previous || split > size) {
      throw invalidRequest('BAD_SPLITS', `Invalid split value ${split}, must be in [${previous}, ${size}]`);
    }
  });
  if (rows.at(-1) !== size) {
    throw invalidRequest('BAD_SPLITS', `Last split value must be data size. Expected ${size}, got ${rows.at(-1)}`);
  }
  return rows;
}
