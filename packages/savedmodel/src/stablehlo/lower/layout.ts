import { isComplex } from '../../kernels/elements.js';
import type { Builder } from '../../onnx/builder.js';
import { isStatic, type Dim, type Value } from '../../onnx/value.js';
import { unknownDim } from '../../onnx/known-shapes.js';
import { viaFloat } from '../../ops/dtypes.js';
import type { HloContext } from './context.js';
import { isSpread, type HloLowered } from './spread.js';
import { HloFamily } from './registry.js';
import { readConstant } from './tensor-attribute.js';

/** Ops that make constants or move elements. */
export const layout = new HloFamily()
  .op('constant', (context) => {
    const { tensor, shape } = readConstant(context.operation.attributes.get('value'));
    const value = context.builder.constant(tensor);
    return tensor.rank === shape.length ? value : context.spread(value, context.builder.ints(shape), shape);
  })
  .op('iota dynamic_iota', iota)
  .op('broadcast_in_dim', (context) => broadcast(context, context.ints('broadcast_dimensions')))
  .op('dynamic_broadcast_in_dim', (context) => broadcast(context, context.ints('broadcast_dimensions')))
  .op('broadcast', (context) => {
    const sizes = context.ints('broadcast_sizes');
    return broadcast(
      context,
      Array.from({ length: context.rank(0) }, (_, i) => sizes.length + i),
    );
  })
  .op('reshape dynamic_reshape', reshape)
  .op('transpose', (context) => {
    const operand = context.lowered(0);
    const perm = context.ints('permutation');
    if (isSpread(operand) && operand.source.shape?.length === 0) {
      const shape = perm.map((axis) => operand.shape[axis] ?? 1);
      return context.spread(operand.source, dimsOf(context.builder, operand.dims, perm), shape);
    }
    return context.builder.transpose(context.input(0), perm);
  })
  .op('slice', (context) => {
    const [start, limit, strides] = [
      context.ints('start_indices'),
      context.ints('limit_indices'),
      context.ints('strides'),
    ];
    const shape = context.operandType(0).shape;
    const axes = start.flatMap((from, axis) =>
      from === 0 && limit[axis] === shape[axis] && strides[axis] === 1 ? [] : [axis],
    );
    const all = (values: readonly number[]) => context.builder.ints(axes.map((axis) => values[axis] ?? 0));
    return slices(context, context.input(0), all(start), all(limit), axes, all(strides));
  })
  .op('real_dynamic_slice', (context) => {
    const axes = Array.from({ length: context.rank(0) }, (_, i) => i);
    const [start, limit, strides] = [1, 2, 3].map((i) => context.builder.cast(context.input(i), 'int64'));
    return slices(context, context.input(0), start as Value, limit as Value, axes, strides);
  })
  .op('concatenate', (context) => {
    const values = context.inputs();
    const axis = context.int('dimension');
    return context.tf('ConcatV2', [...values, context.builder.int(axis)]);
  })
  .op('reverse', (context) => {
    const axes = context.ints('dimensions');
    return axes.length === 0
      ? context.lowered(0)
      : context.tf('ReverseV2', [context.input(0), context.builder.ints(axes)]);
  })
  .op('get_dimension_size', (context) => {
    const operand = context.lowered(0);
    const axis = context.int('dimension');
    const { builder } = context;
    const dims = isSpread(operand)
      ? builder.slice(operand.dims, 0, axis, axis + 1)
      : builder.dims([sizeOf(context.input(0), axis)]);
    return builder.cast(builder.reshape(dims, []), context.resultType().dtype);
  })
  .op('optimization_barrier', (context) => context.operation.operands.map((_, i) => context.lowered(i)))
  .op('tuple', (context) => ({
    kind: 'tuple',
    elements: context.operation.operands.map((_, i) => context.lowered(i)),
  }))
  .op('get_tuple_element', (context): HloLowered => {
    const tuple = context.lowered(0);
    const element = 'kind' in tuple && tuple.kind === 'tuple' ? tuple.elements[context.int('index')] : undefined;
    if (element === undefined) throw context.refuse('its operand is no tuple of that many elements');
    return element;
  });

/** A size as {@link Builder.dims} takes it. */
export function sizeOf(value: Value, axis: number): number | { readonly of: Value; readonly axis: number } {
  const dim = value.shape?.[axis];
  return typeof dim === 'number' ? dim : { of: value, axis };
}

