import { add, divide, magnitude, multiply, scale, subtract, type Complex } from './complex-functions.js';

/**
 * Dense linear algebra on row-major matrices of complex numbers: textbook algorithms that are backward stable. Real
 * matrices whose results may be complex come here too.
 */
export class ComplexMatrix {
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly re: Float64Array = new Float64Array(rows * columns),
    readonly im: Float64Array = new Float64Array(rows * columns),
  ) {}

  static identity(size: number): ComplexMatrix {
    const result = new ComplexMatrix(size, size);
    for (let i = 0; i < size; i++) result.re[i * size + i] = 1;
    return result;
  }

  get(i: number, j: number): Complex {
    const at = i * this.columns + j;
    return [this.re[at]!, this.im[at]!];
  }

  set(i: number, j: number, [re, im]: Complex): void {
    const at = i * this.columns + j;
    this.re[at] = re;
    this.im[at] = im;
  }

  clone(): ComplexMatrix {
    return new ComplexMatrix(this.rows, this.columns, this.re.slice(), this.im.slice());
  }

  /** The conjugate transpose. */
  adjoint(): ComplexMatrix {
    const result = new ComplexMatrix(this.columns, this.rows);
    for (let i = 0; i < this.rows; i++) {
      for (let j = 0; j < this.columns; j++) {
        const [re, im] = this.get(i, j);
        result.set(j, i, [re, -im]);
      }
    }
    return result;
  }

  times(other: ComplexMatrix): ComplexMatrix {
    const result = new ComplexMatrix(this.rows, other.columns);
    for (let i = 0; i < this.rows; i++) {
      for (let k = 0; k < this.columns; k++) {
        const [a, b] = this.get(i, k);
        if (a === 0 && b === 0) continue;
        for (let j = 0; j < other.columns; j++) {
          const [from, to] = [k * other.columns + j, i * other.columns + j];
          const [c, d] = [other.re[from]!, other.im[from]!];
          result.re[to] = result.re[to]! + a * c - b * d;
          result.im[to] = result.im[to]! + a * d + b * c;
        }
      }
    }
    return result;
  }

  /** This and a multiple of another. */
  plus(other: ComplexMatrix, by = 1): ComplexMatrix {
    return new ComplexMatrix(
      this.rows,
      this.columns,
      this.re.map((x, i) => x + by * other.re[i]!),
      this.im.map((x, i) => x + by * other.im[i]!),
    );
  }

  scaled(by: number): ComplexMatrix {
    return new ComplexMatrix(
      this.rows,
      this.columns,
      this.re.map((x) => x * by),
      this.im.map((x) => x * by),
    );
  }

  /** The largest sum of the sizes in a column. */
  norm(): number {
    let most = 0;
    for (let j = 0; j < this.columns; j++) {
      let sum = 0;
      for (let i = 0; i < this.rows; i++) sum += magnitude(this.get(i, j));
      most = Math.max(most, sum);
    }
    return most;
  }

  /** The upper left part. */
  leading(rows: number, columns: number): ComplexMatrix {
    const result = new ComplexMatrix(rows, columns);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result.set(i, j, this.get(i, j));
    return result;
  }
}

/** P·A = L·U with partial pivoting; L and U share one matrix. */
export interface ComplexLu {
  readonly lu: ComplexMatrix;
  /** Which row of A stands in each row of L·U. */
  readonly permutation: readonly number[];
  readonly sign: 1 | -1;
}

export function complexLu(a: ComplexMatrix): ComplexLu {
  const n = a.rows;
  const lu = a.clone();
  const permutation = Array.from({ length: n }, (_, i) => i);
  let sign: 1 | -1 = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (magnitude(lu.get(i, k)) > magnitude(lu.get(pivot, k))) pivot = i;
    if (pivot !== k) {
      for (let j = 0; j < n; j++) {
        const kept = lu.get(k, j);
        lu.set(k, j, lu.get(pivot, j));
        lu.set(pivot, j, kept);
      }
      [permutation[k], permutation[pivot]] = [permutation[pivot]!, permutation[k]!];
      sign = sign === 1 ? -1 : 1;
    }
    const diagonal = lu.get(k, k);
    if (magnitude(diagonal) === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = divide(lu.get(i, k), diagonal);
      lu.set(i, k, factor);
      for (let j = k + 1; j < n; j++) lu.set(i, j, subtract(lu.get(i, j), multiply(factor, lu.get(k, j))));
    }
  }
  return { lu, permutation, sign };
}

