import { integrate } from './integrate.js';

/**
 * Special functions of real numbers in double precision: series where their terms do not cancel, continued fractions and
 * asymptotic expansions elsewhere. Relative errors are below 1e-12 except close to zeros of the function.
 */

const SQRT_PI = Math.sqrt(Math.PI);
const TINY = 1e-300;
const EPSILON = 1e-16;
const MAX_TERMS = 2000;

/** A continued fraction b0 + a1/(b1 + a2/(b2 + ...)) by Lentz's method. */
function continuedFraction(b0: number, term: (i: number) => readonly [a: number, b: number]): number {
  let f = b0 === 0 ? TINY : b0;
  let c = f;
  let d = 0;
  for (let i = 1; i < MAX_TERMS; i++) {
    const [a, b] = term(i);
    d = b + a * d;
    if (d === 0) d = TINY;
    c = b + a / c;
    if (c === 0) c = TINY;
    d = 1 / d;
    const step = c * d;
    f *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return f;
}

export function erf(x: number): number {
  const size = Math.abs(x);
  if (size >= 2.5 || Number.isNaN(x)) return Number.isNaN(x) ? x : Math.sign(x) * (1 - erfc(size));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > EPSILON * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return ((2 * Math.exp(-x * x)) / SQRT_PI) * sum;
}

export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 2) return 1 - erf(x);
  if (x > 27.3) return 0;
  const fraction = continuedFraction(x, (i) => [i / 2, x]);
  return Math.exp(-x * x) / (SQRT_PI * fraction);
}

/** The inverse of {@link erfc}, to the relative precision of doubles in the tail too. */
function erfcInverse(y: number): number {
  if (y <= 0 || y >= 2) return y === 0 ? Infinity : y === 2 ? -Infinity : NaN;
  if (y > 1) return -erfcInverse(2 - y);
  let x = 0;
  if (y > 0.1) x = ((1 - y) * SQRT_PI) / 2;
  else {
    const t = Math.sqrt(-Math.log(y * SQRT_PI));
    x = Math.sqrt(Math.max(t * t - Math.log(Math.max(t, 1)), 0.5));
  }
  // Halley's steps on log(erfc) in the tail and on erfc near the middle.
  for (let i = 0; i < 60; i++) {
    const value = erfc(x);
    const slope = (-2 / SQRT_PI) * Math.exp(-x * x);
    const error = (value - y) / slope;
    const step = error / (1 + x * error);
    x -= step;
    if (Math.abs(step) <= 4 * EPSILON * Math.abs(x)) break;
  }
  return x;
}

export function erfInverse(y: number): number {
  if (!(Math.abs(y) <= 1)) return NaN;
  if (y === 0) return y;
  if (Math.abs(y) > 0.5) return Math.sign(y) * erfcInverse(1 - Math.abs(y));
  let x = (y * SQRT_PI) / 2;
  for (let i = 0; i < 60; i++) {
    const error = (erf(x) - y) / ((2 / SQRT_PI) * Math.exp(-x * x));
    const step = error / (1 + x * error);
    x -= step;
    if (Math.abs(step) <= 4 * EPSILON * Math.abs(x)) break;
  }
  return x;
}

/** The quantile of the standard normal distribution. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  return p < 0.25 ? -Math.SQRT2 * erfcInverse(2 * p) : Math.SQRT2 * erfInverse(2 * p - 1);
}

/** Coefficients B(2k) / (2k (2k-1)) of Stirling's series. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

/** log |Γ(x)|; infinite at 0 and the negative integers. */
export function logGamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    const sine = Math.abs(Math.sin(Math.PI * (x - Math.floor(x))));
    return Math.log(Math.PI / sine) - logGamma(1 - x);
  }
  if (x === 1 || x === 2) return 0;
  let product = 1;
  let z = x;
  for (; z < 12; z++) product *= z;
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series / (z * z) + STIRLING[k]!;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series / z - Math.log(product);
}

