import type { GraphNode } from '../graph/graph.js';
import { knownIntegers, unknownDim } from '../onnx/known-shapes.js';
import type { Dim, Shape, Value } from '../onnx/value.js';
import { isChannelsFirst } from './image-layout.js';
import { emitPad } from './padding.js';
import { OpFamily, type OpContext } from './registry.js';
import type { Window } from './window-slices.js';

/** Blocks of space moved into the batch or the channels, and back. */
export const spaceBatch = new OpFamily('space and batch')
  .native('SpaceToBatchND', (context) => {
    const x = context.input(0);
    const block = context.constantInts(1, 'block sizes');
    const paddings = context.builder.cast(context.input(2), 'int64');
    spaceToBatchNodes.set(context.node, { x, block, paddings });
    return spaceToBatch(context, x, block, paddings);
  })
  .native('SpaceToBatch', (context) => {
    const size = context.attrs.int('block_size');
    return spaceToBatch(context, context.input(0), [size, size], context.builder.cast(context.input(1), 'int64'));
  })
  .native('BatchToSpaceND', (context) => {
    const block = context.constantInts(1, 'block sizes');
    const crops = context.builder.cast(context.input(2), 'int64');
    return dilatedConvolution(context, block, crops) ?? batchToSpace(context, context.input(0), block, crops);
  })
  .native('BatchToSpace', (context) => {
    const size = context.attrs.int('block_size');
    return batchToSpace(context, context.input(0), [size, size], context.builder.cast(context.input(1), 'int64'));
  })
  .native('SpaceToDepth', (context) => depthBlocks(context, 'SpaceToDepth'))
  .native('DepthToSpace', (context) => depthBlocks(context, 'DepthToSpace'));

/** `[m, 2]` paddings or crops as two vectors. */
function columns(context: OpContext, pairs: Value): readonly [before: Value, after: Value] {
  return [context.builder.pick(pairs, 0, 1), context.builder.pick(pairs, 1, 1)];
}

function spaceToBatch(context: OpContext, x: Value, block: readonly number[], paddings: Value): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const [before, after] = columns(context, paddings);
  const behind = builder.ints(Array.from({ length: rank - 1 - block.length }, () => 0));
  const pads = builder.concat([builder.ints([0]), before, behind, builder.ints([0]), after, behind], 0);
  const known = knownIntegers(paddings);
  const padded = known?.every((pad) => pad === 0) === true ? x : emitPad(builder, x, pads);
  // [batch, d1 * b1, …, rest] → [batch, d1, b1, …, rest] → [b1, …, batch, d1, …, rest] → [b1 * … * batch, d1, …, rest]
  const shape = builder.shapeOf(padded);
  const batch = builder.slice(shape, 0, 0, 1);
  const rest = builder.slice(shape, 0, 1 + block.length);
  const sizes = builder.emit('Div', [builder.slice(shape, 0, 1, 1 + block.length), builder.ints(block)]);
  const split = [batch];
  block.forEach((size, i) => split.push(builder.slice(sizes, 0, i, i + 1), builder.ints([size])));
  const count = block.length;
  const restAxes = Array.from({ length: rank - 1 - count }, (_, i) => 1 + 2 * count + i);
  const perm = [...block.map((_, i) => 2 + 2 * i), 0, ...block.map((_, i) => 1 + 2 * i), ...restAxes];
  const moved = builder.transpose(builder.reshapeTo(padded, builder.concat([...split, rest], 0)), perm);
  const product = builder.ints([block.reduce((a, b) => a * b, 1)]);
  return builder.reshapeTo(moved, builder.concat([builder.emit('Mul', [batch, product]), sizes, rest], 0));
}

function batchToSpace(context: OpContext, x: Value, block: readonly number[], crops: Value): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const count = block.length;
  const shape = builder.shapeOf(x);
  const product = builder.ints([block.reduce((a, b) => a * b, 1)]);
  const batch = builder.emit('Div', [builder.slice(shape, 0, 0, 1), product]);
  const sizes = builder.slice(shape, 0, 1, 1 + count);
  const rest = builder.slice(shape, 0, 1 + count);
  const split = builder.reshapeTo(x, builder.concat([builder.ints(block), batch, sizes, rest], 0));
  const restAxes = Array.from({ length: rank - 1 - count }, (_, i) => 2 * count + 1 + i);
  const moved = builder.transpose(split, [count, ...block.flatMap((_, i) => [count + 1 + i, i]), ...restAxes]);
  const whole = builder.emit('Mul', [sizes, builder.ints(block)]);
  const joined = builder.reshapeTo(moved, builder.concat([batch, whole, rest], 0));
  const known = knownIntegers(crops);
  if (known?.every((crop) => crop === 0) === true) return joined;
  const [before, after] = columns(context, crops);
  const axes = builder.ints(block.map((_, i) => 1 + i));
  return builder.emit('Slice', [joined, before, builder.emit('Sub', [whole, after]), axes]);
}

interface SpaceToBatchNode {
  readonly x: Value;
  readonly block: readonly number[];
  readonly paddings: Value;
}

interface ConvolutionNode {
  readonly window: Window;
  /** The same convolution, without padding and with other dilations, of another image. */
  readonly dilated: (image: Value, dilations: readonly number[]) => Value;
}

const spaceToBatchNodes = new WeakMap<GraphNode, SpaceToBatchNode>();
const convolutionNodes = new WeakMap<GraphNode, ConvolutionNode>();

