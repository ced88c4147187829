import { Tensor, type DType } from '@servable/tensor';
import { doublesOf } from '../kernels/elements.js';
import { floatScale, limitsOf, numberOf, stepOf, stepScale, STORAGE } from '../kernels/quantized-numbers.js';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import type { OpContext } from './registry.js';

// The arithmetic of tensorflow/core/kernels/quantization_utils.h for ranges that come with the request, in the precision
// in which TensorFlow does each step; ranges that are constants are computed while compiling.

/** The range that a quantized tensor's integers stand for: two float32 scalars. */
export interface Range {
  readonly least: Value;
  readonly most: Value;
}

/** A quantized tensor as the plain integers that it is stored as. */
export function stored(builder: Builder, x: Value): Value {
  const dtype = STORAGE[x.dtype];
  if (dtype === undefined) return x;
  if (x.constant !== undefined) return builder.constant(new Tensor(dtype, x.constant.shape, x.constant.data));
  return builder.cast(x, dtype);
}

/** The range at two inputs; TensorFlow's kernels look at their first element alone. */
export function rangeAt(context: OpContext, least: number, most = least + 1): Range {
  const scalar = (index: number) => firstElement(context.builder, context.input(index));
  return { least: scalar(least), most: scalar(most) };
}

function firstElement(builder: Builder, x: Value): Value {
  if (x.shape?.length === 0) return x;
  return builder.pick(builder.reshape(x, [-1]), 0);
}

/** The ends of a range that does not depend on the request. */
export function knownRange({ least, most }: Range): readonly [least: number, most: number] | undefined {
  if (least.constant === undefined || most.constant === undefined) return undefined;
  return [doublesOf(least.constant)[0] ?? 0, doublesOf(most.constant)[0] ?? 0];
}

/** C's round(), for any float dtype. */
export function roundAway(builder: Builder, x: Value): Value {
  const size = builder.emit('Abs', [x]);
  const whole = builder.emit('Floor', [size]);
  const half = builder.emit('GreaterOrEqual', [builder.emit('Sub', [size, whole]), builder.scalar(x.dtype, 0.5)]);
  const rounded = builder.emit('Add', [whole, builder.cast(half, x.dtype)]);
  return builder.emit('Mul', [builder.emit('Sign', [x]), rounded]);
}

/** `max - min`, in float32 and from there on in float64. */
function width(builder: Builder, { least, most }: Range): Value {
  return builder.cast(builder.emit('Sub', [most, least]), 'float64');
}

/** A divisor of a range without width, whose quotient nothing looks at. */
function orOne(builder: Builder, value: Value): Value {
  const one = builder.scalar(value.dtype, 1);
  return builder.emit('Where', [builder.emit('Equal', [value, builder.scalar(value.dtype, 0)]), one, value]);
}

/**
 * Twice a width, made wider by the step that it has less than its scale has values. The engine leaves out multiplications
 * by numbers as near to 1 as that factor is, hence the twice, which changes no bit of a quotient.
 */
function twiceWithStep(builder: Builder, apart: Value, steps: number): Value {
  return builder.emit('Mul', [orOne(builder, apart), builder.scalar('float64', (2 * steps) / (steps - 1))]);
}

/** The step at which a number lies, in float64 and not limited by the dtype (FloatToQuantizedUnclamped). */
export function stepFor(builder: Builder, dtype: DType, number: number, range: Range): Value {
  const known = knownRange(range);
  if (known !== undefined) return builder.scalar('float64', stepOf(dtype, number, ...known));
  const [low, high] = limitsOf(dtype);
  const n = (value: number) => builder.scalar('float64', value);
  const steps = high - low + 1;
  const apart = width(builder, range);
  const scale = builder.emit('Div', [n(2 * steps), twiceWithStep(builder, apart, steps)]);
  const at = (value: Value) => roundAway(builder, builder.emit('Mul', [value, scale]));
  const fromLeast = builder.emit('Sub', [at(n(number)), at(builder.cast(range.least, 'float64'))]);
  const step = builder.emit('Add', [fromLeast, n(low)]);
  return builder.emit('Where', [builder.emit('Equal', [apart, n(0)]), n(low), step]);
}

/** The step at which a number lies, as one of the dtype's integers (FloatToQuantized). */
export function limitedStepFor(builder: Builder, dtype: DType, number: number, range: Range): Value {
  const [low, high] = limitsOf(dtype).map((limit) => builder.scalar('float64', limit));
  const step = builder.emit('Min', [builder.emit('Max', [stepFor(builder, dtype, number, range), low]), high]);
  return builder.cast(builder.cast(step, 'int64'), STORAGE[dtype] ?? dtype);
}

