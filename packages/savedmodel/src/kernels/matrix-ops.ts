import type { DType, Tensor } from '@servable/tensor';
import { broadcast, doublesOf, fromDoubles, invalidRequest, sizeOf } from './elements.js';
import {
  cholesky,
  determinant,
  identityMatrix,
  logDeterminant,
  luFactors,
  matrix,
  qr,
  singularValues,
  solve,
  solveTriangular,
  symmetricEigen,
  transposed,
  type Matrix,
} from './linear-algebra.js';
import { matrices } from './matrix-diagonal.js';
import { expand } from './rearrange.js';

/** The linear algebra ops of TensorFlow on stacks of matrices (tensorflow/core/kernels/linalg). */

/** The matrices that a tensor stacks. */
function stacked(x: Tensor, square = false): { readonly lead: readonly number[]; readonly all: readonly Matrix[] } {
  const { lead, rows, columns } = matrices(x);
  if (square && rows !== columns) {
    throw invalidRequest('NOT_SQUARE', `Input matrix must be square. [${x.shape.join(', ')}]`);
  }
  const values = doublesOf(x);
  const size = rows * columns;
  const all = Array.from({ length: sizeOf(lead) }, (_, i) =>
    matrix(rows, columns, values.subarray(i * size, (i + 1) * size)),
  );
  return { lead, all };
}

function stack(dtype: DType, lead: readonly number[], all: readonly Matrix[], rows: number, columns: number): Tensor {
  const values = new Float64Array(all.length * rows * columns);
  all.forEach((one, i) => values.set(one.values, i * rows * columns));
  return fromDoubles(dtype, [...lead, rows, columns], values);
}

function found<T>(value: T | undefined, complaint: string): T {
  if (value === undefined) throw invalidRequest('BAD_MATRIX', complaint);
  return value;
}

export function choleskyFactor(x: Tensor): Tensor {
  const { lead, all } = stacked(x, true);
  const n = x.shape.at(-1)!;
  const complaint =
    'Cholesky decomposition was not successful. The input might not be valid: it must be positive definite.';
  return stack(
    x.dtype,
    lead,
    all.map((one) => found(cholesky(one), complaint)),
    n,
    n,
  );
}

export function inverse(x: Tensor, adjoint: boolean): Tensor {
  const { lead, all } = stacked(x, true);
  const n = x.shape.at(-1)!;
  const inverses = all.map((one) => {
    const factors = luFactors(adjoint ? transposed(one) : one);
    return found(solve(factors, identityMatrix(n)), 'Input is not invertible.');
  });
  return stack(x.dtype, lead, inverses, n, n);
}

export function determinants(x: Tensor): Tensor {
  const { lead, all } = stacked(x, true);
  return fromDoubles(
    x.dtype,
    lead,
    Float64Array.from(all, (one) => determinant(luFactors(one))),
  );
}

export function logDeterminants(x: Tensor): [sign: Tensor, log: Tensor] {
  const { lead, all } = stacked(x, true);
  const pairs = all.map((one) => logDeterminant(luFactors(one)));
  const pick = (i: 0 | 1) =>
    fromDoubles(
      x.dtype,
      lead,
      Float64Array.from(pairs, (pair) => pair[i]),
    );
  return [pick(0), pick(1)];
}

export function solveSystem(a: Tensor, b: Tensor, adjoint: boolean): Tensor {
  const [left, right] = [stacked(a, true), stacked(b)];
  checkSystem(a, b, left.lead.join() === right.lead.join());
  const solved = left.all.map((one, i) =>
    found(solve(luFactors(adjoint ? transposed(one) : one), right.all[i]!), 'Input matrix is not invertible.'),
  );
  return stack(a.dtype, right.lead, solved, b.shape.at(-2)!, b.shape.at(-1)!);
}

