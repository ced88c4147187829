import type { DType, Tensor } from '@servable/tensor';
import { quantizedBatchNorm, quantizedInstanceNorm } from '../kernels/quantized-norm.js';
import { requantizationRangePerChannel, requantizePerChannel } from '../kernels/requantize-per-channel.js';
import { quantizedAdd, quantizedMultiply } from '../kernels/quantized-arithmetic.js';
import { quantizedResize } from '../kernels/quantized-resize.js';
import { STORAGE } from '../kernels/quantized-numbers.js';
import { broadcastShapes, unknownDim } from '../onnx/known-shapes.js';
import type { Builder } from '../onnx/builder.js';
import type { Shape, Value } from '../onnx/value.js';
import { requireAll } from './guard.js';
import { hostValues } from './host-value.js';
import { pool } from './pooling.js';
import { quantizedConvolution, quantizedMatMul } from './quantized-convolution.js';
import {
  allSteps,
  limitedStepFor,
  lookUp,
  numberAt,
  rangeAt,
  stored,
  toFloats,
  toSteps,
  type Range,
} from './quantized-ranges.js';
import { OpFamily, type OpContext } from './registry.js';

const SCALAR = { dtype: 'float32', shape: [] } as const;

/**
 * Layers on integers, as the quantization of TensorFlow 1's graph transforms makes them. Every tensor goes with the two
 * floats that its lowest and highest integer stand for.
 */
export const quantizedLayers = new OpFamily('quantized layers')
  .native('QuantizedConv2D', quantizedConvolution)
  .native('QuantizedMatMul', quantizedMatMul)
  .native('QuantizedBiasAdd', biasAdd)
  .native('QuantizedRelu', (context) => limited(context, 0))
  .native('QuantizedRelu6', (context) => limited(context, 0, 6))
  .native('QuantizedMaxPool', (context) => {
    const { builder, attrs } = context;
    const x = context.input(0);
    const window = [attrs.ints('ksize'), attrs.ints('strides')] as const;
    const value = pool(context, 'MaxPool', ...window, stored(builder, x));
    return [builder.cast(value, x.dtype), ...ends(rangeAt(context, 1))];
  })
  .native('QuantizedAvgPool', (context) => {
    const { builder, attrs } = context;
    const x = context.input(0);
    const window = [attrs.ints('ksize'), attrs.ints('strides')] as const;
    const value = pool(context, 'AveragePool', ...window, builder.cast(x, 'int32'));
    return [builder.cast(value, x.dtype), ...ends(rangeAt(context, 1))];
  })
  .native('QuantizedReshape', (context) => {
    const { builder } = context;
    const shaped = builder.reshapeTo(context.input(0), builder.cast(context.input(1), 'int64'));
    return [shaped, ...ends(rangeAt(context, 2))];
  })
  .native('QuantizedConcat', concatenate)
  .native('Requantize', (context) => {
    const { builder } = context;
    const to = rangeAt(context, 3);
    const zero = builder.scalar('float32', 0);
    const ok = builder.emit('LessOrEqual', [to.least, zero]);
    const x = requireAll(builder, ok, context.input(0), 'requested_output_min must be <= 0');
    const dtype = context.attrs.dtype('out_type');
    return [requantized(builder, context.input(0).dtype, x, rangeAt(context, 1), dtype, to), ...ends(to)];
  })
  .native('RequantizationRange', (context) => ends(actualRange(context)))
  .native('QuantizeDownAndShrinkRange', (context) => {
    const { builder } = context;
    const x = context.input(0);
    const to = actualRange(context);
    const dtype = context.attrs.dtype('out_type');
    return [requantized(builder, x.dtype, x, rangeAt(context, 1), dtype, to), ...ends(to)];
  })
  .host('QuantizedAdd', (context) => arithmetic(context, quantizedAdd))
  .host('QuantizedMul', (context) => arithmetic(context, quantizedMultiply))
  .host('QuantizedResizeBilinear', (context) => {
    const { attrs } = context;
    const { dtype, shape } = context.input(0);
    const options = { corners: attrs.bool('align_corners', false), centers: attrs.bool('half_pixel_centers', false) };
    const resized = shape && [shape[0] ?? unknownDim(), unknownDim(), unknownDim(), shape[3] ?? unknownDim()];
    return hostValues(
      context,
      context.inputs(),
      [{ dtype, shape: resized }, SCALAR, SCALAR],
      (x, size, least, most) => [quantizedResize(x, size, options), first(least), first(most)],
    );
  })
  .host('QuantizedInstanceNorm', (context) => {
    const { attrs } = context;
    const given = attrs.bool('output_range_given', false);
    const options = {
      epsilon: attrs.float('variance_epsilon', 1e-5),
      separation: attrs.float('min_separation', 1e-3),
      range: given ? ([attrs.float('given_y_min', 0), attrs.float('given_y_max', 0)] as const) : undefined,
    };
    const { dtype, shape } = context.input(0);
    return hostValues(context, context.inputs(), [{ dtype, shape }, SCALAR, SCALAR], (x, least, most) =>
      quantizedInstanceNorm(x, least, most, options),
    );
  })
  .host('QuantizedBatchNormWithGlobalNormalization', (context) => {
    const { attrs } = context;
    const options = {
      epsilon: attrs.float('variance_epsilon'),
      scales: attrs.bool('scale_after_normalization'),
    };
    const outputs = [{ dtype: 'qint32', shape: context.input(0).shape } as const, SCALAR, SCALAR];
    return hostValues(context, context.inputs(), outputs, (...inputs) => quantizedBatchNorm(inputs, options));
  })
  .host('RequantizePerChannel', (context) => {
    const dtype = context.attrs.dtype('out_type', 'quint8');
    const outputs = [{ dtype, shape: context.input(0).shape }, SCALAR, SCALAR];
    return hostValues(context, context.inputs(), outputs, (x, least, most, toLeast, toMost) => [
      requantizePerChannel(x, least, most, toLeast, toMost, dtype),
      first(toLeast),
      first(toMost),
    ]);
  })
  .host('RequantizationRangePerChannel', (context) => {
    const limit = context.attrs.float('clip_value_max');
    return hostValues(context, context.inputs(), [SCALAR, SCALAR], (x, least, most) =>
      requantizationRangePerChannel(x, least, most, limit),
    );
  });

