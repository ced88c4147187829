import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import {
  areaWeights,
  bicubicWeights,
  denseWeights,
  resample,
  resizeScale,
  samplingKernelNames,
  scaleAndTranslateWeights,
  type AxisWeights,
} from '../kernels/resize-weights.js';
import { knownElements, knownIntegers } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { fromChannelsFirst, toChannelsFirst } from './image-layout.js';
import { OpFamily, type OpContext } from './registry.js';

/** Resizing of NHWC images, with every convention of where pixels stand that TensorFlow has had. */
export const resize = new OpFamily('resize')
  .native('ResizeNearestNeighbor', nearest)
  .native('ResizeBilinear', (context) => bilinear(context))
  .native('ResizeBicubic', (context) => {
    const { align, half } = corners(context);
    return byWeights(context, (input, output) => bicubicWeights(input, output, align, half));
  })
  .native('ResizeArea', (context) => {
    const { align } = corners(context);
    return byWeights(context, (input, output) => areaWeights(input, output, align));
  })
  .native('ScaleAndTranslate', (context) => {
    const { attrs } = context;
    const kernel = attrs.string('kernel_type', 'lanczos3');
    if (!samplingKernelNames.includes(kernel)) throw context.refuse(`its kernel_type is '${kernel}'`);
    const antialias = attrs.bool('antialias', true);
    return byWeights(
      context,
      (input, output, axis, scales, shifts) =>
        scaleAndTranslateWeights(kernel, input, output, scales?.[axis] ?? 1, shifts?.[axis] ?? 0, antialias),
      [context.input(2), context.input(3)],
    );
  });

const corners = ({ attrs }: OpContext) => ({
  align: attrs.bool('align_corners', false),
  half: attrs.bool('half_pixel_centers', false),
});

/** The output's height and width, as far as known. */
function outputSize(context: OpContext): readonly [Dim, Dim] {
  const [height, width] = knownElements(context.input(1)) ?? [];
  const size = (dim: Dim | undefined) => (typeof dim === 'number' ? dim : context.builder.unknownDim());
  return [size(height), size(width)];
}

function nearest(context: OpContext): Value {
  const { builder } = context;
  let x = context.input(0);
  const moved = x.transposed?.perm.join() === '0,2,3,1';
  if (moved) x = toChannelsFirst(builder, x, false);
  const first = moved ? 2 : 1;
  for (const axis of [0, 1]) {
    x = builder.emit('Gather', [x, nearestIndices(context, x, axis, first + axis)], { axis: first + axis });
  }
  return moved ? fromChannelsFirst(builder, x, false) : x;
}

/**
 * Which input element each output element is (resize_nearest_neighbor_op.cc), computed in the same single-precision
 * steps: a resampling of the engine would divide where TensorFlow multiplies, and pick other pixels at the borders.
 */
function nearestIndices(context: OpContext, x: Value, which: number, axis: number): Value {
  const { builder } = context;
  const { align, half } = corners(context);
  const input = x.shape?.[axis];
  const output = knownIntegers(context.input(1))?.[which];
  if (typeof input === 'number' && output !== undefined) {
    const scale = resizeScale(input, output, align);
    return builder.ints(
      Array.from({ length: output }, (_, i) => {
        const at = Math.fround(Math.fround(half ? i + 0.5 : i) * scale);
        return Math.min(align ? Math.floor(at + 0.5) : Math.floor(at), input - 1);
      }),
    );
  }
  const f = (value: number) => builder.scalar('float32', value);
  const size = builder.pick(builder.shapeOf(x), axis);
  const wanted = builder.cast(builder.pick(context.input(1), which), 'int64');
  const [from, to] = [builder.cast(size, 'float32'), builder.cast(wanted, 'float32')];
  let scale = builder.emit('Div', [from, to]);
  if (align) {
    const aligned = builder.emit('Div', [builder.emit('Sub', [from, f(1)]), builder.emit('Sub', [to, f(1)])]);
    scale = builder.emit('Where', [builder.emit('Greater', [to, f(1)]), aligned, scale]);
  }
  let at = builder.cast(builder.emit('Range', [builder.int(0), wanted, builder.int(1)]), 'float32');
  if (half) at = builder.emit('Add', [at, f(0.5)]);
  at = builder.emit('Mul', [at, scale]);
  if (align) at = builder.emit('Add', [at, f(0.5)]);
  const index = builder.cast(builder.emit('Floor', [at]), 'int64');
  return builder.emit('Min', [index, builder.emit('Sub', [size, builder.int(1)])]);
}