/** Notes how a convolution can be emitted again, for {@link dilatedConvolution}. */
export function rememberConvolution(context: OpContext, window: Window, dilated: ConvolutionNode['dilated']): void {
  if (context.attrs.string('padding', 'VALID') === 'VALID') convolutionNodes.set(context.node, { window, dilated });
}

/**
 * SpaceToBatchND → convolution → BatchToSpaceND is how TensorFlow writes a dilated convolution; the engine has those.
 * A crop of the result is so much less padding, so the two cancel (the padding up to a multiple of the block size).
 */
function dilatedConvolution(context: OpContext, block: readonly number[], crops: Value): Value | undefined {
  // One-dimensional convolutions stand between ExpandDims and Squeeze.
  let node = context.producer(0)?.node;
  const squeezed = node?.op === 'Squeeze' ? node : undefined;
  if (squeezed !== undefined) node = squeezed.inputs[0]?.node;
  const convolution = node && convolutionNodes.get(node);
  if (node === undefined || convolution === undefined) return undefined;
  let source = node.inputs[0]?.node;
  const expanded = source?.op === 'ExpandDims' ? source : undefined;
  if ((expanded === undefined) !== (squeezed === undefined)) return undefined;
  if (expanded !== undefined) source = expanded.inputs[0]?.node;
  const start = source && spaceToBatchNodes.get(source);
  if (start === undefined || start.block.join() !== block.join()) return undefined;
  const { window, dilated } = convolution;
  const plain = [...window.strides, ...window.dilations].every((x) => x === 1);
  const spatial = window.kernel.length;
  // The block may leave out trailing dimensions, and in one dimension the inserted one stands first.
  const rates = expanded === undefined ? block : [1, ...block];
  if (!plain || rates.length > spatial || (expanded !== undefined && (block.length !== 1 || window.kernel[0] !== 1))) {
    return undefined;
  }
  const { builder } = context;
  const rank = start.x.shape?.length;
  if (rank === undefined || rank + (expanded === undefined ? 0 : 1) !== spatial + 2) return undefined;
  const pads = builder.emit('Sub', [start.paddings, crops]);
  const [before, after] = columns(context, pads);
  const behind = builder.ints(Array.from({ length: rank - 1 - block.length }, () => 0));
  const vector = builder.concat([builder.ints([0]), before, behind, builder.ints([0]), after, behind], 0);
  const known = knownIntegers(pads);
  const padded = known?.every((pad) => pad === 0) === true ? start.x : emitPad(builder, start.x, vector);
  const dilations = Array.from({ length: spatial }, (_, i) => rates[i] ?? 1);
  if (expanded === undefined) return dilated(padded, dilations);
  return builder.squeeze(dilated(builder.unsqueeze(padded, [1]), dilations), [1]);
}

/** ONNX's ops of the same names have TensorFlow's order of blocks; they know floats only. */
function depthBlocks(context: OpContext, op: 'SpaceToDepth' | 'DepthToSpace'): Value {
  const { builder, attrs } = context;
  const size = attrs.int('block_size');
  if (attrs.string('data_format', 'NHWC') === 'NCHW_VECT_C') throw context.refuse('its data_format is NCHW_VECT_C');
  const first = isChannelsFirst(context);
  const image = context.input(0);
  const fromChannels = (value: Value) => (first ? value : builder.transpose(value, [0, 2, 3, 1]));
  const [batches, channels, ...sides] = first ? (image.shape ?? []) : pickDims(image.shape, [0, 3, 1, 2]);
  const isWhole = typeof channels === 'number' && size > 0 && channels % (size * size) === 0;
  if (op === 'DepthToSpace' && image.dtype === 'float32' && batches !== undefined && isWhole) {
    const spread = builder.materialize(first ? image : builder.transpose(image, [0, 3, 1, 2]));
    const grown = sides.map((side) => (typeof side === 'number' ? side * size : builder.unknownDim()));
    const spec = { dtype: image.dtype, shape: [batches, channels / (size * size), ...grown] };
    return fromChannels(builder.emit('DepthToSpace', [spread], { blocksize: size, mode: 'DCR' }, spec));
  }
  const x = first ? builder.transpose(image, [0, 2, 3, 1]) : image;
  const shape = builder.shapeOf(x);
  const part = (axis: number) => builder.slice(shape, 0, axis, axis + 1);
  const [batch, height, width, depth] = [part(0), part(1), part(2), part(3)];
  const block = builder.ints([size]);
  const square = builder.ints([size * size]);
  let value: Value;
  if (op === 'SpaceToDepth') {
    const [h, w] = [builder.emit('Div', [height, block]), builder.emit('Div', [width, block])];
    const split = builder.reshapeTo(x, builder.concat([batch, h, block, w, block, depth], 0));
    const target = builder.concat([batch, h, w, builder.emit('Mul', [depth, square])], 0);
    value = builder.reshapeTo(builder.transpose(split, [0, 1, 3, 2, 4, 5]), target);
  } else {
    const rest = builder.emit('Div', [depth, square]);
    const split = builder.reshapeTo(x, builder.concat([batch, height, width, block, block, rest], 0));
    const [h, w] = [builder.emit('Mul', [height, block]), builder.emit('Mul', [width, block])];
    value = builder.reshapeTo(builder.transpose(split, [0, 1, 3, 2, 4, 5]), builder.concat([batch, h, w, rest], 0));
  }
  return first ? builder.transpose(value, [0, 3, 1, 2]) : value;
}

/** The dimensions of a shape at some places; none of an unknown shape. */
function pickDims(shape: Shape | undefined, places: readonly number[]): readonly Dim[] {
  return shape === undefined ? [] : places.map((place) => shape[place] ?? unknownDim());
}
