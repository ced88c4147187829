import type { Tensor } from '@servable/tensor';
import {
  columnsOf,
  fromLanes,
  lanesOf,
  rowsOf,
  sizeOfMatrix,
  transposeCsr,
  type CsrMatrix,
  type CsrRows,
} from './csr-matrix.js';
import { boundedList } from './byte-strings.js';
import { checkedSize, invalidRequest, isComplex } from './elements.js';

/** How an operand or a result is turned before it is used. */
export interface Turn {
  readonly transposes: boolean;
  readonly conjugates: boolean;
}

function incompatible(what: string, a: readonly number[], b: readonly number[]): Error {
  return invalidRequest(
    'INCOMPATIBLE_SHAPES',
    `${what} of A and B do not agree. Shapes are: [${a.join(',')}] vs. [${b.join(',')}]`,
  );
}

/** `SparseMatrixMatMul`: a CSR matrix times a dense one (tensorflow/core/kernels/sparse/mat_mul_op.cc). */
export function csrTimesDense(given: CsrMatrix, dense: Tensor, ofA: Turn, ofB: Turn, ofResult: Turn): Tensor {
  if (given.dtype !== dense.dtype) {
    throw invalidRequest(
      'OTHER_DTYPE',
      `Input types don't match. a.dtype == ${given.dtype} vs. b.dtype == ${dense.dtype}`,
    );
  }
  if (given.shape.length !== dense.rank) throw incompatible('Ranks', given.shape, dense.shape);
  if (dense.rank === 3 && given.shape[0] !== dense.shape[0]) {
    throw incompatible('Batch sizes', given.shape, dense.shape);
  }
  const a = transposeCsr(given, ofA.transposes, ofA.conjugates);
  const [bRows, bColumns] = dense.shape.slice(-2) as [number, number];
  const [inner, columns] = ofB.transposes ? [bColumns, bRows] : [bRows, bColumns];
  if (columnsOf(a) !== inner) throw incompatible('Inner product dimensions', a.shape, dense.shape);
  const rows = rowsOf(a);
  const lead = given.shape.slice(0, -2);
  const shape = [...lead, ...(ofResult.transposes ? [columns, rows] : [rows, columns])];
  const size = checkedSize(shape);
  const [re, im] = [new Float64Array(size), isComplex(dense.dtype) ? new Float64Array(size) : undefined];
  const [bRe, bIm] = lanesOf(dense);
  const sign = ofB.conjugates ? -1 : 1;
  const [rowStep, columnStep] = ofB.transposes ? [1, bColumns] : [bColumns, 1];
  const [outRow, outColumn] = ofResult.transposes ? [1, rows] : [columns, 1];
  a.parts.forEach((part, batch) => {
    const [from, to] = [batch * sizeOfMatrix(dense.shape), batch * rows * columns];
    for (let row = 0; row < rows; row++) {
      for (let i = part.rows[row]!; i < part.rows[row + 1]!; i++) {
        const start = from + part.columns[i]! * rowStep;
        const [x, xi] = [part.re[i]!, part.im?.[i] ?? 0];
        for (let column = 0; column < columns; column++) {
          const [source, target] = [start + column * columnStep, to + row * outRow + column * outColumn];
          const y = bRe[source]!;
          if (im === undefined) {
            re[target]! += x * y;
            continue;
          }
          const yi = sign * (bIm?.[source] ?? 0);
          re[target]! += x * y - xi * yi;
          im[target]! += x * yi + xi * y;
        }
      }
    }
  });
  if (ofResult.conjugates && im !== undefined) for (let i = 0; i < size; i++) im[i] = -im[i]!;
  return fromLanes(dense.dtype, shape, re, im);
}

/** `SparseMatrixSparseMatMul`: sums that are zero stay (tensorflow/core/kernels/sparse/sparse_mat_mul_op.cc). */
export function csrTimesCsr(givenA: CsrMatrix, givenB: CsrMatrix, ofA: Turn, ofB: Turn): CsrMatrix {
  const a = transposeCsr(givenA, ofA.transposes, ofA.conjugates);
  const b = transposeCsr(givenB, ofB.transposes, ofB.conjugates);
  if (a.shape.length !== b.shape.length || a.parts.length !== b.parts.length) {
    throw incompatible('Batch sizes', a.shape, b.shape);
  }
  if (columnsOf(a) !== rowsOf(b)) throw incompatible('Inner product dimensions', a.shape, b.shape);
  const shape = [...a.shape.slice(0, -2), rowsOf(a), columnsOf(b)];
  return { dtype: a.dtype, shape, parts: a.parts.map((part, i) => product(part, b.parts[i]!, isComplex(a.dtype))) };
}

function product(a: CsrRows, b: CsrRows, complex: boolean): CsrRows {
  const count = a.rows.length - 1;
  const rows = new Int32Array(count + 1);
  const columns: number[] = [];
  const [re, im]: [number[], number[]] = [[], []];
  for (let row = 0; row < count; row++) {
    const sums = new Map<number, [number, number]>();
    for (let i = a.rows[row]!; i < a.rows[row + 1]!; i++) {
      const [x, xi, inner] = [a.re[i]!, a.im?.[i] ?? 0, a.columns[i]!];
      for (let k = b.rows[inner]!; k < b.rows[inner + 1]!; k++) {
        const [y, yi] = [b.re[k]!, b.im?.[k] ?? 0];
        const sum = sums.get(b.columns[k]!) ?? [0, 0];
        sum[0] += complex ? x * y - xi * yi : x * y;
        if (complex) sum[1] += x * yi + xi * y;
        sums.set(b.columns[k]!, sum);
      }
    }
    for (const [column, [real, imaginary]] of [...sums].sort(([p], [q]) => p - q)) {
      columns.push(column);
      re.push(real);
      im.push(imaginary);
    }
    rows[row + 1] = boundedList(columns.length);
  }
  return {
    rows,
    columns: Int32Array.from(columns),
    re: Float64Array.from(re),
    im: complex ? Float64Array.from(im) : undefined,
  };
}
