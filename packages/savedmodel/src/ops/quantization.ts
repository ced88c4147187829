import type { DType } from '@servable/tensor';
import { dequantize, quantize, type QuantizationMode } from '../kernels/quantize.js';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue, hostValues } from './host-value.js';

/** Quantization that training simulates, and the conversions between floats and quantized integers. */
export const quantization = new OpFamily('quantization')
  .native('FakeQuantWithMinMaxArgs', (context) => {
    const { builder, attrs } = context;
    const [min, max] = [attrs.float('min', -6), attrs.float('max', 6)].map((value) => builder.scalar('float32', value));
    return fakeQuantization(context, min as Value, max as Value);
  })
  .native('FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel', (context) =>
    fakeQuantization(context, context.input(1), context.input(2)),
  )
  .native('QuantizeAndDequantizeV2 QuantizeAndDequantizeV4', (context) =>
    thereAndBack(context, context.attrs.int('num_bits', 8), context.attrs.string('round_mode', 'HALF_TO_EVEN')),
  )
  .native('QuantizeAndDequantizeV3', (context) =>
    thereAndBack(context, context.constantInts(3, 'bits')[0] ?? 8, 'HALF_TO_EVEN'),
  )
  .native('QuantizeAndDequantize', (context) => {
    const { builder, attrs } = context;
    const { dtype } = context.input(0);
    const limits = ['input_min', 'input_max'].map((name) => builder.scalar(dtype, attrs.float(name, 0)));
    return thereAndBack(context, attrs.int('num_bits', 8), 'HALF_TO_EVEN', limits);
  })
  .host('QuantizeV2', (context) => {
    const { attrs } = context;
    const axis = attrs.int('axis', -1);
    const dtype = attrs.dtype('T');
    const options = {
      dtype,
      mode: attrs.string('mode', 'MIN_COMBINED') as QuantizationMode,
      round: attrs.string('round_mode', 'HALF_AWAY_FROM_ZERO'),
      narrow: attrs.bool('narrow_range', false),
      axis,
      leastRange: attrs.float('ensure_minimum_range', 0.01),
    };
    const { shape } = context.input(0);
    const ranges = axis < 0 ? [] : [shape?.[axis] ?? context.builder.unknownDim()];
    return hostValues(
      context,
      context.inputs(),
      [
        { dtype, shape },
        { dtype: 'float32', shape: ranges },
        { dtype: 'float32', shape: ranges },
      ],
      (x, min, max) => quantize(x, min, max, options),
    );
  })
  .host('Dequantize', (context) => {
    const { attrs } = context;
    const dtype: DType = attrs.dtype('dtype', 'float32');
    const options = {
      dtype,
      mode: attrs.string('mode', 'MIN_COMBINED') as QuantizationMode,
      narrow: attrs.bool('narrow_range', false),
      axis: attrs.int('axis', -1),
    };
    return hostValue(context, context.inputs(), { dtype, shape: context.input(0).shape }, (x, min, max) =>
      dequantize(x, min, max, options),
    );
  });

/**
 * Rounds to the steps between min and max, both moved so that zero is a step (fake_quant_ops_functor.h). Its numbers are
 * one dimension for the op per channel, which is the last.
 */