export function solveTriangle(a: Tensor, b: Tensor, lower: boolean, adjoint: boolean): Tensor {
  const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [left, right] = [a, b].map((x) => stacked(expand(x, [...lead, ...x.shape.slice(-2)]))) as [
    ReturnType<typeof stacked>,
    ReturnType<typeof stacked>,
  ];
  checkSystem(a, b, true);
  const solved = left.all.map((one, i) =>
    found(
      solveTriangular(adjoint ? transposed(one) : one, right.all[i]!, adjoint ? !lower : lower),
      'Input matrix is not invertible.',
    ),
  );
  return stack(a.dtype, lead, solved, b.shape.at(-2)!, b.shape.at(-1)!);
}

function checkSystem(a: Tensor, b: Tensor, sameBatch: boolean): void {
  if (a.shape.at(-1) !== a.shape.at(-2) || a.shape.at(-2) !== b.shape.at(-2) || !sameBatch) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected square matrices and as many rows on the right, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`,
    );
  }
}

export function qrFactors(x: Tensor, full: boolean): [q: Tensor, r: Tensor] {
  const { lead, all } = stacked(x);
  const [m, n] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const width = full ? m : Math.min(m, n);
  const factors = all.map(qr);
  return [
    stack(
      x.dtype,
      lead,
      factors.map(({ q }) => leading(q, m, width)),
      m,
      width,
    ),
    stack(
      x.dtype,
      lead,
      factors.map(({ r }) => leading(r, width, n)),
      width,
      n,
    ),
  ];
}

function leading({ columns, values }: Matrix, rows: number, width: number): Matrix {
  const result = matrix(rows, width);
  for (let i = 0; i < rows; i++) result.values.set(values.subarray(i * columns, i * columns + width), i * width);
  return result;
}

/** Singular values, then left and right vectors as columns; empty tensors where vectors are not wanted. */
export function svd(x: Tensor, full: boolean, vectors: boolean): [s: Tensor, u: Tensor, v: Tensor] {
  const { lead, all } = stacked(x);
  const [m, n] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const p = Math.min(m, n);
  const parts = all.map(singularValues);
  const s = new Float64Array(all.length * p);
  parts.forEach((part, i) => s.set(part.s, i * p));
  const values = fromDoubles(x.dtype, [...lead, p], s);
  if (!vectors) {
    const none = fromDoubles(x.dtype, [0], new Float64Array());
    return [values, none, none];
  }
  const [widthU, widthV] = full ? [m, n] : [p, p];
  return [
    values,
    stack(
      x.dtype,
      lead,
      parts.map(({ u }) => leading(u, m, widthU)),
      m,
      widthU,
    ),
    stack(
      x.dtype,
      lead,
      parts.map(({ v }) => leading(v, n, widthV)),
      n,
      widthV,
    ),
  ];
}

/** Eigenvalues of symmetric matrices, ascending, and eigenvectors as columns. */
export function selfAdjointEigen(x: Tensor, vectors: boolean): [values: Tensor, vectors: Tensor] {
  const { lead, all } = stacked(x, true);
  const n = x.shape.at(-1)!;
  const parts = all.map(symmetricEigen);
  const e = new Float64Array(all.length * n);
  parts.forEach((part, i) => e.set(part.values, i * n));
  const values = fromDoubles(x.dtype, [...lead, n], e);
  if (!vectors) return [values, fromDoubles(x.dtype, [0], new Float64Array())];
  return [
    values,
    stack(
      x.dtype,
      lead,
      parts.map((part) => part.vectors),
      n,
      n,
    ),
  ];
}

/** L and U in one matrix, and which row stands where. */
export function luDecomposition(x: Tensor, indexDType: DType): [lu: Tensor, permutation: Tensor] {
  const { lead, all } = stacked(x, true);
  const n = x.shape.at(-1)!;
  const parts = all.map((one) => {
    const factors = luFactors(one);
    for (let i = 0; i < n; i++) if (factors.lu.values[i * n + i] === 0) found(undefined, 'Input is not invertible.');
    return factors;
  });
  const order = Float64Array.from(parts.flatMap(({ permutation }) => permutation));
  return [
    stack(
      x.dtype,
      lead,
      parts.map(({ lu }) => lu),
      n,
      n,
    ),
    fromDoubles(indexDType, [...lead, n], order),
  ];
}