/** Bernoulli numbers B(2), B(4) ... */
const BERNOULLI = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
];

export function digamma(x: number): number {
  if (x === Infinity) return x;
  if (!(x > 0)) {
    if (!Number.isFinite(x) || Number.isInteger(x)) return NaN;
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.floor(x)));
  }
  let result = 0;
  let z = x;
  for (; z < 12; z++) result -= 1 / z;
  let power = 1;
  for (let k = 0; k < 8; k++) {
    power *= z * z;
    result -= BERNOULLI[k]! / ((2 * k + 2) * power);
  }
  return result + Math.log(z) - 0.5 / z;
}

/** Below this the terms at negative numbers are taken together instead of one by one. */
const FAR_BELOW_ZERO = -100;

/** Hurwitz's zeta function Σ (k+q)^-s, by Euler and Maclaurin. */
export function zeta(s: number, q: number): number {
  if (s === 1) return Infinity;
  if (!(s > 1) || Number.isNaN(q)) return NaN;
  if (q <= 0) {
    // Infinite numbers count as whole and even ones here (unsupported/Eigen/src/SpecialFunctions/SpecialFunctionsImpl.h).
    const isEven = s === Infinity || s % 2 === 0;
    if (Math.floor(q) === q) return isEven ? Infinity : NaN;
    if (Math.floor(s) !== s) return NaN;
    if (q < FAR_BELOW_ZERO) {
      const below = Math.ceil(-q);
      const nearest = -q - (below - 1);
      const atNegative = zeta(s, nearest) - zeta(s, nearest + below);
      return (isEven ? atNegative : -atNegative) + zeta(s, q + below);
    }
  }
  let sum = 0;
  let a = q;
  for (let k = 0; k < 12 || a < 9; k++, a++) {
    const term = a ** -s;
    sum += term;
    if (a > 0 && term < EPSILON * sum) return sum;
  }
  const base = a ** -s;
  if (!Number.isFinite(sum) || base === 0) return sum;
  sum += (base * a) / (s - 1) + base / 2;
  let factor = s * (base / a);
  for (let k = 0; k < BERNOULLI.length; k++) {
    // B(2k)/(2k)! · s(s+1)...(s+2k-2) · a^-(s+2k-1)
    const i = 2 * (k + 1);
    const term = (BERNOULLI[k]! / factorial(i)) * factor;
    sum += term;
    if (Math.abs(term) < EPSILON * Math.abs(sum)) break;
    factor *= ((s + i - 1) * (s + i)) / (a * a);
  }
  return sum;
}

function factorial(n: number): number {
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}

/** The n-th derivative of {@link digamma}; n is a whole number of 0 or more. */
export function polygamma(n: number, x: number): number {
  if (!Number.isInteger(n) || n < 0) return NaN;
  if (n === 0) return digamma(x);
  return (n % 2 === 0 ? -1 : 1) * Math.exp(logGamma(n + 1)) * zeta(n + 1, x);
}

/** Both regularized incomplete gamma functions: [lower, upper]. */
function incompleteGamma(a: number, x: number): readonly [lower: number, upper: number] {
  if (Number.isNaN(a) || Number.isNaN(x) || x < 0 || a < 0) return [NaN, NaN];
  if (a === 0) return x === 0 ? [NaN, NaN] : [1, 0];
  if (x === 0) return [0, 1];
  if (a === Infinity) return x === Infinity ? [NaN, NaN] : [0, 1];
  if (x === Infinity) return [1, 0];
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; k < 1e5 && term > EPSILON * sum; k++) sum += term *= x / (a + k);
    return [sum * front, 1 - sum * front];
  }
  const fraction = continuedFraction(x + 1 - a, (i) => [-i * (i - a), x + 2 * i + 1 - a]);
  return [1 - front / fraction, front / fraction];
}

export const lowerGamma = (a: number, x: number): number => incompleteGamma(a, x)[0];
export const upperGamma = (a: number, x: number): number => incompleteGamma(a, x)[1];