/** The float32 number that a step stands for (QuantizedToFloat). */
export function numberAt(builder: Builder, dtype: DType, step: Value, range: Range): Value {
  const known = knownRange(range);
  if (known !== undefined && step.constant !== undefined) {
    return builder.scalar('float32', numberOf(dtype, doublesOf(step.constant)[0] ?? 0, ...known));
  }
  const [low, high] = limitsOf(dtype);
  const steps = high - low + 1;
  const n = (value: number) => builder.scalar('float64', value);
  const apart = width(builder, range);
  const scale = builder.emit('Div', [twiceWithStep(builder, apart, steps), n(2 * steps)]);
  const narrow = builder.cast(scale, 'float32');
  const start = builder.emit('Mul', [roundAway(builder, builder.emit('Div', [range.least, narrow])), narrow]);
  const offset = builder.emit('Mul', [builder.emit('Sub', [builder.cast(step, 'float64'), n(low)]), scale]);
  const value = builder.cast(builder.emit('Add', [builder.cast(start, 'float64'), offset]), 'float32');
  return builder.emit('Where', [builder.emit('Equal', [apart, n(0)]), range.least, value]);
}

/** Quantized integers as float32 (DEQUANTIZE_WITH_EIGEN). */
export function toFloats(builder: Builder, dtype: DType, integers: Value, range: Range): Value {
  const [scale, add] = floatScaleOf(builder, dtype, range);
  return builder.emit('Add', [builder.emit('Mul', [builder.cast(integers, 'float32'), scale]), add]);
}

function floatScaleOf(builder: Builder, dtype: DType, range: Range): readonly [scale: Value, add: Value] {
  const known = knownRange(range);
  if (known !== undefined) {
    const { scale, add } = floatScale(dtype, ...known);
    return [builder.scalar('float32', scale), builder.scalar('float32', add)];
  }
  const [low, high] = limitsOf(dtype);
  const apart = width(builder, range);
  const scale = builder.cast(builder.emit('Div', [apart, builder.scalar('float64', high - low)]), 'float32');
  const rounded = builder.emit('Mul', [
    roundAway(builder, builder.emit('Div', [range.least, orOne(builder, scale)])),
    scale,
  ]);
  const none = builder.emit('Equal', [range.most, range.least]);
  const start = builder.emit('Where', [none, range.least, rounded]);
  const atZero = builder.emit('Mul', [builder.scalar('float32', low), scale]);
  return [scale, builder.emit('Sub', [start, atZero])];
}

/** Floats as the integers of a range (QUANTIZE_WITH_EIGEN): int32, whatever the dtype. */
export function toSteps(builder: Builder, dtype: DType, numbers: Value, range: Range): Value {
  const known = knownRange(range);
  const [low, high] = limitsOf(dtype);
  const n = (value: number) => builder.scalar('float32', value);
  let scale: Value;
  let subtract: Value;
  if (known === undefined) {
    const apart = width(builder, range);
    const exact = builder.emit('Div', [builder.scalar('float64', high - low), orOne(builder, apart)]);
    const none = builder.emit('Equal', [apart, builder.scalar('float64', 0)]);
    scale = builder.cast(builder.emit('Where', [none, builder.scalar('float64', 0), exact]), 'float32');
    const start = roundAway(builder, builder.emit('Mul', [range.least, scale]));
    subtract = builder.emit('Sub', [start, n(low)]);
  } else {
    const form = stepScale(dtype, ...known);
    [scale, subtract] = [n(form.scale), n(form.subtract)];
  }
  const steps = builder.emit('Sub', [roundAway(builder, builder.emit('Mul', [numbers, scale])), subtract]);
  // The greatest float below 2^31, as float32 has none for the greatest integer.
  const limited = builder.emit('Min', [builder.emit('Max', [steps, n(low)]), n(Math.min(high, 2147483520))]);
  return builder.cast(limited, 'int32');
}

/** All the values of an 8-bit dtype, in order, as float32: what is computed of them is looked up by element. */
export function allSteps(builder: Builder, dtype: DType): Value {
  const [low, high] = limitsOf(dtype);
  return builder.constantVector(
    'float32',
    Array.from({ length: high - low + 1 }, (_, i) => low + i),
  );
}

/** The entries of a table made of {@link allSteps} at the elements of an 8-bit tensor. */
export function lookUp(builder: Builder, dtype: DType, table: Value, integers: Value): Value {
  const [low] = limitsOf(dtype);
  const wide = builder.cast(integers, 'int32');
  const index = low === 0 ? wide : builder.emit('Sub', [wide, builder.scalar('int32', low)]);
  return builder.emit('Gather', [table, index], { axis: 0 });
}

/** The range of products of two quantized tensors as qint32 (QuantizationRangeForMultiplication). */
export function productRange(builder: Builder, a: DType, ofA: Range, b: DType, ofB: Range): readonly [Value, Value] {
  const n = (value: number) => builder.scalar('float32', value);
  const level = (dtype: DType, { least, most }: Range) => {
    const [low, high] = limitsOf(dtype);
    return builder.emit('Div', [builder.emit('Sub', [most, least]), n(high - low)]);
  };
  const product = builder.emit('Mul', [level(a, ofA), level(b, ofB)]);
  return [builder.emit('Mul', [product, n(-(2 ** 31))]), builder.emit('Mul', [product, n(2 ** 31)])];
}
