import type { DType, Tensor } from '@servable/tensor';
import { add, divide, magnitude, multiply, scale, type Complex } from './complex-functions.js';
import {
  complexCholesky,
  complexLu,
  ComplexMatrix,
  complexQr,
  complexSingularValues,
  complexSolve,
  complexSolveTriangular,
  hermitianEigen,
} from './complex-matrix.js';
import { broadcast, doublesOf, fromDoubles, invalidRequest, isComplex, sizeOf, tensorOf } from './elements.js';
import { matrices } from './matrix-diagonal.js';
import { eigen, matrixExponential, matrixLogarithm, matrixSquareRoot } from './matrix-functions.js';
import { expand } from './rearrange.js';

/** Linear algebra on stacks of complex matrices, and on real ones where the result may be complex on the way. */

interface Stack {
  readonly lead: readonly number[];
  readonly all: readonly ComplexMatrix[];
}

function stacked(x: Tensor, square = false): Stack {
  const { lead, rows, columns } = matrices(x);
  if (square && rows !== columns) {
    throw invalidRequest('NOT_SQUARE', `Input matrix must be square. [${x.shape.join(', ')}]`);
  }
  const size = rows * columns;
  const [re, im] = partsOf(x);
  const all = Array.from(
    { length: sizeOf(lead) },
    (_, i) => new ComplexMatrix(rows, columns, re.slice(i * size, (i + 1) * size), im.slice(i * size, (i + 1) * size)),
  );
  return { lead, all };
}

function partsOf(x: Tensor): readonly [re: Float64Array, im: Float64Array] {
  if (!isComplex(x.dtype)) return [doublesOf(x), new Float64Array(x.size)];
  const data = x.data as Float64Array;
  const part = (lane: number) => Float64Array.from({ length: x.size }, (_, i) => data[2 * i + lane]!);
  return [part(0), part(1)];
}

/** A tensor of complex values, or of their real parts. */
function fromComplex(dtype: DType, shape: readonly number[], values: readonly Complex[]): Tensor {
  if (!isComplex(dtype))
    return fromDoubles(
      dtype,
      shape,
      Float64Array.from(values, ([re]) => re),
    );
  const data = new (dtype === 'complex128' ? Float64Array : Float32Array)(2 * values.length);
  values.forEach(([re, im], i) => {
    data[2 * i] = re;
    data[2 * i + 1] = im;
  });
  return tensorOf(dtype, shape, data);
}

function stack(dtype: DType, { lead }: Stack, all: readonly ComplexMatrix[], rows: number, columns: number): Tensor {
  const values = all.flatMap((one) => Array.from(one.re, (re, i): Complex => [re, one.im[i]!]));
  return fromComplex(dtype, [...lead, rows, columns], values);
}

function found<T>(value: T | undefined, complaint: string): T {
  if (value === undefined) throw invalidRequest('BAD_MATRIX', complaint);
  return value;
}

const lastOf = (x: Tensor): readonly [rows: number, columns: number] => [x.shape.at(-2)!, x.shape.at(-1)!];

/** A function of square matrices that gives matrices of the same size. */
function ofSquares(x: Tensor, f: (one: ComplexMatrix) => ComplexMatrix | undefined, complaint: string): Tensor {
  const from = stacked(x, true);
  const n = x.shape.at(-1)!;
  return stack(
    x.dtype,
    from,
    from.all.map((one) => found(f(one), complaint)),
    n,
    n,
  );
}

const NOT_CONVERGED = 'the eigenvalues of the matrix could not be found; its elements must be finite';

export const exponentialOf = (x: Tensor): Tensor => ofSquares(x, matrixExponential, 'the elements must be finite');
export const logarithmOf = (x: Tensor): Tensor => ofSquares(x, matrixLogarithm, NOT_CONVERGED);
export const squareRootOf = (x: Tensor): Tensor => ofSquares(x, matrixSquareRoot, NOT_CONVERGED);

export const complexCholeskyFactor = (x: Tensor): Tensor =>
  ofSquares(
    x,
    complexCholesky,
    'Cholesky decomposition was not successful. The input might not be valid: it must be positive definite.',
  );

export const complexInverse = (x: Tensor, adjoint: boolean): Tensor =>
  ofSquares(
    x,
    (one) => complexSolve(complexLu(adjoint ? one.adjoint() : one), ComplexMatrix.identity(one.rows)),
    'Input is not invertible.',
  );

