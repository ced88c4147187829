import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { fromChannelsFirst, isChannelsFirst, spatialOf, toChannelsFirst, windowPadding } from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';
import { overPositions, padSpatial, paddingOf, type Window } from './window-slices.js';

/** Pooling; averages leave padding out of the count, as TensorFlow's do. */
export const pooling = new OpFamily('pooling')
  .native('MaxPool MaxPool3D', (context) => pool(context, 'MaxPool', ...attributes(context)))
  .native('MaxPoolV2', (context) =>
    pool(context, 'MaxPool', context.constantInts(1, 'window'), context.constantInts(2, 'strides')),
  )
  .native('AvgPool AvgPool3D', (context) => pool(context, 'AveragePool', ...attributes(context)))
  .native('MaxPoolWithArgmax', withArgmax);

type PoolOp = 'MaxPool' | 'AveragePool';

const attributes = ({ attrs }: OpContext) => [attrs.ints('ksize'), attrs.ints('strides')] as const;

/** @param x - what is pooled; the node's first input if left out */
export function pool(
  context: OpContext,
  op: PoolOp,
  ksize: readonly number[],
  steps: readonly number[],
  x = context.input(0),
): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const first = isChannelsFirst(context);
  const channelAxis = first ? 1 : rank - 1;
  if (ksize[0] !== 1) throw context.refuse('it pools over the batch');
  if (ksize[channelAxis] !== 1) return overChannels(context, op, x, ksize, channelAxis);
  const window: Window = {
    kernel: spatialOf(context, ksize),
    strides: spatialOf(context, steps),
    dilations: ksize.slice(2).map(() => 1),
  };
  const native = op === 'MaxPool' ? ['float32', 'float64', 'int8', 'uint8'] : ['float32'];
  if (native.includes(x.dtype)) return inEngine(context, op, x, window, first);
  return inComputeDType(builder, [x], ([wide]) =>
    (native.includes(wide?.dtype ?? '') ? inEngine : byPosition)(context, op, wide as Value, window, first),
  );
}

function inEngine(context: OpContext, op: PoolOp, x: Value, window: Window, first: boolean): Value {
  const { builder } = context;
  const { kernel, strides, dilations } = window;
  const input = toChannelsFirst(builder, x, first);
  const padding = windowPadding(context, input, kernel, strides, dilations);
  // With windows smaller than their strides the engine would pad by a negative number.
  if ('auto_pad' in padding && kernel.some((size, i) => size < (strides[i] ?? 1))) {
    return byPosition(context, op, x, window, first);
  }
  const value = builder.emit(op, [input], { kernel_shape: kernel, strides, ...padding });
  return fromChannelsFirst(builder, value, first);
}

/** Pooling as maxima or sums of slices, for the dtypes and windows that the engine has no kernel for. */
function byPosition(context: OpContext, op: PoolOp, x: Value, window: Window, first: boolean): Value {
  const { builder } = context;
  const axis = first ? 2 : 1;
  const { before, after, none } = paddingOf(context, x, axis, window);
  const combine = op === 'MaxPool' ? 'Max' : 'Add';
  const fill = builder.scalar(x.dtype, op === 'MaxPool' ? lowest(x.dtype) : 0);
  const pooled = (value: Value, outside: Value) => {
    const padded = none ? value : padSpatial(builder, value, axis, before, after, outside);
    let result: Value | undefined;
    overPositions(builder, padded, axis, window, (slice) => {
      result = result === undefined ? slice : builder.emit(combine, [result, slice]);
    });
    return result as Value;
  };
  const value = pooled(x, fill);
  if (op === 'MaxPool') return value;
  if (none)
    return builder.emit('Div', [
      value,
      builder.scalar(
        x.dtype,
        window.kernel.reduce((a, b) => a * b, 1),
      ),
    ]);
  const one = builder.scalar(x.dtype, 1);
  const shape = builder.shapeOf(x);
  const spatial = builder.slice(shape, 0, axis, axis + window.kernel.length);
  const single = builder.ints(Array.from({ length: axis }, () => 1));
  const rest = builder.ints(Array.from({ length: context.rank(0) - axis - window.kernel.length }, () => 1));
  const ones = builder.emit('Expand', [one, builder.concat([single, spatial, rest], 0)]);
  return builder.emit('Div', [value, pooled(ones, fill)]);
}

