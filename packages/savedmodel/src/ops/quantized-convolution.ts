import type { Builder } from '../onnx/builder.js';
import { unknownDim } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { limitsOf } from '../kernels/quantized-numbers.js';
import { kernelOf } from './convolution.js';
import { requireAll } from './guard.js';
import { productRange, rangeAt, stepFor, stored, type Range } from './quantized-ranges.js';
import type { OpContext } from './registry.js';

/** Above this many terms the sums that float32 convolves are no longer exact. */
const MAX_EXACT_TERMS = 2 ** 24 / 256;

/**
 * The products of (x - x's zero) and (w - w's zero), summed up (tensorflow/core/kernels/quantized_conv_ops.cc). The
 * engine takes zeros within the dtype's limits; what lies outside of them is subtracted from its result.
 */
export function quantizedConvolution(context: OpContext): readonly Value[] {
  const { builder, attrs } = context;
  const [input, filter] = [context.input(0), context.input(1)];
  if (filter.dtype !== 'quint8') {
    throw context.refuse(`its filter is of dtype ${filter.dtype}, for which TensorFlow without oneDNN has no code`);
  }
  const [ofInput, ofFilter] = [rangeAt(context, 2), rangeAt(context, 4)];
  const kernel = kernelOf(context, filter);
  const strides = attrs.ints('strides');
  const stride = strides[1] ?? 1;
  if (strides[2] !== stride) throw context.refuse('its strides along rows and columns differ');
  const n = (value: number) => builder.scalar('int32', value);
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);

  const image = cropped(context, builder.transpose(stored(builder, input), [0, 3, 1, 2]), kernel, stride);
  const pads = paddings(context, image, kernel, stride);
  const weights = builder.transpose(stored(builder, filter), [3, 2, 0, 1]);
  const [zeroOfInput, restOfInput] = zeroPoint(builder, ofInput);
  const [zeroOfFilter, restOfFilter] = zeroPoint(builder, ofFilter);
  const shaped = 'vector' in pads ? padded(builder, image, pads.vector, zeroOfInput) : image;
  const options = { kernel_shape: kernel, strides: [stride, stride], ...('fixed' in pads && { pads: pads.fixed }) };
  const sizes = spatialSizes(image, kernel, stride, pads);
  const batch = input.shape?.[0] ?? unknownDim();
  const channels = filter.shape?.[3] ?? unknownDim();
  let sum = builder.emit('ConvInteger', [shaped, weights, zeroOfInput, zeroOfFilter], options, {
    dtype: 'int32',
    shape: [batch, channels, ...sizes],
  });
  if (!isZero(restOfFilter)) {
    // Sums of the window's inputs: a filter of ones.
    const [, depth = 1] = weights.shape as number[];
    const ones = builder.emit('Expand', [builder.scalar('uint8', 1), builder.ints([1, depth, ...kernel])]);
    const inputs = builder.emit('ConvInteger', [shaped, ones, zeroOfInput], options, {
      dtype: 'int32',
      shape: [batch, 1, ...sizes],
    });
    sum = emit('Sub', sum, emit('Mul', inputs, restOfFilter));
  }
  if (!isZero(restOfInput)) {
    const isPadded = 'vector' in pads || pads.fixed.some((pad) => pad > 0);
    const zero = emit('Add', builder.cast(zeroOfFilter, 'int32'), restOfFilter);
    const depth = builder.cast(builder.slice(builder.shapeOf(weights), 0, 1, 2), 'int32');
    const wide = builder.cast(weights, 'int32');
    const sums = emit('ReduceSum', wide, builder.ints([1]));
    const perPosition = emit('Sub', builder.reshape(sums, [-1, 1, ...kernel]), emit('Mul', depth, zero));
    const all = builder.reshape(emit('ReduceSum', perPosition, builder.ints([1, 2, 3])), [1, -1, 1, 1]);
    const seen = isPadded ? seenWeights(builder, image, perPosition, pads, options, sizes) : all;
    sum = emit('Sub', sum, emit('Mul', seen, restOfInput));
    if (isPadded) {
      // Zeros beyond the last step are padded with their lowest byte.
      const full = emit('Add', builder.cast(zeroOfInput, 'int32'), restOfInput);
      const wrong = emit('Sub', builder.emit('Mod', [full, n(256)]), full);
      const past = emit('Where', emit('Greater', full, n(255)), wrong, n(0));
      sum = emit('Add', sum, emit('Mul', emit('Sub', all, seen), past));
    }
  }
  const output = builder.transpose(builder.cast(sum, 'qint32'), [0, 2, 3, 1]);
  return [output, ...productRange(builder, input.dtype, ofInput, filter.dtype, ofFilter)];
}

