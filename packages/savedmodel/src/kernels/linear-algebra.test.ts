import { describe, expect, it } from 'vitest';
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

/** Numbers without a pattern, the same in every run. */
function drawn(rows: number, columns: number, seed = 1): Matrix {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, next));
}

function product(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.values[i * a.columns + k]! * b.values[k * b.columns + j]!;
      result.values[i * b.columns + j] = sum;
    }
  }
  return result;
}

function expectSame(given: Matrix, expected: Matrix): void {
  expect([given.rows, given.columns]).toEqual([expected.rows, expected.columns]);
  given.values.forEach((value, i) => expect(Math.abs(value - expected.values[i]!)).toBeLessThan(1e-12));
}

const orthogonal = (q: Matrix) => expectSame(product(transposed(q), q), identityMatrix(q.columns));
const scaled = (columns: number, s: Float64Array, rows: number) => {
  const d = matrix(rows, columns);
  s.forEach((value, i) => (d.values[i * columns + i] = value));
  return d;
};

describe('factorizations give the matrix back', () => {
  it.each([
    [5, 5],
    [6, 3],
    [3, 6],
    [1, 4],
  ])('of %i x %i', (rows, columns) => {
    const a = drawn(rows, columns);
    const { q, r } = qr(a);
    orthogonal(q);
    expectSame(product(q, r), a);
    const { u, s, v } = singularValues(a);
    orthogonal(u);
    orthogonal(v);
    expectSame(product(product(u, scaled(columns, s, rows)), transposed(v)), a);
    expect([...s]).toEqual([...s].sort((x, y) => y - x));
  });

  it('of less than full rank, with orthogonal factors still', () => {
    const a = product(drawn(5, 2), drawn(2, 4, 7));
    const { u, s, v } = singularValues(a);
    orthogonal(u);
    orthogonal(v);
    expect(Math.abs(s[2]!) + Math.abs(s[3]!)).toBeLessThan(1e-14);
    orthogonal(singularValues(matrix(3, 3)).u);
  });

  it('of symmetric matrices, eigenvalues ascending', () => {
    const b = drawn(6, 6);
    const a = product(b, transposed(b));
    const l = cholesky(a)!;
    expectSame(product(l, transposed(l)), a);
    const { values, vectors } = symmetricEigen(a);
    orthogonal(vectors);
    expectSame(product(product(vectors, scaled(6, values, 6)), transposed(vectors)), a);
    expect([...values]).toEqual([...values].sort((x, y) => x - y));
  });
});

describe('systems', () => {
  it('are solved with pivoting', () => {
    const a = drawn(7, 7);
    a.values[0] = 0;
    const x = drawn(7, 3, 9);
    expectSame(solve(luFactors(a), product(a, x))!, x);
  });

  it('of triangles take either side', () => {
    const lower = cholesky(product(drawn(4, 4), transposed(drawn(4, 4))))!;
    const x = drawn(4, 2, 3);
    expectSame(solveTriangular(lower, product(lower, x), true)!, x);
    expectSame(solveTriangular(transposed(lower), product(transposed(lower), x), false)!, x);
  });

  it('without a solution have none', () => {
    const singular = matrix(2, 2, Float64Array.of(1, 2, 2, 4));
    expect(solve(luFactors(singular), identityMatrix(2))).toBeUndefined();
    expect(solveTriangular(matrix(1, 1), identityMatrix(1), true)).toBeUndefined();
    expect(cholesky(matrix(2, 2, Float64Array.of(1, 0, 2, 1)))).toBeUndefined();
    expect(cholesky(matrix(1, 1, Float64Array.of(NaN)))).toBeUndefined();
  });

  it('have determinants that logarithms keep from overflowing', () => {
    expect(determinant(luFactors(matrix(2, 2, Float64Array.of(0, 2, 3, 0))))).toBe(-6);
    expect(determinant(luFactors(matrix(0, 0)))).toBe(1);
    const large = identityMatrix(400);
    large.values.forEach((value, i) => (large.values[i] = value * -1e5));
    const [sign, log] = logDeterminant(luFactors(large));
    expect(sign).toBe(1);
    expect(log).toBeCloseTo(400 * Math.log(1e5), 8);
    expect(logDeterminant(luFactors(matrix(1, 1)))).toEqual([0, -Infinity]);
  });
});
