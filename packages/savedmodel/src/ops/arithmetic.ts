import { isComplex } from '../kernels/elements.js';
import { nextAfter } from '../kernels/next-after.js';
import { truncateFloats } from '../kernels/truncate-floats.js';
import type { Builder } from '../onnx/builder.js';
import { squaredMagnitude } from '../onnx/complex-parts.js';
import { broadcastShapes, isNeverNegative, knownIntegers } from '../onnx/known-shapes.js';
import { DimSymbol, type Dim, type Value } from '../onnx/value.js';
import { inComputeDType, inOrderedDType, isFloat, isInteger } from './dtypes.js';
import { requireAll } from './guard.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

const unary = (op: string) => (context: OpContext) =>
  inComputeDType(context.builder, [context.input(0)], ([x]) => context.builder.emit(op, [x]));

const binary =
  (compute: (builder: Builder, a: Value, b: Value) => Value) =>
  (context: OpContext): Value =>
    inComputeDType(context.builder, [context.input(0), context.input(1)], ([a, b]) =>
      compute(context.builder, a as Value, b as Value),
    );

const emitBinary = (op: string) => binary((builder, a, b) => builder.emit(op, [a, b]));

const choosing =
  (op: 'Max' | 'Min') =>
  (context: OpContext): Value =>
    inOrderedDType(context.builder, [context.input(0), context.input(1)], (both) => context.builder.emit(op, both));

const BY_ZERO = 'Integer division by zero';
/** TensorFlow's kernels of these ops do not expect a failure (tensorflow/core/kernels/cwise_ops_common.cc). */
const TRUNCATED_BY_ZERO = 'INTERNAL: Unexpected error in binary operator (only integer div and mod should have errors)';

const truncatedRemainder = (byZero: string) =>
  binary((builder, a, b) => {
    const divisor = isInteger(b.dtype) ? nonZero(builder, b, byZero) : b;
    return builder.emit('Mod', [a, divisor], { fmod: 1 });
  });

