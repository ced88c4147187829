import { integrate } from './integrate.js';

/** Bessel functions of order 0 and 1, in double precision. */

/** Relative size of terms that no longer count. */
const EPSILON = 1e-17;

/** The modified function of the first kind, scaled: exp(-|x|) I(x). */
export function besselIScaled(order: 0 | 1, x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  const sign = order === 1 && x < 0 ? -1 : 1;
  if (size === Infinity) return 0;
  if (size < 30) {
    const quarter = (size * size) / 4;
    let term = order === 0 ? 1 : size / 2;
    let sum = term;
    for (let k = 1; term > EPSILON * sum; k++) sum += term *= quarter / (k * (k + order));
    return sign * sum * Math.exp(-size);
  }
  return (sign * asymptotic(order, size, -1)) / Math.sqrt(2 * Math.PI * size);
}

/** Σ of Hankel's expansion: the coefficients a(k) of order `order` over x^k, with alternating signs for -1. */
function asymptotic(order: number, x: number, sign: 1 | -1): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 60; k++) {
    const next = (term * sign * (4 * order * order - (2 * k - 1) ** 2)) / (8 * k * x);
    if (Math.abs(next) >= Math.abs(term)) break;
    sum += term = next;
    if (Math.abs(term) < EPSILON) break;
  }
  return sum;
}

/** The modified function of the second kind, scaled: exp(x) K(x), from its integral by the trapezoidal rule. */
export function besselKScaled(order: 0 | 1, x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return Infinity;
  if (x > 200) return asymptotic(order, x, 1) * Math.sqrt(Math.PI / (2 * x));
  const h = 1 / 32;
  let sum = 0.5;
  for (let i = 1; i < 200_000; i++) {
    const t = i * h;
    const half = Math.sinh(t / 2);
    const value = Math.exp(-2 * x * half * half) * (order === 0 ? 1 : Math.cosh(t));
    sum += value;
    if (value < EPSILON * sum) break;
  }
  return sum * h;
}

export const besselK = (order: 0 | 1, x: number): number => besselKScaled(order, x) * Math.exp(-x);
export const besselI = (order: 0 | 1, x: number): number => besselIScaled(order, x) * Math.exp(Math.abs(x));

/** The parts P and Q of Hankel's expansion for large arguments. */
function hankel(order: 0 | 1, x: number): readonly [p: number, q: number] {
  let term = 1;
  let [p, q] = [1, 0];
  for (let k = 1; k < 60; k++) {
    const next = (term * (4 * order * order - (2 * k - 1) ** 2)) / (8 * k * x);
    if (Math.abs(next) >= Math.abs(term)) break;
    term = next;
    if (k % 2 === 1) q += k % 4 === 1 ? term : -term;
    else p += k % 4 === 2 ? -term : term;
    if (Math.abs(term) < EPSILON) break;
  }
  return [p, q];
}

const LARGE = 25;

/** The function of the first kind: its integral over a period, which the trapezoidal rule gives exactly. */
export function besselJ(order: 0 | 1, x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  const sign = order === 1 && x < 0 ? -1 : 1;
  if (size === Infinity) return 0;
  if (size > LARGE) {
    const [p, q] = hankel(order, size);
    const phase = size - (order / 2 + 0.25) * Math.PI;
    return sign * Math.sqrt(2 / (Math.PI * size)) * (p * Math.cos(phase) - q * Math.sin(phase));
  }
  if (size < 4) {
    const quarter = (size * size) / 4;
    let term = order === 0 ? 1 : size / 2;
    let total = term;
    for (let k = 1; Math.abs(term) > EPSILON * Math.abs(total); k++) total += term *= -quarter / (k * (k + order));
    return sign * total;
  }
  const points = 96;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const t = (2 * Math.PI * i) / points;
    sum += Math.cos(order * t - size * Math.sin(t));
  }
  return (sign * sum) / points;
}

/** The function of the second kind; not a number for negative arguments. */
export function besselY(order: 0 | 1, x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return 0;
  if (x > LARGE) {
    const [p, q] = hankel(order, x);
    const phase = x - (order / 2 + 0.25) * Math.PI;
    return Math.sqrt(2 / (Math.PI * x)) * (p * Math.sin(phase) + q * Math.cos(phase));
  }
  if (x > 6) {
    const swing = integrate((t) => Math.sin(x * Math.sin(t) - order * t), 0, Math.PI, 96);
    const fade = (t: number) => (order === 0 ? 2 : 2 * Math.sinh(t)) * Math.exp(-x * Math.sinh(t));
    return (swing - integrate(fade, 0, Math.asinh(50 / x), 96)) / Math.PI;
  }
  // The series around 0, whose terms lose few digits here.
  const quarter = (x * x) / 4;
  let term = order === 0 ? 1 : x / 2;
  let harmonic = order === 0 ? 0 : 1;
  let sum = term * harmonic;
  for (let k = 1; k < 120; k++) {
    term *= -quarter / (k * (k + order));
    harmonic += order === 0 ? 1 / k : 1 / k + 1 / (k + 1);
    sum += term * harmonic;
  }
  const euler = 0.57721566490153286;
  const log = (2 / Math.PI) * (Math.log(x / 2) + euler) * besselJ(order, x);
  return order === 0 ? log - (2 / Math.PI) * sum : log - 2 / (Math.PI * x) - sum / Math.PI;
}