/** tensorflow/core/kernels/quantized_matmul_op.cc */
export function quantizedMatMul(context: OpContext): readonly Value[] {
  const { builder, attrs } = context;
  const [ofA, ofB] = [rangeAt(context, 2), rangeAt(context, 4)];
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const operand = (index: number, attribute: string) => {
    const x = context.input(index);
    if (x.shape !== undefined && x.shape.length !== 2) throw context.refuse(`its input ${index} is no matrix`);
    const integers = stored(builder, x);
    return attrs.bool(attribute, false) ? builder.transpose(integers, [1, 0]) : integers;
  };
  const [a, b] = [operand(0, 'transpose_a'), operand(1, 'transpose_b')];
  const [zeroOfA, restOfA] = zeroPoint(builder, ofA);
  const [zeroOfB, restOfB] = zeroPoint(builder, ofB);
  const shape = [a.shape?.[0] ?? unknownDim(), b.shape?.[1] ?? unknownDim()];
  let sum = builder.emit('MatMulInteger', [a, b, zeroOfA, zeroOfB], {}, { dtype: 'int32', shape });
  const less = (x: Value, zero: Value) => emit('Sub', builder.cast(x, 'int32'), zero);
  if (!isZero(restOfB)) {
    const rows = emit('ReduceSum', less(a, builder.cast(zeroOfA, 'int32')), builder.ints([1]));
    sum = emit('Sub', sum, emit('Mul', rows, restOfB));
  }
  if (!isZero(restOfA)) {
    const zero = emit('Add', builder.cast(zeroOfB, 'int32'), restOfB);
    const columns = emit('ReduceSum', less(b, zero), builder.ints([0]));
    sum = emit('Sub', sum, emit('Mul', columns, restOfA));
  }
  for (const [name, range] of Object.entries({ a: ofA, b: ofB })) {
    const ok = emit('Greater', range.most, range.least);
    sum = requireAll(builder, ok, sum, `max_${name} must be larger than min_${name}.`);
  }
  const [least, most] = productRange(builder, 'quint8', ofA, 'quint8', ofB);
  return [builder.cast(sum, 'qint32'), least, most];
}

/** The step that stands for zero as a uint8 and, as an int32, what that is short of. */
function zeroPoint(builder: Builder, range: Range): readonly [zero: Value, rest: Value] {
  const [low, high] = limitsOf('quint8').map((limit) => builder.scalar('float64', limit));
  const step = stepFor(builder, 'quint8', 0, range);
  const inside = builder.emit('Min', [builder.emit('Max', [step, low]), high]);
  const integer = (value: Value) => builder.cast(builder.cast(value, 'int64'), 'int32');
  return [builder.cast(integer(inside), 'uint8'), integer(builder.emit('Sub', [step, inside]))];
}

const isZero = ({ constant }: Value) => constant !== undefined && (constant.data as Int32Array)[0] === 0;

type Paddings = { readonly fixed: readonly number[] } | { readonly vector: Value };

/** `(out - 1) * stride + kernel - size` of the two spatial sizes: paddings where it is positive, else rows to leave out. */
function overhang(
  context: OpContext,
  image: Value,
  kernel: readonly number[],
  stride: number,
): readonly number[] | Value {
  const { builder, attrs } = context;
  const same = attrs.string('padding', 'VALID') === 'SAME';
  const known = kernel.map((k, i) => {
    const size = image.shape?.[2 + i];
    if (stride === 1) return same ? k - 1 : 0;
    if (typeof size !== 'number') return undefined;
    const count = same ? Math.ceil(size / stride) : Math.floor((size - k) / stride) + 1;
    return (count - 1) * stride + k - size;
  });
  if (known.every((size) => size !== undefined)) return known;
  const size = builder.slice(builder.shapeOf(image), 0, 2, 4);
  const k = builder.ints(kernel);
  const span = same ? builder.emit('Sub', [size, builder.int(1)]) : builder.emit('Sub', [size, k]);
  const steps = builder.emit('Mul', [builder.emit('Div', [span, builder.int(stride)]), builder.int(stride)]);
  return builder.emit('Sub', [builder.emit('Add', [steps, k]), size]);
}