/** Elementwise arithmetic. */
export const arithmetic = new OpFamily('arithmetic')
  .native('Add AddV2', emitBinary('Add'))
  .native('Sub', emitBinary('Sub'))
  .native('Mul', emitBinary('Mul'))
  .native('RealDiv', emitBinary('Div'))
  .native(
    'Div',
    binary((builder, a, b) => (isInteger(a.dtype) ? truncatingDivision(builder, a, b) : builder.emit('Div', [a, b]))),
  )
  .native(
    'TruncateDiv',
    binary((builder, a, b) => {
      if (isInteger(a.dtype)) return truncatingDivision(builder, a, b, TRUNCATED_BY_ZERO);
      const quotient = builder.emit('Div', [a, b]);
      const rounded = builder.emit('Floor', [builder.emit('Abs', [quotient])]);
      return builder.emit('Mul', [builder.emit('Sign', [quotient]), rounded]);
    }),
  )
  .native('FloorDiv', binary(floorDivision))
  .native('FloorMod', binary(floorRemainder))
  .native('Mod', truncatedRemainder(BY_ZERO))
  .native('TruncateMod', truncatedRemainder(TRUNCATED_BY_ZERO))
  .native('Maximum', choosing('Max'))
  .native('Minimum', choosing('Min'))
  .native(
    'Pow',
    binary((builder, a, b) => {
      const { constant } = b;
      if (constant?.rank === 0 && constant.data[0] === 2 && isFloat(a.dtype)) return square(builder, a);
      const power = builder.emit('Pow', [a, b]);
      if (!isInteger(b.dtype)) return power;
      const ok = builder.emit('Not', [builder.emit('Less', [b, builder.scalar(b.dtype, 0)])]);
      return requireAll(builder, ok, power, 'Integers to negative integer powers are not allowed');
    }),
  )
  .native(
    'SquaredDifference',
    binary((builder, a, b) => {
      const difference = builder.emit('Sub', [a, b]);
      if (!isComplex(difference.dtype)) return builder.emit('Mul', [difference, difference]);
      const { re, im } = builder.complexParts(difference);
      return builder.emit('Mul', [builder.complex({ re, im: builder.emit('Neg', [im]) }), difference]);
    }),
  )
  .native(
    'DivNoNan',
    binary((builder, a, b) => {
      const isZero = builder.emit('Equal', [b, builder.scalar(b.dtype, 0)]);
      const safe = builder.emit('Where', [isZero, builder.scalar(b.dtype, 1), b]);
      return builder.emit('Where', [isZero, builder.scalar(b.dtype, 0), builder.emit('Div', [a, safe])]);
    }),
  )
  .native(
    'MulNoNan',
    binary((builder, a, b) => unlessZero(builder, b, builder.emit('Mul', [a, b]))),
  )
  .native(
    'Xdivy',
    binary((builder, a, b) => unlessZero(builder, a, builder.emit('Div', [a, b]))),
  )
  .native(
    'Xlogy',
    binary((builder, a, b) => unlessZero(builder, a, builder.emit('Mul', [a, builder.emit('Log', [b])]))),
  )
  .native(
    'Xlog1py',
    binary((builder, a, b) => unlessZero(builder, a, builder.emit('Mul', [a, log1p(builder, b)]))),
  )
  .host('NextAfter', (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const shape = broadcastShapes([a.shape, b.shape]);
    return hostValue(context, [a, b], { dtype: a.dtype, shape }, (x, y) => nextAfter(x, y));
  })
  .native('ClipByValue', (context) =>
    inOrderedDType(context.builder, context.inputs(), ([x, least, most]) =>
      context.builder.emit('Max', [context.builder.emit('Min', [x, most]), least]),
    ),
  )
  .native('Neg', unary('Neg'))
  .native('Abs', unary('Abs'))
  .native('Sign', unary('Sign'))
  .native('Sqrt', unary('Sqrt'))
  .native('Reciprocal Inv', unary('Reciprocal'))
  .native('Exp', unary('Exp'))
  .native('Log', unary('Log'))
  .native('Floor', unary('Floor'))
  .native('Ceil', unary('Ceil'))
  .native('Rint Round', (context) => {
    const x = context.input(0);
    // TensorFlow's kernel answers zeros for integers; `tf.round` never calls it for them.
    if (isInteger(x.dtype)) return context.builder.emit('Mul', [x, context.builder.scalar(x.dtype, 0)]);
    return unary('Round')(context);
  })
  .native('Sin', unary('Sin'))
  .native('Cos', unary('Cos'))
  .native('Square', (context) =>
    inComputeDType(context.builder, [context.input(0)], ([x]) => square(context.builder, x as Value)),
  )
  .native('Rsqrt', (context) =>
    inComputeDType(context.builder, [context.input(0)], ([x]) =>
      context.builder.emit('Reciprocal', [context.builder.emit('Sqrt', [x])]),
    ),
  )
  .native('Log1p', (context) =>
    inComputeDType(context.builder, [context.input(0)], ([x]) => log1p(context.builder, x as Value)),
  )
  .native('Expm1', (context) =>
    inComputeDType(context.builder, [context.input(0)], ([x]) => expm1(context.builder, x as Value)),
  )
  .native('AddN AccumulateNV2', (context) => {
    const [first, ...rest] = context.inputs();
    if (first === undefined) throw context.refuse('it adds nothing');
    return inComputeDType(context.builder, [first, ...rest], (values) =>
      values.reduce((sum, value) => context.builder.emit('Add', [sum, value])),
    );
  })
  .native('BiasAdd BiasAddV1', biasAdd)
  .native('Cast', (context) => {
    const x = context.input(0);
    const to = context.attrs.dtype('DstT');
    if (context.attrs.bool('Truncate', false) && isFloat(x.dtype) && isFloat(to) && to !== 'float64') {
      return hostValue(context, [x], { dtype: to, shape: x.shape }, (values) => truncateFloats(values, to));
    }
    return context.builder.cast(x, to);
  });