export function complexDeterminants(x: Tensor): Tensor {
  const { lead, all } = stacked(x, true);
  const values = all.map((one) => {
    const { lu, sign } = complexLu(one);
    let product: Complex = [sign, 0];
    for (let i = 0; i < lu.rows; i++) product = multiply(product, lu.get(i, i));
    return product;
  });
  return fromComplex(x.dtype, lead, values);
}

/** The direction of each determinant in the plane, and the logarithm of its size. */
export function complexLogDeterminants(x: Tensor): [sign: Tensor, log: Tensor] {
  const { lead, all } = stacked(x, true);
  const pairs = all.map((one): readonly [Complex, Complex] => {
    const { lu, sign } = complexLu(one);
    let direction: Complex = [sign, 0];
    let log = 0;
    for (let i = 0; i < lu.rows; i++) {
      const d = lu.get(i, i);
      const size = magnitude(d);
      direction = size === 0 ? [0, 0] : multiply(direction, scale(d, 1 / size));
      log += Math.log(size);
    }
    return [direction, [log, 0]];
  });
  const pick = (i: 0 | 1) =>
    fromComplex(
      x.dtype,
      lead,
      pairs.map((pair) => pair[i]),
    );
  return [pick(0), pick(1)];
}

export function complexSolveSystem(a: Tensor, b: Tensor, adjoint: boolean): Tensor {
  const [left, right] = [stacked(a, true), stacked(b)];
  if (left.lead.join() !== right.lead.join() || a.shape.at(-2) !== b.shape.at(-2)) throw notASystem(a, b);
  const solved = left.all.map((one, i) =>
    found(complexSolve(complexLu(adjoint ? one.adjoint() : one), right.all[i]!), 'Input matrix is not invertible.'),
  );
  return stack(a.dtype, right, solved, ...lastOf(b));
}

export function complexSolveTriangle(a: Tensor, b: Tensor, lower: boolean, adjoint: boolean): Tensor {
  if (a.shape.at(-1) !== a.shape.at(-2) || a.shape.at(-2) !== b.shape.at(-2)) throw notASystem(a, b);
  const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const spread = (x: Tensor) => stacked(expand(x, [...lead, ...x.shape.slice(-2)]));
  const [left, right] = [spread(a), spread(b)];
  const solved = left.all.map((one, i) =>
    found(
      complexSolveTriangular(adjoint ? one.adjoint() : one, right.all[i]!, adjoint ? !lower : lower),
      'Input matrix is not invertible.',
    ),
  );
  return stack(a.dtype, right, solved, ...lastOf(b));
}

function notASystem(a: Tensor, b: Tensor) {
  return invalidRequest(
    'INCOMPATIBLE_SHAPES',
    `expected square matrices and as many rows on the right, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`,
  );
}

export function complexLuDecomposition(x: Tensor, indexDType: DType): [lu: Tensor, permutation: Tensor] {
  const from = stacked(x, true);
  const n = x.shape.at(-1)!;
  const parts = from.all.map((one) => {
    const factors = complexLu(one);
    for (let i = 0; i < n; i++) {
      if (magnitude(factors.lu.get(i, i)) === 0) found(undefined, 'Input is not invertible.');
    }
    return factors;
  });
  const order = Float64Array.from(parts.flatMap(({ permutation }) => permutation));
  const all = parts.map(({ lu }) => lu);
  return [stack(x.dtype, from, all, n, n), fromDoubles(indexDType, [...from.lead, n], order)];
}

export function complexQrFactors(x: Tensor, full: boolean): [q: Tensor, r: Tensor] {
  const from = stacked(x);
  const [m, n] = lastOf(x);
  const width = full ? m : Math.min(m, n);
  const factors = from.all.map(complexQr);
  const [qs, rs] = [factors.map(({ q }) => q.leading(m, width)), factors.map(({ r }) => r.leading(width, n))];
  return [stack(x.dtype, from, qs, m, width), stack(x.dtype, from, rs, width, n)];
}

