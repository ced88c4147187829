import { Tensor, type DType } from '@servable/tensor';
import { boundedList, int64s } from './byte-strings.js';
import {
  checkedSize,
  doublesOf,
  fromDoubles,
  integersOf,
  invalidRequest,
  isComplex,
  sizeOf,
  tensorOf,
} from './elements.js';
import { packTensor, packVariant, unpackTensor, unpackVariant } from './variant.js';

/** One matrix: the entries of row `i` stand from `rows[i]` to `rows[i + 1]`. */
export interface CsrRows {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly re: Float64Array;
  /** Undefined for real numbers. */
  readonly im: Float64Array | undefined;
}

/** A matrix, or a batch of matrices of one shape (tensorflow/core/kernels/sparse/sparse_matrix.h). */
export interface CsrMatrix {
  readonly dtype: DType;
  /** Of rank 2, or 3 for a batch. */
  readonly shape: readonly number[];
  readonly parts: readonly CsrRows[];
}

export const rowsOf = ({ shape }: CsrMatrix): number => shape[shape.length - 2]!;
export const columnsOf = ({ shape }: CsrMatrix): number => shape[shape.length - 1]!;

/** The real and imaginary parts of a vector of numbers. */
export function lanesOf(values: Tensor): readonly [re: Float64Array, im: Float64Array | undefined] {
  if (!isComplex(values.dtype)) return [doublesOf(values), undefined];
  const data = values.data as Float64Array;
  const [re, im] = [new Float64Array(values.size), new Float64Array(values.size)];
  for (let i = 0; i < values.size; i++) {
    re[i] = data[2 * i]!;
    im[i] = data[2 * i + 1]!;
  }
  return [re, im];
}

/** The opposite of {@link lanesOf}. */
export function fromLanes(
  dtype: DType,
  shape: readonly number[],
  re: Float64Array,
  im: Float64Array | undefined,
): Tensor {
  if (!isComplex(dtype)) return fromDoubles(dtype, shape, re);
  const data = dtype === 'complex64' ? new Float32Array(2 * re.length) : new Float64Array(2 * re.length);
  for (let i = 0; i < re.length; i++) {
    data[2 * i] = re[i]!;
    data[2 * i + 1] = im?.[i] ?? 0;
  }
  return tensorOf(dtype, shape, data);
}

/** @throws SavedModelError INVALID_ARGUMENT for what is no CSR matrix, or one of another dtype than `dtype` */
export function readCsr(variant: Tensor, dtype?: DType): CsrMatrix {
  const tensors = unpackVariant(variant, 'csr').map(unpackTensor);
  const [shape, own] = [tensors[0], tensors.at(-1)];
  if (shape === undefined || own === undefined) {
    throw invalidRequest('BAD_CSR_MATRIX', 'expected a CSR sparse matrix, given nothing');
  }
  const parts: CsrRows[] = [];
  for (let i = 1; i + 2 < tensors.length; i += 3) {
    const [rows, columns, values] = tensors.slice(i, i + 3) as [Tensor, Tensor, Tensor];
    const [re, im] = lanesOf(values);
    parts.push({ rows: rows.data as Int32Array, columns: columns.data as Int32Array, re, im });
  }
  const matrix = { dtype: own.dtype, shape: integersOf(shape), parts };
  checkCsr(matrix);
  if (dtype !== undefined && matrix.dtype !== dtype) {
    throw invalidRequest('OTHER_DTYPE', `Asked for a CSRSparseMatrix of type ${dtype} but saw dtype: ${matrix.dtype}`);
  }
  return matrix;
}

