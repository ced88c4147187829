/**
 * Dense linear algebra on row-major matrices of doubles: textbook algorithms that are backward stable. Each works on one
 * matrix; nothing here knows of tensors.
 */

/** A matrix: `rows` × `columns` values, row after row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

export function matrix(rows: number, columns: number, values: Float64Array = new Float64Array(rows * columns)): Matrix {
  return { rows, columns, values };
}

export function identityMatrix(size: number): Matrix {
  const result = matrix(size, size);
  for (let i = 0; i < size; i++) result.values[i * size + i] = 1;
  return result;
}

export function transposed({ rows, columns, values }: Matrix): Matrix {
  const result = matrix(columns, rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result.values[j * rows + i] = values[i * columns + j]!;
  return result;
}

/** The lower factor L of L·Lᵀ; undefined when the matrix is not positive definite. Reads the lower triangle. */
export function cholesky({ rows: n, values }: Matrix): Matrix | undefined {
  const l = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = values[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l.values[i * n + k]! * l.values[j * n + k]!;
      if (i === j) {
        if (!(sum > 0)) return undefined;
        l.values[i * n + i] = Math.sqrt(sum);
      } else l.values[i * n + j] = sum / l.values[j * n + j]!;
    }
  }
  return l;
}

/** P·A = L·U by rows, with partial pivoting; L and U share one matrix. */
export interface LuFactors {
  readonly lu: Matrix;
  /** Which row of A stands in each row of L·U. */
  readonly permutation: readonly number[];
  /** The sign of the permutation. */
  readonly sign: 1 | -1;
}

export function luFactors(a: Matrix): LuFactors {
  const n = a.rows;
  const v = a.values.slice();
  const permutation = Array.from({ length: n }, (_, i) => i);
  let sign: 1 | -1 = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(v[i * n + k]!) > Math.abs(v[pivot * n + k]!)) pivot = i;
    if (pivot !== k) {
      for (let j = 0; j < n; j++) [v[k * n + j], v[pivot * n + j]] = [v[pivot * n + j]!, v[k * n + j]!];
      [permutation[k], permutation[pivot]] = [permutation[pivot]!, permutation[k]!];
      sign = sign === 1 ? -1 : 1;
    }
    const diagonal = v[k * n + k]!;
    if (diagonal === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = (v[i * n + k] = v[i * n + k]! / diagonal);
      if (factor === 0) continue;
      for (let j = k + 1; j < n; j++) v[i * n + j] = v[i * n + j]! - factor * v[k * n + j]!;
    }
  }
  return { lu: matrix(n, n, v), permutation, sign };
}

/** The sign and the logarithm of the size of a determinant. */
export function logDeterminant({ lu, sign }: LuFactors): readonly [sign: number, log: number] {
  let [s, log]: [number, number] = [sign, 0];
  for (let i = 0; i < lu.rows; i++) {
    const d = lu.values[i * lu.rows + i]!;
    s *= Math.sign(d);
    log += Math.log(Math.abs(d));
  }
  return [s, log];
}

export function determinant({ lu, sign }: LuFactors): number {
  let product: number = sign;
  for (let i = 0; i < lu.rows; i++) product *= lu.values[i * lu.rows + i]!;
  return product;
}

/** X of A·X = B; undefined when A is singular. */
export function solve({ lu, permutation }: LuFactors, b: Matrix): Matrix | undefined {
  const n = lu.rows;
  for (let i = 0; i < n; i++) if (lu.values[i * n + i] === 0) return undefined;
  const x = matrix(n, b.columns);
  permutation.forEach((from, to) =>
    x.values.set(b.values.subarray(from * b.columns, (from + 1) * b.columns), to * b.columns),
  );
  substitute(lu, x, true, true);
  substitute(lu, x, false, false);
  return x;
}

