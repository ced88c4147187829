import type { Tensor } from '@servable/tensor';
import { columnsOf, rowsOf, type CsrMatrix, type CsrRows } from './csr-matrix.js';
import { boundedList } from './byte-strings.js';
import { integersOf, invalidRequest, isComplex } from './elements.js';

/**
 * `SparseMatrixSparseCholesky`: the lower factor of each matrix with its rows and columns permuted. Only the lower
 * triangle is read; every place that elimination fills is in the result, be it zero
 * (tensorflow/core/kernels/sparse/sparse_cholesky_op.cc).
 */
export function csrCholesky(matrix: CsrMatrix, permutation: Tensor): CsrMatrix {
  const { shape, parts, dtype } = matrix;
  const size = rowsOf(matrix);
  if (size !== columnsOf(matrix)) {
    throw invalidRequest('NOT_SQUARE', `sparse matrix must be square; got: ${size} != ${columnsOf(matrix)}`);
  }
  if (permutation.shape.join() !== shape.slice(0, -1).join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected a permutation [${shape.slice(0, -1).join(', ')}], got [${permutation.shape.join(', ')}]`,
    );
  }
  const orders = integersOf(permutation);
  return {
    dtype,
    shape,
    parts: parts.map((part, batch) => {
      const order = orders.slice(batch * size, (batch + 1) * size);
      if (new Set(order).size !== size || order.some((row) => row < 0 || row >= size)) {
        throw invalidRequest(
          'NOT_A_PERMUTATION',
          `expected each of 0 to ${size - 1} once in the permutation of batch ${batch}`,
        );
      }
      const factor = factorize(lowerTriangle(part, order), isComplex(dtype));
      if (factor !== undefined) return factor;
      throw invalidRequest(
        'NOT_POSITIVE_DEFINITE',
        `Sparse Cholesky factorization failed for batch index ${batch}. The input might not be valid.`,
      );
    }),
  };
}

type Entry = readonly [re: number, im: number];

/** By row: the entries at and left of the diagonal after the permutation, whose place `i` is taken by row `order[i]`. */
function lowerTriangle({ rows, columns, re, im }: CsrRows, order: readonly number[]): Map<number, Entry>[] {
  const places = new Int32Array(order.length);
  order.forEach((row, place) => (places[row] = place));
  const lower = order.map(() => new Map<number, Entry>());
  for (let row = 0; row < order.length; row++) {
    for (let i = rows[row]!; i < rows[row + 1]!; i++) {
      const column = columns[i]!;
      if (column > row) continue;
      const [p, q] = [places[row]!, places[column]!];
      const [x, y] = [re[i]!, im?.[i] ?? 0];
      // What comes to stand above the diagonal is the conjugate of what is below it.
      lower[Math.max(p, q)]!.set(Math.min(p, q), p >= q ? [x, y] : [x, -y]);
    }
  }
  return lower;
}

/** @returns undefined when a pivot is not positive */
function factorize(lower: readonly Map<number, Entry>[], complex: boolean): CsrRows | undefined {
  const size = lower.length;
  // A column's parent is the first row below the diagonal that it has an entry in: paths upwards are what is filled.
  const parents = new Int32Array(size).fill(-1);
  const roots = new Int32Array(size).fill(-1);
  const factor: Map<number, Entry>[] = [];
  let count = 0;
  for (let row = 0; row < size; row++) {
    const filled = new Set<number>([row]);
    for (const column of [...lower[row]!.keys()].sort((a, b) => a - b)) {
      for (let at = column; at !== -1 && at < row;) {
        const up = roots[at]!;
        roots[at] = row;
        if (up === -1) parents[at] = row;
        at = up;
      }
    }
    for (const column of lower[row]!.keys()) {
      for (let at = column; at !== -1 && at < row && !filled.has(at); at = parents[at]!) filled.add(at);
    }
    const own = new Map<number, Entry>();
    let pivot = lower[row]!.get(row)?.[0] ?? 0;
    for (const column of [...filled].sort((a, b) => a - b)) {
      if (column === row) break;
      let [x, y] = lower[row]!.get(column) ?? [0, 0];
      const above = factor[column]!;
      for (const [k, [p, q]] of own) {
        const [r, s] = above.get(k) ?? [0, 0];
        x -= p * r + q * s;
        y -= q * r - p * s;
      }
      const [diagonal] = above.get(column)!;
      own.set(column, [x / diagonal, y / diagonal]);
      pivot -= (x * x + y * y) / (diagonal * diagonal);
    }
    if (pivot <= 0) return undefined;
    own.set(row, [Math.sqrt(pivot), 0]);
    factor.push(own);
    count = boundedList(count + own.size);
  }
  const rows = new Int32Array(size + 1);
  const columns = new Int32Array(count);
  const [re, im] = [new Float64Array(count), complex ? new Float64Array(count) : undefined];
  let end = 0;
  factor.forEach((own, row) => {
    for (const [column, [x, y]] of own) {
      columns[end] = column;
      re[end] = x;
      if (im !== undefined) im[end] = y;
      end++;
    }
    rows[row + 1] = end;
  });
  return { rows, columns, re, im };
}
