import type { DType } from '@servable/tensor';
import { axisOf, broadcast, integerOf, integersOf, invalidRequest, isComplex, zeros } from '../kernels/elements.js';
import { linSpace } from '../kernels/lin-space.js';
import { concat, split as splitTensor } from '../kernels/rearrange.js';
import { transpose } from '../kernels/transpose.js';
import { indices } from '../kernels/unique.js';
import type { Builder } from '../onnx/builder.js';
import { vectorTensor } from '../onnx/constant-tensors.js';
import { tensorAttribute } from '../onnx/onnx-attributes.js';
import { broadcastShapes, isNeverNegative, knownElements, knownIntegers, unknownShape } from '../onnx/known-shapes.js';
import { bitsOf } from '../onnx/integer-bits.js';
import { isResource } from '../onnx/resource.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType, isInteger, viaFloat } from './dtypes.js';
import { requireAll } from './guard.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

const COUNTED: readonly DType[] = ['float32', 'float64', 'int32', 'int64', 'string', 'bool'];

/** Ops that look at shapes or rearrange elements without computing. */
export const shapes = new OpFamily('shapes')
  .native('Shape', (context) => shapeAs(context, context.input(0)))
  .native('ShapeN', (context) => context.inputs().map((input) => shapeAs(context, input)))
  .native('Size', (context) => {
    const { builder } = context;
    const x = context.input(0);
    // The engine counts few dtypes, and has the shape of all.
    const size = COUNTED.includes(x.dtype)
      ? builder.emit('Size', [x])
      : builder.emit('ReduceProd', [builder.shapeOf(x), builder.ints([0])], { keepdims: 0 });
    return builder.cast(size, context.attrs.dtype('out_type', 'int32'));
  })
  .native('Rank', (context) => {
    const { builder } = context;
    const { shape } = context.input(0);
    if (shape !== undefined) return builder.scalar('int32', shape.length);
    return builder.cast(builder.emit('Size', [builder.shapeOf(context.input(0))]), 'int32');
  })
  .native('Reshape', (context) => {
    const x = context.lowered(0);
    // Maps of offsets are a list, whatever shape their tensor has.
    if (isResource(x) && x.kind === 'offsets-map') return x;
    return context.builder.reshapeTo(context.input(0), context.builder.cast(context.input(1), 'int64'));
  })
  .native('ExpandDims', (context) => {
    const { builder } = context;
    const [x, axis] = [context.input(0), context.input(1)];
    const known = knownIntegers(axis);
    if (known !== undefined) return builder.unsqueeze(x, known);
    const axes = builder.reshape(builder.cast(axis, 'int64'), [1]);
    const shape = x.shape && unknownShape(x.shape.length + 1);
    return builder.emit('Unsqueeze', [x, axes], {}, { dtype: x.dtype, shape });
  })
  .native('Squeeze', (context) => {
    const axes = context.attrs.ints('squeeze_dims', context.attrs.ints('axis', []));
    return axes.length > 0
      ? context.builder.squeeze(context.input(0), axes)
      : context.builder.emit('Squeeze', [context.input(0)]);
  })
  .native('Transpose', (context) => {
    const perm = knownIntegers(context.input(1));
    if (perm === undefined) {
      const { dtype, shape } = context.input(0);
      return hostValue(context, context.inputs(), { dtype, shape: shape && unknownShape(shape.length) }, (x, axes) =>
        transpose(x, integersOf(axes)),
      );
    }
    const rank = perm.length;
    return context.builder.transpose(
      context.input(0),
      perm.map((axis) => (axis < 0 ? axis + rank : axis)),
    );
  })
  .native('Pack', (context) => {
    const axis = context.attrs.int('axis', 0);
    const parts = context.inputs().map((input) => context.builder.unsqueeze(input, [axis]));
    const rank = parts[0]?.shape?.length;
    return context.builder.concat(parts, axis < 0 && rank !== undefined ? axis + rank : axis);
  })
  .native('Unpack', (context) => {
    const axis = context.attrs.int('axis', 0);
    const count = context.attrs.int('num');
    return Array.from({ length: count }, (_, i) => context.builder.pick(context.input(0), i, axis));
  })
  .native('ConcatV2', (context) => {
    const parts = context.inputs();
    return concatAlong(context, parts.slice(0, -1), parts.at(-1) as Value);
  })
  .native('ParallelConcat', (context) => context.builder.concat(context.inputs(), 0))
  .native('Concat', (context) => concatAlong(context, context.inputs().slice(1), context.input(0)))
  .native('Split', (context) => {
    const count = context.attrs.int('num_split');
    const x = context.input(1);
    const axis = knownIntegers(context.input(0))?.[0];
    if (axis !== undefined) return split(context, x, axis, count);
    return splitOnHost(context, x, context.input(0), count, (size) => {
      const message = `Number of ways to split should evenly divide the split dimension, but got size = ${size} and num_split ${count}`;
      if (size % count !== 0) throw invalidRequest('BAD_SPLIT', message);
      return new Array<number>(count).fill(size / count);
    });
  })
  .native('SplitV', (context) => {
    const x = context.input(0);
    const axis = knownIntegers(context.input(2))?.[0];
    const sizes = context.input(1);
    const count = context.attrs.int('num_split');
    if (axis !== undefined) return splitBySizes(context, x, sizes, axis, count);
    return splitOnHost(context, x, context.input(2), count, (size, given) => {
      const known = given.reduce((sum, part) => sum + Math.max(part, 0), 0);
      return given.map((part) => (part < 0 ? size - known : part));
    });
  })
  .native('Tile', (context) => {
    const { builder } = context;
    const multiples = builder.cast(context.input(1), 'int64');
    const x = context.input(0);
    if (x.dtype === 'string') return builder.emit('Tile', [x, multiples]);
    return inComputeDType(builder, [x], ([value]) => builder.emit('Tile', [value, multiples]));
  })
  .native('Fill', (context) => {
    const { builder } = context;
    const dims = builder.cast(context.input(0), 'int64');
    return viaFloat(builder, context.input(1), (value) => builder.emit('Expand', [value, dims]));
  })
  .native('BroadcastTo', (context) => {
    const { builder } = context;
    const shape = builder.cast(context.input(1), 'int64');
    return viaFloat(builder, context.input(0), (value) => builder.emit('Expand', [value, shape]));
  })
  .native('ZerosLike', (context) => filledLike(context, 0))
  .native('OnesLike', (context) => filledLike(context, 1))
  .native('Range', range)
  .native('EnsureShape', ensureShape)
  .native('BroadcastArgs', broadcastArgs)
  .host('LinSpace', (context) => {
    const { dtype } = context.input(0);
    const count = knownIntegers(context.input(2))?.[0] ?? context.builder.unknownDim();
    return hostValue(context, context.inputs(), { dtype, shape: [count] }, (start, stop, num) =>
      linSpace(start, stop, integerOf(num)),
    );
  });