const ends = ({ least, most }: Range): readonly [Value, Value] => [least, most];

const first = (x: Tensor): Tensor => (x.rank === 0 ? x : x.reshape([]));

/** Both operands in a range with room to spare, where they are added (QuantizedAddUsingEigen). */
function biasAdd(context: OpContext): readonly Value[] {
  const { builder } = context;
  const [x, bias] = [context.input(0), context.input(1)];
  if (x.shape !== undefined && x.shape.length < 2) throw context.refuse('its input is no matrix or more');
  const [ofX, ofBias] = [rangeAt(context, 2), rangeAt(context, 4)];
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const zero = builder.scalar('float32', 0);
  const negated = (value: Value) => emit('Sub', zero, value);
  const widest = emit(
    'Max',
    emit('Max', ofX.most, negated(ofX.least)),
    emit('Max', ofBias.most, negated(ofBias.least)),
  );
  const most = emit('Mul', widest, builder.scalar('float32', 2 ** 17));
  const total: Range = { least: negated(most), most };
  const inTotal = (value: Value, range: Range) => {
    const table = toSteps(
      builder,
      'qint32',
      toFloats(builder, value.dtype, allSteps(builder, value.dtype), range),
      total,
    );
    return lookUp(builder, value.dtype, table, stored(builder, value));
  };
  const shift = emit('Add', inTotal(bias, ofBias), limitedStepFor(builder, 'qint32', 0, total));
  const sum = emit('Add', inTotal(x, ofX), shift);
  return [builder.cast(sum, 'qint32'), ...ends(total)];
}

/** Clamps to the steps at which two numbers lie (tensorflow/core/kernels/quantized_activation_ops.cc). */
function limited(context: OpContext, ...limits: readonly number[]): readonly Value[] {
  const { builder } = context;
  const x = context.input(0);
  const range = rangeAt(context, 1);
  const steps = limits.map((limit) => limitedStepFor(builder, x.dtype, limit, range));
  const [least, most] = steps;
  const integers = stored(builder, x);
  const raised = builder.emit('Clip', [integers, least], {}, { dtype: integers.dtype, shape: x.shape });
  const value =
    most === undefined
      ? raised
      : builder.emit('Clip', [raised, undefined, most], {}, { dtype: integers.dtype, shape: x.shape });
  return [builder.cast(value, x.dtype), ...ends(range)];
}

/** The range that the integers of a tensor take up, and zero in it (tensorflow/core/kernels/requantization_range_op.cc). */
function actualRange(context: OpContext): Range {
  const { builder } = context;
  const range = rangeAt(context, 1);
  const { dtype } = context.input(0);
  const x = builder.reshape(stored(builder, context.input(0)), [-1]);
  // Of no elements the extremes are the ends of the scale, the wrong way round.
  const isEmpty = builder.emit('Equal', [builder.emit('Size', [x]), builder.int(0)]);
  const extreme = (op: string, otherwise: number) => {
    const some = builder.concat([x, builder.emit('Expand', [builder.scalar('int32', 0), spare(builder, isEmpty)])], 0);
    const found = builder.emit(op, [some, builder.ints([0])], { keepdims: 0 });
    return builder.emit('Where', [isEmpty, builder.scalar('int32', otherwise), found]);
  };
  const least = numberAt(builder, dtype, extreme('ReduceMin', 2 ** 31 - 1), range);
  const most = numberAt(builder, dtype, extreme('ReduceMax', -(2 ** 31)), range);
  return { least: builder.emit('Min', [builder.scalar('float32', 0), least]), most };
}

/** The shape of one element where there is none, else of none. */
const spare = (builder: Builder, isEmpty: Value) => builder.reshape(builder.cast(isEmpty, 'int64'), [1]);

