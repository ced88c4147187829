import { dtypeInfo, type DType } from '@servable/tensor';
import { isComplex } from '../../kernels/elements.js';
import type { Builder } from '../../onnx/builder.js';
import type { Value } from '../../onnx/value.js';
import { inComputeDType, isFloat, isInteger } from '../../ops/dtypes.js';
import { integerQuotient, integerRemainder } from './integer-division.js';
import { convert } from './convert.js';
import type { HloContext } from './context.js';
import { HloFamily, type HloLowering } from './registry.js';
import { tfType } from './tf-attributes.js';

/** An op that is one of TensorFlow's. */
const like =
  (op: string): HloLowering =>
  (context) =>
    context.elementwise((inputs) => context.tf(op, inputs));

/** An op that is another one for bools, which StableHLO counts with. */
const orForBools =
  (op: string, forBools: string): HloLowering =>
  (context) =>
    context.elementwise((inputs) => context.tf(inputs[0]?.dtype === 'bool' ? forBools : op, inputs));

/** An op in the dtype that the engine has kernels for. */
const computed =
  (compute: (builder: Builder, ...inputs: Value[]) => Value): HloLowering =>
  (context) =>
    context.elementwise((inputs) =>
      inComputeDType(context.builder, inputs, (values) => compute(context.builder, ...values)),
    );

/** Arithmetic, comparison and functions of elements. */
export const elementwise = new HloFamily()
  .op('abs', (context) =>
    context.elementwise(([x]) => context.tf(isComplex((x as Value).dtype) ? 'ComplexAbs' : 'Abs', [x as Value])),
  )
  .op('add', orForBools('AddV2', 'LogicalOr'))
  .op('subtract', orForBools('Sub', 'NotEqual'))
  .op('multiply', orForBools('Mul', 'LogicalAnd'))
  .op('maximum', orForBools('Maximum', 'LogicalOr'))
  .op('minimum', orForBools('Minimum', 'LogicalAnd'))
  .op('and', orForBools('BitwiseAnd', 'LogicalAnd'))
  .op('or', orForBools('BitwiseOr', 'LogicalOr'))
  .op('xor', orForBools('BitwiseXor', 'NotEqual'))
  .op('not', orForBools('Invert', 'LogicalNot'))
  .op('divide', (context) =>
    context.elementwise(([a, b]) =>
      isInteger((a as Value).dtype)
        ? integerQuotient(context.builder, a as Value, b as Value)
        : context.tf('RealDiv', [a as Value, b as Value]),
    ),
  )
  .op('remainder', (context) =>
    context.elementwise(([a, b]) =>
      isInteger((a as Value).dtype)
        ? integerRemainder(context.builder, a as Value, b as Value)
        : context.tf('TruncateMod', [a as Value, b as Value]),
    ),
  )
  .op('negate', like('Neg'))
  .op('sign', like('Sign'))
  .op('exponential', like('Exp'))
  .op('exponential_minus_one', like('Expm1'))
  .op('log', like('Log'))
  .op('log_plus_one', like('Log1p'))
  .op('logistic', like('Sigmoid'))
  .op('sqrt', like('Sqrt'))
  .op('rsqrt', like('Rsqrt'))
  .op('tanh', like('Tanh'))
  .op('sine', like('Sin'))
  .op('cosine', like('Cos'))
  .op('tan', like('Tan'))
  .op('atan2', like('Atan2'))
  .op('ceil', like('Ceil'))
  .op('floor', like('Floor'))
  .op('round_nearest_even', like('Rint'))
  .op('is_finite', like('IsFinite'))
  .op('complex', like('Complex'))
  .op('real', like('Real'))
  .op('imag', like('Imag'))
  .op('select', like('SelectV2'))
  .op('power', (context) =>
    context.elementwise((inputs) =>
      isComplex((inputs[0] as Value).dtype)
        ? context.tf('Pow', inputs)
        : inComputeDType(context.builder, inputs, ([a, b]) => context.builder.emit('Pow', [a, b])),
    ),
  )
  .op(
    'cbrt',
    computed((builder, x) => {
      const root = builder.emit('Pow', [builder.emit('Abs', [x]), builder.scalar(x.dtype, 1 / 3)]);
      return builder.emit('Mul', [builder.emit('Sign', [x]), root]);
    }),
  )
  .op('round_nearest_afz', computed(roundAwayFromZero))
  .op('clamp', (context) =>
    context.elementwise(([least, x, most]) =>
      inComputeDType(context.builder, [x as Value, least as Value, most as Value], ([value, low, high]) =>
        context.builder.emit('Min', [context.builder.emit('Max', [value, low]), high]),
      ),
    ),
  )
  .op('compare', compare)
  .op('convert', (context) => context.elementwise(([x]) => convert(context, x as Value, context.resultType().dtype)))
  .op('bitcast_convert', (context) => {
    const { dtype } = context.resultType();
    return context.elementwise(([x]) =>
      sameWidth((x as Value).dtype, dtype)
        ? context.tf('Bitcast', [x as Value], { type: tfType(dtype) })
        : context.tf('Bitcast', [context.input(0)], { type: tfType(dtype) }),
    );
  })
  .op('popcnt', (context) =>
    context.elementwise(([x]) =>
      context.builder.cast(context.tf('PopulationCount', [x as Value]), context.resultType().dtype),
    ),
  )
  .op('shift_left', (context) => shift(context, 'LeftShift'))
  .op('shift_right_arithmetic', like('RightShift'))
  .op('shift_right_logical', (context) => shift(context, 'RightShift'))
  .op('reduce_precision', (context) => {
    const [exponent, mantissa] = [context.int('exponent_bits'), context.int('mantissa_bits')];
    const dtype = context.resultType().dtype;
    const half =
      exponent === 8 && mantissa === 7 ? 'bfloat16' : exponent === 5 && mantissa === 10 ? 'float16' : undefined;
    const isWhole = (dtype === 'float32' && exponent >= 8 && mantissa >= 23) || dtype === half;
    if (isWhole) return context.lowered(0);
    if (half === undefined)
      throw context.refuse(`it rounds to ${exponent} bits of exponent and ${mantissa} of mantissa`);
    return context.elementwise(([x]) => context.builder.cast(context.builder.cast(x as Value, half), dtype));
  });