/** What reads a matrix goes by its pointers, so they are checked wherever they come from. */
function checkCsr(matrix: CsrMatrix): void {
  const { shape, parts } = matrix;
  const [rows, columns] = [rowsOf(matrix), columnsOf(matrix)];
  const refuse = (why: string) => invalidRequest('BAD_CSR_MATRIX', `expected a CSR sparse matrix, given one ${why}`);
  if (shape.length !== 2 && shape.length !== 3) throw refuse(`of rank ${shape.length}`);
  if (parts.length !== (shape.length === 2 ? 1 : shape[0])) throw refuse(`with ${parts.length} parts of a batch`);
  for (const part of parts) {
    if (!(part.rows instanceof Int32Array) || !(part.columns instanceof Int32Array)) throw refuse('without pointers');
    const fits = part.rows.length === rows + 1 && part.rows[0] === 0 && part.rows[rows] === part.re.length;
    if (!fits || part.columns.length !== part.re.length) throw refuse('whose rows do not hold all of its values');
    for (let i = 0; i < rows; i++)
      if (part.rows[i]! > part.rows[i + 1]!) throw refuse('whose rows end before they begin');
    for (const column of part.columns) {
      if (column < 0 || column >= columns) throw refuse(`with a value in column ${column} of ${columns}`);
    }
  }
}

export function writeCsr(matrix: CsrMatrix): Tensor {
  checkCsr(matrix);
  const { dtype, shape, parts } = matrix;
  const tensors = parts.flatMap(({ rows, columns, re, im }) => [
    new Tensor('int32', [rows.length], rows),
    new Tensor('int32', [columns.length], columns),
    fromLanes(dtype, [re.length], re, im),
  ]);
  // The dtype is that of the last tensor, also of a batch of no matrices.
  return packVariant(
    'csr',
    [int64s(shape), ...tensors, fromLanes(dtype, [0], new Float64Array(), undefined)].map(packTensor),
  );
}