/** X of A·X = B; undefined when A is singular. */
export function complexSolve({ lu, permutation }: ComplexLu, b: ComplexMatrix): ComplexMatrix | undefined {
  const n = lu.rows;
  for (let i = 0; i < n; i++) if (magnitude(lu.get(i, i)) === 0) return undefined;
  const x = new ComplexMatrix(n, b.columns);
  permutation.forEach((from, to) => {
    for (let j = 0; j < b.columns; j++) x.set(to, j, b.get(from, j));
  });
  substitute(lu, x, true, true);
  substitute(lu, x, false, false);
  return x;
}

/** X of T·X = B for a triangle; undefined when a diagonal element is 0. */
export function complexSolveTriangular(t: ComplexMatrix, b: ComplexMatrix, lower: boolean): ComplexMatrix | undefined {
  for (let i = 0; i < t.rows; i++) if (magnitude(t.get(i, i)) === 0) return undefined;
  const x = b.clone();
  substitute(t, x, lower, false);
  return x;
}

function substitute(t: ComplexMatrix, x: ComplexMatrix, lower: boolean, unit: boolean): void {
  const n = t.rows;
  for (let step = 0; step < n; step++) {
    const i = lower ? step : n - 1 - step;
    for (let c = 0; c < x.columns; c++) {
      let sum = x.get(i, c);
      for (let k = lower ? 0 : i + 1; k < (lower ? i : n); k++) sum = subtract(sum, multiply(t.get(i, k), x.get(k, c)));
      x.set(i, c, unit ? sum : divide(sum, t.get(i, i)));
    }
  }
}

/** The lower factor L of L·Lᴴ; undefined when the matrix is not positive definite. Reads the lower triangle. */
export function complexCholesky(a: ComplexMatrix): ComplexMatrix | undefined {
  const n = a.rows;
  const l = new ComplexMatrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a.get(i, j);
      for (let k = 0; k < j; k++) {
        const [re, im] = l.get(j, k);
        sum = subtract(sum, multiply(l.get(i, k), [re, -im]));
      }
      if (i === j) {
        if (!(sum[0] > 0)) return undefined;
        l.set(i, i, [Math.sqrt(sum[0]), 0]);
      } else l.set(i, j, divide(sum, l.get(j, j)));
    }
  }
  return l;
}