function shapeAs(context: OpContext, value: Value): Value {
  return context.builder.cast(context.builder.shapeOf(value), context.attrs.dtype('out_type', 'int32'));
}

function split(context: OpContext, x: Value, axis: number, count: number): readonly Value[] {
  if (count === 1) return [x];
  const rank = x.shape?.length;
  const dim = rank === undefined ? undefined : x.shape?.[axis < 0 ? axis + rank : axis];
  if (typeof dim === 'number') {
    return many(context, x, context.builder.ints(Array.from({ length: count }, () => dim / count)), axis, count);
  }
  const { builder } = context;
  const part = builder.unknownDim();
  const specs = Array.from({ length: count }, () => ({
    dtype: x.dtype,
    shape: x.shape?.with(axis < 0 ? axis + (rank ?? 0) : axis, part),
  }));
  // The engine would make the last part smaller where the parts are uneven, which the sizes given here rule out.
  const total = builder.slice(builder.shapeOf(x), 0, axis, axis === -1 ? undefined : axis + 1);
  const size = builder.emit('Div', [total, builder.int(count)]);
  const sizes = builder.concat(Array<Value>(count).fill(size), 0);
  return builder.emitAll('Split', [x, sizes], { axis }, specs);
}

function many(context: OpContext, x: Value, sizes: Value, axis: number, count: number): readonly Value[] {
  if (count === 1) return [x];
  const known = knownIntegers(sizes);
  if (x.constant !== undefined && known !== undefined) {
    // Parts of a constant are constants.
    let start = 0;
    return known.map((size) => context.builder.slice(x, axis, start, (start += size)));
  }
  return context.builder.emitAll('Split', [x, sizes], { axis });
}