/** Singular values, then left and right vectors as columns; empty tensors where vectors are not wanted. */
export function complexSvd(x: Tensor, full: boolean, vectors: boolean): [s: Tensor, u: Tensor, v: Tensor] {
  const from = stacked(x);
  const [m, n] = lastOf(x);
  const p = Math.min(m, n);
  const parts = from.all.map(complexSingularValues);
  const s = parts.flatMap((part) => Array.from(part.s, (value): Complex => [value, 0]));
  const values = fromComplex(x.dtype, [...from.lead, p], s);
  const none = fromComplex(x.dtype, [0], []);
  if (!vectors) return [values, none, none];
  const [widthU, widthV] = full ? [m, n] : [p, p];
  const [us, vs] = [parts.map(({ u }) => u.leading(m, widthU)), parts.map(({ v }) => v.leading(n, widthV))];
  return [values, stack(x.dtype, from, us, m, widthU), stack(x.dtype, from, vs, n, widthV)];
}

export function hermitianEigenvectors(x: Tensor, vectors: boolean): [values: Tensor, vectors: Tensor] {
  const from = stacked(x, true);
  const n = x.shape.at(-1)!;
  const parts = from.all.map(hermitianEigen);
  const e = parts.flatMap(({ values }) => Array.from(values, (value): Complex => [value, 0]));
  const columns = parts.map((part) => part.vectors);
  return [
    fromComplex(x.dtype, [...from.lead, n], e),
    vectors ? stack(x.dtype, from, columns, n, n) : fromComplex(x.dtype, [0], []),
  ];
}

/** `Eig`: of any square matrix. */
export function eigenvectors(x: Tensor, dtype: DType, vectors: boolean): [values: Tensor, vectors: Tensor] {
  const from = stacked(x, true);
  const n = x.shape.at(-1)!;
  const parts = from.all.map((one) => found(eigen(one), NOT_CONVERGED));
  const values = parts.flatMap((part) => part.values);
  const columns = parts.map((part) => part.vectors);
  return [
    fromComplex(dtype, [...from.lead, n], values),
    vectors ? stack(dtype, from, columns, n, n) : fromComplex(dtype, [0], []),
  ];
}

/**
 * `MatrixSolveLs`: the X for which A·X is nearest to B, and of those the smallest.
 *
 * @param penalty - what the size of X costs; for `fast` only, which solves the normal equations
 */
export function leastSquares(a: Tensor, b: Tensor, penalty: number, fast: boolean): Tensor {
  const [left, right] = [stacked(a), stacked(b)];
  if (left.lead.join() !== right.lead.join() || a.shape.at(-2) !== b.shape.at(-2)) throw notASystem(a, b);
  const n = a.shape.at(-1)!;
  const solved = left.all.map((one, i) => (fast ? byNormalEquations : bySingularValues)(one, right.all[i]!, penalty));
  return stack(a.dtype, right, solved, n, b.shape.at(-1)!);
}

function byNormalEquations(a: ComplexMatrix, b: ComplexMatrix, penalty: number): ComplexMatrix {
  const adjoint = a.adjoint();
  const tall = a.rows >= a.columns;
  const square = tall ? adjoint.times(a) : a.times(adjoint);
  const factors = complexLu(square.plus(ComplexMatrix.identity(square.rows), penalty));
  const solved = found(complexSolve(factors, tall ? adjoint.times(b) : b), 'Input matrix was rank deficient.');
  return tall ? solved : adjoint.times(solved);
}

function bySingularValues(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const { u, s, v } = complexSingularValues(a);
  const projected = u.adjoint().times(b);
  const least = (s[0] ?? 0) * Number.EPSILON * Math.max(a.rows, a.columns);
  const scaled = new ComplexMatrix(a.columns, b.columns);
  s.forEach((value, i) => {
    if (value <= least) return;
    for (let j = 0; j < b.columns; j++) scaled.set(i, j, scale(projected.get(i, j), 1 / value));
  });
  return v.times(scaled);
}