/** A = Q·R by Householder reflections; Q is square, R as wide as A, its diagonal of the phases that LAPACK gives it. */
export function complexQr(a: ComplexMatrix): { readonly q: ComplexMatrix; readonly r: ComplexMatrix } {
  const { rows: m, columns: n } = a;
  const r = a.clone();
  const q = ComplexMatrix.identity(m);
  for (let k = 0; k < Math.min(m, n); k++) {
    let norm = 0;
    let below = 0;
    for (let i = k; i < m; i++) {
      norm = Math.hypot(norm, magnitude(r.get(i, k)));
      if (i > k) below = Math.max(below, magnitude(r.get(i, k)));
    }
    const head = r.get(k, k);
    if (norm === 0 || (below === 0 && head[1] === 0)) continue;
    // H = I - τ·v·vᴴ with v of 1 at the head, and Hᴴ applied to R makes the diagonal real.
    const beta = head[0] >= 0 ? -norm : norm;
    const tau: Complex = [(beta - head[0]) / beta, -head[1] / beta];
    const divisor: Complex = [head[0] - beta, head[1]];
    const v = new ComplexMatrix(m, 1);
    v.set(k, 0, [1, 0]);
    for (let i = k + 1; i < m; i++) v.set(i, 0, divide(r.get(i, k), divisor));
    const conjugate = (z: Complex): Complex => [z[0], -z[1]];
    for (let j = k; j < n; j++) {
      let dot: Complex = [0, 0];
      for (let i = k; i < m; i++) dot = add(dot, multiply(conjugate(v.get(i, 0)), r.get(i, j)));
      const by = multiply(conjugate(tau), dot);
      for (let i = k; i < m; i++) r.set(i, j, subtract(r.get(i, j), multiply(by, v.get(i, 0))));
    }
    for (let i = 0; i < m; i++) {
      let dot: Complex = [0, 0];
      for (let j = k; j < m; j++) dot = add(dot, multiply(q.get(i, j), v.get(j, 0)));
      const by = multiply(tau, dot);
      for (let j = k; j < m; j++) q.set(i, j, subtract(q.get(i, j), multiply(by, conjugate(v.get(j, 0)))));
    }
    for (let i = k + 1; i < m; i++) r.set(i, k, [0, 0]);
    r.set(k, k, [beta, 0]);
  }
  return { q, r };
}

const MAX_SWEEPS = 60;

/** Eigenvalues in ascending order and eigenvectors as columns of a Hermitian matrix (its lower triangle), by Jacobi. */
export function hermitianEigen(matrix: ComplexMatrix): {
  readonly values: Float64Array;
  readonly vectors: ComplexMatrix;
} {
  const n = matrix.rows;
  const a = new ComplexMatrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [re, im] = matrix.get(i, j);
      a.set(i, j, [re, im]);
      a.set(j, i, [re, -im]);
    }
    a.set(i, i, [matrix.get(i, i)[0], 0]);
  }
  const v = ComplexMatrix.identity(n);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let [off, diagonal] = [0, 0];
    for (let i = 0; i < n; i++) {
      diagonal += a.get(i, i)[0] ** 2;
      for (let j = 0; j < i; j++) off += magnitude(a.get(i, j)) ** 2;
    }
    if (!(off > 1e-34 * (diagonal + off))) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotateHermitian(a, v, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a.get(i, i)[0] - a.get(j, j)[0]);
  return { values: Float64Array.from(order, (i) => a.get(i, i)[0]), vectors: columnsOf(v, order) };
}

function columnsOf(v: ComplexMatrix, order: readonly number[]): ComplexMatrix {
  const result = new ComplexMatrix(v.rows, order.length);
  order.forEach((from, to) => {
    for (let i = 0; i < v.rows; i++) result.set(i, to, v.get(i, from));
  });
  return result;
}

function rotation(theta: number): readonly [c: number, s: number] {
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(1, theta));
  const c = 1 / Math.hypot(1, t);
  return [c, t * c];
}

/** Columns p and q of `x` become c·p - s·e⁻ⁱᶠ·q and s·eⁱᶠ·p + c·q. */
function rotateColumns(x: ComplexMatrix, p: number, q: number, c: number, s: number, phase: Complex): void {
  const back: Complex = [phase[0], -phase[1]];
  for (let k = 0; k < x.rows; k++) {
    const [xp, xq] = [x.get(k, p), x.get(k, q)];
    x.set(k, p, subtract(scale(xp, c), scale(multiply(back, xq), s)));
    x.set(k, q, add(scale(multiply(phase, xp), s), scale(xq, c)));
  }
}

function rotateHermitian(a: ComplexMatrix, v: ComplexMatrix, p: number, q: number): void {
  const apq = a.get(p, q);
  const size = magnitude(apq);
  // What is too small to be divided by is nothing beside the diagonal.
  if (1 / size === Infinity) return;
  const [c, s] = rotation((a.get(q, q)[0] - a.get(p, p)[0]) / (2 * size));
  const phase = scale(apq, 1 / size);
  rotateColumns(a, p, q, c, s, phase);
  const back: Complex = [phase[0], -phase[1]];
  for (let k = 0; k < a.rows; k++) {
    const [x, y] = [a.get(p, k), a.get(q, k)];
    a.set(p, k, subtract(scale(x, c), scale(multiply(phase, y), s)));
    a.set(q, k, add(scale(multiply(back, x), s), scale(y, c)));
  }
  rotateColumns(v, p, q, c, s, phase);
}

