import type { DType, Tensor } from '@servable/tensor';
import {
  uniformConvolution,
  uniformDot,
  type ConvolutionLayout,
  type ConvolutionOptions,
} from '../kernels/uniform-convolution.js';
import {
  scalesFor,
  uniformClip,
  uniformDequantize,
  uniformQuantize,
  uniformRequantize,
  uniformSum,
  type Limits,
  type Scales,
} from '../kernels/uniform-quantize.js';
import { broadcast, invalidRequest } from '../kernels/elements.js';
import { broadcastShapes, unknownDim, unknownShape } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { like, hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * Integers that stand for `(integer - zero point) * scale`, with one scale and zero point per tensor or one per index of
 * an axis, as TensorFlow's quantizer writes them into StableHLO's manner of graphs.
 */
export const uniformQuantization = new OpFamily('uniform quantization')
  .host('UniformQuantize', (context) => {
    const dtype = context.attrs.dtype('Tout');
    const [axis, limits] = [axisOf(context, ''), limitsOf(context, '')];
    return hostValue(context, context.inputs(), { dtype, shape: context.input(0).shape }, (x, scales, zeros) =>
      uniformQuantize(x, scalesFor(x.shape, scales, zeros, axis, false), limits, dtype),
    );
  })
  .host('UniformDequantize', (context) => {
    const axis = axisOf(context, '');
    return hostValue(
      context,
      context.inputs(),
      { dtype: 'float32', shape: context.input(0).shape },
      (x, scales, zeros) => uniformDequantize(x, scalesFor(x.shape, scales, zeros, axis, false)),
    );
  })
  .host('UniformRequantize', (context) => {
    const dtype = context.attrs.dtype('Tout');
    const limits = limitsOf(context, 'output_');
    const [from, to] = [axisOf(context, 'input_'), axisOf(context, 'output_')];
    const spec = { dtype, shape: context.input(0).shape };
    return hostValue(context, context.inputs(), spec, (x, scales, zeros, toScales, toZeros) =>
      uniformRequantize(
        x,
        scalesFor(x.shape, scales, zeros, from),
        scalesFor(x.shape, toScales, toZeros, to),
        limits,
        dtype,
      ),
    );
  })
  .host('UniformQuantizedAdd', (context) => {
    const limits = limitsOf(context, 'output_');
    const [axisOfX, axisOfY, axis] = ['lhs_', 'rhs_', 'output_'].map((prefix) => axisOf(context, prefix)) as [
      number,
      number,
      number,
    ];
    const shape = broadcastShapes([context.input(0).shape, context.input(1).shape]);
    return hostValue(context, context.inputs(), { dtype: 'qint32', shape }, (x, y, ...ranges) => {
      const result = broadcast(x.shape, y.shape);
      const [ofX, ofY] = [scalesAt(x, ranges, 0, axisOfX), scalesAt(y, ranges, 2, axisOfY)];
      const total = scalesFor(result, ranges[4]!, ranges[5]!, axis);
      const own = (operand: Tensor, scales: Scales) => inScales(operand, scales, total, result.length);
      return uniformSum(own(x, ofX), own(y, ofY), total.zeros, axis, limits);
    });
  })
  .host('UniformQuantizedClipByValue', (context) => {
    const axis = axisOf(context, '');
    return hostValue(context, context.inputs(), like(context.input(0)), (x, least, most, scales, zeros) => {
      scalesFor(x.shape, scales, zeros, axis, false);
      for (const limit of [least, most]) {
        if (limit.rank !== scales.rank || limit.size !== scales.size) {
          throw invalidRequest(
            'BAD_LIMITS',
            `expected limits of shape [${scales.shape.join()}], got [${limit.shape.join()}]`,
          );
        }
      }
      return uniformClip(x, least, most, axis);
    });
  })
  .host('UniformQuantizedDot', (context) => {
    const limits = limitsOf(context, 'output_');
    const [axisOfB, axis] = [axisOf(context, 'rhs_'), axisOf(context, 'output_')];
    return products(context, 'qint32', (a, b, ...ranges) => {
      const shape = [a.shape[0] ?? 0, b.shape[1] ?? 0];
      const output = { ...scalesFor(shape, ranges[4]!, ranges[5]!, axis), limits };
      return uniformDot(a, b, scalesAt(a, ranges, 0, -1), scalesAt(b, ranges, 2, axisOfB), output);
    });
  })
  .host('UniformQuantizedDotHybrid', (context) => {
    const axis = axisOf(context, 'rhs_');
    return products(context, 'float32', (a, b, ...ranges) =>
      uniformDot(a, b, undefined, scalesAt(b, ranges, 0, axis), undefined),
    );
  })
  .host('UniformQuantizedConvolution', (context) => {
    const limits = limitsOf(context, 'output_');
    const [axisOfB, axis] = [axisOf(context, 'rhs_'), axisOf(context, 'output_')];
    const options = convolutionOptions(context);
    return products(context, 'qint32', (a, b, ...ranges) => {
      // Its axis is that of the features, as many as the kernel has.
      const features = b.shape[options.layout?.kernel[0] ?? 0] ?? 0;
      const shape = new Array<number>(a.rank).fill(features);
      const output = { ...scalesFor(shape, ranges[4]!, ranges[5]!, axis), limits };
      return uniformConvolution(a, b, scalesAt(a, ranges, 0, -1), scalesAt(b, ranges, 2, axisOfB), output, options);
    });
  })
  .host('UniformQuantizedConvolutionHybrid', (context) => {
    const axis = axisOf(context, 'rhs_');
    const options = convolutionOptions(context);
    return products(context, 'float32', (a, b, ...ranges) =>
      uniformConvolution(a, b, undefined, scalesAt(b, ranges, 0, axis), undefined, options),
    );
  });

const axisOf = ({ attrs }: OpContext, prefix: string): number => attrs.int(`${prefix}quantization_axis`, -1);

const limitsOf = ({ attrs }: OpContext, prefix: string): Limits => ({
  low: attrs.int(`${prefix}quantization_min_val`),
  high: attrs.int(`${prefix}quantization_max_val`),
});

const scalesAt = (x: Tensor, ranges: readonly Tensor[], at: number, axis: number): Scales =>
  scalesFor(x.shape, ranges[at]!, ranges[at + 1]!, axis);

const WHOLE: Limits = { low: -(2 ** 31), high: 2 ** 31 - 1 };

/** An operand in the scales of the sum, with zero as its zero point. */
function inScales(x: Tensor, from: Scales, total: Scales, rank: number): Tensor {
  const axis = total.axis < 0 ? -1 : total.axis - (rank - x.rank);
  const zeros = new Int32Array(total.scales.length);
  const size = x.shape[axis];
  // Along a dimension that repeats, an operand would need several results for one element.
  if (total.axis >= 0 && size !== total.scales.length) {
    throw invalidRequest(
      'BAD_SCALES',
      `expected an operand of ${total.scales.length} along the axis of the scales, got ${size}`,
    );
  }
  return uniformRequantize(x, from, { scales: total.scales, zeros, axis }, WHOLE, 'qint32');
}

function products(
  context: OpContext,
  dtype: DType,
  kernel: (a: Tensor, b: Tensor, ...ranges: Tensor[]) => Promise<Tensor>,
): readonly Value[] {
  const [a, b] = [context.input(0), context.input(1)];
  const isDot = context.node.op.startsWith('UniformQuantizedDot');
  const shape = isDot
    ? [a.shape?.[0] ?? unknownDim(), b.shape?.[1] ?? unknownDim()]
    : a.shape && unknownShape(a.shape.length);
  return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape }], async ([x, y, ...ranges]) => [
    await kernel(x as Tensor, y as Tensor, ...ranges),
  ]);
}

