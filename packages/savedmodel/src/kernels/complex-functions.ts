import type { Tensor } from '@servable/tensor';
import {
  allocate,
  broadcast,
  broadcastOffsets,
  checkedSize,
  reducedAlong,
  tensorOf,
  type Elements,
} from './elements.js';

/** A complex number: real and imaginary part. */
export type Complex = readonly [re: number, im: number];

const { atan2, cos, cosh, exp, hypot, log, log1p, sin, sinh, sqrt } = Math;

export const add = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d];
export const subtract = ([a, b]: Complex, [c, d]: Complex): Complex => [a - c, b - d];
export const multiply = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
export const negate = ([a, b]: Complex): Complex => [-a, -b];
export const scale = ([a, b]: Complex, by: number): Complex => [a * by, b * by];
export const magnitude = ([a, b]: Complex): number => hypot(a, b);
const isZero = ([a, b]: Complex): boolean => a === 0 && b === 0;
/** i·z and -i·z */
const turned = ([a, b]: Complex): Complex => [-b, a];
const turnedBack = ([a, b]: Complex): Complex => [b, -a];

/** Division scaled by the larger part of the divisor (Smith's method). */
export function divide([a, b]: Complex, [c, d]: Complex): Complex {
  // TensorFlow's answer to this differs from processor to processor; none is a number.
  if (c === 0 && d === 0) return [a / 0, b / 0];
  if (Math.abs(c) >= Math.abs(d)) {
    const ratio = d / c;
    const divisor = c + d * ratio;
    return [(a + b * ratio) / divisor, (b - a * ratio) / divisor];
  }
  const ratio = c / d;
  const divisor = c * ratio + d;
  return [(a * ratio + b) / divisor, (b * ratio - a) / divisor];
}

export function squareRoot([a, b]: Complex): Complex {
  if (a === 0 && b === 0) return [0, b];
  const large = sqrt((Math.abs(a) + hypot(a, b)) / 2);
  const small = Math.abs(b) / (2 * large);
  const [re, im] = a >= 0 ? [large, small] : [small, large];
  return [re, b < 0 || Object.is(b, -0) ? -im : im];
}

export function exponential([a, b]: Complex): Complex {
  const size = exp(a);
  return b === 0 ? [size, b] : [size * cos(b), size * sin(b)];
}

export const logarithm = ([a, b]: Complex): Complex => [log(hypot(a, b)), atan2(b, a)];

/** log(1+z); the length of 1+z is worked out without losing a small z. */
export function logarithmOfOneMore([a, b]: Complex): Complex {
  const close = Math.abs(a) < 0.5 && Math.abs(b) < 0.5;
  return [close ? log1p(a * (a + 2) + b * b) / 2 : log(hypot(1 + a, b)), atan2(b, 1 + a)];
}

/** exp(z)-1: exp(a)·cos(b)-1 is expm1(a)·cos(b) - 2·sin²(b/2), which does not cancel. */
export function exponentialLessOne([a, b]: Complex): Complex {
  const half = sin(b / 2);
  return [Math.expm1(a) * cos(b) - 2 * half * half, exp(a) * sin(b)];
}

export const sine = ([a, b]: Complex): Complex => [sin(a) * cosh(b), cos(a) * sinh(b)];
export const cosine = ([a, b]: Complex): Complex => [cos(a) * cosh(b), -sin(a) * sinh(b)];
export const hyperbolicSine = ([a, b]: Complex): Complex => [sinh(a) * cos(b), cosh(a) * sin(b)];
export const hyperbolicCosine = ([a, b]: Complex): Complex => [cosh(a) * cos(b), sinh(a) * sin(b)];

/** Beyond this, tanh is 1 to the last digit of a double. */
const TANH_IS_ONE = 22;

export function hyperbolicTangent([a, b]: Complex): Complex {
  if (Math.abs(a) > TANH_IS_ONE) return [Math.sign(a), 4 * sin(b) * cos(b) * exp(-2 * Math.abs(a))];
  const [s, t] = [sinh(a), Math.tan(b)];
  const beta = 1 + t * t;
  const rho = sqrt(1 + s * s);
  const divisor = 1 + beta * s * s;
  return Number.isFinite(t) ? [(beta * rho * s) / divisor, t / divisor] : [rho / s, 1 / t];
}

export const tangent = (z: Complex): Complex => turnedBack(hyperbolicTangent(turned(z)));

/** Inverse functions by Kahan, "Branch Cuts for Complex Elementary Functions" (1987). */
export function inverseCosine(z: Complex): Complex {
  const [below, above] = [squareRoot([1 - z[0], -z[1]]), squareRoot([1 + z[0], z[1]])];
  return [2 * atan2(below[0], above[0]), Math.asinh(above[0] * below[1] - above[1] * below[0])];
}

export function inverseSine(z: Complex): Complex {
  const [below, above] = [squareRoot([1 - z[0], -z[1]]), squareRoot([1 + z[0], z[1]])];
  const re = below[0] * above[0] - below[1] * above[1];
  return [atan2(z[0], re), Math.asinh(below[0] * above[1] - below[1] * above[0])];
}

export const inverseHyperbolicSine = (z: Complex): Complex => turnedBack(inverseSine(turned(z)));