/** `TridiagonalMatMul`: each diagonal is [..., 1, m], the upper one ending and the lower one starting with one to ignore. */
export function tridiagonalProduct(upper: Tensor, main: Tensor, lower: Tensor, x: Tensor): Tensor {
  const [ups, mains, lows, right] = [stacked(upper), stacked(main), stacked(lower), stacked(x)];
  const [m, n] = lastOf(x);
  for (const diagonal of [upper, main, lower]) {
    const wanted = [...x.shape.slice(0, -2), 1, m];
    if (diagonal.shape.join() !== wanted.join()) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Expected diagonals of shape [${wanted.join(',')}], got [${diagonal.shape.join(',')}]`,
      );
    }
  }
  const products = right.all.map((one, b) => {
    const result = new ComplexMatrix(m, n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = multiply(mains.all[b]!.get(0, i), one.get(i, j));
        if (i > 0) sum = add(sum, multiply(lows.all[b]!.get(0, i), one.get(i - 1, j)));
        if (i < m - 1) sum = add(sum, multiply(ups.all[b]!.get(0, i), one.get(i + 1, j)));
        result.set(i, j, sum);
      }
    }
    return result;
  });
  return stack(x.dtype, right, products, m, n);
}

/** `TridiagonalSolve`: the diagonals are the three rows of each [3, m]: the upper, the main and the lower one. */
export function tridiagonalSolve(diagonals: Tensor, b: Tensor): Tensor {
  const [left, right] = [stacked(diagonals), stacked(b)];
  const [m, n] = lastOf(b);
  if (diagonals.shape.at(-2) !== 3 || diagonals.shape.at(-1) !== m || left.lead.join() !== right.lead.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected diagonals of shape [${[...right.lead, 3, m].join(',')}], got [${diagonals.shape.join(',')}]`,
    );
  }
  const solved = left.all.map((bands, i) =>
    found(eliminate(bands, right.all[i]!), 'The first element of diagonal is zero or the matrix is not invertible.'),
  );
  return stack(b.dtype, right, solved, m, n);
}

/** Gaussian elimination of three diagonals with exchange of neighbouring rows, which makes a second upper diagonal. */
function eliminate(bands: ComplexMatrix, b: ComplexMatrix): ComplexMatrix | undefined {
  const m = b.rows;
  const x = b.clone();
  // Rows of four elements, from the diagonal on.
  const rows = Array.from({ length: m }, (_, i): Complex[] => [
    bands.get(1, i),
    i < m - 1 ? bands.get(0, i) : [0, 0],
    [0, 0],
  ]);
  const minus = (a: Complex, by: Complex, c: Complex): Complex => add(a, multiply([-by[0], -by[1]], c));
  for (let i = 0; i < m - 1; i++) {
    let below: Complex[] = [bands.get(2, i + 1), ...rows[i + 1]!.slice(0, 2)];
    if (magnitude(below[0]!) > magnitude(rows[i]![0]!)) {
      [rows[i], below] = [below, rows[i]!];
      for (let j = 0; j < x.columns; j++) {
        const kept = x.get(i, j);
        x.set(i, j, x.get(i + 1, j));
        x.set(i + 1, j, kept);
      }
    }
    const pivot = rows[i]!;
    if (magnitude(pivot[0]!) === 0) return undefined;
    const factor = divide(below[0]!, pivot[0]!);
    rows[i + 1] = [minus(below[1]!, factor, pivot[1]!), minus(below[2]!, factor, pivot[2]!), [0, 0]];
    for (let j = 0; j < x.columns; j++) x.set(i + 1, j, minus(x.get(i + 1, j), factor, x.get(i, j)));
  }
  for (let i = m - 1; i >= 0; i--) {
    const [diagonal, next, after] = rows[i] as [Complex, Complex, Complex];
    if (magnitude(diagonal) === 0) return undefined;
    for (let j = 0; j < x.columns; j++) {
      let sum = x.get(i, j);
      if (i + 1 < m) sum = minus(sum, next, x.get(i + 1, j));
      if (i + 2 < m) sum = minus(sum, after, x.get(i + 2, j));
      x.set(i, j, divide(sum, diagonal));
    }
  }
  return x;
}

/** `BandedTriangularSolve`: row k of each [bands, m] is the k-th diagonal, counted from the main one of a lower triangle. */
export function bandedSolve(bands: Tensor, b: Tensor, lower: boolean, adjoint: boolean): Tensor {
  const from = stacked(bands);
  const [count, m] = lastOf(bands);
  if (count > m || count < 1) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', `Number of bands should be in [1, ${m}], got ${count}`);
  }
  const dense = from.all.map((one) => {
    const full = new ComplexMatrix(m, m);
    for (let i = 0; i < m; i++) {
      for (let k = 0; k < count; k++) {
        const j = lower ? i - k : i + k;
        if (j >= 0 && j < m) full.set(i, j, one.get(lower ? k : count - 1 - k, i));
      }
    }
    return full;
  });
  const triangles = stack(bands.dtype, from, dense, m, m);
  return complexSolveTriangle(triangles, b, lower, adjoint);
}