function fakeQuantization(context: OpContext, min: Value, max: Value): Value {
  const { builder, attrs } = context;
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const n = (value: number) => builder.scalar('float32', value);
  const low = attrs.bool('narrow_range', false) ? 1 : 0;
  const high = 2 ** attrs.int('num_bits', 8) - 1;
  const scale = emit('Div', emit('Sub', max, min), n(high - low));
  const zeroPoint = emit('Sub', n(low), emit('Div', min, scale));
  const nudgedZero = emit('Min', emit('Max', emit('Floor', emit('Add', zeroPoint, n(0.5))), n(low)), n(high));
  const nudgedMin = emit('Mul', emit('Sub', n(low), nudgedZero), scale);
  const nudgedMax = emit('Mul', emit('Sub', n(high), nudgedZero), scale);
  const inverse = emit('Reciprocal', scale);
  const zero = emit('Floor', emit('Sub', n(0.5), emit('Mul', nudgedMin, inverse)));
  const clamped = emit('Max', emit('Min', context.input(0), nudgedMax), nudgedMin);
  const steps = emit('Sub', emit('Mul', emit('Sub', clamped, nudgedMin), inverse), emit('Sub', zero, n(0.5)));
  const value = emit('Mul', emit('Floor', steps), scale);
  // A range of nothing gives zeros.
  const none = emit('And', emit('Equal', min, n(0)), emit('Equal', max, n(0)));
  return none.constant !== undefined && !none.constant.data.includes(1 as never)
    ? value
    : emit('Where', none, n(0), value);
}

/** tensorflow/core/kernels/quantize_and_dequantize_op.h */
function thereAndBack(
  context: OpContext,
  bits: number,
  roundMode: string,
  limits: readonly Value[] = [context.input(1), context.input(2)],
): Value {
  const { builder, attrs } = context;
  const signed = attrs.bool('signed_input', true);
  const given = attrs.bool('range_given', context.node.op === 'QuantizeAndDequantizeV3');
  const low = signed ? -(2 ** (bits - 1)) + (attrs.bool('narrow_range', false) ? 1 : 0) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const axis = attrs.int('axis', -1);
  return inComputeDType(builder, [context.input(0), ...limits], ([x, givenMin, givenMax]) => {
    const value = x as Value;
    const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
    const n = (number: number) => builder.scalar(value.dtype, number);
    const [min, max] = given
      ? [alongAxis(context, givenMin as Value, axis), alongAxis(context, givenMax as Value, axis)]
      : [extreme(context, value, 'ReduceMin', axis), extreme(context, value, 'ReduceMax', axis)];
    // Of the scales that fit the lower and the upper end, the smaller one; an end of the other sign does not count.
    const most = value.dtype === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
    const scaleOf = (end: Value, steps: number) => {
      const counts = emit('Greater', emit('Mul', end, n(steps)), n(0));
      return emit('Where', counts, emit('Div', n(steps), emit('Where', counts, end, n(1))), n(most));
    };
    const [fromMin, fromMax] = [scaleOf(min, low), scaleOf(max, high)];
    const byMin = emit('Less', fromMin, fromMax);
    const scale = emit('Where', byMin, fromMin, fromMax);
    const inverse = emit('Where', byMin, low === 0 ? n(0) : emit('Div', min, n(low)), emit('Div', max, n(high)));
    let source = value;
    if (given) {
      const upper = emit('Where', byMin, emit('Mul', n(high), inverse), max);
      const lower = emit('Where', byMin, min, emit('Mul', n(low), inverse));
      source = emit('Max', emit('Min', value, upper), lower);
    }
    const scaled = emit('Mul', source, scale);
    const rounded = roundMode === 'HALF_UP' ? emit('Floor', emit('Add', scaled, n(0.5))) : emit('Round', scaled);
    return emit('Mul', rounded, inverse);
  });
}

function alongAxis(context: OpContext, range: Value, axis: number): Value {
  if (axis < 0) return range;
  const behind = context.rank(0) - 1 - axis;
  return context.builder.unsqueeze(
    range,
    Array.from({ length: behind }, (_, i) => i + 1),
  );
}

function extreme(context: OpContext, x: Value, op: 'ReduceMin' | 'ReduceMax', axis: number): Value {
  const { builder }: { builder: Builder } = context;
  const flat = builder.reshape(x, [-1]);
  if (axis < 0) return builder.emit(op, [flat, builder.ints([0])], { keepdims: 0 });
  const axes = Array.from({ length: context.rank(0) }, (_, i) => i).filter((i) => i !== axis);
  return builder.emit(op, [x, builder.ints(axes)], { keepdims: 1 });
}
