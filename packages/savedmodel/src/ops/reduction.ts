import { argExtreme } from '../kernels/count.js';
import { complexProducts } from '../kernels/complex-functions.js';
import { axisOf, integerOf, integersOf, isComplex, sizeOf } from '../kernels/elements.js';
import { reduceTensor, type ReductionOp } from '../kernels/reduce-tensor.js';
import type { Builder } from '../onnx/builder.js';
import { bitsOf } from '../onnx/integer-bits.js';
import { isCount, knownIntegers, normalizeAxis, unknownShape } from '../onnx/known-shapes.js';
import type { Shape, Value } from '../onnx/value.js';
import { inComputeDType, inOrderedDType, isFloat, isInteger } from './dtypes.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Reductions; their axes may come with the request. */
export const reduction = new OpFamily('reduction')
  .native('Sum', withGivenAxes('sum', reduceWith('ReduceSum')))
  .native(
    'Mean',
    withGivenAxes('mean', (context) =>
      inComputeDType(context.builder, [context.input(0)], ([x]) => mean(context, x as Value)),
    ),
  )
  .native('Max', withGivenAxes('max', extreme('ReduceMax')))
  .native('Min', withGivenAxes('min', extreme('ReduceMin')))
  .native('Prod', (context) => {
    const x = context.input(0);
    if (isInteger(x.dtype) && !isShape(x)) return integerProduct(context, x);
    if (!isComplex(x.dtype)) return withGivenAxes('prod', reduceWith('ReduceProd'))(context);
    const keep = context.attrs.bool('keep_dims', false);
    return hostValue(context, context.inputs(), { dtype: x.dtype, shape: undefined }, (values, axes) =>
      complexProducts(
        values,
        integersOf(axes).map((axis) => axisOf(axis, values.rank)),
        keep,
      ),
    );
  })
  .native(
    'All',
    withGivenAxes('all', (context) => {
      const { builder } = context;
      return builder.cast(reduce(context, 'ReduceMin', builder.cast(context.input(0), 'uint8')), 'bool');
    }),
  )
  .native(
    'Any',
    withGivenAxes('any', (context) => {
      const { builder } = context;
      return builder.cast(reduce(context, 'ReduceMax', builder.cast(context.input(0), 'uint8')), 'bool');
    }),
  )
  .native(
    'EuclideanNorm',
    withGivenAxes('norm', (context) => {
      const { builder } = context;
      if (isComplex(context.input(0).dtype)) {
        const { re, im } = builder.complexParts(context.input(0));
        const sizes = builder.emit('Add', [builder.emit('Mul', [re, re]), builder.emit('Mul', [im, im])]);
        const norm = builder.emit('Sqrt', [reduce(context, 'ReduceSum', sizes)]);
        return builder.cast(norm, context.input(0).dtype);
      }
      return inComputeDType(builder, [context.input(0)], ([x]) => {
        const squares = reduce(context, 'ReduceSum', builder.emit('Mul', [x, x]));
        if (isFloat(squares.dtype)) return builder.emit('Sqrt', [squares]);
        // The sum of the squares wraps around in the input's own dtype.
        const wrapped = builder.cast(squares, context.input(0).dtype);
        return builder.cast(builder.emit('Sqrt', [builder.cast(wrapped, 'float64')]), squares.dtype);
      });
    }),
  )
  .native('L2Loss', (context) => {
    const { builder } = context;
    return inComputeDType(builder, [context.input(0)], ([x]) => {
      const flat = builder.reshape(builder.emit('Mul', [x, x]), [-1]);
      const sum = builder.emit('ReduceSum', [flat, builder.ints([0])], { keepdims: 0 });
      return builder.emit('Mul', [sum, builder.scalar(sum.dtype, 0.5)]);
    });
  })
  .native('ArgMax', (context) => position(context, 'ArgMax'))
  .native('ArgMin', (context) => position(context, 'ArgMin'));

function reduceWith(op: string) {
  return (context: OpContext): Value =>
    inComputeDType(context.builder, [context.input(0)], ([x]) => reduce(context, op, x as Value));
}

