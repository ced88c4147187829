import { describe, expect, it } from 'vitest';
import { complexFunctions, type Complex } from './complex-functions.js';
import {
  complexLu,
  ComplexMatrix,
  complexQr,
  complexSingularValues,
  complexSolve,
  hermitianEigen,
} from './complex-matrix.js';
import { eigen, matrixExponential, matrixLogarithm, matrixSquareRoot, schur } from './matrix-functions.js';

/** Numbers without a pattern, the same in every run. */
function drawn(rows: number, columns: number, seed = 1): ComplexMatrix {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const values = () => Float64Array.from({ length: rows * columns }, next);
  return new ComplexMatrix(rows, columns, values(), values());
}

function expectSame(given: ComplexMatrix | undefined, expected: ComplexMatrix, within = 1e-12): void {
  expect([given?.rows, given?.columns]).toEqual([expected.rows, expected.columns]);
  expect(given!.plus(expected, -1).norm()).toBeLessThan(within);
}

const unitary = (q: ComplexMatrix) => expectSame(q.adjoint().times(q), ComplexMatrix.identity(q.columns));

function diagonal(rows: number, columns: number, values: Float64Array): ComplexMatrix {
  const result = new ComplexMatrix(rows, columns);
  values.forEach((value, i) => result.set(i, i, [value, 0]));
  return result;
}

describe('factorizations of complex matrices give the matrix back', () => {
  it.each([
    [4, 4],
    [5, 2],
    [2, 5],
  ])('of %i x %i', (rows, columns) => {
    const a = drawn(rows, columns);
    const { q, r } = complexQr(a);
    unitary(q);
    expectSame(q.times(r), a);
    const { u, s, v } = complexSingularValues(a);
    unitary(u);
    unitary(v);
    expectSame(u.times(diagonal(rows, columns, s)).times(v.adjoint()), a);
  });

  it('of size 1 to 12, by Schur', () => {
    for (let n = 1; n <= 12; n++) {
      const a = drawn(n, n, n);
      const { q, t } = schur(a)!;
      unitary(q);
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(t.get(i, j)).toEqual([0, 0]);
      expectSame(q.times(t).times(q.adjoint()), a);
    }
  });

  it('of Hermitian ones, whose eigenvalues are real and ascend', () => {
    const a = drawn(5, 5);
    const h = a.plus(a.adjoint());
    const { values, vectors } = hermitianEigen(h);
    expect([...values]).toEqual([...values].sort((x, y) => x - y));
    expectSame(vectors.times(diagonal(5, 5, values)).times(vectors.adjoint()), h);
  });
});

it('eigenvectors are what the matrix only scales', () => {
  const a = drawn(6, 6, 3);
  const { values, vectors } = eigen(a)!;
  const scaled = vectors.clone();
  values.forEach((value, j) => {
    for (let i = 0; i < 6; i++) {
      const [x, y] = vectors.get(i, j);
      scaled.set(i, j, [x * value[0] - y * value[1], x * value[1] + y * value[0]]);
    }
  });
  expectSame(a.times(vectors), scaled);
});

it('a matrix whose eigenvalues lie on a circle is solved too', () => {
  const turn = new ComplexMatrix(3, 3, Float64Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0));
  expect(eigen(turn)!.values.map(([re, im]) => Math.hypot(re, im).toFixed(12))).toEqual(
    Array(3).fill('1.000000000000'),
  );
});

it('what is not finite has no Schur form and no exponential', () => {
  const bad = new ComplexMatrix(2, 2, Float64Array.of(NaN, 1, 1, 1));
  expect([schur(bad), eigen(bad), matrixExponential(bad), matrixLogarithm(bad), matrixSquareRoot(bad)]).toEqual(
    Array(5).fill(undefined),
  );
});

describe('functions of matrices undo each other', () => {
  const a = drawn(4, 4, 7);
  it('the exponential of the logarithm', () => expectSame(matrixExponential(matrixLogarithm(a)!), a, 1e-11));
  it('the square of the root', () => {
    const root = matrixSquareRoot(a)!;
    expectSame(root.times(root), a);
  });
  it('the exponential of a large one, by that of its half', () => {
    const half = matrixExponential(a.scaled(20))!;
    const whole = matrixExponential(a.scaled(40))!;
    expect(half.times(half).plus(whole, -1).norm() / whole.norm()).toBeLessThan(1e-11);
  });
});

it('a system is solved', () => {
  const [a, b] = [drawn(4, 4), drawn(4, 2, 9)];
  expectSame(a.times(complexSolve(complexLu(a), b)!), b);
  expect(complexSolve(complexLu(new ComplexMatrix(2, 2)), drawn(2, 1))).toBeUndefined();
});

const near = ([a, b]: Complex, [c, d]: Complex) => expect(Math.hypot(a - c, b - d)).toBeLessThan(1e-12);

describe('complex functions', () => {
  it.each([
    ['Sin', 'Asin'],
    ['Cos', 'Acos'],
    ['Tan', 'Atan'],
    ['Sinh', 'Asinh'],
    ['Cosh', 'Acosh'],
    ['Tanh', 'Atanh'],
    ['Expm1', 'Log1p'],
  ])('%s undoes %s', (f, inverse) => {
    for (const z of [
      [0.3, 0.4],
      [-0.7, 1.2],
      [2.5, -0.1],
      [1e-9, 1e-9],
    ] as const) {
      near(complexFunctions[f]!(complexFunctions[inverse]!(z)), z);
    }
  });

  it('tanh of a large number is 1, and its tangent is finite', () => {
    near(complexFunctions['Tanh']!([400, 1]), [1, 0]);
    near(complexFunctions['Tan']!([1, 400]), [0, 1]);
  });
});