/** A = U·diag(s)·Vᴴ with s descending, U and V square, by one-sided Jacobi. */
export function complexSingularValues(a: ComplexMatrix): {
  readonly u: ComplexMatrix;
  readonly s: Float64Array;
  readonly v: ComplexMatrix;
} {
  if (a.rows < a.columns) {
    const { u, s, v } = complexSingularValues(a.adjoint());
    return { u: v, s, v: u };
  }
  const { rows: m, columns: n } = a;
  const w = a.clone();
  const v = ComplexMatrix.identity(n);
  for (let sweep = 0, rotated = true; sweep < MAX_SWEEPS && rotated; sweep++) {
    rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let [alpha, beta] = [0, 0];
        let gamma: Complex = [0, 0];
        for (let i = 0; i < m; i++) {
          const [x, y] = [w.get(i, p), w.get(i, q)];
          alpha += x[0] ** 2 + x[1] ** 2;
          beta += y[0] ** 2 + y[1] ** 2;
          gamma = add(gamma, multiply([x[0], -x[1]], y));
        }
        const size = magnitude(gamma);
        if (!(size > 1e-16 * Math.sqrt(alpha * beta)) || 1 / size === Infinity) continue;
        rotated = true;
        const [c, s] = rotation((beta - alpha) / (2 * size));
        const phase = scale(gamma, 1 / size);
        rotateColumns(w, p, q, c, s, phase);
        rotateColumns(v, p, q, c, s, phase);
      }
    }
  }
  const norms = Array.from({ length: n }, (_, j) => {
    let norm = 0;
    for (let i = 0; i < m; i++) norm = Math.hypot(norm, magnitude(w.get(i, j)));
    return norm;
  });
  const order = norms.map((_, j) => j).sort((i, j) => norms[j]! - norms[i]!);
  const most = Math.max(...norms, 0);
  const columns: Complex[][] = [];
  for (const from of order) {
    const norm = norms[from]!;
    if (norm > 1e-300 && norm > most * 1e-15)
      columns.push(Array.from({ length: m }, (_, i) => scale(w.get(i, from), 1 / norm)));
  }
  return { u: completeBasis(columns, m), s: Float64Array.from(order, (j) => norms[j]!), v: columnsOf(v, order) };
}

/** A unitary matrix that starts with the columns given. */
function completeBasis(basis: Complex[][], m: number): ComplexMatrix {
  for (let e = 0; basis.length < m && e < m; e++) {
    const x = Array.from({ length: m }, (_, i): Complex => [i === e ? 1 : 0, 0]);
    // Twice is enough to be orthogonal to the last digit.
    for (let pass = 0; pass < 2; pass++) {
      for (const b of basis) {
        let dot: Complex = [0, 0];
        for (let i = 0; i < m; i++) dot = add(dot, multiply([b[i]![0], -b[i]![1]], x[i]!));
        for (let i = 0; i < m; i++) x[i] = subtract(x[i]!, multiply(dot, b[i]!));
      }
    }
    const norm = Math.hypot(...x.flat());
    if (norm > 0.5 / Math.sqrt(m)) basis.push(x.map((value) => scale(value, 1 / norm)));
  }
  const result = new ComplexMatrix(m, m);
  basis.forEach((b, j) => b.forEach((value, i) => result.set(i, j, value)));
  return result;
}

/** Whether all elements are finite numbers: iterations over anything else would not end well. */
export const isFiniteMatrix = ({ re, im }: ComplexMatrix): boolean =>
  re.every((x) => Number.isFinite(x)) && im.every((x) => Number.isFinite(x));