function reduce(context: OpContext, op: string, x: Value): Value {
  const { builder, attrs } = context;
  const keepdims = Number(attrs.bool('keep_dims', attrs.bool('keepdims', false)));
  const axes = knownIntegers(context.input(1));
  // No axes means nothing is reduced, where the engine would reduce everything; told otherwise, it reduces nothing of a
  // tensor without elements.
  if (axes?.length === 0) return x;
  const sooner = axes && reduceColumns(builder, op, x, axes, keepdims);
  if (sooner !== undefined) return sooner;
  const attributes = axes === undefined ? { keepdims, noop_with_empty_axes: 1 } : { keepdims };
  return builder.emit(op, [x, axesVector(builder, context.input(1))], attributes);
}

/** Reducing fewer elements takes no longer than the nodes more that {@link reduceColumns} costs. */
const MIN_COLUMN_ELEMENTS = 16_384;
/** How many rows of a part are reduced fast. */
const MAX_PART_ROWS = 64;

/**
 * The columns of a stack of matrices. The engine reduces those of one matrix row by row, but those of a stack one by one,
 * which takes several times as long where they are so long that they do not stay in the cache: a stack of one is taken for
 * a matrix, and long columns are reduced in parts.
 *
 * @returns undefined when the engine's way is as good
 */
function reduceColumns(
  builder: Builder,
  op: string,
  x: Value,
  axes: readonly number[],
  keepdims: number,
): Value | undefined {
  const reduced = axes.map((axis) => builder.axis(axis, x)).sort((a, b) => a - b);
  const [first = 0, last = 0] = [reduced[0], reduced.at(-1)];
  const { shape = [] } = x;
  const before = shape.slice(0, first);
  const inside = staticSizes(shape.slice(first, last + 1));
  const behind = staticSizes(shape.slice(last + 1));
  if (first === 0 || last - first + 1 !== reduced.length || inside === undefined || behind === undefined)
    return undefined;
  const rows = sizeOf(inside);
  if (behind.length === 0 || rows * sizeOf(behind) < MIN_COLUMN_ELEMENTS) return undefined;
  if (before.every((dim) => dim === 1)) {
    const all = Array.from({ length: last + 1 }, (_, i) => i);
    const kept = builder.emit(op, [x, builder.ints(all)], { keepdims: 1 });
    return keepdims === 1 ? kept : builder.emit('Squeeze', [kept, builder.ints(reduced)]);
  }
  const part =
    Array.from({ length: MAX_PART_ROWS }, (_, i) => MAX_PART_ROWS - i).find((size) => rows % size === 0) ?? 1;
  if (rows <= MAX_PART_ROWS || part < 8) return undefined;
  // 0 stands for a dimension as it is.
  const lead = before.map(() => 0);
  const parts = builder.emit('Reshape', [x, builder.ints([...lead, rows / part, part, ...behind])]);
  const ofParts = builder.emit(op, [parts, builder.ints([first + 1])], { keepdims: 0 });
  const whole = builder.emit(op, [ofParts, builder.ints([first])], { keepdims: 0 });
  if (keepdims === 0) return whole;
  return builder.emit('Reshape', [whole, builder.ints([...lead, ...inside.map(() => 1), ...behind])]);
}

/** The dimensions when all are known, and none is 0. */
function staticSizes(shape: Shape): readonly number[] | undefined {
  const sizes = shape.filter((dim): dim is number => typeof dim === 'number' && dim > 0);
  return sizes.length === shape.length ? sizes : undefined;
}

/** On the host when the axes come with the request. */
function withGivenAxes(op: ReductionOp, native: (context: OpContext) => Value) {
  return (context: OpContext): Value => {
    const x = context.input(0);
    if (knownIntegers(context.input(1)) !== undefined || isComplex(x.dtype)) return native(context);
    const keep = context.attrs.bool('keep_dims', context.attrs.bool('keepdims', false));
    const shape = keep && x.shape ? unknownShape(x.shape.length) : undefined;
    return hostValue(context, context.inputs(), { dtype: x.dtype, shape }, (values, axes) =>
      reduceTensor(values, integersOf(axes), op, keep),
    );
  };
}

/** Axes as an int64 vector; TensorFlow takes a scalar too. */
function axesVector(builder: Builder, axes: Value): Value {
  const wide = builder.cast(axes, 'int64');
  return axes.shape?.length === 0 ? builder.unsqueeze(wide, [0]) : wide;
}

/**
 * The engine's maximum of numbers among which one is not a number may be any of the others, and it has no maximum of
 * nothing; TensorFlow answers NaN, and the least number of the dtype.
 */
