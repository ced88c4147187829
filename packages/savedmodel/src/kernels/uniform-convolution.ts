import type { Tensor } from '@servable/tensor';
import { checkedSize, doublesOf, invalidRequest, sizeOf, stridesOf, tensorOf } from './elements.js';
import { roundAway } from './quantized-numbers.js';
import { transpose } from './transpose.js';
import { affineStep, FixedFactor, limitedStep, type Limits, type Scales } from './uniform-quantize.js';

const { abs, ceil, floor, fround, imul, max, min } = Math;

/** Which dimensions are batch, features and space: of the input, the kernel (output features first) and the output. */
export interface ConvolutionLayout {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
}

export interface ConvolutionOptions {
  readonly padding: string;
  readonly strides: readonly number[];
  readonly explicit: readonly number[];
  readonly inputDilation: readonly number[];
  readonly kernelDilation: readonly number[];
  readonly batchGroups: number;
  readonly featureGroups: number;
  readonly layout: ConvolutionLayout | undefined;
}

/** Of a float, its steps in a range of its own: what dynamic quantization makes of one row (AsymmetricQuantize). */
function dynamicSteps(
  values: Float64Array,
  from: number,
  count: number,
  steps: Int32Array,
): readonly [scale: number, zero: number] {
  let [least, most] = [0, 0];
  for (let i = from; i < from + count; i++) {
    least = min(least, values[i]!);
    most = max(most, values[i]!);
  }
  const scale = fround((most - least) / 255);
  const inverse = most - least === 0 ? 0 : fround(255 / (most - least));
  if (scale === 0 || !Number.isFinite(inverse)) return [1, 0];
  const byLeast = 128 + abs(least / scale) < 127 + abs(most / scale);
  const exact = byLeast ? -128 - least / scale : 127 - most / scale;
  const zero = exact <= -128 ? -128 : exact >= 127 ? 127 : roundAway(exact);
  for (let i = from; i < from + count; i++) steps[i] = affineStep(values[i]!, inverse, zero, { low: -128, high: 127 });
  return [scale, zero];
}

/** What is made of a sum of products: of the input's row and the feature of the kernel. */
type Finish = (sum: number, row: number, feature: number) => number;

/** The input less its zero, by row. */
interface Rows {
  readonly steps: Int32Array;
  readonly scales: ArrayLike<number>;
}

function rowsOf(x: Tensor, own: Scales | undefined): Rows {
  const rows = x.shape[0] ?? 0;
  const count = rows === 0 ? 0 : x.size / rows;
  const steps = new Int32Array(x.size);
  if (own !== undefined) {
    const zero = own.zeros[0]!;
    steps.set(x.data as ArrayLike<number>);
    for (let i = 0; i < steps.length; i++) steps[i]! -= zero;
    return { steps, scales: own.scales };
  }
  const values = doublesOf(x);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [scale, zero] = dynamicSteps(values, row * count, count, steps);
    scales[row] = scale;
    // Rows without a range stay zero.
    for (let i = row * count; i < (row + 1) * count; i++) steps[i]! -= zero;
  }
  return { steps, scales };
}

function finishWith(
  rows: Rows,
  kernel: Scales,
  output: (Scales & { readonly limits: Limits }) | undefined,
  features: number,
): Finish {
  const of = (values: ArrayLike<number>, i: number) => values[values.length === 1 ? 0 : i]!;
  if (output === undefined) {
    return (sum, row, feature) => fround(fround(fround(sum) * rows.scales[row]!) * of(kernel.scales, feature));
  }
  const factors = Array.from(
    { length: features },
    (_, i) => new FixedFactor((rows.scales[0]! * of(kernel.scales, i)) / of(output.scales, i)),
  );
  return (sum, _row, feature) => limitedStep(factors[feature]!.times(sum), of(output.zeros, feature), output.limits);
}