/** At most one of the sizes is -1: it takes what the others leave. */
function splitBySizes(context: OpContext, x: Value, given: Value, axis: number, count: number): readonly Value[] {
  const { builder } = context;
  if (count === 1) return [x];
  const at = builder.axis(axis, x);
  const known = knownIntegers(given);
  const specs = Array.from({ length: count }, (_, i) => ({
    dtype: x.dtype,
    shape: x.shape?.with(at, known?.[i] === undefined || known[i] < 0 ? builder.unknownDim() : known[i]),
  }));
  let sizes = known === undefined ? builder.cast(given, 'int64') : builder.ints(known);
  if (known === undefined || known.includes(-1)) {
    const total = builder.pick(builder.shapeOf(x), at);
    // The sum counts the -1 itself.
    const sum = builder.emit('ReduceSum', [sizes, builder.ints([0])], { keepdims: 0 });
    const rest = builder.emit('Sub', [builder.emit('Sub', [total, sum]), builder.int(1)]);
    sizes = builder.emit('Where', [builder.emit('Less', [sizes, builder.int(0)]), rest, sizes]);
  }
  const exact = knownIntegers(sizes);
  return exact === undefined
    ? builder.emitAll('Split', [x, sizes], { axis }, specs)
    : many(context, x, builder.ints(exact), axis, count);
}

function splitOnHost(
  context: OpContext,
  x: Value,
  axis: Value,
  count: number,
  sizesOf: (size: number, given: readonly number[]) => readonly number[],
): readonly Value[] {
  const spec = { dtype: x.dtype, shape: x.shape && unknownShape(x.shape.length) };
  const specs = Array.from({ length: count }, () => spec);
  const given = context.inputCount === 3 ? [context.input(1)] : [];
  return hostValues(context, [x, axis, ...given], specs, (value, along, sizes) => {
    const at = axisOf(integerOf(along), value.rank);
    return splitTensor(value, sizesOf(value.shape[at]!, integersOf(sizes)), at);
  });
}

function concatAlong(context: OpContext, parts: readonly Value[], axis: Value): Value {
  const known = knownIntegers(axis)?.[0];
  if (known !== undefined) return context.builder.concat(parts, known);
  const rank = parts.find((part) => part.shape !== undefined)?.shape?.length;
  const spec = { dtype: (parts[0] as Value).dtype, shape: rank === undefined ? undefined : unknownShape(rank) };
  return hostValue(context, [axis, ...parts], spec, (along, ...tensors) => concat(tensors, integerOf(along)));
}

function filledLike(context: OpContext, fill: number): Value {
  const { builder } = context;
  const value = context.input(0);
  if (isComplex(value.dtype)) {
    const real = fillShape(builder, builder.complexParts(value).re, fill);
    return builder.cast(real, value.dtype);
  }
  if (value.dtype === 'string')
    return hostValue(context, [value], { dtype: 'string', shape: value.shape }, (x) => zeros('string', x.shape));
  return fillShape(builder, value, fill);
}

function fillShape(builder: Builder, value: Value, fill: number): Value {
  return builder.emit('ConstantOfShape', [builder.shapeOf(value)], {
    value: tensorAttribute(vectorTensor(value.dtype, [fill])),
  });
}