/** Solves T·X = B for a triangle in place of B; undefined when a diagonal element is 0. */
export function solveTriangular(t: Matrix, b: Matrix, lower: boolean): Matrix | undefined {
  for (let i = 0; i < t.rows; i++) if (t.values[i * t.rows + i] === 0) return undefined;
  const x = matrix(b.rows, b.columns, b.values.slice());
  substitute(t, x, lower, false);
  return x;
}

function substitute(t: Matrix, x: Matrix, lower: boolean, unit: boolean): void {
  const n = t.rows;
  for (let step = 0; step < n; step++) {
    const i = lower ? step : n - 1 - step;
    for (let c = 0; c < x.columns; c++) {
      let sum = x.values[i * x.columns + c]!;
      for (let k = lower ? 0 : i + 1; k < (lower ? i : n); k++)
        sum -= t.values[i * n + k]! * x.values[k * x.columns + c]!;
      x.values[i * x.columns + c] = unit ? sum : sum / t.values[i * n + i]!;
    }
  }
}

/** A = Q·R by Householder reflections; Q is square, R as wide as A. The signs are those of LAPACK. */
export function qr(a: Matrix): { readonly q: Matrix; readonly r: Matrix } {
  const { rows: m, columns: n } = a;
  const r = a.values.slice();
  const q = identityMatrix(m).values;
  for (let k = 0; k < Math.min(m, n); k++) {
    let norm = 0;
    for (let i = k; i < m; i++) norm = Math.hypot(norm, r[i * n + k]!);
    let below = 0;
    for (let i = k + 1; i < m; i++) below = Math.max(below, Math.abs(r[i * n + k]!));
    // A column that is already done is left alone, sign and all.
    if (norm === 0 || below === 0) continue;
    const alpha = r[k * n + k]! > 0 ? -norm : norm;
    const v = new Float64Array(m);
    for (let i = k; i < m; i++) v[i] = r[i * n + k]!;
    v[k] = v[k]! - alpha;
    let square = 0;
    for (let i = k; i < m; i++) square += v[i]! * v[i]!;
    for (let j = k; j < n; j++) {
      let dot = 0;
      for (let i = k; i < m; i++) dot += v[i]! * r[i * n + j]!;
      for (let i = k; i < m; i++) r[i * n + j] = r[i * n + j]! - ((2 * dot) / square) * v[i]!;
    }
    for (let i = 0; i < m; i++) {
      let dot = 0;
      for (let j = k; j < m; j++) dot += q[i * m + j]! * v[j]!;
      for (let j = k; j < m; j++) q[i * m + j] = q[i * m + j]! - ((2 * dot) / square) * v[j]!;
    }
    for (let i = k + 1; i < m; i++) r[i * n + k] = 0;
  }
  return { q: matrix(m, m, q), r: matrix(m, n, r) };
}

const MAX_SWEEPS = 60;

/** Eigenvalues in ascending order and eigenvectors as columns of a symmetric matrix (its lower triangle), by Jacobi. */
export function symmetricEigen({ rows: n, values }: Matrix): {
  readonly values: Float64Array;
  readonly vectors: Matrix;
} {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = values[i * n + j]!;
  const v = identityMatrix(n).values;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let off = 0;
    let diagonal = 0;
    for (let i = 0; i < n; i++) {
      diagonal += a[i * n + i]! ** 2;
      for (let j = 0; j < i; j++) off += a[i * n + j]! ** 2;
    }
    if (!(off > 1e-34 * (diagonal + off))) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotateSymmetric(a, v, n, p, q);
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[i * n + i]! - a[j * n + j]!);
  const vectors = matrix(n, n);
  order.forEach((from, to) => {
    for (let i = 0; i < n; i++) vectors.values[i * n + to] = v[i * n + from]!;
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

function rotateSymmetric(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const [c, s] = rotation((a[q * n + q]! - a[p * n + p]!) / (2 * apq));
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p]!, a[k * n + q]!];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k]!, a[q * n + k]!];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [v[k * n + p]!, v[k * n + q]!];
    v[k * n + p] = c * x - s * y;
    v[k * n + q] = s * x + c * y;
  }
}

