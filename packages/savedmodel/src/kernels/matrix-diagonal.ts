import { dtypeInfo, type Tensor } from '@servable/tensor';
import {
  allocate,
  checkedSize,
  integersOf,
  invalidRequest,
  sizeOf,
  take,
  tensorOf,
  type Elements,
} from './elements.js';

/** Where shorter diagonals stand in their padded rows: superdiagonals first, subdiagonals second. */
export type DiagonalAlignment = 'LEFT_LEFT' | 'LEFT_RIGHT' | 'RIGHT_LEFT' | 'RIGHT_RIGHT';

interface Band {
  readonly lower: number;
  readonly upper: number;
}

/** The range of diagonals that `k` names: one, or the first and last. */
function bandOf(k: Tensor | undefined): Band {
  const [lower = 0, upper = lower] = integersOf(k);
  if (lower > upper)
    throw invalidRequest('BAD_DIAGONALS', `lower_diag_index must not be above upper_diag_index: ${lower} > ${upper}`);
  return { lower, upper };
}

const lengthOf = (d: number, rows: number, columns: number) =>
  Math.min(rows + Math.min(d, 0), columns - Math.max(d, 0));

/** Calls `visit` with the place of every element of the band in a matrix and in the packed diagonals. */
function eachInBand(
  { lower, upper }: Band,
  rows: number,
  columns: number,
  width: number,
  align: DiagonalAlignment,
  visit: (row: number, column: number, packed: number) => void,
): void {
  const [above, below] = align.split('_');
  for (let d = upper; d >= lower; d--) {
    const length = lengthOf(d, rows, columns);
    const left = (d >= 0 && above === 'LEFT') || (d <= 0 && below === 'LEFT');
    const start = (upper - d) * width + (left ? 0 : width - length);
    for (let i = 0; i < length; i++) visit(i - Math.min(d, 0), i + Math.max(d, 0), start + i);
  }
}

function checkBand({ lower, upper }: Band, rows: number, columns: number): void {
  for (const d of [lower, upper]) {
    if (d !== 0 && !(d > -rows && d < columns)) {
      throw invalidRequest('BAD_DIAGONALS', `diag index ${d} is out of bounds for a matrix of ${rows} x ${columns}`);
    }
  }
}

/** Offsets into packed diagonals for every element of a stack of matrices; -1 outside of the band. */
function packedOffsets(
  batch: number,
  rows: number,
  columns: number,
  band: Band,
  width: number,
  align: DiagonalAlignment,
): Int32Array {
  const size = rows * columns;
  const depth = (band.upper - band.lower + 1) * width;
  const from = new Int32Array(checkedSize([batch, rows, columns])).fill(-1);
  eachInBand(band, rows, columns, width, align, (row, column, packed) => {
    for (let b = 0; b < batch; b++) from[b * size + row * columns + column] = b * depth + packed;
  });
  return from;
}

/** Matrices with the given diagonals (tensorflow/core/kernels/linalg/matrix_diag_op.cc). */
export function matrixDiagonal(
  diagonal: Tensor,
  options: {
    readonly k?: Tensor | undefined;
    readonly rows?: number | undefined;
    readonly columns?: number | undefined;
    readonly fill?: Tensor | undefined;
    readonly align: DiagonalAlignment;
  },
): Tensor {
  const band = bandOf(options.k);
  const single = band.lower === band.upper;
  if (diagonal.rank < (single ? 1 : 2)) {
    throw invalidRequest(
      'BAD_RANK',
      `diagonal must be at least ${single ? 1 : 2}-dim, received shape: [${diagonal.shape.join(', ')}]`,
    );
  }
  const width = diagonal.shape.at(-1)!;
  if (!single && diagonal.shape.at(-2) !== band.upper - band.lower + 1) {
    throw invalidRequest(
      'BAD_DIAGONALS',
      `expected ${band.upper - band.lower + 1} diagonals, got shape [${diagonal.shape.join(', ')}]`,
    );
  }
  const lead = diagonal.shape.slice(0, single ? -1 : -2);
  const leastRows = width - Math.min(band.upper, 0);
  const leastColumns = width + Math.max(band.lower, 0);
  let { rows = -1, columns = -1 } = options;
  if (rows < 0 && columns < 0) rows = columns = Math.max(leastRows, leastColumns);
  else if (rows < 0) rows = leastRows;
  else if (columns < 0) columns = leastColumns;
  if (rows < leastRows || columns < leastColumns || (rows !== leastRows && columns !== leastColumns)) {
    throw invalidRequest('BAD_SIZE', `a matrix of ${rows} x ${columns} does not fit diagonals of ${width}`);
  }
  const from = packedOffsets(sizeOf(lead), rows, columns, band, width, options.align);
  return take(diagonal, from, [...lead, rows, columns], options.fill);
}

