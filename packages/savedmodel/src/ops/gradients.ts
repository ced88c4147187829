import type { DType } from '@servable/tensor';
import type { Builder } from '../onnx/builder.js';
import { knownElements } from '../onnx/known-shapes.js';
import { sameDim, type Dim, type Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

/** What gradients alone are made with: models that explain their answers carry some. */
export const gradients = new OpFamily('gradients')
  .native('BroadcastGradientArgs', (context) => {
    const shapes = [context.input(0), context.input(1)] as const;
    const known = shapes.map(knownElements);
    const [a, b] = known;
    const equal =
      a !== undefined && b !== undefined && a.length === b.length && a.every((dim, i) => sameDim(dim, b[i]));
    const none = context.builder.constantVector(shapes[0].dtype, []);
    return equal ? [none, none] : summedAxes(context, shapes, known);
  })
  // Of the results of the functions, as core/kernels/cwise_ops_gradients.h has them: y, dy.
  .native(
    'TanhGrad',
    slope((b, [y, dy]) => b.mul(dy, b.sub(1, b.mul(y, y)))),
  )
  .native(
    'SigmoidGrad',
    slope((b, [y, dy]) => b.mul(b.mul(dy, y), b.sub(1, y))),
  )
  .native(
    'SqrtGrad',
    slope((b, [y, dy]) => b.div(b.mul(dy, 0.5), y)),
  )
  .native(
    'RsqrtGrad',
    slope((b, [y, dy]) => b.mul(b.mul(b.mul(y, y), y), b.mul(dy, -0.5))),
  )
  .native(
    'ReciprocalGrad InvGrad',
    slope((b, [y, dy]) => b.mul(b.mul(b.sub(0, dy), y), y)),
  )
  // Of what the functions were given, as core/kernels/relu_op_functor.h has them: dy, x; of elu and selu, dy, y.
  .native(
    'ReluGrad',
    slope((b, [dy, x]) => b.where(b.more(x, 0), dy, b.mul(dy, 0))),
  )
  .native(
    'Relu6Grad',
    slope((b, [dy, x]) => b.where(b.and(b.more(x, 0), b.more(6, x)), dy, b.mul(dy, 0))),
  )
  .native('LeakyReluGrad', (context) =>
    slope((b, [dy, x]) => b.where(b.more(x, 0), dy, b.mul(dy, context.attrs.float('alpha', 0.2))))(context),
  )
  .native(
    'EluGrad',
    slope((b, [dy, y]) => b.where(b.more(0, y), b.mul(dy, b.sub(y, -1)), dy)),
  )
  .native(
    'SeluGrad',
    slope((b, [dy, y]) => b.where(b.more(0, y), b.mul(dy, b.sub(y, -SELU)), b.mul(dy, SCALE))),
  )
  .native(
    'SoftplusGrad',
    slope((b, [dy, x]) => b.mul(dy, b.sigmoid(x))),
  )
  .native(
    'SoftsignGrad',
    slope((b, [dy, x]) => b.div(dy, b.square(b.sub(b.abs(x), -1)))),
  )
  .native('BiasAddGrad', (context) => {
    const { builder, attrs } = context;
    const dy = context.input(0);
    const rank = context.rank(0);
    const channel = attrs.string('data_format', 'NHWC') === 'NCHW' ? 1 : rank - 1;
    const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== channel);
    return inComputeDType(builder, [dy], ([wide]) =>
      builder.emit('ReduceSum', [wide, builder.ints(others)], { keepdims: 0 }),
    );
  });

const SCALE = 1.0507009873554805;
/** Scale times alpha. */
const SELU = 1.7580993408473766;

type Operand = Value | number;

/** Arithmetic of which one side may be a number. */
class Arithmetic {
  constructor(
    private readonly builder: Builder,
    private readonly dtype: DType,
  ) {}

  readonly mul = (a: Operand, b: Operand): Value => this.emit('Mul', a, b);
  readonly div = (a: Operand, b: Operand): Value => this.emit('Div', a, b);
  readonly sub = (a: Operand, b: Operand): Value => this.emit('Sub', a, b);
  readonly more = (a: Operand, b: Operand): Value => this.emit('Greater', a, b);
  readonly and = (a: Value, b: Value): Value => this.emit('And', a, b);
  readonly where = (condition: Value, a: Value, b: Value): Value => this.emit('Where', condition, a, b);
  readonly sigmoid = (x: Value): Value => this.emit('Sigmoid', x);
  readonly abs = (x: Value): Value => this.emit('Abs', x);
  readonly square = (x: Value): Value => this.mul(x, x);

  private emit(op: string, ...operands: readonly Operand[]): Value {
    const values = operands.map((x) => (typeof x === 'number' ? this.builder.scalar(this.dtype, x) : x));
    return this.builder.emit(op, values);
  }
}

/** The gradient of a function of one tensor. */
function slope(make: (arithmetic: Arithmetic, inputs: readonly [Value, Value]) => Value) {
  return (context: OpContext): Value => {
    const inputs = context.inputs();
    return inComputeDType(context.builder, inputs, (wide) => {
      const [a, b] = wide as [Value, Value];
      return make(new Arithmetic(context.builder, a.dtype), [a, b]);
    });
  };
}

/** Of each of two shapes, the axes of their common shape along which it is 1; none where they are the same shape. */
function summedAxes(
  context: OpContext,
  shapes: readonly [Value, Value],
  known: readonly (readonly Dim[] | undefined)[],
): readonly Value[] {
  const { builder } = context;
  const { dtype } = shapes[0];
  const lengths = shapes.map(({ shape }) => shape?.[0]);
  if (!lengths.every((length) => typeof length === 'number')) {
    throw context.refuse('the ranks that it broadcasts are not known before a request');
  }
  const rank = Math.max(...lengths);
  const isOne = (dim: Dim): boolean => dim === 1;
  if (known.every((dims) => dims?.every((dim) => typeof dim === 'number'))) {
    return known.map((dims = []) => {
      const full = [...Array<Dim>(rank - dims.length).fill(1), ...dims];
      return builder.constantVector(
        dtype,
        full.flatMap((dim, axis) => (isOne(dim) ? [axis] : [])),
      );
    });
  }
  const full = shapes.map((shape, i) => {
    const missing = rank - lengths[i]!;
    const wide = builder.cast(shape, 'int64');
    return missing === 0 ? wide : builder.concat([builder.ints(Array<number>(missing).fill(1)), wide], 0);
  }) as [Value, Value];
  const apart = builder.emit('ReduceMax', [
    builder.cast(builder.emit('Not', [builder.emit('Equal', full)]), 'int64'),
    builder.ints([0]),
  ]);
  const differ = lengths[0] === lengths[1] ? builder.cast(apart, 'bool') : undefined;
  return full.map((dims) => {
    const one = builder.emit('Equal', [dims, builder.int(1)]);
    const summed = differ === undefined ? one : builder.emit('And', [one, differ]);
    const axes = builder.emit('NonZero', [summed], {}, { dtype: 'int64', shape: [1, builder.unknownDim()] });
    return builder.cast(builder.reshape(axes, [-1]), dtype);
  });
}