/** From positions in row-major order, as both ops that make matrices take them (tensorflow/core/kernels/sparse/kernels.cc). */
export function csrFromIndices(indices: Tensor, values: Tensor, shape: readonly number[]): CsrMatrix {
  const rank = shape.length;
  if (rank !== 2 && rank !== 3) {
    throw invalidRequest('BAD_RANK', `params must have rank == 2 or 3; but saw shape: [${shape.join(',')}]`);
  }
  if (indices.rank !== 2 || indices.shape[1] !== rank || values.rank !== 1 || indices.shape[0] !== values.size) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected indices [${values.size}, ${rank}] of ${values.size} values, got [${indices.shape.join(', ')}]`,
    );
  }
  const at = integersOf(indices);
  at.forEach((index, i) => {
    if (index >= 0 && index < shape[i % rank]!) return;
    throw invalidRequest(
      'INDEX_OUT_OF_RANGE',
      `index ${index} is not in [0, ${shape[i % rank]}) of dimension ${i % rank}`,
    );
  });
  const [batch, rows] = rank === 2 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
  boundedList(batch * (rows + 1));
  const [re, im] = lanesOf(values);
  const members = Array.from({ length: batch }, (): number[] => []);
  for (let i = 0; i < values.size; i++) members[rank === 2 ? 0 : at[i * rank]!]!.push(i);
  const parts = members.map((own): CsrRows => {
    const pointers = new Int32Array(rows + 1);
    for (const i of own) pointers[at[i * rank + rank - 2]! + 1]!++;
    for (let row = 0; row < rows; row++) pointers[row + 1]! += pointers[row]!;
    const pick = (from: Float64Array) => Float64Array.from(own, (i) => from[i]!);
    const columns = Int32Array.from(own, (i) => at[i * rank + rank - 1]!);
    return { rows: pointers, columns, re: pick(re), im: im && pick(im) };
  });
  return { dtype: values.dtype, shape, parts };
}

/** `CSRSparseMatrixToDense`. */
export function csrToDense(matrix: CsrMatrix): Tensor {
  const { dtype, shape, parts } = matrix;
  const size = checkedSize(shape);
  const [rows, columns] = [rowsOf(matrix), columnsOf(matrix)];
  const [re, im] = [new Float64Array(size), isComplex(dtype) ? new Float64Array(size) : undefined];
  parts.forEach((part, batch) => {
    for (let row = 0; row < rows; row++) {
      for (let i = part.rows[row]!; i < part.rows[row + 1]!; i++) {
        const place = (batch * rows + row) * columns + part.columns[i]!;
        re[place] = part.re[i]!;
        if (im !== undefined) im[place] = part.im?.[i] ?? 0;
      }
    }
  });
  return fromLanes(dtype, shape, re, im);
}

/** `CSRSparseMatrixToSparseTensor`: positions, values and dense shape. */
export function csrToSparse(matrix: CsrMatrix): readonly [Tensor, Tensor, Tensor] {
  const { dtype, shape, parts } = matrix;
  const at: number[] = [];
  parts.forEach((part, batch) => {
    for (let row = 0; row < rowsOf(matrix); row++) {
      for (let i = part.rows[row]!; i < part.rows[row + 1]!; i++) {
        if (shape.length === 3) at.push(batch);
        at.push(row, part.columns[i]!);
      }
    }
  });
  const count = at.length / shape.length;
  const joined = (lane: (part: CsrRows) => Float64Array | undefined) => {
    const all = new Float64Array(count);
    let end = 0;
    for (const part of parts) {
      const own = lane(part) ?? new Float64Array(part.re.length);
      all.set(own, end);
      end += own.length;
    }
    return all;
  };
  const values = fromLanes(
    dtype,
    [count],
    joined(({ re }) => re),
    joined(({ im }) => im),
  );
  return [int64s(at, [count, shape.length]), values, int64s(shape)];
}

/** `CSRSparseMatrixComponents`: row pointers, columns and values of one matrix. */
export function csrComponents(matrix: CsrMatrix, index: Tensor): readonly [Tensor, Tensor, Tensor] {
  const [at] = integersOf(index);
  const part = index.rank === 0 ? matrix.parts[at ?? -1] : undefined;
  if (part === undefined) {
    throw invalidRequest(
      'INDEX_OUT_OF_RANGE',
      `index (${integersOf(index).join()}) not in [0, ${matrix.parts.length})`,
    );
  }
  return [
    new Tensor('int32', [part.rows.length], part.rows),
    new Tensor('int32', [part.columns.length], part.columns),
    fromLanes(matrix.dtype, [part.re.length], part.re, part.im),
  ];
}

/** `SparseMatrixNNZ`: a scalar, or one count for each matrix of a batch. */
export function csrCounts({ shape, parts }: CsrMatrix): Tensor {
  const counts = Int32Array.from(parts, ({ re }) => re.length);
  return new Tensor('int32', shape.length === 2 ? [] : [parts.length], counts);
}

/** The transposition of one matrix, conjugated or not. */
export function transposeRows(part: CsrRows, columns: number, transposes: boolean, conjugates: boolean): CsrRows {
  const turned = part.im && conjugates ? part.im.map((x) => -x) : part.im;
  if (!transposes) return { ...part, im: turned };
  const count = part.re.length;
  const rows = new Int32Array(columns + 1);
  for (const column of part.columns) rows[column + 1]!++;
  for (let i = 0; i < columns; i++) rows[i + 1]! += rows[i]!;
  const next = rows.slice();
  const into = new Int32Array(count);
  const [re, im] = [new Float64Array(count), turned && new Float64Array(count)];
  for (let row = 0; row + 1 < part.rows.length; row++) {
    for (let i = part.rows[row]!; i < part.rows[row + 1]!; i++) {
      const place = next[part.columns[i]!]!++;
      into[place] = row;
      re[place] = part.re[i]!;
      if (im !== undefined) im[place] = turned![i]!;
    }
  }
  return { rows, columns: into, re, im };
}

/** Matrices with rows and columns exchanged, or as they are. */
export function transposeCsr(matrix: CsrMatrix, transposes: boolean, conjugates: boolean): CsrMatrix {
  const { dtype, shape, parts } = matrix;
  const turned = transposes ? [...shape.slice(0, -2), columnsOf(matrix), rowsOf(matrix)] : shape;
  return {
    dtype,
    shape: turned,
    parts: parts.map((part) => transposeRows(part, columnsOf(matrix), transposes, conjugates)),
  };
}

/** The dense matrices of a tensor of rank 2 or 3. */
export const sizeOfMatrix = (shape: readonly number[]): number => sizeOf(shape.slice(-2));
