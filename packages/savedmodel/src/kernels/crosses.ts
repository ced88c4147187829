import { Tensor } from '@servable/tensor';
import { boundedBytes, boundedList, indices as integerVector, int64s, joinBytes, utf8 } from './byte-strings.js';
import { integersOf, invalidRequest } from './elements.js';
import { concatFingerprints, fingerprint64, sipHash } from './hash-string.js';
import { rowSplits } from './ragged.js';

/** One of the columns that are crossed: the features of each row. */
export interface CrossColumn {
  /** The features of all rows, row after row; strings or int64. */
  readonly values: Tensor;
  /** Where the features of each row start, and after the last row where they end. */
  readonly rows: readonly number[];
  readonly dense: boolean;
}

/** How the features of a combination are hashed. */
export type FeatureHash = (column: CrossColumn, index: number) => bigint;

const MASK = (1n << 64n) - 1n;
const MOST_INT64 = 2n ** 63n - 1n;

export function denseColumn(values: Tensor): CrossColumn {
  if (values.rank !== 2)
    throw invalidRequest('BAD_RANK', `Dense inputs should be a matrix but received shape [${values.shape.join(',')}]`);
  const [rows, width] = values.shape as [number, number];
  return { values, rows: Array.from({ length: rows + 1 }, (_, i) => i * width), dense: true };
}

export function sparseColumn(indices: Tensor, values: Tensor, rows: number): CrossColumn {
  if (indices.rank !== 2 || indices.shape[1] !== 2 || indices.shape[0] !== values.size) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Input indices should be a matrix of ${values.size} rows of 2 but received shape [${indices.shape.join(',')}]`,
    );
  }
  const at = integersOf(indices);
  const counts = new Array<number>(boundedList(rows) + 1).fill(0);
  let last = 0;
  for (let i = 0; i < values.size; i++) {
    const row = at[i * 2]!;
    if (row < last || row >= rows) {
      throw invalidRequest('INDEX_OUT_OF_RANGE', `Row ${row} of sparse input ${i} is not in [${last}, ${rows})`);
    }
    last = row;
    counts[row + 1]!++;
  }
  for (let i = 1; i < counts.length; i++) counts[i]! += counts[i - 1]!;
  return { values, rows: counts, dense: false };
}

export function raggedColumn(values: Tensor, splits: Tensor): CrossColumn {
  return { values, rows: rowSplits(splits, values.size), dense: false };
}

/** Calls back for all combinations of one feature of each column, row by row; the last column moves fastest. */
function combine(columns: readonly CrossColumn[], visit: (features: readonly number[]) => void): number[] {
  const [first] = columns;
  const rows = (first?.rows.length ?? 1) - 1;
  if (columns.some((column) => column.rows.length - 1 !== rows)) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', 'Expected columns of as many rows each to be crossed');
  }
  const ends = [0];
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const sizes = columns.map((column) => column.rows[row + 1]! - column.rows[row]!);
    const count = sizes.reduce((a, b) => a * b, 1);
    boundedList((total += count));
    const chosen = sizes.map(() => 0);
    for (let i = 0; i < count; i++) {
      visit(chosen.map((feature, c) => columns[c]!.rows[row]! + feature));
      for (let c = sizes.length - 1; c >= 0; c--) {
        if (++chosen[c]! < sizes[c]!) break;
        chosen[c] = 0;
      }
    }
    ends.push(total);
  }
  return ends;
}

/** The crosses as strings, joined by a separator. */
export function crossStrings(columns: readonly CrossColumn[], separator: Uint8Array) {
  const crosses: Uint8Array[] = [];
  let bytes = 0;
  const ends = combine(columns, (features) => {
    const joined = joinBytes(
      features.map((at, c) => text(columns[c]!.values, at)),
      separator,
    );
    bytes = boundedBytes(bytes + joined.length);
    crosses.push(joined);
  });
  return { ends, values: new Tensor('string', [crosses.length], crosses) };
}

function text(values: Tensor, at: number): Uint8Array {
  return values.is('string') ? values.data[at]! : utf8(String(values.data[at]));
}

/**
 * The crosses as hashes.
 *
 * @param start - the hash that all features are added to; undefined to start with the first feature's
 */
export function crossHashes(
  columns: readonly CrossColumn[],
  buckets: bigint,
  hash: FeatureHash,
  start: bigint | undefined,
) {
  const crosses: bigint[] = [];
  const ends = combine(columns, (features) => {
    let hashed = start;
    features.forEach((at, c) => {
      const own = hash(columns[c]!, at);
      hashed = hashed === undefined ? own : concatFingerprints(hashed, own);
    });
    crosses.push((hashed ?? 0n) % (buckets > 0n ? buckets : MOST_INT64));
  });
  return { ends, values: new Tensor('int64', [crosses.length], BigInt64Array.from(crosses)) };
}

/** Strings by their fingerprint, integers as they are. */
export const plainHash: FeatureHash = ({ values }, at) =>
  values.is('string') ? fingerprint64(values.data[at]!) : (values.data[at] as bigint) & MASK;

/**
 * The hash of `SparseCrossHashed`. Of integers upstream hashes the low four bytes only (`sizeof(values_.dtype())` in
 * tensorflow/core/kernels/sparse_cross_op.cc), and those of dense columns it leaves as they are unless the hash is strong.
 */
export function keyedHash(strong: boolean, key: readonly [bigint, bigint]): FeatureHash {
  return (column, at) => {
    const { values } = column;
    if (!values.is('string') && column.dense && !strong) return plainHash(column, at);
    const bytes = values.is('string') ? values.data[at]! : lowBytes(values.data[at] as bigint);
    return strong ? sipHash(bytes, key) : fingerprint64(bytes);
  };
}

function lowBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Number(value & 0xffffffffn), true);
  return bytes;
}

/** Crosses as the parts of a sparse matrix. */
export function crossesAsSparse({ ends, values }: { readonly ends: readonly number[]; readonly values: Tensor }) {
  const positions: number[] = [];
  let widest = 0;
  for (let row = 0; row + 1 < ends.length; row++) {
    const count = ends[row + 1]! - ends[row]!;
    widest = Math.max(widest, count);
    for (let i = 0; i < count; i++) positions.push(row, i);
  }
  return [int64s(positions, [values.size, 2]), values, int64s([ends.length - 1, widest])] as const;
}

/** Crosses as the parts of a ragged tensor. */
export function crossesAsRagged(
  { ends, values }: { readonly ends: readonly number[]; readonly values: Tensor },
  splitsDtype: Tensor['dtype'],
) {
  return [values, integerVector(splitsDtype, ends)] as const;
}
