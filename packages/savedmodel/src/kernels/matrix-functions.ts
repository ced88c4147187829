import {
  add,
  divide,
  logarithm,
  magnitude,
  multiply,
  scale,
  squareRoot,
  subtract,
  type Complex,
} from './complex-functions.js';
import { complexLu, ComplexMatrix, complexSolve, isFiniteMatrix } from './complex-matrix.js';

/** The Schur form of a square matrix A = Q·T·Qᴴ: T is an upper triangle with the eigenvalues on its diagonal. */
export interface Schur {
  readonly q: ComplexMatrix;
  readonly t: ComplexMatrix;
}

/** Steps per eigenvalue after which the iteration is given up, as in Eigen's ComplexSchur. */
const MAX_STEPS = 30;

/** @returns undefined when the iteration does not converge, or elements are not finite */
export function schur(a: ComplexMatrix): Schur | undefined {
  if (!isFiniteMatrix(a)) return undefined;
  const n = a.rows;
  const t = a.clone();
  const q = ComplexMatrix.identity(n);
  toHessenberg(t, q);
  const small = Number.EPSILON;
  for (let last = n - 1, steps = 0; last > 0;) {
    let first = last;
    for (; first > 0; first--) {
      const size = magnitude(t.get(first - 1, first - 1)) + magnitude(t.get(first, first));
      if (magnitude(t.get(first, first - 1)) <= small * (size === 0 ? 1 : size)) break;
    }
    if (first > 0) t.set(first, first - 1, [0, 0]);
    if (first === last) {
      last--;
      steps = 0;
      continue;
    }
    if (++steps > MAX_STEPS * n) return undefined;
    // Now and then a shift that has nothing to do with the matrix, which breaks cycles.
    const exceptional: Complex = [magnitude(t.get(last, last - 1)), 0];
    const shift = steps % 10 === 0 ? exceptional : shiftOf(t, last);
    sweep(t, q, first, last, shift);
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) t.set(i, j, [0, 0]);
  return { q, t };
}

/** The eigenvalue of the 2×2 block that ends at `k` that is nearer to its last element (Wilkinson's shift). */
function shiftOf(t: ComplexMatrix, k: number): Complex {
  const [a, b, c, d] = [t.get(k - 1, k - 1), t.get(k - 1, k), t.get(k, k - 1), t.get(k, k)];
  const half = scale(subtract(a, d), 0.5);
  const root = squareRoot(add(multiply(half, half), multiply(b, c)));
  const [one, other] = [add(half, root), subtract(half, root)];
  return add(d, magnitude(one) < magnitude(other) ? one : other);
}

/** The rotation (c, s; -s̄, c) that turns (x, y) into (r, 0). */
function givens(x: Complex, y: Complex): readonly [c: number, s: Complex] {
  const [sizeX, sizeY] = [magnitude(x), magnitude(y)];
  if (sizeY === 0) return [1, [0, 0]];
  if (sizeX === 0) return [0, [y[0] / sizeY, -y[1] / sizeY]];
  const length = Math.hypot(sizeX, sizeY);
  const phase = scale(x, 1 / sizeX);
  const s = scale(multiply(phase, [y[0], -y[1]]), 1 / length);
  return [sizeX / length, s];
}

/** Rows i and k become c·i + s·k and -s̄·i + c·k. */
function rotateRows(x: ComplexMatrix, i: number, k: number, c: number, s: Complex, from: number): void {
  const back: Complex = [-s[0], s[1]];
  for (let j = from; j < x.columns; j++) {
    const [a, b] = [x.get(i, j), x.get(k, j)];
    x.set(i, j, add(scale(a, c), multiply(s, b)));
    x.set(k, j, add(multiply(back, a), scale(b, c)));
  }
}