/** Without the first rows and columns that windows, which TensorFlow puts in the middle, leave out. */
function cropped(context: OpContext, image: Value, kernel: readonly number[], stride: number): Value {
  const { builder, attrs } = context;
  const same = attrs.string('padding', 'VALID') === 'SAME';
  if (same ? kernel.every((k) => k >= stride) : stride < 3) return image;
  const over = overhang(context, image, kernel, stride);
  const start = Array.isArray(over)
    ? builder.ints((over as number[]).map((size) => Math.floor(Math.max(-size, 0) / 2)))
    : builder.emit('Div', [
        builder.emit('Max', [builder.emit('Neg', [over as Value]), builder.int(0)]),
        builder.int(2),
      ]);
  const end = builder.ints([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  return builder.emit('Slice', [image, start, end, builder.ints([2, 3])]);
}

function paddings(context: OpContext, image: Value, kernel: readonly number[], stride: number): Paddings {
  const { builder } = context;
  if (context.attrs.string('padding', 'VALID') !== 'SAME') return { fixed: [0, 0, 0, 0] };
  const over = overhang(context, image, kernel, stride);
  if (Array.isArray(over)) {
    const totals = (over as number[]).map((size) => Math.max(size, 0));
    const before = totals.map((total) => Math.floor(total / 2));
    return { fixed: [...before, ...totals.map((total, i) => total - (before[i] ?? 0))] };
  }
  const total = builder.emit('Max', [over as Value, builder.int(0)]);
  const before = builder.emit('Div', [total, builder.int(2)]);
  return { vector: builder.concat([before, builder.emit('Sub', [total, before])], 0) };
}

function padded(builder: Builder, x: Value, vector: Value, fill: Value): Value {
  const none = builder.ints([0, 0]);
  const pads = [none, builder.slice(vector, 0, 0, 2), none, builder.slice(vector, 0, 2, 4)];
  return builder.emit('Pad', [x, builder.concat(pads, 0), fill], { mode: 'constant' });
}

function spatialSizes(image: Value, kernel: readonly number[], stride: number, pads: Paddings): Dim[] {
  return kernel.map((k, i) => {
    const size = image.shape?.[2 + i];
    if (typeof size !== 'number' || !('fixed' in pads)) return unknownDim();
    return Math.max(Math.floor((size + (pads.fixed[i] ?? 0) + (pads.fixed[i + 2] ?? 0) - k) / stride) + 1, 0);
  });
}

/** Of each window, the sum of the weights that lie on the image and not on its padding: `[1, out channels, height, width]`. */
function seenWeights(
  builder: Builder,
  image: Value,
  weights: Value,
  pads: Paddings,
  options: { readonly kernel_shape: readonly number[]; readonly strides: readonly number[] },
  sizes: readonly Dim[],
): Value {
  const spatial = builder.slice(builder.shapeOf(image), 0, 2, 4);
  const target = builder.concat([builder.ints([1, 1]), spatial], 0);
  const ones = builder.emit('Expand', [builder.scalar('float32', 1), target]);
  const mask = 'vector' in pads ? padded(builder, ones, pads.vector, builder.scalar('float32', 0)) : ones;
  const convolve = (part: Value) =>
    builder.cast(
      builder.emit('Conv', [mask, builder.cast(part, 'float32')], options, {
        dtype: 'float32',
        shape: [1, weights.shape?.[0] ?? unknownDim(), ...sizes],
      }),
      'int32',
    );
  const [, , height = 1, width = 1] = (weights.shape ?? []) as number[];
  if (height * width > MAX_EXACT_TERMS) throw new RangeError('the kernel is too large');
  // In two parts of at most 12 bits each, whose sums float32 holds.
  const high = builder.cast(
    builder.emit('Floor', [builder.emit('Div', [builder.cast(weights, 'float64'), builder.scalar('float64', 4096)])]),
    'int32',
  );
  const scaled = builder.emit('Mul', [high, builder.scalar('int32', 4096)]);
  const low = builder.emit('Sub', [weights, scaled]);
  return builder.emit('Add', [builder.emit('Mul', [convolve(high), builder.scalar('int32', 4096)]), convolve(low)]);
}