/** Some dimensions of a shape vector, in another order. */
function dimsOf(builder: Builder, dims: Value, axes: readonly number[]): Value {
  return builder.emit('Gather', [dims, builder.ints(axes)], { axis: 0 });
}

/** The shape of the result: declared, or given by the last operand. */
function resultDims(context: HloContext, operand: number): { readonly dims: Value; readonly shape: readonly Dim[] } {
  const { builder } = context;
  const declared = context.resultType().shape;
  if (declared.every((size) => size !== null)) return { dims: builder.ints(declared), shape: declared };
  if (operand >= context.inputCount) throw context.refuse('the sizes of its result are not known');
  const dims = builder.cast(context.input(operand), 'int64');
  const elements = dims.elements ?? [];
  const shape = declared.map((size, i): Dim => {
    const element = elements[i];
    if (size !== null) return size;
    return typeof element === 'number' || element?.kind === 'size' ? element : unknownDim();
  });
  return { dims, shape };
}

function iota(context: HloContext): HloLowered {
  const { builder } = context;
  const { dims, shape } = resultDims(context, 0);
  const axis = context.int('iota_dimension');
  const { dtype } = context.resultType();
  const size = builder.reshape(builder.slice(dims, 0, axis, axis + 1), []);
  const range = builder.emit('Range', [builder.int(0), size, builder.int(1)]);
  const known = shape[axis];
  const shaped = known === undefined || range.constant !== undefined ? range : { ...range, shape: [known] };
  const counted = isComplex(dtype) ? builder.cast(builder.cast(shaped, 'float32'), dtype) : builder.cast(shaped, dtype);
  const trailing = Array.from({ length: shape.length - axis - 1 }, (_, i) => i + 1);
  return context.spread(builder.unsqueeze(counted, trailing), dims, shape);
}

/** Gives the operand's dimensions their places; what is broadcast stays as it is until something needs it whole. */
function broadcast(context: HloContext, places: readonly number[]): HloLowered {
  const { builder } = context;
  const { dims, shape } = resultDims(context, 1);
  const operand = context.lowered(0);
  const rank = context.rank(0);
  const source = isSpread(operand) && operand.source.shape?.length === 0 ? operand.source : context.tensor(operand);
  if (source.shape?.length === 0 || rank === 0) return context.spread(source, dims, shape);
  const sorted = places.map((place, axis) => ({ place, axis })).sort((a, b) => a.place - b.place);
  const ordered = builder.transpose(
    source,
    sorted.map(({ axis }) => axis),
  );
  const first = sorted[0]?.place ?? 0;
  const missing: number[] = [];
  for (let place = first; place < shape.length; place++) {
    if (!places.includes(place)) missing.push(place - first);
  }
  const placed = builder.unsqueeze(ordered, missing);
  const isDynamic = context.operation.name === 'dynamic_broadcast_in_dim';
  // Where both sizes are unknown, they may be equal or the operand's may be 1: the engine finds out.
  return isDynamic || first > 0 || !sameShape(placed, shape) ? context.spread(placed, dims, shape) : placed;
}

function sameShape(value: Value, shape: readonly Dim[]): boolean {
  return value.shape?.length === shape.length && value.shape.every((dim, i) => dim === shape[i]);
}

function reshape(context: HloContext): HloLowered {
  const { builder } = context;
  const { dims, shape } = resultDims(context, 1);
  const operand = context.lowered(0);
  if (isSpread(operand) && operand.source.shape?.length === 0) return context.spread(operand.source, dims, shape);
  const value = context.input(0);
  if (isStatic(shape)) return builder.reshape(value, shape);
  const open = shape.filter((dim) => typeof dim !== 'number').length;
  const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  // With one unknown size the engine can find it, unless there may be no elements.
  const target = open === 1 && dims.elements === undefined && !sizes.includes(0) ? builder.ints(sizes) : dims;
  const result = builder.reshapeTo(value, target);
  return result.transposed === undefined && result.parts === undefined && result.constant === undefined
    ? { ...result, shape }
    : result;
}

/** Slices along some axes; the result has the declared sizes. */
export function slices(
  context: HloContext,
  value: Value,
  starts: Value,
  limits: Value,
  axes: readonly number[],
  strides?: Value,
): Value {
  if (axes.length === 0) return value;
  const { builder } = context;
  const take = (x: Value) =>
    builder.emit('Slice', [x, starts, limits, builder.ints(axes), ...(strides === undefined ? [] : [strides])]);
  return viaFloat(builder, value, take);
}