function convolutionOptions(context: OpContext): ConvolutionOptions {
  const { attrs } = context;
  return {
    padding: attrs.string('padding'),
    strides: attrs.ints('window_strides', []),
    explicit: attrs.ints('explicit_padding', []),
    inputDilation: attrs.ints('lhs_dilation', []),
    kernelDilation: attrs.ints('rhs_dilation', []),
    batchGroups: attrs.int('batch_group_count', 1),
    featureGroups: attrs.int('feature_group_count', 1),
    layout: layoutOf(context, attrs.bytes('dimension_numbers', new Uint8Array())),
  };
}

/** A serialized UniformQuantizedConvolutionDimensionNumbersAttr, of which every field is of small integers. */
function layoutOf(context: OpContext, message: Uint8Array): ConvolutionLayout | undefined {
  if (message.length === 0) return undefined;
  const fields = Array.from({ length: 10 }, (): number[] => []);
  for (let at = 0; at < message.length;) {
    const tag = message[at++] ?? 0;
    const field = fields[tag >> 3];
    const packed = (tag & 7) === 2;
    const count = packed ? (message[at++] ?? 0) : 1;
    if (field === undefined || (!packed && (tag & 7) !== 0))
      throw context.refuse('its dimension numbers are not readable');
    for (let i = 0; i < count; i++) field.push(message[at++] ?? 0);
  }
  const of = (number: number) => fields[number]?.[0] ?? 0;
  return {
    input: [of(1), of(2), ...(fields[3] ?? [])],
    kernel: [of(5), of(4), ...(fields[6] ?? [])],
    output: [of(7), of(8), ...(fields[9] ?? [])],
  };
}
