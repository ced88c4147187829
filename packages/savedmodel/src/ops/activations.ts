import type { Builder } from '../onnx/builder.js';
import { float } from '../onnx/onnx-attributes.js';
import type { Value } from '../onnx/value.js';
import { expm1, log1p } from './arithmetic.js';
import { inComputeDType, isFloat, isUnsigned } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

const unary = (op: string) => (context: OpContext) =>
  inComputeDType(context.builder, [context.input(0)], ([x]) => context.builder.emit(op, [x]));

const compute = (body: (builder: Builder, x: Value, context: OpContext) => Value) => (context: OpContext) =>
  inComputeDType(context.builder, [context.input(0)], ([x]) => body(context.builder, x as Value, context));

/** Activation functions. */
export const activations = new OpFamily('activations')
  .native(
    'Relu',
    // The engine has no Relu of integers.
    compute((builder, x, context) => {
      if (isFloat(x.dtype)) return builder.emit('Relu', [x]);
      return isUnsigned(context.input(0).dtype) ? x : builder.emit('Max', [x, builder.scalar(x.dtype, 0)]);
    }),
  )
  .native(
    'Relu6',
    compute((builder, x, context) => {
      const least = builder.scalar(x.dtype, 0);
      // What uint64 has above int64 looks as if it was below 0.
      const given = context.input(0);
      const limited = given.dtype === 'uint64' ? builder.emit('Min', [given, builder.scalar('uint64', 6)]) : x;
      return builder.emit('Clip', [builder.cast(limited, x.dtype), least, builder.scalar(x.dtype, 6)]);
    }),
  )
  .native(
    'LeakyRelu',
    compute((builder, x, { attrs }) => {
      const alpha = attrs.float('alpha', 0.2);
      if (x.dtype !== 'float64') return builder.emit('LeakyRelu', [x], { alpha: float(alpha) });
      return piecewise(builder, x, builder.emit('Mul', [x, builder.scalar(x.dtype, Math.fround(alpha))]), x);
    }),
  )
  .native(
    'Elu',
    compute((builder, x) => (x.dtype === 'float64' ? elu(builder, x, 1, 1) : builder.emit('Elu', [x]))),
  )
  .native(
    'Selu',
    compute((builder, x) =>
      x.dtype === 'float64' ? elu(builder, x, SELU_ALPHA, SELU_SCALE) : builder.emit('Selu', [x]),
    ),
  )
  .native('Sigmoid', unary('Sigmoid'))
  .native(
    'Tanh',
    compute((builder, x) => tanhOfSoftplus(builder, x) ?? builder.emit('Tanh', [x])),
  )
  .native(
    'Softplus',
    compute((builder, x) => (x.dtype === 'float64' ? softplus(builder, x) : builder.emit('Softplus', [x]))),
  )
  .native(
    'Softsign',
    compute((builder, x) => {
      if (x.dtype !== 'float64') return builder.emit('Softsign', [x]);
      const size = builder.emit('Add', [builder.emit('Abs', [x]), builder.scalar(x.dtype, 1)]);
      return builder.emit('Div', [x, size]);
    }),
  )
  .native(
    'Softmax',
    compute((builder, x) => builder.emit('Softmax', [x], { axis: -1 })),
  )
  .native(
    'LogSoftmax',
    compute((builder, x) => builder.emit('LogSoftmax', [x], { axis: -1 })),
  );

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

function piecewise(builder: Builder, x: Value, negative: Value, positive: Value): Value {
  return builder.emit('Where', [builder.emit('Less', [x, builder.scalar(x.dtype, 0)]), negative, positive]);
}

/** The engine has these for float32 only. */
function elu(builder: Builder, x: Value, alpha: number, scale: number): Value {
  const constant = (value: number) => builder.scalar(x.dtype, value);
  const negative = builder.emit('Mul', [expm1(builder, x), constant(alpha * scale)]);
  return piecewise(builder, x, negative, builder.emit('Mul', [x, constant(scale)]));
}

/** log(1+exp(x)) as max(x, 0) + log1p(exp(-|x|)), which does not overflow. */
/** Above this e^x is so large that the hyperbolic tangent of its softplus is 1, and below float32's largest when squared. */
const MAX_MISH_EXPONENT = 20;

/**
 * The heart of Mish, without the engine's Softplus, which takes 40 times as long as its Exp: with e = e^x and
 * n = e (e + 2), tanh(log(1 + e)) = n / (n + 2).
 *
 * @returns undefined for the tangent of anything else
 */
function tanhOfSoftplus(builder: Builder, x: Value): Value | undefined {
  const { of, perm } = x.transposed ?? { of: x, perm: undefined };
  const maker = builder.nodes.findLast(({ outputs }) => outputs[0]?.name === of.name);
  const [inside] = maker?.kind === 'native' && maker.op === 'Softplus' ? maker.inputs : [];
  if (inside?.dtype !== 'float32') return undefined;
  const two = builder.scalar('float32', 2);
  const bounded = builder.emit('Min', [inside, builder.scalar('float32', MAX_MISH_EXPONENT)]);
  const e = builder.emit('Exp', [bounded]);
  const n = builder.emit('Mul', [e, builder.emit('Add', [e, two])]);
  const result = builder.emit('Div', [n, builder.emit('Add', [n, two])]);
  return perm === undefined ? result : builder.lazyTranspose(result, perm);
}

function softplus(builder: Builder, x: Value): Value {
  const decay = builder.emit('Exp', [builder.emit('Neg', [builder.emit('Abs', [x])])]);
  return builder.emit('Add', [builder.emit('Max', [x, builder.scalar(x.dtype, 0)]), log1p(builder, decay)]);
}
