import { besselI, besselIScaled, besselJ, besselK, besselKScaled, besselY } from '../kernels/bessel.js';
import {
  betaRegularized,
  dawson,
  digamma,
  erf,
  erfc,
  erfInverse,
  exponentialIntegral,
  fresnel,
  logGamma,
  lowerGamma,
  normalQuantile,
  polygamma,
  spence,
  upperGamma,
  zeta,
} from '../kernels/special-functions.js';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { elementwise } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

const host = (f: (...values: number[]) => number) => (context: OpContext) => elementwise(context, f);

/** In the engine for float32 and below, in JavaScript for float64, where the engine has no kernel. */
const native =
  (f: (x: number) => number, build: (builder: Builder, x: Value) => Value) =>
  (context: OpContext): Value =>
    context.input(0).dtype === 'float64'
      ? elementwise(context, f)
      : inComputeDType(context.builder, [context.input(0)], ([x]) => build(context.builder, x as Value));

/** Functions beyond the elementary ones. */
export const specialFunctions = new OpFamily('special functions')
  .native(
    'Erf',
    // TensorFlow's float64 kernel has no value at the infinities.
    native(
      (x) => (Number.isFinite(x) ? erf(x) : NaN),
      (builder, x) => builder.emit('Erf', [x]),
    ),
  )
  .native('Erfc', native(erfc, complementaryErf))
  .host('Erfinv', host(erfInverse))
  .host('Ndtri', host(normalQuantile))
  .host('Lgamma', host(logGamma))
  .host('Digamma', host(digamma))
  .host('Polygamma', host(polygamma))
  .host('Zeta', host(zeta))
  .host('Igamma', host(lowerGamma))
  .host('Igammac', host(upperGamma))
  .host('Betainc', host(betaRegularized))
  .host('Dawsn', host(dawson))
  .host('Expint', host(exponentialIntegral))
  .host('Spence', host(spence))
  .host(
    'FresnelCos',
    host((x) => fresnel(x)[0]),
  )
  .host(
    'FresnelSin',
    host((x) => fresnel(x)[1]),
  )
  .host(
    'BesselI0e',
    host((x) => besselIScaled(0, x)),
  )
  .host(
    'BesselI1e',
    host((x) => besselIScaled(1, x)),
  )
  .host(
    'BesselI0',
    host((x) => besselI(0, x)),
  )
  .host(
    'BesselI1',
    host((x) => besselI(1, x)),
  )
  .host(
    'BesselK0e',
    host((x) => besselKScaled(0, x)),
  )
  .host(
    'BesselK1e',
    host((x) => besselKScaled(1, x)),
  )
  .host(
    'BesselK0',
    host((x) => besselK(0, x)),
  )
  .host(
    'BesselK1',
    host((x) => besselK(1, x)),
  )
  .host(
    'BesselJ0',
    host((x) => besselJ(0, x)),
  )
  .host(
    'BesselJ1',
    host((x) => besselJ(1, x)),
  )
  .host(
    'BesselY0',
    host((x) => besselY(0, x)),
  )
  .host(
    'BesselY1',
    host((x) => besselY(1, x)),
  );

/** Coefficients of a fit of exp(x²)·erfc(x) in t = 1/(1+x/2), to 1.2e-7 of the value, for x of 0 and more. */
const SCALED_ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

/**
 * 1 - erf(x). Where x is visibly -t/√2, as in Keras' gelu, that is 1 + erf(t/√2): the form that the engine knows as Gelu.
 * The tail below is lost there without harm, since gelu multiplies it with a small number and adds nothing to it.
 */
function complementaryErf(builder: Builder, x: Value): Value {
  const scaled = geluArgument(builder, x);
  if (scaled === undefined) return accurateErfc(builder, x);
  return builder.emit('Add', [builder.emit('Erf', [scaled]), builder.scalar(x.dtype, 1)]);
}

/** t/√2, when `x` is the product of a negated t and 1/√2. */
function geluArgument(builder: Builder, x: Value): Value | undefined {
  if (x.transposed !== undefined) {
    const inner = geluArgument(builder, x.transposed.of);
    return inner && builder.transpose(inner, x.transposed.perm);
  }
  const makerOf = (value: Value) =>
    builder.nodes.findLast((node) => node.kind === 'native' && node.outputs[0] === value);
  const scaling = makerOf(x);
  if (scaling?.kind !== 'native' || scaling.op !== 'Mul') return undefined;
  const [a, b] = scaling.inputs as [Value, Value];
  const [factor, value] = a.constant === undefined ? [b, a] : [a, b];
  const number = factor.constant?.size === 1 ? Number((factor.constant.data as Float32Array)[0]) : NaN;
  const negation = makerOf(value);
  if (!(Math.abs(number - Math.SQRT1_2) < 1e-6) || negation?.kind !== 'native' || negation.op !== 'Neg')
    return undefined;
  return builder.emit('Mul', [negation.inputs[0], factor]);
}

/** 1 - erf(x), which is all that counts near zero; in the tail, where that would cancel, t·exp(-x² + polynomial of t). */
function accurateErfc(builder: Builder, x: Value): Value {
  const constant = (value: number) => builder.scalar(x.dtype, value);
  const plain = builder.emit('Sub', [constant(1), builder.emit('Erf', [x])]);
  const positive = builder.emit('Max', [x, constant(0)]);
  const t = builder.emit('Reciprocal', [
    builder.emit('Add', [builder.emit('Mul', [positive, constant(0.5)]), constant(1)]),
  ]);
  let polynomial = constant(0);
  for (const coefficient of SCALED_ERFC.toReversed()) {
    polynomial = builder.emit('Add', [builder.emit('Mul', [polynomial, t]), constant(coefficient)]);
  }
  const square = builder.emit('Mul', [positive, positive]);
  const tail = builder.emit('Mul', [t, builder.emit('Exp', [builder.emit('Sub', [polynomial, square])])]);
  return builder.emit('Where', [builder.emit('Greater', [x, constant(1)]), tail, plain]);
}