function rotation(theta: number): readonly [c: number, s: number] {
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(1, theta));
  const c = 1 / Math.hypot(1, t);
  return [c, t * c];
}

/** A = U·diag(s)·Vᵀ with s descending, U and V square, by one-sided Jacobi. */
export function singularValues(a: Matrix): { readonly u: Matrix; readonly s: Float64Array; readonly v: Matrix } {
  if (a.rows < a.columns) {
    const { u, s, v } = singularValues(transposed(a));
    return { u: v, s, v: u };
  }
  const { rows: m, columns: n } = a;
  const w = a.values.slice();
  const v = identityMatrix(n).values;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotated = rotateColumns(w, v, m, n, p, q) || rotated;
    }
    if (!rotated) break;
  }
  const norms = Array.from({ length: n }, (_, j) => {
    let norm = 0;
    for (let i = 0; i < m; i++) norm = Math.hypot(norm, w[i * n + j]!);
    return norm;
  });
  const order = norms.map((_, j) => j).sort((i, j) => norms[j]! - norms[i]!);
  const columns = matrix(m, n);
  const vectors = matrix(n, n);
  const most = Math.max(...norms, 0);
  let rank = 0;
  order.forEach((from, to) => {
    const norm = norms[from]!;
    if (norm > 1e-300 && norm > most * 1e-15) {
      for (let i = 0; i < m; i++) columns.values[i * n + to] = w[i * n + from]! / norm;
      rank++;
    }
    for (let i = 0; i < n; i++) vectors.values[i * n + to] = v[i * n + from]!;
  });
  return { u: completeBasis(columns, rank), s: Float64Array.from(order, (j) => norms[j]!), v: vectors };
}

function rotateColumns(w: Float64Array, v: Float64Array, m: number, n: number, p: number, q: number): boolean {
  let [alpha, beta, gamma] = [0, 0, 0];
  for (let i = 0; i < m; i++) {
    const [x, y] = [w[i * n + p]!, w[i * n + q]!];
    alpha += x * x;
    beta += y * y;
    gamma += x * y;
  }
  if (!(Math.abs(gamma) > 1e-16 * Math.sqrt(alpha * beta))) return false;
  const [c, s] = rotation((beta - alpha) / (2 * gamma));
  for (const [columns, rows] of [
    [w, m],
    [v, n],
  ] as const) {
    for (let i = 0; i < rows; i++) {
      const [x, y] = [columns[i * n + p]!, columns[i * n + q]!];
      columns[i * n + p] = c * x - s * y;
      columns[i * n + q] = s * x + c * y;
    }
  }
  return true;
}

/** An orthogonal square matrix that starts with the first `rank` columns given. */
function completeBasis({ rows: m, columns: n, values }: Matrix, rank: number): Matrix {
  const basis: Float64Array[] = [];
  for (let j = 0; j < rank; j++) basis.push(Float64Array.from({ length: m }, (_, i) => values[i * n + j]!));
  for (let e = 0; basis.length < m && e < m; e++) {
    const x = new Float64Array(m);
    x[e] = 1;
    // Twice is enough to be orthogonal to the last digit.
    for (let pass = 0; pass < 2; pass++) {
      for (const b of basis) {
        const dot = b.reduce((sum, y, i) => sum + y * x[i]!, 0);
        for (let i = 0; i < m; i++) x[i] = x[i]! - dot * b[i]!;
      }
    }
    const norm = Math.hypot(...x);
    if (norm > 0.5 / Math.sqrt(m)) basis.push(x.map((value) => value / norm));
  }
  const result = matrix(m, m);
  basis.forEach((b, j) => b.forEach((value, i) => (result.values[i * m + j] = value)));
  return result;
}
