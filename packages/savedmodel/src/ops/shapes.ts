import { tensorAttribute, vectorTensor, type Builder } from '../onnx/builder.js';
import { knownIntegers } from '../onnx/infer-shapes.js';
import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Ops that look at shapes or rearrange elements without computing. */
export const shapes = new OpFamily('shapes')
  .native('Shape', (context) => shapeAs(context, context.input(0)))
  .native('ShapeN', (context) => context.inputs().map((input) => shapeAs(context, input)))
  .native('Size', (context) =>
    context.builder.cast(context.builder.emit('Size', [context.input(0)]), context.attrs.dtype('out_type', 'int32')),
  )
  .native('Rank', (context) => {
    const { builder } = context;
    const { shape } = context.input(0);
    if (shape !== undefined) return builder.scalar('int32', shape.length);
    return builder.cast(builder.emit('Size', [builder.shapeOf(context.input(0))]), 'int32');
  })
  .native('Reshape', (context) =>
    context.builder.reshapeTo(context.input(0), context.builder.cast(context.input(1), 'int64')),
  )
  .native('ExpandDims', (context) => context.builder.unsqueeze(context.input(0), context.constantInts(1, 'axis')))
  .native('Squeeze', (context) => {
    const axes = context.attrs.ints('squeeze_dims', context.attrs.ints('axis', []));
    return axes.length > 0
      ? context.builder.squeeze(context.input(0), axes)
      : context.builder.emit('Squeeze', [context.input(0)]);
  })
  .native('Transpose', (context) => {
    const perm = context.constantInts(1, 'permutation');
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
    const [axis = 0] = context.constantInts(parts.length - 1, 'axis');
    return context.builder.concat(parts.slice(0, -1), axis);
  })
  .native('Concat', (context) => {
    const [axis = 0] = context.constantInts(0, 'axis');
    return context.builder.concat(context.inputs().slice(1), axis);
  })
  .native('Split', (context) => {
    const count = context.attrs.int('num_split');
    const [axis = 0] = context.constantInts(0, 'axis');
    return split(context, context.input(1), axis, count);
  })
  .native('SplitV', (context) => {
    const x = context.input(0);
    const [axis = 0] = context.constantInts(2, 'axis');
    const sizes = knownIntegers(context.input(1));
    const count = context.attrs.int('num_split');
    if (sizes === undefined || sizes.includes(-1)) return splitWithRest(context, x, axis, sizes ?? [], count);
    return many(context, x, context.builder.ints(sizes), axis, count);
  })
  .native('Tile', (context) =>
    context.builder.emit('Tile', [context.input(0), context.builder.cast(context.input(1), 'int64')]),
  )
  .native('Fill', (context) => {
    const { builder } = context;
    const dims = builder.cast(context.input(0), 'int64');
    return builder.emit('Expand', [context.input(1), dims]);
  })
  .native('BroadcastTo', (context) =>
    context.builder.emit('Expand', [context.input(0), context.builder.cast(context.input(1), 'int64')]),
  )
  .native('ZerosLike', (context) => filledLike(context.builder, context.input(0), 0))
  .native('OnesLike', (context) => filledLike(context.builder, context.input(0), 1))
  .native('Range', (context) => context.builder.emit('Range', context.inputs()))
  .native('Pad', (context) => pad(context, 'constant', undefined))
  .native('PadV2', (context) => pad(context, 'constant', context.input(2)))
  .native('MirrorPad', (context) => {
    if (context.attrs.string('mode') !== 'REFLECT')
      throw context.refuse('its mode is SYMMETRIC; only REFLECT is supported');
    return pad(context, 'reflect', undefined);
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
  const specs = Array.from({ length: count }, () => ({
    dtype: x.dtype,
    shape: x.shape?.with(axis < 0 ? axis + (rank ?? 0) : axis, context.builder.unknownDim()),
  }));
  return context.builder.emitAll('Split', [x], { axis, num_outputs: count }, specs);
}

function many(context: OpContext, x: Value, sizes: Value, axis: number, count: number): readonly Value[] {
  return count === 1 ? [x] : context.builder.emitAll('Split', [x, sizes], { axis });
}

/** One part takes what the others leave. */
function splitWithRest(
  context: OpContext,
  x: Value,
  axis: number,
  sizes: readonly number[],
  count: number,
): readonly Value[] {
  const { builder } = context;
  const rank = context.rank(0);
  const at = axis < 0 ? axis + rank : axis;
  const dim = x.shape?.[at];
  if (sizes.length !== count) throw context.refuse('the sizes of its parts depend on the request');
  const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  if (typeof dim === 'number') {
    return many(context, x, builder.ints(sizes.map((size) => (size < 0 ? dim - known : size))), axis, count);
  }
  const total = builder.pick(builder.shapeOf(x), at);
  const rest = builder.unsqueeze(builder.emit('Sub', [total, builder.int(known)]), [0]);
  const vector = builder.concat(
    sizes.map((size) => (size < 0 ? rest : builder.ints([size]))),
    0,
  );
  const specs = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape?.with(at, size < 0 ? builder.unknownDim() : size),
  }));
  return builder.emitAll('Split', [x, vector], { axis }, specs);
}

function filledLike(builder: Builder, value: Value, fill: number): Value {
  return builder.emit('ConstantOfShape', [builder.shapeOf(value)], {
    value: tensorAttribute(vectorTensor(value.dtype, [fill])),
  });
}

function pad(context: OpContext, mode: 'constant' | 'reflect', fill: Value | undefined): Value {
  const { builder } = context;
  const x = context.input(0);
  const paddings = context.input(1);
  const known = knownIntegers(paddings);
  let pads: Value;
  if (known !== undefined) {
    if (known.every((size) => size === 0)) return x;
    pads = builder.ints([...known.filter((_, i) => i % 2 === 0), ...known.filter((_, i) => i % 2 === 1)]);
  } else {
    pads = builder.reshape(builder.transpose(builder.cast(paddings, 'int64'), [1, 0]), [-1]);
  }
  return builder.emit('Pad', fill === undefined ? [x, pads] : [x, pads, fill], { mode });
}