function square(builder: Builder, x: Value): Value {
  return squaredMagnitude(builder, x) ?? squaredRoot(builder, x) ?? builder.emit('Mul', [x, x]);
}

/** The square of a root of what is not negative, which is that again. */
function squaredRoot(builder: Builder, x: Value): Value | undefined {
  const maker = (value: Value | undefined) =>
    value && builder.nodes.findLast((node) => node.outputs[0]?.name === value.name && node.kind === 'native');
  const isPositive = (value: Value | undefined): boolean => {
    const node = maker(value);
    if (node?.kind !== 'native') return false;
    const [a, b] = node.inputs;
    return (node.op === 'Mul' && a?.name === b?.name) || (node.op === 'Add' && isPositive(a) && isPositive(b));
  };
  const root = maker(x);
  const [of] = root?.kind === 'native' && root.op === 'Sqrt' ? root.inputs : [];
  return isPositive(of) ? of : undefined;
}

/** `value` where `x` is not zero, else zero, whatever NaN or infinity `value` may be there. */
function unlessZero(builder: Builder, x: Value, value: Value): Value {
  const zero = builder.scalar(x.dtype, 0);
  return builder.emit('Where', [builder.emit('Equal', [x, zero]), zero, value]);
}

function biasAdd(context: OpContext): Value {
  const { builder, attrs } = context;
  const x = context.input(0);
  const bias = context.input(1);
  const rank = context.rank(0);
  const channelsFirst = attrs.string('data_format', 'NHWC').startsWith('NC') && rank > 2;
  const shaped = channelsFirst
    ? builder.unsqueeze(
        bias,
        Array.from({ length: rank - 2 }, (_, i) => i + 1),
      )
    : bias;
  return inComputeDType(builder, [x, shaped], ([a, b]) => builder.emit('Add', [a, b]));
}

/**
 * A divisor that fails the run when an element is zero: the processor would trap on an integer division by zero and take
 * the whole process down, where TensorFlow fails the request.
 */
function nonZero(builder: Builder, divisor: Value, complaint = BY_ZERO): Value {
  const known = divisor.constant;
  if (known !== undefined && !Array.from(known.data as ArrayLike<number | bigint>).some((x) => Number(x) === 0)) {
    return divisor;
  }
  const zero = builder.scalar(divisor.dtype, 0);
  const isZero = builder.reshape(builder.cast(builder.emit('Equal', [divisor, zero]), 'int32'), [-1]);
  // With a zero appended, the maximum of an empty divisor exists too.
  const padded = builder.concat([isZero, builder.constantVector('int32', [0])], 0);
  const any = builder.emit('ReduceMax', [padded, builder.ints([0])], { keepdims: 0 });
  const { origin } = builder;
  builder.origin = `${origin}/${complaint}`;
  // One element to pick from: index 1, which stands for "some divisor is zero", is out of bounds.
  // Graphs that differ in names alone share one session: another axis, which is the same, keeps complaints apart.
  const guard = builder.emit('Gather', [builder.constantVector(divisor.dtype, [0]), builder.cast(any, 'int64')], {
    axis: complaint === BY_ZERO ? 0 : -1,
  });
  builder.origin = origin;
  return builder.emit('Add', [divisor, guard]);
}

/** Division that rounds towards zero; the most negative number by -1 wraps instead of trapping. */
function truncatingDivision(builder: Builder, a: Value, b: Value, byZero = BY_ZERO): Value {
  const divisor = nonZero(builder, b, byZero);
  const known = b.constant;
  if (known !== undefined && !Array.from(known.data as ArrayLike<number | bigint>).some((x) => Number(x) === -1)) {
    return builder.emit('Div', [a, divisor]);
  }
  const isMinusOne = builder.emit('Equal', [divisor, builder.scalar(b.dtype, -1)]);
  const safe = builder.emit('Where', [isMinusOne, builder.scalar(b.dtype, 1), divisor]);
  const negated = builder.emit('Sub', [builder.scalar(a.dtype, 0), a]);
  return builder.emit('Where', [isMinusOne, negated, builder.emit('Div', [a, safe])]);
}

