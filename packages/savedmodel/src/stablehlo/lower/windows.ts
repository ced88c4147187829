import type { Value } from '../../onnx/value.js';
import { computeDType, isFloat } from '../../ops/dtypes.js';
import type { HloContext } from './context.js';
import { reduceWindows, type WindowShape } from './host-programs.js';
import { pad } from './padding.js';
import { combinerOf, COMBINERS, isNeutral, operationOf } from './reduction.js';
import { HloFamily } from './registry.js';
import { scalarProgram } from './scalar-program.js';
import { tfBool } from './tf-attributes.js';

/** Pools, sums that run on, and whatever else a window reduces. */
export const windows = new HloFamily().op('reduce_window', (context) => {
  const window = windowOf(context);
  const combiner = context.inputCount === 2 ? combinerOf(context.region(0)) : undefined;
  const result =
    combiner === undefined ? undefined : (running(context, window, combiner) ?? pool(context, window, combiner));
  return result ?? onHost(context, window);
});

function windowOf(context: HloContext): WindowShape {
  const size = context.ints('window_dimensions');
  const ones = size.map(() => 1);
  const padding = context.ints(
    'padding',
    size.flatMap(() => [0, 0]),
  );
  return {
    size,
    strides: context.ints('window_strides', ones),
    baseDilations: context.ints('base_dilations', ones),
    windowDilations: context.ints('window_dilations', ones),
    low: size.map((_, axis) => padding[2 * axis] ?? 0),
    high: size.map((_, axis) => padding[2 * axis + 1] ?? 0),
  };
}

/** A window over all that came before, as `cumsum` has it. */
function running(context: HloContext, window: WindowShape, combiner: string): Value | undefined {
  const op = combiner === 'add' ? 'Cumsum' : combiner === 'multiply' ? 'Cumprod' : undefined;
  const { shape, dtype } = context.operandType(0);
  const axes = window.size.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  const [axis] = axes;
  if (op === undefined || axes.length !== 1 || axis === undefined || dtype === 'bool') return undefined;
  const size = shape[axis] ?? -1;
  const isPlain = [window.strides, window.baseDilations, window.windowDilations].every((list) =>
    list.every((x) => x === 1),
  );
  const others = [...window.low, ...window.high].filter((x) => x !== 0);
  if (!isPlain || window.size[axis] !== size || others.length !== 1 || others[0] !== size - 1) return undefined;
  if (!isNeutral(context.input(1), COMBINERS[combiner]?.neutral ?? NaN)) return undefined;
  const reverse = window.high[axis] !== 0;
  const { builder } = context;
  return context.tf(op, [context.input(0), builder.scalar('int32', axis)], { reverse: tfBool(reverse) });
}

/** The engine pools floats over up to three dimensions, behind a batch and channels. */
const MAX_POOLED = 3;

function pool(context: HloContext, window: WindowShape, combiner: string): Value | undefined {
  const { builder } = context;
  const { dtype, shape } = context.operandType(0);
  const isMean = combiner === 'add';
  if (!isFloat(dtype) || !(isMean || combiner === 'maximum' || combiner === 'minimum')) return undefined;
  if (window.baseDilations.some((step) => step !== 1)) return undefined;
  const isMoved = (axis: number) =>
    window.size[axis] !== 1 || window.strides[axis] !== 1 || window.low[axis] !== 0 || window.high[axis] !== 0;
  const pooled = shape.flatMap((_, axis) => (isMoved(axis) ? [axis] : []));
  const others = shape.flatMap((_, axis) => (isMoved(axis) ? [] : [axis]));
  if (pooled.length === 0 || others.length > 2 || pooled.length > MAX_POOLED) return undefined;
  const initial = context.input(1);
  const known = COMBINERS[combiner];
  const isPlain = known !== undefined && isNeutral(initial, known.neutral);
  if (!isPlain && [...window.low, ...window.high].some((size) => size !== 0)) return undefined;
  const computed = computeDType(dtype) === 'float64' ? 'float64' : 'float32';
  const of = (values: readonly number[]) => pooled.map((axis) => values[axis] ?? 0);
  let x = context.input(0);
  const [low, high] = [of(window.low), of(window.high)];
  const reach = of(window.size).map((size, i) => (size - 1) * (of(window.windowDilations)[i] ?? 1) + 1);
  // The engine wants less padding than the window is long.
  const isWide = [...low, ...high].some((size, i) => size < 0 || size >= (reach[i % reach.length] ?? 1));
  if (isWide) {
    const none = shape.map(() => 0);
    x = pad(context, x, initial, { low: window.low, high: window.high, interior: none });
  }
  const missing = 2 - others.length;
  const ordered = builder.unsqueeze(
    builder.transpose(x, [...others, ...pooled]),
    Array.from({ length: missing }, (_, i) => i),
  );
  const wide = builder.cast(ordered, computed);
  const attributes = {
    kernel_shape: of(window.size),
    strides: of(window.strides),
    dilations: of(window.windowDilations),
    pads: isWide ? [...low, ...high].map(() => 0) : [...low, ...high],
  };
  const dims = (value: Value) =>
    value.shape?.map((dim, i) => {
      if (i < 2) return dim;
      const declared = context.resultType().shape[pooled[i - 2] ?? 0];
      return declared ?? builder.unknownDim();
    });
  const emit = (op: string, value: Value, more = {}) =>
    builder.emit(op, [value], { ...attributes, ...more }, { dtype: value.dtype, shape: dims(value) });
  let result: Value;
  if (isMean) {
    const count = of(window.size).reduce((a, b) => a * b, 1);
    const mean = emit('AveragePool', wide, { count_include_pad: 1 });
    result = builder.emit('Mul', [mean, builder.scalar(computed, count)]);
  } else if (combiner === 'maximum') {
    result = emit('MaxPool', wide);
  } else {
    result = builder.emit('Neg', [emit('MaxPool', builder.emit('Neg', [wide]))]);
  }
  const narrow = builder.squeeze(
    builder.cast(result, dtype),
    Array.from({ length: missing }, (_, i) => i),
  );
  const order = [...others, ...pooled];
  const back = builder.transpose(
    narrow,
    order.map((_, axis) => order.indexOf(axis)),
  );
  return isPlain ? back : context.tf(operationOf(combiner, false), [back, initial]);
}

function onHost(context: HloContext, window: WindowShape): readonly Value[] {
  const program = scalarProgram(context.region(0));
  if (program === undefined) throw context.refuse('its body is none of those that the compiler knows');
  const specs = context.operation.results.map((_, i) => ({
    dtype: context.resultType(i).dtype,
    shape: context.resultShape(i),
  }));
  return context.builder.host('stablehlo.reduce_window', context.inputs(), specs, (tensors) =>
    reduceWindows(tensors, window, program),
  );
}