/** Numbers from start to limit; TensorFlow refuses a limit on the wrong side, the engine would answer nothing. */
function range(context: OpContext): Value {
  const { builder } = context;
  const [start, limit, delta] = context.inputs() as [Value, Value, Value];
  return inComputeDType(builder, [start, limit, delta], ([from, to, step]) => {
    // The engine counts the steps in float64.
    const isWide = from?.dtype === 'int64' && [from, to].some((bound) => bound && (bitsOf(bound) ?? 64) > 52);
    const values = isWide
      ? builder.emit('Add', [builder.emit('Range', [builder.int(0), builder.emit('Sub', [to, from]), step]), from])
      : builder.emit('Range', [from, to, step]);
    const upwards = (knownIntegers(step)?.[0] ?? 0) > 0;
    const fromZero = upwards && knownIntegers(from)?.[0] === 0;
    if (values.constant !== undefined || (fromZero && to !== undefined && isNeverNegative(to))) return values;
    const complaint = 'Requires start <= limit when delta > 0, and start >= limit when delta < 0';
    if (upwards && isInteger(values.dtype)) {
      return requireAll(builder, builder.emit('LessOrEqual', [from, to]), values, complaint);
    }
    const zero = builder.scalar(from!.dtype, 0);
    const up = builder.emit('Greater', [step, zero]);
    const wrong = builder.emit('Where', [
      up,
      builder.cast(builder.emit('Greater', [from, to]), 'int32'),
      builder.cast(builder.emit('Less', [from, to]), 'int32'),
    ]);
    const ok = builder.emit('Equal', [wrong, builder.scalar('int32', 0)]);
    return requireAll(builder, ok, values, complaint);
  });
}

function ensureShape(context: OpContext): Value {
  const { builder, attrs } = context;
  const x = context.input(0);
  const expected = attrs.shape('shape');
  if (expected === undefined) return x;
  const text = `[${expected.map((dim) => dim ?? '?').join(',')}]`;
  if (x.shape === undefined) {
    const shape = expected.map((dim) => dim ?? builder.unknownDim());
    return hostValue(context, [x], { dtype: x.dtype, shape }, (value) => {
      const fits = value.rank === expected.length && expected.every((dim, i) => dim === null || dim === value.shape[i]);
      if (fits) return value;
      throw invalidRequest(
        'SHAPE_MISMATCH',
        `Shape of tensor is not compatible with expected shape: [${value.shape.join(',')}] vs. ${text}`,
      );
    });
  }
  const unknown = expected.flatMap((dim, i) => (dim !== null && typeof x.shape?.[i] !== 'number' ? [i] : []));
  const mismatch = expected.some((dim, i) => dim !== null && typeof x.shape?.[i] === 'number' && x.shape[i] !== dim);
  if (x.shape.length !== expected.length || mismatch) throw context.refuse(`its input never has the shape ${text}`);
  if (unknown.length === 0) return x;
  const sizes = builder.emit('Gather', [builder.shapeOf(x), builder.ints(unknown)], { axis: 0 });
  const ok = builder.emit(
    'Equal',
    [sizes, builder.ints(unknown.map((i) => expected[i] ?? 0))],
    {},
    { dtype: 'bool', shape: [unknown.length] },
  );
  const shape = x.shape.map((dim, i) => expected[i] ?? dim);
  return requireAll(builder, ok, x, `Shape of tensor is not compatible with expected shape ${text}`, shape);
}

/** The broadcast of two shapes. */
function broadcastArgs(context: OpContext): Value {
  const [a, b] = [context.input(0), context.input(1)];
  const elements = broadcastShapes([knownElements(a), knownElements(b)]);
  const { dtype } = a;
  const known = elements?.every((dim) => typeof dim === 'number' || dim.kind === 'size') ? elements : undefined;
  return hostValue(
    context,
    [a, b],
    { dtype, shape: [elements?.length ?? context.builder.unknownDim()], elements: known },
    (x, y) => indices(broadcast(integersOf(x), integersOf(y)), dtype),
  );
}
