import { computeDType } from '../../ops/dtypes.js';
import { isComplex } from '../../kernels/elements.js';
import type { Value } from '../../onnx/value.js';
import { knownIntegers } from '../../onnx/known-shapes.js';
import type { HloContext } from './context.js';
import { pad } from './padding.js';
import { HloFamily } from './registry.js';

/** Convolutions of any layout. */
export const convolution = new HloFamily()
  .op('convolution', (context) => convolve(context, context.ints('padding', [])))
  .op('dynamic_conv', (context) => {
    const padding = knownIntegers(context.input(2));
    if (padding === undefined) throw context.refuse('its padding comes with the request');
    return convolve(context, padding);
  });

function convolve(context: HloContext, given: readonly number[]): Value {
  const { builder } = context;
  const { dtype } = context.resultType();
  const spatial = context.ints('input_spatial_dimensions');
  const count = spatial.length;
  const ones = new Array<number>(count).fill(1);
  const strides = context.ints('window_strides', ones);
  const inputDilation = context.ints('lhs_dilation', ones);
  const dilations = context.ints('rhs_dilation', ones);
  const reversal = context.ints('window_reversal', new Array<number>(count).fill(0));
  if (isComplex(dtype)) throw context.refuse(`it convolves ${dtype}`);
  if (context.int('batch_group_count') !== 1) throw context.refuse('it has groups of batches');
  const computed = computeDType(dtype) === 'float64' ? 'float64' : 'float32';
  const kernelSpatial = context.ints('kernel_spatial_dimensions');
  let input = builder.transpose(context.input(0), [
    context.int('input_batch_dimension'),
    context.int('input_feature_dimension'),
    ...spatial,
  ]);
  let kernel = builder.transpose(context.input(1), [
    context.int('kernel_output_feature_dimension'),
    context.int('kernel_input_feature_dimension'),
    ...kernelSpatial,
  ]);
  const reversed = reversal.flatMap((flag, i) => (flag === 0 ? [] : [i + 2]));
  if (reversed.length > 0) kernel = context.tf('ReverseV2', [kernel, builder.ints(reversed)]);
  let low = spatial.map((_, i) => given[2 * i] ?? 0);
  let high = spatial.map((_, i) => given[2 * i + 1] ?? 0);
  const mustPad = inputDilation.some((step) => step !== 1) || [...low, ...high].some((size) => size < 0);
  if (mustPad) {
    input = pad(context, input, builder.scalar(input.dtype, 0), {
      low: [0, 0, ...low],
      high: [0, 0, ...high],
      interior: [0, 0, ...inputDilation.map((step) => step - 1)],
    });
    [low, high] = [low.map(() => 0), high.map(() => 0)];
  }
  const [x, w] = [builder.cast(input, computed), builder.cast(kernel, computed)];
  // The engine has kernels for one to three dimensions.
  const flat = count === 0;
  const wide = (value: Value) => (flat ? builder.unsqueeze(value, [2]) : value);
  const result = builder.emit('Conv', [wide(x), wide(w)], {
    ...(flat ? {} : { strides, dilations, pads: [...low, ...high] }),
    group: context.int('feature_group_count'),
  });
  const narrow = builder.cast(flat ? builder.squeeze(result, [2]) : result, dtype);
  const perm: number[] = [];
  perm[context.int('output_batch_dimension')] = 0;
  perm[context.int('output_feature_dimension')] = 1;
  context.ints('output_spatial_dimensions').forEach((axis, i) => (perm[axis] = i + 2));
  return builder.transpose(narrow, perm);
}