/** The regularized incomplete beta function. */
export function betaRegularized(a: number, b: number, x: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return NaN;
  if (x === 0 || x === 1) return x;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaRegularized(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const fraction = continuedFraction(1, (i) => {
    const m = Math.floor(i / 2);
    const numerator =
      i % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return [numerator, 1];
  });
  return front / fraction;
}

/** Dawson's integral exp(-x²) ∫ exp(t²) dt, by Rybicki's exponentially convergent sum. */
export function dawson(x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  if (size < 0.2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 20; n++) sum += term *= (-2 * x * x) / (2 * n + 1);
    return sum;
  }
  if (size > 1e8) return 0.5 / x;
  const h = 0.2;
  const even = 2 * Math.round(size / (2 * h));
  const rest = size - even * h;
  let sum = 0;
  for (let n = -61; n <= 61; n += 2) sum += Math.exp(-((rest - n * h) ** 2)) / (n + even);
  return (Math.sign(x) * sum) / SQRT_PI;
}

/** The exponential integral Ei of positive numbers. */
export function exponentialIntegral(x: number): number {
  if (!(x >= 0)) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  if (x < 45) {
    let term = 1;
    let sum = 0;
    for (let k = 1; k < 300; k++) {
      term *= x / k;
      sum += term / k;
      if (term / k < EPSILON * sum) break;
    }
    return 0.57721566490153286 + Math.log(x) + sum;
  }
  let term = 1;
  let sum = 1;
  for (let k = 1; k < x; k++) {
    term *= k / x;
    sum += term;
    if (term < EPSILON) break;
  }
  return (Math.exp(x) / x) * sum;
}

/** Spence's function -∫ from 1 to x of log(t)/(t-1), the dilogarithm of 1-x. */
export function spence(x: number): number {
  if (!(x >= 0)) return NaN;
  if (x === Infinity) return -Infinity;
  if (x === 0) return Math.PI ** 2 / 6;
  if (x === 1) return 0;
  if (x > 2) return -spence(1 / x) - 0.5 * Math.log(x) ** 2;
  if (x < 0.5) return Math.PI ** 2 / 6 - Math.log(x) * Math.log1p(-x) - spence(1 - x);
  if (x > 1.5) return -spence(1 / x) - 0.5 * Math.log(x) ** 2;
  const z = 1 - x;
  let power = 1;
  let sum = 0;
  for (let k = 1; k < 200; k++) {
    power *= z;
    sum += power / (k * k);
    if (Math.abs(power) < EPSILON) break;
  }
  return sum;
}

/** Fresnel's integrals of cos(πt²/2) and sin(πt²/2) from 0 to x. */
export function fresnel(x: number): readonly [cosine: number, sine: number] {
  if (Number.isNaN(x)) return [x, x];
  const size = Math.abs(x);
  const sign = x < 0 ? -1 : 1;
  if (size > 1e8) return [sign / 2, sign / 2];
  if (size > 5) {
    const z = Math.PI * size * size;
    let [f, g] = [1, 1 / z];
    let [termF, termG] = [f, g];
    for (let k = 1; k < 12; k++) {
      termF *= (-(4 * k - 3) * (4 * k - 1)) / (z * z);
      termG *= (-(4 * k - 1) * (4 * k + 1)) / (z * z);
      f += termF;
      g += termG;
    }
    const [c, s] = [Math.cos(z / 2), Math.sin(z / 2)];
    const scale = 1 / (Math.PI * size);
    return [sign * (0.5 + scale * (f * s - g * c)), sign * (0.5 - scale * (f * c + g * s))];
  }
  const panels = 4 * Math.ceil(size * size) + 8;
  return [
    sign * integrate((t) => Math.cos((Math.PI * t * t) / 2), 0, size, panels),
    sign * integrate((t) => Math.sin((Math.PI * t * t) / 2), 0, size, panels),
  ];
}