/** Directions of comparison by their number (stablehlo/dialect/VhloEnums.td). */
const DIRECTIONS = ['Equal', 'NotEqual', 'GreaterEqual', 'Greater', 'LessEqual', 'Less'];
const TOTAL_ORDER = 2;

function compare(context: HloContext) {
  const op = DIRECTIONS[context.choice('comparison_direction')];
  if (op === undefined) throw context.refuse('its direction is none');
  const type = context.operation.attributes.get('compare_type');
  if (type?.kind === 'enum' && type.value === TOTAL_ORDER && isFloat(context.operandType(0).dtype)) {
    return context.elementwise(([a, b]) => inTotalOrder(context.builder, op, a as Value, b as Value));
  }
  return context.elementwise(([a, b]) => {
    const [x, y] = [a as Value, b as Value];
    if (x.dtype !== 'bool' || op === 'Equal' || op === 'NotEqual') return context.tf(op, [x, y]);
    return context.tf(op, [context.builder.cast(x, 'int32'), context.builder.cast(y, 'int32')]);
  });
}

/**
 * NaN is greater than all and equal to itself. The sign of NaN and of zero is not looked at: JAX, which compares like this
 * in front of its own sorting and searching, makes them one before.
 */
function inTotalOrder(builder: Builder, op: string, a: Value, b: Value): Value {
  return inComputeDType(
    builder,
    [a, b],
    ([given, other]) => {
      const [x, y] = [given as Value, other as Value];
      const isNan = (value: Value) => builder.emit('IsNaN', [value]);
      const less = (low: Value, high: Value) =>
        builder.emit('Or', [
          builder.emit('Less', [low, high]),
          builder.emit('And', [builder.emit('Not', [isNan(low)]), isNan(high)]),
        ]);
      const not = (value: Value) => builder.emit('Not', [value]);
      if (op === 'Less') return less(x, y);
      if (op === 'Greater') return less(y, x);
      if (op === 'GreaterEqual') return not(less(x, y));
      if (op === 'LessEqual') return not(less(y, x));
      const differ = builder.emit('Or', [less(x, y), less(y, x)]);
      return op === 'Equal' ? not(differ) : differ;
    },
    'asComputed',
  );
}

function sameWidth(a: DType, b: DType): boolean {
  return dtypeInfo(a).bytes === dtypeInfo(b).bytes;
}

/** Halves go away from zero, where the engine's Round goes to the even number. */
function roundAwayFromZero(builder: Builder, x: Value): Value {
  const size = builder.emit('Abs', [x]);
  const whole = builder.emit('Floor', [size]);
  const up = builder.emit('GreaterOrEqual', [builder.emit('Sub', [size, whole]), builder.scalar(x.dtype, 0.5)]);
  const rounded = builder.emit('Add', [whole, builder.cast(up, x.dtype)]);
  return builder.emit('Mul', [builder.emit('Sign', [x]), rounded]);
}

const UNSIGNED: Readonly<Partial<Record<DType, DType>>> = {
  int8: 'uint8',
  int16: 'uint16',
  int32: 'uint32',
  int64: 'uint64',
};

/** Shifts by as many bits as there are, or more, leave nothing; TensorFlow's leave the last. */
function shift(context: HloContext, op: 'LeftShift' | 'RightShift') {
  const { builder } = context;
  return context.elementwise(([x, count]) => {
    const [value, by] = [x as Value, count as Value];
    const { dtype } = value;
    const width = dtypeInfo(dtype).bytes * 8;
    const unsigned = UNSIGNED[dtype] ?? dtype;
    const bits = builder.cast(value, unsigned);
    const wide = builder.cast(bits, 'uint64');
    const amount = builder.cast(by, 'uint64');
    const direction = op === 'LeftShift' ? 'LEFT' : 'RIGHT';
    const known = by.constant?.data as ArrayLike<number | bigint> | undefined;
    const isInside = known !== undefined && Array.from(known, Number).every((n) => n >= 0 && n < width);
    if (isInside) return narrow(builder, builder.emit('BitShift', [wide, amount], { direction }), dtype);
    const most = builder.scalar('uint64', width - 1);
    const safe = builder.emit('Min', [amount, most]);
    const shifted = narrow(builder, builder.emit('BitShift', [wide, safe], { direction }), dtype);
    const isOut = builder.emit('Greater', [amount, most]);
    return context.tf('SelectV2', [isOut, builder.scalar(dtype, 0), shifted]);
  });
}

/** The low bits of an unsigned number. */
function narrow(builder: Builder, bits: Value, dtype: DType): Value {
  return builder.cast(bits, dtype);
}