/** Integers of one range as those of another (RequantizeManyInNewRangeUsingEigen). */
function requantized(builder: Builder, from: DType, x: Value, range: Range, to: DType, target: Range): Value {
  const integers = stored(builder, x);
  if (from === 'qint32' && to === 'quint8') return builder.cast(inFixedPoint(builder, integers, range, target), to);
  const numbers = toFloats(builder, from, integers, range);
  return builder.cast(builder.cast(toSteps(builder, to, numbers, target), STORAGE[to] ?? to), to);
}

/** int32 to uint8 by one multiplication of 64-bit integers, of which the upper 16 bits are the result. */
function inFixedPoint(builder: Builder, x: Value, range: Range, target: Range): Value {
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const single = (value: number) => builder.scalar('float32', value);
  const double = (value: number) => builder.scalar('float64', value);
  const wide = (value: Value) => builder.cast(value, 'float64');
  const inputWidth = emit('Sub', range.most, range.least);
  const outputWidth = emit('Sub', target.most, target.least);
  const none = emit('Equal', outputWidth, single(0));
  const divisor = wide(emit('Where', none, single(1), outputWidth));
  const reciprocal = builder.cast(emit('Where', none, double(0), emit('Div', double(255), divisor)), 'float32');
  const middle = emit('Mul', emit('Add', range.least, range.most), single(0.5));
  const whole = (value: Value) => emit('Where', none, builder.int(0), builder.cast(value, 'int64'));
  const scale = whole(emit('Div', emit('Mul', double(255 * 65536), wide(inputWidth)), divisor));
  const fromInput = builder.cast(emit('Mul', emit('Mul', middle, reciprocal), single(65536)), 'int64');
  const ofOutput = whole(
    emit('Div', emit('Mul', double(65536), emit('Mul', wide(target.least), double(255))), divisor),
  );
  const offset = emit('Add', emit('Sub', fromInput, ofOutput), builder.int(32768));
  const product = emit('Mul', builder.cast(x, 'int64'), scale);
  const sum = emit('Add', product, emit('Mul', offset, builder.int(2 ** 32)));
  const limited = builder.emit(
    'Clip',
    [sum, builder.int(0), builder.int(255 * 2 ** 48)],
    {},
    { dtype: 'int64', shape: x.shape },
  );
  const shifted = builder.emit('BitShift', [builder.cast(limited, 'uint64'), builder.scalar('uint64', 48)], {
    direction: 'RIGHT',
  });
  return builder.cast(shifted, 'uint8');
}

/** Parts in the range that holds all of theirs (tensorflow/core/kernels/quantized_concat_op.cc). */
function concatenate(context: OpContext): readonly Value[] {
  const { builder } = context;
  const count = context.attrs.int('N');
  const [axis = 0] = context.constantInts(0, 'axis');
  const parts = Array.from({ length: count }, (_, i) => context.input(1 + i));
  const ranges = parts.map((_, i) => rangeAt(context, 1 + count + i, 1 + count * 2 + i));
  const { dtype } = parts[0] as Value;
  const all = (op: string, values: readonly Value[]) => values.reduce((a, b) => builder.emit(op, [a, b]));
  let least = all(
    'Min',
    ranges.map((range) => range.least),
  );
  let most = all(
    'Max',
    ranges.map((range) => range.most),
  );
  if (dtype !== 'quint8') {
    most = builder.emit('Max', [builder.emit('Abs', [least]), builder.emit('Abs', [most])]);
    least = builder.emit('Sub', [builder.scalar('float32', 0), most]);
  }
  const total: Range = { least, most };
  const storage = STORAGE[dtype] ?? dtype;
  const converted = parts.map((part, i) => {
    const range = ranges[i] as Range;
    const same = builder.emit('And', [
      builder.emit('Equal', [range.least, least]),
      builder.emit('Equal', [range.most, most]),
    ]);
    const integers = stored(builder, part);
    if (same.constant !== undefined && (same.constant.data as Uint8Array)[0] === 1) return integers;
    if (dtype === 'qint32') {
      const steps = toSteps(builder, dtype, toFloats(builder, dtype, integers, range), total);
      return builder.emit('Where', [same, integers, steps]);
    }
    const steps = allSteps(builder, dtype);
    const moved = toSteps(builder, dtype, toFloats(builder, dtype, steps, range), total);
    const table = builder.emit('Where', [same, builder.cast(steps, 'int32'), moved]);
    return lookUp(builder, dtype, builder.cast(table, storage), integers);
  });
  return [builder.cast(builder.concat(converted, axis), dtype), ...ends(total)];
}

function arithmetic(
  context: OpContext,
  kernel: (x: Tensor, y: Tensor, ranges: readonly Tensor[]) => readonly Tensor[],
): readonly Value[] {
  const shape: Shape | undefined = broadcastShapes([context.input(0).shape, context.input(1).shape]);
  const outputs = [{ dtype: 'qint32', shape } as const, SCALAR, SCALAR];
  return hostValues(context, context.inputs(), outputs, (x, y, ...ranges) => kernel(x, y, ranges));
}