/** The same from the right by the adjoint: columns i and k become c·i + s̄·k and -s·i + c·k. */
function rotateColumns(x: ComplexMatrix, i: number, k: number, c: number, s: Complex, to: number): void {
  const [conjugate, negative]: [Complex, Complex] = [
    [s[0], -s[1]],
    [-s[0], -s[1]],
  ];
  for (let j = 0; j < to; j++) {
    const [a, b] = [x.get(j, i), x.get(j, k)];
    x.set(j, i, add(scale(a, c), multiply(conjugate, b)));
    x.set(j, k, add(multiply(negative, a), scale(b, c)));
  }
}

function toHessenberg(t: ComplexMatrix, q: ComplexMatrix): void {
  const n = t.rows;
  for (let j = 0; j < n - 2; j++) {
    for (let i = n - 1; i > j + 1; i--) {
      if (magnitude(t.get(i, j)) === 0) continue;
      const [c, s] = givens(t.get(i - 1, j), t.get(i, j));
      rotateRows(t, i - 1, i, c, s, 0);
      rotateColumns(t, i - 1, i, c, s, n);
      rotateColumns(q, i - 1, i, c, s, n);
      t.set(i, j, [0, 0]);
    }
  }
}

/** One step of the shifted QR iteration on rows `first` to `last`, as a bulge that is chased down. */
function sweep(t: ComplexMatrix, q: ComplexMatrix, first: number, last: number, shift: Complex): void {
  let [x, y] = [subtract(t.get(first, first), shift), t.get(first + 1, first)];
  for (let k = first; k < last; k++) {
    const [c, s] = givens(x, y);
    rotateRows(t, k, k + 1, c, s, Math.max(0, k - 1));
    rotateColumns(t, k, k + 1, c, s, Math.min(k + 3, last + 1));
    rotateColumns(q, k, k + 1, c, s, q.rows);
    if (k > first) t.set(k + 1, k - 1, [0, 0]);
    if (k + 2 <= last) [x, y] = [t.get(k + 1, k), t.get(k + 2, k)];
  }
}

/** Eigenvalues and, as columns of length 1, eigenvectors, by ascending size of the value (Eigen's ComplexEigenSolver). */
export function eigen(
  a: ComplexMatrix,
): { readonly values: readonly Complex[]; readonly vectors: ComplexMatrix } | undefined {
  const form = schur(a);
  if (form === undefined) return undefined;
  const { q, t } = form;
  const n = a.rows;
  const smallest = Number.EPSILON * t.norm();
  const x = ComplexMatrix.identity(n);
  for (let k = n - 1; k >= 0; k--) {
    for (let i = k - 1; i >= 0; i--) {
      let sum: Complex = [-t.get(i, k)[0], -t.get(i, k)[1]];
      for (let j = i + 1; j < k; j++) sum = subtract(sum, multiply(t.get(i, j), x.get(j, k)));
      let apart = subtract(t.get(i, i), t.get(k, k));
      if (apart[0] === 0 && apart[1] === 0) apart = [smallest, 0];
      x.set(i, k, divide(sum, apart));
    }
  }
  const vectors = q.times(x);
  const values = Array.from({ length: n }, (_, i) => t.get(i, i));
  const order = values.map((_, i) => i);
  // The same exchanges as a selection sort makes, which decide between values of one size.
  for (let i = 0; i < n; i++) {
    let least = i;
    for (let k = i + 1; k < n; k++) if (magnitude(values[order[k]!]!) < magnitude(values[order[least]!]!)) least = k;
    [order[i], order[least]] = [order[least]!, order[i]!];
  }
  const sorted = new ComplexMatrix(n, n);
  order.forEach((from, to) => {
    let norm = 0;
    for (let i = 0; i < n; i++) norm = Math.hypot(norm, magnitude(vectors.get(i, from)));
    for (let i = 0; i < n; i++) sorted.set(i, to, scale(vectors.get(i, from), 1 / norm));
  });
  return { values: order.map((i) => values[i]!), vectors: sorted };
}

const back = ({ q }: Schur, t: ComplexMatrix): ComplexMatrix => q.times(t).times(q.adjoint());