/** @param options - where pixels stand; as the node's attributes say when left out */
export function bilinear(context: OpContext, options = corners(context)): Value {
  const { builder } = context;
  const { align, half } = options;
  const given = context.input(0);
  const channelsFirst = given.transposed !== undefined;
  const image = builder.cast(given, 'float32');
  // An image that waits to be transposed from NCHW is resized as that; others as they lie.
  const x = channelsFirst ? builder.materialize(toChannelsFirst(builder, image, false)) : image;
  const size = builder.cast(context.input(1), 'int64');
  const shape = builder.shapeOf(x);
  const sizes = channelsFirst
    ? [builder.slice(shape, 0, 0, 2), size]
    : [builder.slice(shape, 0, 0, 1), size, builder.slice(shape, 0, 3, 4)];
  const [height, width] = outputSize(context);
  const [batch, channels] = [x.shape?.[0], x.shape?.[channelsFirst ? 1 : 3]].map((dim) => dim ?? builder.unknownDim());
  const value = builder.emit(
    'Resize',
    [x, undefined, undefined, builder.concat(sizes, 0)],
    { mode: 'linear', coordinate_transformation_mode: align ? 'align_corners' : half ? 'half_pixel' : 'asymmetric' },
    {
      dtype: 'float32',
      shape: (channelsFirst ? [batch, channels, height, width] : [batch, height, width, channels]) as Dim[],
    },
  );
  return channelsFirst ? fromChannelsFirst(builder, value, false) : value;
}

type WeightsOf = (
  input: number,
  output: number,
  axis: 0 | 1,
  scales?: ArrayLike<number>,
  shifts?: ArrayLike<number>,
) => AxisWeights;

/** Above this many multiplications the engine's dense products lose to the host's sparse sums. */
const MAX_DENSE_PRODUCTS = 60_000_000;

/**
 * Resizing as a weighted sum per axis: two products with constant matrices where all sizes are known, and sums over a
 * few neighbours on the host where they are not.
 *
 * @param more - inputs that the weights depend on
 */
function byWeights(context: OpContext, weightsOf: WeightsOf, more: readonly Value[] = []): Value {
  const { builder } = context;
  const image = context.input(0);
  const [batch, height, width, channels] = image.shape ?? [];
  const size = knownIntegers(context.input(1));
  const constants = more.map((value) => value.constant?.data as ArrayLike<number> | undefined);
  const [rows, columns] = size ?? [];
  if (
    typeof height === 'number' &&
    typeof width === 'number' &&
    typeof channels === 'number' &&
    rows !== undefined &&
    columns !== undefined &&
    height > 0 &&
    width > 0 &&
    constants.every((constant) => constant !== undefined) &&
    rows * height * width * channels + rows * columns * width * channels <= MAX_DENSE_PRODUCTS
  ) {
    const x = builder.cast(image, 'float32');
    const vertical = builder.constant(denseWeights(weightsOf(height, rows, 0, ...constants)));
    const horizontal = builder.constant(denseWeights(weightsOf(width, columns, 1, ...constants)));
    const lines = builder.reshapeTo(
      x,
      builder.concat([builder.slice(builder.shapeOf(x), 0, 0, 1), builder.ints([height, width * channels])], 0),
    );
    const tall = builder.emit('MatMul', [vertical, lines]);
    const target = builder.concat(
      [builder.slice(builder.shapeOf(x), 0, 0, 1), builder.ints([rows, width, channels])],
      0,
    );
    return builder.emit('MatMul', [horizontal, builder.reshapeTo(tall, target)]);
  }
  const [h, w] = outputSize(context);
  const shape = [batch ?? builder.unknownDim(), h, w, channels ?? builder.unknownDim()];
  const { node } = context;
  const [value] = builder.host(
    node.op,
    [image, context.input(1), ...more],
    [{ dtype: 'float32', shape }],
    ([images, wanted, ...rest]) => {
      const [, inputHeight = 0, inputWidth = 0] = (images as Tensor).shape;
      const [toHeight = 0, toWidth = 0] = Array.from((wanted as Tensor).data as ArrayLike<number>, Number);
      checkSizes(node.op, images as Tensor, toHeight, toWidth);
      const given = rest.map((tensor) => tensor.data as ArrayLike<number>);
      return [
        resample(
          images as Tensor,
          weightsOf(inputHeight, toHeight, 0, ...given),
          weightsOf(inputWidth, toWidth, 1, ...given),
        ),
      ];
    },
  );
  return value as Value;
}

/** Output elements that a request may ask for. */
const MAX_ELEMENTS = 2 ** 29;

function checkSizes(op: string, images: Tensor, height: number, width: number): void {
  const refuse = (reason: string, message: string) =>
    new SavedModelError('INVALID_ARGUMENT', reason, `${op}: ${message}`);
  if (images.rank !== 4)
    throw refuse('BAD_IMAGE_RANK', `expected images of rank 4, got shape [${images.shape.join(', ')}]`);
  if (!(height > 0 && width > 0)) {
    throw refuse('BAD_IMAGE_SIZE', `expected a positive output size, got [${height}, ${width}]`);
  }
  if (images.shape[1] === 0 || images.shape[2] === 0) {
    throw refuse('EMPTY_IMAGE', `expected images that are not empty, got shape [${images.shape.join(', ')}]`);
  }
  const elements = (images.shape[0] ?? 1) * height * width * (images.shape[3] ?? 1);
  if (elements > MAX_ELEMENTS) {
    throw refuse('IMAGE_TOO_LARGE', `expected at most ${MAX_ELEMENTS} output elements, got ${elements}`);
  }
}