function floorDivision(builder: Builder, a: Value, b: Value): Value {
  if (isFloat(a.dtype)) return builder.emit('Floor', [builder.emit('Div', [a, b])]);
  const divisors = knownIntegers(b);
  const isPositive = divisors !== undefined && divisors.every((x) => x > 0);
  if (isPositive && divisors.length === 1 && a.elements?.every(isOpposite) === true) {
    // Of what is not positive, as in -(-n // size): towards zero from a divisor less one further away is downwards.
    const further = builder.emit('Sub', [a, builder.scalar(a.dtype, (divisors[0] ?? 1) - 1)]);
    const elements = a.elements.map(() => new DimSymbol('opposite'));
    return builder.emit('Div', [further, b], {}, { dtype: a.dtype, shape: a.shape, elements });
  }
  const quotient = truncatingDivision(builder, a, b);
  if (isNeverNegative(a) && isNeverNegative(b)) return quotient;
  const remainder = builder.emit('Sub', [a, builder.emit('Mul', [quotient, b])]);
  const zero = builder.scalar(a.dtype, 0);
  if (isPositive)
    return builder.emit('Sub', [quotient, builder.cast(builder.emit('Less', [remainder, zero]), a.dtype)]);
  const inexact = builder.emit('Not', [builder.emit('Equal', [remainder, zero])]);
  const opposite = builder.emit('Xor', [builder.emit('Less', [remainder, zero]), builder.emit('Less', [b, zero])]);
  const down = builder.cast(builder.emit('And', [inexact, opposite]), a.dtype);
  return builder.emit('Sub', [quotient, down]);
}

const isOpposite = (dim: Dim): boolean => (typeof dim === 'number' ? dim <= 0 : dim.kind === 'opposite');

function floorRemainder(builder: Builder, a: Value, b: Value): Value {
  if (!isFloat(a.dtype)) return builder.emit('Mod', [a, nonZero(builder, b)]);
  const zero = builder.scalar(a.dtype, 0);
  const remainder = builder.emit('Mod', [a, b], { fmod: 1 });
  const inexact = builder.emit('Not', [builder.emit('Equal', [remainder, zero])]);
  const opposite = builder.emit('Xor', [builder.emit('Less', [remainder, zero]), builder.emit('Less', [b, zero])]);
  return builder.emit('Where', [
    builder.emit('And', [inexact, opposite]),
    builder.emit('Add', [remainder, b]),
    remainder,
  ]);
}

/** log(1+x) without losing small x: log(u)·x/(u-1) with u = 1+x rounded, which cancels the rounding of u. */
export function log1p(builder: Builder, x: Value): Value {
  const one = builder.scalar(x.dtype, 1);
  const u = builder.emit('Add', [x, one]);
  const small = builder.emit('Equal', [u, one]);
  const infinite = builder.emit('IsInf', [u], { detect_negative: 0 });
  const corrected = builder.emit('Div', [
    builder.emit('Mul', [builder.emit('Log', [u]), x]),
    builder.emit('Sub', [u, one]),
  ]);
  return builder.emit('Where', [small, x, builder.emit('Where', [infinite, u, corrected])]);
}

/** exp(x)-1 without losing small x: (u-1)·x/log(u) with u = exp(x) rounded. */
export function expm1(builder: Builder, x: Value): Value {
  const one = builder.scalar(x.dtype, 1);
  const u = builder.emit('Exp', [x]);
  const difference = builder.emit('Sub', [u, one]);
  const small = builder.emit('Equal', [u, one]);
  const lost = builder.emit('Equal', [difference, builder.scalar(x.dtype, -1)]);
  const infinite = builder.emit('IsInf', [u]);
  const corrected = builder.emit('Div', [builder.emit('Mul', [difference, x]), builder.emit('Log', [u])]);
  const plain = builder.emit('Where', [builder.emit('Or', [lost, infinite]), difference, corrected]);
  return builder.emit('Where', [small, x, plain]);
}