/** The diagonals of matrices, padded to the longest. */
export function matrixDiagonalPart(
  x: Tensor,
  options: { readonly k?: Tensor | undefined; readonly fill?: Tensor | undefined; readonly align: DiagonalAlignment },
): Tensor {
  const band = bandOf(options.k);
  const { lead, rows, columns } = matrices(x);
  checkBand(band, rows, columns);
  const width = Math.min(rows + Math.min(band.upper, 0), columns - Math.max(band.lower, 0));
  const depth = band.upper - band.lower + 1;
  const shape = depth === 1 ? [...lead, width] : [...lead, depth, width];
  const from = new Int32Array(checkedSize(shape)).fill(-1);
  eachInBand(band, rows, columns, width, options.align, (row, column, packed) => {
    for (let b = 0; b < sizeOf(lead); b++)
      from[b * depth * width + packed] = b * rows * columns + row * columns + column;
  });
  return take(x, from, shape, options.fill);
}

/** Copies of matrices with other diagonals. */
export function matrixSetDiagonal(
  x: Tensor,
  diagonal: Tensor,
  k: Tensor | undefined,
  align: DiagonalAlignment,
): Tensor {
  const band = bandOf(k);
  const { lead, rows, columns } = matrices(x);
  checkBand(band, rows, columns);
  const width = Math.min(rows + Math.min(band.upper, 0), columns - Math.max(band.lower, 0));
  const depth = band.upper - band.lower + 1;
  const expected = depth === 1 ? [...lead, width] : [...lead, depth, width];
  if (expected.join() !== diagonal.shape.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected diagonals of shape [${expected.join(', ')}], got [${diagonal.shape.join(', ')}]`,
    );
  }
  const from = packedOffsets(sizeOf(lead), rows, columns, band, width, align);
  const { lanes } = dtypeInfo(x.dtype);
  const data = allocate(x.dtype, x.shape);
  const [own, given] = [x.data, diagonal.data] as unknown as [Elements<never>, Elements<never>];
  for (let i = 0; i < from.length; i++) {
    const [source, at] = from[i]! < 0 ? [own, i] : [given, from[i]!];
    for (let lane = 0; lane < lanes; lane++) data[i * lanes + lane] = source[at * lanes + lane]!;
  }
  return tensorOf(x.dtype, x.shape, data);
}

/** A tensor of twice the rank, with the elements of `x` where the first half of an index equals the second. */
export function diagonalTensor(x: Tensor): Tensor {
  const from = new Int32Array(checkedSize([x.size, x.size])).fill(-1);
  for (let i = 0; i < x.size; i++) from[i * x.size + i] = i;
  return take(x, from, [...x.shape, ...x.shape]);
}

/** The elements of `x` where the first half of an index equals the second. */
export function diagonalPart(x: Tensor): Tensor {
  const half = x.rank / 2;
  const shape = x.shape.slice(0, half);
  if (!Number.isInteger(half) || shape.some((dim, i) => dim !== x.shape[i + half])) {
    throw invalidRequest('BAD_SHAPE', `expected a shape of two equal halves, got [${x.shape.join(', ')}]`);
  }
  const size = sizeOf(shape);
  return take(
    x,
    Int32Array.from({ length: size }, (_, i) => i * size + i),
    shape,
  );
}

export function matrices(x: Tensor): {
  readonly lead: readonly number[];
  readonly rows: number;
  readonly columns: number;
} {
  if (x.rank < 2)
    throw invalidRequest('BAD_RANK', `Input matrix must be at least 2-dim, received shape: [${x.shape.join(', ')}]`);
  return { lead: x.shape.slice(0, -2), rows: x.shape.at(-2)!, columns: x.shape.at(-1)! };
}