function extreme(op: 'ReduceMax' | 'ReduceMin') {
  return (context: OpContext): Value =>
    inOrderedDType(context.builder, [context.input(0)], ([input]) => {
      const { builder } = context;
      const x = input as Value;
      const result = reduce(context, op, x);
      if (!isFloat(x.dtype)) return result;
      const invalid = reduce(context, 'ReduceMax', builder.cast(builder.emit('IsNaN', [x]), 'uint8'));
      return builder.emit('Where', [builder.cast(invalid, 'bool'), builder.scalar(x.dtype, NaN), result]);
    });
}

/** Whether all elements are sizes of dimensions, whose product float64 holds. */
const isShape = ({ elements }: Value): boolean =>
  elements?.every((dim) => typeof dim === 'number' || isCount(dim)) ?? false;

/** Products of integers wrap around; the engine's do not, as it makes them in float64. */
function integerProduct(context: OpContext, x: Value): Value {
  const keep = context.attrs.bool('keep_dims', context.attrs.bool('keepdims', false));
  const axes = knownIntegers(context.input(1));
  const reduced = new Set(axes?.map((axis) => normalizeAxis(axis, x.shape?.length ?? 0)));
  const known = x.shape?.flatMap((dim, i) => (!reduced.has(i) ? [dim] : keep ? [1] : []));
  const shape = axes === undefined ? (keep && x.shape ? unknownShape(x.shape.length) : undefined) : known;
  return hostValue(context, context.inputs(), { dtype: x.dtype, shape }, (values, given) =>
    reduceTensor(values, integersOf(given), 'prod', keep),
  );
}

/** The mean of nothing is NaN, as a division of zero by zero; the engine's own answers zero. */
function mean(context: OpContext, x: Value): Value {
  const { builder } = context;
  const axes = knownIntegers(context.input(1));
  const reduced = axes && x.shape && axes.map((axis) => x.shape?.[builder.axis(axis, x)]);
  const isExact = x.dtype !== 'int64' || (bitsOf(x) ?? 64) <= 32;
  if (isExact && (!isFloat(x.dtype) || reduced?.every((dim) => typeof dim === 'number' && dim > 0))) {
    return reduce(context, 'ReduceMean', x);
  }
  const sum = reduce(context, 'ReduceSum', x);
  if (axes?.length === 0) return sum;
  if (!isFloat(x.dtype)) {
    const count = builder.emit('Div', [builder.emit('Size', [x]), atLeastOne(builder, builder.emit('Size', [sum]))]);
    return builder.emit('Div', [sum, atLeastOne(builder, count)]);
  }
  const [only, ...others] = axes ?? [];
  if (only !== undefined && others.length === 0 && x.shape !== undefined) {
    return builder.emit('Div', [sum, builder.cast(builder.pick(builder.shapeOf(x), builder.axis(only, x)), x.dtype)]);
  }
  const sizes = builder.emit('Gather', [builder.shapeOf(x), axesVector(builder, context.input(1))], { axis: 0 });
  const count = builder.emit('ReduceProd', [sizes, builder.ints([0])], { keepdims: 0 });
  return builder.emit('Div', [sum, builder.cast(count, x.dtype)]);
}

/** For divisors: the engine ends the process at a division by zero. */
const atLeastOne = (builder: Builder, count: Value): Value => builder.emit('Max', [count, builder.int(1)]);

function position(context: OpContext, op: string): Value {
  const { builder, attrs } = context;
  const axis = knownIntegers(context.input(1))?.[0];
  const dtype = attrs.dtype('output_type', 'int64');
  const x = context.input(0);
  if (axis === undefined || x.shape === undefined) {
    const which = op === 'ArgMax' ? 'greatest' : 'least';
    const shape = x.shape && x.shape.slice(1).map(() => builder.unknownDim());
    return hostValue(context, context.inputs(), { dtype, shape }, (values, at) =>
      argExtreme(values, integerOf(at), which, dtype),
    );
  }
  return inOrderedDType(
    builder,
    [x.dtype === 'bool' ? builder.cast(x, 'uint8') : x],
    ([x]) => {
      const found = builder.emit(op, [x], { axis: builder.axis(axis, x as Value), keepdims: 0 });
      return builder.cast(found, dtype);
    },
    'asComputed',
  );
}