export function inverseHyperbolicCosine(z: Complex): Complex {
  const [below, above] = [squareRoot([z[0] - 1, z[1]]), squareRoot([z[0] + 1, z[1]])];
  return [Math.asinh(below[0] * above[0] + below[1] * above[1]), 2 * atan2(below[1], above[0])];
}

export function inverseHyperbolicTangent([a, b]: Complex): Complex {
  const [left, right] = [(1 - a) * (1 - a) + b * b, (1 + a) * (1 + a) + b * b];
  const re = Math.abs(a) < 0.5 ? log1p((4 * a) / left) / 4 : log(right / left) / 4;
  return [re, (atan2(b, 1 + a) - atan2(-b, 1 - a)) / 2];
}

export const inverseTangent = (z: Complex): Complex => turnedBack(inverseHyperbolicTangent(turned(z)));

export function power(z: Complex, exponent: Complex): Complex {
  // As exp(exponent·log(0)) has it, which is 0 only for a positive real part.
  if (isZero(z)) return exponent[0] > 0 ? [0, 0] : exponent[0] < 0 ? [Infinity, NaN] : [NaN, NaN];
  const [length, angle] = [hypot(...z), atan2(z[1], z[0])];
  const size = length ** exponent[0] * exp(-exponent[1] * angle);
  const turn = exponent[0] * angle + exponent[1] * log(length);
  return turn === 0 ? [size, 0] : [size * cos(turn), size * sin(turn)];
}

export function logistic(z: Complex): Complex {
  return divide([1, 0], add([1, 0], exponential(negate(z))));
}

/** z/|z|, and 0 of 0. */
export const direction = (z: Complex): Complex => (isZero(z) ? [0, 0] : scale(z, 1 / magnitude(z)));

/** `onNonZero` unless the first operand is zero, whose result is zero whatever the other one is. */
const unlessFirstIsZero =
  (onNonZero: (x: Complex, y: Complex) => Complex) =>
  (x: Complex, y: Complex): Complex =>
    isZero(x) ? [0, 0] : onNonZero(x, y);

/** Functions of complex numbers by the TensorFlow op that applies them to every element. */
export const complexFunctions: Readonly<Record<string, (...values: readonly Complex[]) => Complex>> = {
  Sin: (z) => sine(z),
  Cos: (z) => cosine(z),
  Tan: (z) => tangent(z),
  Sinh: (z) => hyperbolicSine(z),
  Cosh: (z) => hyperbolicCosine(z),
  Tanh: (z) => hyperbolicTangent(z),
  Asin: (z) => inverseSine(z),
  Acos: (z) => inverseCosine(z),
  Atan: (z) => inverseTangent(z),
  Asinh: (z) => inverseHyperbolicSine(z),
  Acosh: (z) => inverseHyperbolicCosine(z),
  Atanh: (z) => inverseHyperbolicTangent(z),
  Log1p: (z) => logarithmOfOneMore(z),
  Expm1: (z) => exponentialLessOne(z),
  Sigmoid: (z) => logistic(z),
  Sign: (z) => direction(z),
  Pow: (z, exponent) => power(z, exponent),
  DivNoNan: (x, y) => (isZero(y) ? [0, 0] : divide(x, y)),
  MulNoNan: (x, y) => (isZero(y) ? [0, 0] : multiply(x, y)),
  Xdivy: (x, y) => unlessFirstIsZero(divide)(x, y),
  Xlogy: (x, y) => unlessFirstIsZero((a, b) => multiply(a, logarithm(b)))(x, y),
  Xlog1py: (x, y) => unlessFirstIsZero((a, b) => multiply(a, logarithmOfOneMore(b)))(x, y),
};

/** Applies a function to the elements of complex tensors, which broadcast; it computes in double precision. */
export function mapComplex(inputs: readonly Tensor[], f: (...values: readonly Complex[]) => Complex): Tensor {
  const first = inputs[0]!;
  const shape = broadcast(...inputs.map((x) => x.shape));
  const size = checkedSize(shape);
  const at = inputs.map((x) => broadcastOffsets(x.shape, shape));
  const make = first.dtype === 'complex128' ? Float64Array : Float32Array;
  const result = new make(2 * size);
  for (let i = 0; i < size; i++) {
    const [re, im] = f(
      ...inputs.map(({ data }, k): Complex => {
        const from = 2 * (at[k]?.[i] ?? i);
        return [(data as Float64Array)[from]!, (data as Float64Array)[from + 1]!];
      }),
    );
    result[2 * i] = re;
    result[2 * i + 1] = im;
  }
  return tensorOf(first.dtype, shape, result);
}

/** The product of complex numbers along axes; all axes count from the front. */
export function complexProducts(x: Tensor, axes: readonly number[], keep: boolean): Tensor {
  const { shape, target } = reducedAlong(x.shape, new Set(axes), keep);
  const from = x.data as Float64Array;
  const data = allocate(x.dtype, shape) as Elements;
  for (let i = 0; i < data.length; i += 2) data[i] = 1;
  for (let i = 0; i < x.size; i++) {
    const at = 2 * target[i]!;
    [data[at], data[at + 1]] = multiply([data[at]!, data[at + 1]!], [from[2 * i]!, from[2 * i + 1]!]);
  }
  return tensorOf(x.dtype, shape, data);
}
