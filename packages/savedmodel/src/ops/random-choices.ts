import { Tensor } from '@servable/tensor';
import { distortedBox, pixelBoxes } from '../kernels/distorted-box.js';
import { checkedSize, fromDoubles, integersOf, invalidRequest, tensorOf } from '../kernels/elements.js';
import { shuffleIndex } from '../kernels/shuffle-index.js';
import { sobolPoints } from '../kernels/sobol.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { fromSeed, fromState, type Drawing } from './random-sources.js';
import { OpFamily, type OpContext } from './registry.js';

/** Random crops and permutations of indices, with TensorFlow's numbers wherever a seed decides; Sobol's sequence; the time. */
export const randomChoices = new OpFamily('random choices')
  .host('SampleDistortedBoundingBox SampleDistortedBoundingBoxV2', (context) => boxes(context, fromState))
  .host('StatelessSampleDistortedBoundingBox', (context) => boxes(context, fromSeed(3)))
  .host('RandomIndexShuffle', indexShuffle)
  .host('SobolSample', (context) => {
    const dtype = context.attrs.dtype('dtype', 'float32');
    const [dimensions, points] = [0, 1].map((index) => sizeAt(context, index));
    const shape = [points ?? context.builder.unknownDim(), dimensions ?? context.builder.unknownDim()];
    return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape }], (inputs) => {
      const [dims = 0, count = 0, skip = 0] = inputs.map((input) => integersOf(input)[0]);
      return [fromDoubles(dtype, [count, dims], sobolPoints(dims, count, skip))];
    });
  })
  .host('Timestamp', ({ builder, node }) => {
    // Each call has its own, and none is taken for another's.
    builder.order.touched.add('the time');
    return builder.host(node.op, [], [{ dtype: 'float64', shape: [] }], () => [
      new Tensor('float64', [], Float64Array.of(Date.now() / 1000)),
    ]);
  });

function boxes(context: OpContext, drawing: Drawing): readonly Value[] {
  const { attrs } = context;
  const { dtype } = context.input(0);
  const attempts = attrs.int('max_attempts', 100);
  const aspects = attrs.floats('aspect_ratio_range', [0.75, 1.33]).map(Math.fround);
  const areas = attrs.floats('area_range', [0.05, 1]).map(Math.fround);
  const usesImage = attrs.bool('use_image_if_no_bounding_boxes', false);
  const inAttribute = context.inputCount === 2 ? attrs.float('min_object_covered', 0.1) : undefined;
  const [leastAspect, mostAspect] = aspects;
  const [leastArea, mostArea] = areas;
  const isValid =
    aspects.length === 2 &&
    areas.length === 2 &&
    [...aspects, ...areas].every((x) => x > 0) &&
    areas.every((x) => x <= 1) &&
    attempts > 0;
  if (!isValid || leastAspect === undefined || mostAspect === undefined) {
    throw context.refuse('its ranges and attempts are not those of a crop');
  }
  const specs = [
    { dtype, shape: [3] },
    { dtype, shape: [3] },
    { dtype: 'float32', shape: [1, 1, 4] },
  ] as const;
  return drawing(context, specs, (reserve, inputs) => {
    const [size, given] = inputs as [Tensor, Tensor];
    const [height = 0, width = 0] = integersOf(size);
    if (size.rank !== 1 || size.size !== 3 || !isPixels(height) || !isPixels(width)) {
      throw invalidRequest(
        'BAD_IMAGE_SIZE',
        `expected an image's size of 3 elements, given [${integersOf(size).join()}]`,
      );
    }
    if (given.rank !== 3 || given.shape[2] !== 4) {
      throw invalidRequest('BAD_BOX', `expected boxes of shape [?, ?, 4], given [${given.shape.join()}]`);
    }
    const covered = inAttribute ?? coverageOf(inputs[2] as Tensor);
    const image = { left: 0, top: 0, right: width, bottom: height };
    const found = pixelBoxes(given.data as Float32Array, width, height);
    if (found.length === 0 && !usesImage) {
      throw invalidRequest(
        'NO_BOX',
        'No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if you wish to not provide any bounding boxes.',
      );
    }
    const crop = distortedBox(reserve(attempts), {
      height,
      width,
      aspects: [leastAspect, mostAspect],
      areas: [leastArea ?? 0, mostArea ?? 1],
      covered,
      boxes: found.length === 0 ? [image] : found,
      attempts,
    });
    const { left, top, right, bottom } = crop;
    const parts = Float32Array.of(top / height, left / width, bottom / height, right / width);
    return [
      integers(dtype, [top, left, 0]),
      integers(dtype, [bottom - top, right - left, -1]),
      new Tensor('float32', [1, 1, 4], parts),
    ];
  });
}