/** The kernel less its zeros, of which there may be one per output feature. */
function withoutZeros(data: ArrayLike<number>, { zeros }: Scales, feature: (i: number) => number): Int32Array {
  return Int32Array.from(data, (value, i) => (value - zeros[zeros.length === 1 ? 0 : feature(i)]!) | 0);
}

/** Products after which other work gets its turn. */
const PRODUCTS_PER_TURN = 20_000_000;

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

type Output = Scales & { readonly limits: Limits };

/**
 * Products of int8 matrices, summed up in int32 (uniform_quantized_dot_ops.cc).
 *
 * @param own - the scales of `a`; undefined when it is of floats, each row of which is quantized first
 * @param output - what the sums become; undefined for floats
 */
export async function uniformDot(
  a: Tensor,
  b: Tensor,
  own: Scales | undefined,
  ofB: Scales,
  output: Output | undefined,
): Promise<Tensor> {
  const [rows = 0, depth = 0] = a.shape;
  const columns = b.shape[1] ?? 0;
  if (a.rank !== 2 || b.rank !== 2 || b.shape[0] !== depth) {
    throw invalidRequest(
      'BAD_MATRICES',
      `expected matrices that fit each other, got [${a.shape.join()}] and [${b.shape.join()}]`,
    );
  }
  const left = rowsOf(a, own);
  const right = withoutZeros(b.data as ArrayLike<number>, ofB, (i) => i % columns);
  const finish = finishWith(left, ofB, output, columns);
  const data = new (output === undefined ? Float32Array : Int32Array)(checkedSize([rows, columns]));
  const sums = new Int32Array(columns);
  for (let row = 0, done = 0; row < rows; row++) {
    sums.fill(0);
    for (let d = 0; d < depth; d++) {
      const factor = left.steps[row * depth + d]!;
      const at = d * columns;
      for (let c = 0; c < columns; c++) sums[c]! += imul(factor, right[at + c]!);
    }
    for (let c = 0; c < columns; c++) data[row * columns + c] = finish(sums[c]!, row, c);
    done += depth * columns;
    if (done > PRODUCTS_PER_TURN) {
      done = 0;
      await nextTurn();
    }
  }
  return tensorOf(output === undefined ? 'float32' : 'qint32', [rows, columns], data);
}

function bad(message: string): never {
  throw invalidRequest('BAD_CONVOLUTION', message);
}

const dilated = (size: number, dilation: number) => (size === 0 ? 0 : (size - 1) * dilation + 1);