/** The principal square root of an upper triangle, by columns. */
function triangleRoot(t: ComplexMatrix): ComplexMatrix {
  const n = t.rows;
  const r = new ComplexMatrix(n, n);
  for (let j = 0; j < n; j++) {
    r.set(j, j, squareRoot(t.get(j, j)));
    for (let i = j - 1; i >= 0; i--) {
      let sum = t.get(i, j);
      for (let k = i + 1; k < j; k++) sum = subtract(sum, multiply(r.get(i, k), r.get(k, j)));
      r.set(i, j, divide(sum, add(r.get(i, i), r.get(j, j))));
    }
  }
  return r;
}

/** The principal square root; undefined when the Schur form cannot be found. */
export function matrixSquareRoot(a: ComplexMatrix): ComplexMatrix | undefined {
  const form = schur(a);
  return form && back(form, triangleRoot(form.t));
}

/** Nodes and weights of Gauss-Legendre quadrature with 8 points on [0, 1]. */
const QUADRATURE: readonly (readonly [node: number, weight: number])[] = (
  [
    [0.18343464249564978, 0.36268378337836199],
    [0.52553240991632899, 0.31370664587788727],
    [0.79666647741362673, 0.22238103445337448],
    [0.96028985649753629, 0.10122853629037626],
  ] as const
).flatMap(([x, w]) => [
  [(1 + x) / 2, w / 2],
  [(1 - x) / 2, w / 2],
]);

/** The principal logarithm: roots are taken until the triangle is near 1, whose logarithm is a sum of fractions. */
export function matrixLogarithm(a: ComplexMatrix): ComplexMatrix | undefined {
  const form = schur(a);
  if (form === undefined) return undefined;
  const n = a.rows;
  const one = ComplexMatrix.identity(n);
  let t = form.t;
  let doublings = 0;
  while (t.plus(one, -1).norm() > 0.25 && doublings < 100) {
    t = triangleRoot(t);
    doublings++;
  }
  const x = t.plus(one, -1);
  let sum = new ComplexMatrix(n, n);
  for (const [node, weight] of QUADRATURE) {
    const part = complexSolve(complexLu(one.plus(x, node)), x);
    if (part === undefined) return undefined;
    sum = sum.plus(part, weight);
  }
  const result = sum.scaled(2 ** doublings);
  // The roots have lost digits of the diagonal, which is known.
  for (let i = 0; i < n; i++) result.set(i, i, logarithm(form.t.get(i, i)));
  return back(form, result);
}

/** Coefficients of the Padé approximant of degree 13 of exp (Higham, 2005). */
const PADE = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
  670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
];

/** The exponential, by scaling and squaring; undefined for elements that are not finite. */
export function matrixExponential(a: ComplexMatrix): ComplexMatrix | undefined {
  if (!isFiniteMatrix(a)) return undefined;
  const n = a.rows;
  const squarings = Math.max(0, Math.ceil(Math.log2(a.norm() / 5.371920351148152)));
  const x = a.scaled(2 ** -squarings);
  const one = ComplexMatrix.identity(n);
  const x2 = x.times(x);
  const x4 = x2.times(x2);
  const x6 = x4.times(x2);
  const sum = (terms: readonly (readonly [ComplexMatrix, number])[]) =>
    terms.reduce((total, [term, by]) => total.plus(term, by), new ComplexMatrix(n, n));
  const b = (i: number) => PADE[i]!;
  const odd = x.times(
    x6
      .times(
        sum([
          [x6, b(13)],
          [x4, b(11)],
          [x2, b(9)],
        ]),
      )
      .plus(
        sum([
          [x6, b(7)],
          [x4, b(5)],
          [x2, b(3)],
          [one, b(1)],
        ]),
      ),
  );
  const even = x6
    .times(
      sum([
        [x6, b(12)],
        [x4, b(10)],
        [x2, b(8)],
      ]),
    )
    .plus(
      sum([
        [x6, b(6)],
        [x4, b(4)],
        [x2, b(2)],
        [one, b(0)],
      ]),
    );
  let result = complexSolve(complexLu(even.plus(odd, -1)), even.plus(odd));
  for (let i = 0; i < squarings && result !== undefined; i++) result = result.times(result);
  return result;
}