const isPixels = (size: number): boolean => size >= 0 && size < 2 ** 31 - 1;

function coverageOf(input: Tensor): number {
  const covered = (input.data as Float32Array)[0] ?? NaN;
  if (input.rank !== 0 || !(covered >= 0)) {
    throw invalidRequest('BAD_COVERAGE', `Min object covered must be a scalar of 0 or more: ${covered}`);
  }
  return covered;
}

/** Integers wrapped to a dtype. */
function integers(dtype: Tensor['dtype'], values: readonly number[]): Tensor {
  if (dtype === 'int64') return tensorOf(dtype, [values.length], BigInt64Array.from(values, BigInt));
  if (dtype === 'uint64') return tensorOf(dtype, [values.length], BigUint64Array.from(values, BigInt));
  const array = { int32: Int32Array, uint32: Uint32Array, int16: Int16Array, uint16: Uint16Array, int8: Int8Array }[
    dtype as 'int32'
  ];
  return tensorOf(dtype, [values.length], (array ?? Uint8Array).from(values));
}

/** Inputs: indices, seeds of three integers and the greatest indices; each one for all or one for each. */
function indexShuffle(context: OpContext): readonly Value[] {
  const [index, seed, most] = context.inputs();
  const rounds = context.attrs.int('rounds', 4);
  const { dtype } = context.input(0);
  const isScalar = index?.shape?.length === 0 && seed?.shape?.length === 1 && most?.shape?.length === 0;
  const areKnown = [index, seed, most].every((value) => value?.shape !== undefined);
  const shape = isScalar ? [] : areKnown ? [context.builder.unknownDim()] : undefined;
  return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape }], (inputs) => [
    shuffledIndices(inputs as readonly [Tensor, Tensor, Tensor], rounds),
  ]);
}

function shuffledIndices([index, seed, most]: readonly [Tensor, Tensor, Tensor], rounds: number): Tensor {
  const count = Math.max(index.size, most.size, Math.floor(seed.size / 3));
  const isFit = ({ rank, size }: Tensor) => rank === 0 || (rank === 1 && size === count);
  const isSeed = (seed.rank === 1 && seed.size === 3) || (seed.rank === 2 && seed.shape.join() === `${count},3`);
  if (!isFit(index) || !isFit(most) || !isSeed || rounds < 4 || rounds % 2 !== 0) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected indices, seeds and greatest indices of shapes that fit, and an even number of rounds, given ` +
        `[${index.shape.join()}], [${seed.shape.join()}], [${most.shape.join()}] and ${rounds}`,
    );
  }
  const shape = index.rank === 0 && most.rank === 0 && seed.rank === 1 ? [] : [count];
  const at = ({ data, size }: Tensor, i: number) =>
    BigInt.asUintN(64, BigInt((data as ArrayLike<number | bigint>)[size === 1 ? 0 : i]!));
  const result = new BigInt64Array(checkedSize(shape));
  for (let i = 0; i < result.length; i++) {
    const key = [0, 1, 2].map((k) => Number(at(seed, seed.rank === 1 ? k : 3 * i + k) & 0xffffffffn));
    result[i] = BigInt.asIntN(64, shuffleIndex(at(index, i), key, at(most, i), rounds));
  }
  if (index.dtype === 'int64') return tensorOf('int64', shape, result);
  if (index.dtype === 'uint64') return tensorOf('uint64', shape, new BigUint64Array(result.buffer));
  const array = index.dtype === 'int32' ? Int32Array : Uint32Array;
  return tensorOf(index.dtype, shape, array.from(Array.from(result, Number)));
}

function sizeAt(context: OpContext, index: number): number | undefined {
  return knownIntegers(context.input(index))?.[0];
}