/** A convolution of int8 images of any rank (uniform_quantized_convolution_ops.cc). */
export async function uniformConvolution(
  a: Tensor,
  b: Tensor,
  own: Scales | undefined,
  ofB: Scales,
  output: Output | undefined,
  options: ConvolutionOptions,
): Promise<Tensor> {
  if (a.rank !== b.rank || a.rank < 3) bad(`expected equal ranks of 3 or more, got ${a.rank} and ${b.rank}`);
  const space = a.rank - 2;
  const plain = Array.from({ length: a.rank }, (_, i) => i);
  const layout = options.layout ?? { input: plain, kernel: plain, output: plain };
  const image = transpose(a, layout.input);
  const kernel = transpose(b, layout.kernel);
  const list = (values: readonly number[], name: string) => {
    if (values.length === 0) return new Array<number>(space).fill(1);
    if (values.length === space && values.every((value) => value >= 1)) return [...values];
    return bad(`expected ${space} numbers of 1 or more as ${name}, got ${values.join()}`);
  };
  const strides = list(options.strides, 'window_strides');
  const [spread, spreadKernel] = [
    list(options.inputDilation, 'lhs_dilation'),
    list(options.kernelDilation, 'rhs_dilation'),
  ];
  const [batch = 0, channels = 0] = image.shape;
  const [features = 0, depth = 0] = kernel.shape;
  const { batchGroups, featureGroups } = options;
  if (featureGroups < 1 || depth * featureGroups !== channels || features % featureGroups !== 0) {
    bad(`expected ${channels} and ${features} features to be ${featureGroups} groups of ${depth}`);
  }
  if (batchGroups < 1 || batch % batchGroups !== 0 || features % batchGroups !== 0) {
    bad(`expected ${batch} images and ${features} features to be ${batchGroups} groups`);
  }
  const sizes = image.shape.slice(2).map((size, i) => dilated(size, spread[i]!));
  const extents = kernel.shape.slice(2).map((size, i) => dilated(size, spreadKernel[i]!));
  const before = sizes.map((size, i) => {
    if (options.padding === 'EXPLICIT') return options.explicit[2 * i] ?? 0;
    if (options.padding === 'VALID') return 0;
    return floor(max((ceil(size / strides[i]!) - 1) * strides[i]! + extents[i]! - size, 0) / 2);
  });
  const padded = sizes.map((size, i) => {
    if (options.padding === 'EXPLICIT') return size + before[i]! + (options.explicit[2 * i + 1] ?? 0);
    if (options.padding === 'VALID') return size;
    return size + max((ceil(size / strides[i]!) - 1) * strides[i]! + extents[i]! - size, 0);
  });
  const result = padded.map((size, i) => max(ceil((size - extents[i]! + 1) / strides[i]!), 0));
  const rows = rowsOf(image, own);
  const area = sizeOf(padded);
  const canvas = new Int32Array(checkedSize([batch, channels, area]));
  const positions = places(image.shape.slice(2), spread, padded, before);
  for (let plane = 0, i = 0; plane < batch * channels; plane++) {
    for (const position of positions) canvas[plane * area + position] = rows.steps[i++]!;
  }
  const weights = withoutZeros(kernel.data as ArrayLike<number>, ofB, (i) => floor(i / (kernel.size / features)));
  const finish = finishWith(rows, ofB, output, features);
  const starts = places(result, strides, padded);
  const offsets = places(kernel.shape.slice(2), spreadKernel, padded);
  const images = batch / batchGroups;
  const shape = [images, features, ...result];
  const data = new (output === undefined ? Float32Array : Int32Array)(checkedSize(shape));
  for (let n = 0, out = 0, done = 0; n < images; n++) {
    for (let f = 0; f < features; f++) {
      const row = floor(f / (features / batchGroups)) * images + n;
      const first = row * channels + floor(f / (features / featureGroups)) * depth;
      for (const start of starts) {
        let sum = 0;
        for (let d = 0, w = f * depth * offsets.length; d < depth; d++) {
          const base = (first + d) * area + start;
          for (let k = 0; k < offsets.length; k++, w++)
            sum = (sum + imul(canvas[base + offsets[k]!]!, weights[w]!)) | 0;
        }
        data[out++] = finish(sum, row, f);
      }
      done += starts.length * depth * offsets.length;
      if (done > PRODUCTS_PER_TURN) {
        done = 0;
        await nextTurn();
      }
    }
  }
  const back = new Array<number>(a.rank);
  layout.output.forEach((dimension, i) => (back[dimension] = i));
  return transpose(tensorOf(output === undefined ? 'float32' : 'qint32', shape, data), back);
}

/** Where the points of a grid lie in an array of another shape, when they are `steps` apart and start at `from`. */
function places(
  grid: readonly number[],
  steps: readonly number[],
  shape: readonly number[],
  from: readonly number[] = shape.map(() => 0),
): Int32Array {
  const strides = stridesOf(shape);
  const own = stridesOf(grid);
  const result = new Int32Array(sizeOf(grid));
  for (let i = 0; i < result.length; i++) {
    let at = 0;
    for (let axis = 0; axis < grid.length; axis++) {
      const index = floor(i / own[axis]!) % grid[axis]!;
      at += (from[axis]! + index * steps[axis]!) * strides[axis]!;
    }
    result[i] = at;
  }
  return result;
}