function lowest(dtype: Value['dtype']): number {
  return dtype === 'float32' || dtype === 'float64' ? -Infinity : dtype === 'int64' ? -(2 ** 62) : -(2 ** 31);
}

/** Pooling over channels alone, in windows that do not overlap: all that TensorFlow has for it. */
function overChannels(context: OpContext, op: PoolOp, given: Value, ksize: readonly number[], axis: number): Value {
  const { builder } = context;
  const size = ksize[axis] ?? 1;
  if (ksize.some((k, i) => i !== axis && k !== 1)) throw context.refuse('it pools over channels and space at once');
  return inComputeDType(builder, [given], ([x]) => {
    const shape = builder.shapeOf(x as Value);
    const count = builder.emit('Div', [builder.slice(shape, 0, axis, axis + 1), builder.int(size)]);
    const parts = [builder.slice(shape, 0, 0, axis), count, builder.ints([size]), builder.slice(shape, 0, axis + 1)];
    const split = builder.reshapeTo(x as Value, builder.concat(parts, 0));
    return builder.emit(op === 'MaxPool' ? 'ReduceMax' : 'ReduceMean', [split, builder.ints([axis + 1])], {
      keepdims: 0,
    });
  });
}

/** The engine's indices count an NCHW tensor; TensorFlow's count one image as HWC, or the whole NHWC batch. */
function withArgmax(context: OpContext): readonly Value[] {
  const { builder, attrs } = context;
  const ksize = attrs.ints('ksize');
  if (ksize[0] !== 1 || ksize[3] !== 1) throw context.refuse('it pools over the batch or the channels');
  const [kernel, strides] = [ksize.slice(1, 3), attrs.ints('strides').slice(1, 3)];
  const x = context.input(0);
  const wide = ['float32', 'float64', 'int8', 'uint8'].includes(x.dtype)
    ? x
    : builder.cast(x, x.dtype === 'float16' || x.dtype === 'bfloat16' ? 'float32' : 'float64');
  if (x.dtype === 'int64' || x.dtype === 'uint64') throw context.refuse(`its dtype is ${x.dtype}`);
  const input = builder.materialize(toChannelsFirst(builder, wide, false));
  const padding = windowPadding(context, input, kernel, strides, [1, 1]);
  if ('auto_pad' in padding && kernel.some((size, i) => size < (strides[i] ?? 1))) {
    throw context.refuse('its windows are smaller than their strides and padded');
  }
  const plain = builder.emit('MaxPool', [input], { kernel_shape: kernel, strides, ...padding });
  const [max, index] = builder.emitAll('MaxPool', [input], { kernel_shape: kernel, strides, ...padding }, [
    { dtype: input.dtype, shape: plain.shape },
    { dtype: 'int64', shape: plain.shape },
  ]);
  const last = (value: Value) => builder.transpose(value, [0, 2, 3, 1]);
  const argmax = tensorflowIndex(builder, x, last(index as Value), attrs.bool('include_batch_in_index', false));
  return [builder.cast(last(max as Value), x.dtype), builder.cast(argmax, attrs.dtype('Targmax', 'int64'))];
}

function tensorflowIndex(builder: Builder, x: Value, index: Value, withBatch: boolean): Value {
  const shape = builder.shapeOf(x);
  const [batch, height, width, channels] = [0, 1, 2, 3].map((axis) => builder.pick(shape, axis)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const area = builder.emit('Mul', [height, width]);
  const range = (limit: Value) => builder.emit('Range', [builder.int(0), limit, builder.int(1)]);
  // Mod by zero traps in the processor; an empty image has no index to take it of.
  const spatial = builder.emit('Mod', [index, builder.emit('Max', [area, builder.int(1)])]);
  let result = builder.emit('Add', [builder.emit('Mul', [spatial, channels]), range(channels)]);
  if (withBatch) {
    const offsets = builder.emit('Mul', [range(batch), builder.emit('Mul', [area, channels])]);
    result = builder.emit('Add', [result, builder.unsqueeze(offsets, [1, 2, 3])]);
  }
  return result;
}
