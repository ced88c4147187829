import { Tensor } from '@servable/tensor';
import { doublesOf } from './elements.js';

/** How one axis is resampled: every output element is a weighted sum of `span` consecutive input elements. */
export interface AxisWeights {
  readonly input: number;
  readonly output: number;
  readonly span: number;
  /** `output * span` indices into the input, each inside it. */
  readonly indices: Int32Array;
  /** `output * span` weights. */
  readonly weights: Float32Array;
  /** Whether weights of 0 count too: 0 times an infinity is NaN. Default: what has no weight is not looked at. */
  readonly countsZeros?: boolean;
}

const { fround, floor, ceil, abs, min, max } = Math;

function empty(input: number, output: number, span: number): AxisWeights {
  return { input, output, span, indices: new Int32Array(output * span), weights: new Float32Array(output * span) };
}

const bound = (index: number, size: number) => min(max(index, 0), size - 1);

/** Input elements per output element (tensorflow/core/util/image_resizer_state.h, CalculateResizeScale). */
export function resizeScale(input: number, output: number, alignCorners: boolean): number {
  return alignCorners && output > 1 ? fround((input - 1) / fround(output - 1)) : fround(fround(input) / fround(output));
}

const TABLE_SIZE = 1024;

/** Cubic coefficients at 1025 places between two pixels (resize_bicubic_op.cc looks them up, and so rounds). */
function cubicTable(a: number): Float32Array {
  const table = new Float32Array((TABLE_SIZE + 1) * 2);
  for (let i = 0; i <= TABLE_SIZE; i++) {
    let x = i / TABLE_SIZE;
    table[i * 2] = ((a + 2) * x - (a + 3)) * x * x + 1;
    x += 1;
    table[i * 2 + 1] = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  }
  return table;
}

/** Weights of TensorFlow's ResizeBicubic (tensorflow/core/kernels/image/resize_bicubic_op.cc). */
export function bicubicWeights(input: number, output: number, alignCorners: boolean, halfPixels: boolean): AxisWeights {
  const result = { ...empty(input, output, 4), countsZeros: true };
  const scale = resizeScale(input, output, alignCorners);
  const table = cubicTable(halfPixels ? -0.5 : -0.75);
  for (let x = 0; x < output; x++) {
    const at = halfPixels ? fround(fround(fround(x + 0.5) * scale) - 0.5) : fround(x * scale);
    const start = floor(at);
    const offset = roundHalfEven(fround(fround(at - start) * TABLE_SIZE));
    const taps = [offset * 2 + 1, offset * 2, (TABLE_SIZE - offset) * 2, (TABLE_SIZE - offset) * 2 + 1];
    let sum = 0;
    taps.forEach((tap, k) => {
      const index = start - 1 + k;
      const inside = index === bound(index, input);
      result.indices[x * 4 + k] = bound(index, input);
      result.weights[x * 4 + k] = inside || !halfPixels ? (table[tap] ?? 0) : 0;
      sum = fround(sum + (result.weights[x * 4 + k] ?? 0));
    });
    if (halfPixels && abs(sum) >= 1000 * 1.17549435e-38) {
      for (let k = 0; k < 4; k++)
        result.weights[x * 4 + k] = fround((result.weights[x * 4 + k] ?? 0) * fround(1 / sum));
    }
  }
  return result;
}

function roundHalfEven(value: number): number {
  const low = floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** Weights of TensorFlow's ResizeArea: the share of every input element in the box (resize_area_op.cc). */
export function areaWeights(input: number, output: number, alignCorners: boolean): AxisWeights {
  const scale = resizeScale(input, output, alignCorners);
  const bounds = Array.from({ length: output }, (_, x) => {
    const [from, to] = [fround(x * scale), fround((x + 1) * scale)];
    return { from, to, start: floor(from), end: ceil(to) };
  });
  const span = max(1, ...bounds.map(({ start, end }) => end - start));
  const result = empty(input, output, span);
  bounds.forEach(({ from, to, start, end }, x) => {
    for (let i = start; i < end; i++) {
      const whole = i < from ? (i + 1 > to ? scale : i + 1 - from) : i + 1 > to ? to - i : 1;
      result.indices[x * span + i - start] = bound(i, input);
      result.weights[x * span + i - start] = fround(whole / scale);
    }
    for (let i = end; i < start + span; i++) result.indices[x * span + i - start] = bound(start, input);
  });
  return result;
}

type SamplingKernel = { readonly radius: number; readonly at: (x: number) => number };

function lanczos(radius: number): SamplingKernel {
  return {
    radius,
    at: (x) => {
      const d = abs(x);
      if (d > radius) return 0;
      if (d <= 1e-3) return 1;
      return (radius * Math.sin(Math.PI * d) * Math.sin((Math.PI * d) / radius)) / (Math.PI * Math.PI * d * d);
    },
  };
}

/** The sampling kernels by their names in `kernel_type` (tensorflow/core/kernels/image/sampling_kernels.h). */
const samplingKernels = new Map<string, SamplingKernel>([
  ['lanczos1', lanczos(1)],
  ['lanczos3', lanczos(3)],
  ['lanczos5', lanczos(5)],
  ['gaussian', { radius: 1.5, at: (x) => (abs(x) >= 1.5 ? 0 : Math.exp(-(x * x) / (2 * 0.25))) }],
  ['box', { radius: 1, at: (x) => (abs(x) < 0.5 ? 1 : abs(x) === 0.5 ? 0.5 : 0) }],
  ['triangle', { radius: 1, at: (x) => max(0, 1 - abs(x)) }],
  [
    'keyscubic',
    {
      radius: 2,
      at: (x) => {
        const d = abs(x);
        if (d >= 2) return 0;
        return d >= 1 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : (1.5 * d - 2.5) * d * d + 1;
      },
    },
  ],
  [
    'mitchellcubic',
    {
      radius: 2,
      at: (x) => {
        const d = abs(x);
        if (d >= 2) return 0;
        return d >= 1 ? (((-7 / 18) * d + 2) * d - 10 / 3) * d + 16 / 9 : ((7 / 6) * d - 2) * d * d + 8 / 9;
      },
    },
  ],
]);

export const samplingKernelNames = [...samplingKernels.keys()];

/** Weights of TensorFlow's ScaleAndTranslate (tensorflow/core/kernels/image/scale_and_translate_op.cc). */
export function scaleAndTranslateWeights(
  kernelType: string,
  input: number,
  output: number,
  scale: number,
  translate: number,
  antialias: boolean,
): AxisWeights {
  const kernel = samplingKernels.get(kernelType);
  if (kernel === undefined) throw new RangeError(`unknown kernel '${kernelType}'`);
  const inverse = fround(1 / fround(scale));
  const shift = fround(-inverse * translate);
  const widen = antialias ? max(inverse, 1) : 1;
  const reach = fround(kernel.radius * widen);
  const span = max(1, min(2 * ceil(reach) + 1, input));
  const result = empty(input, output, span);
  for (let x = 0; x < output; x++) {
    const at = fround(fround(fround(x + 0.5) * inverse) + shift);
    if (!(at >= 0) || at > input) continue;
    const start = bound(ceil(fround(fround(at - reach) - 0.5)), input);
    const end = bound(floor(fround(fround(at + reach) - 0.5)), input);
    const count = min(span, end - start + 1);
    let total = 0;
    for (let k = 0; k < span; k++) {
      result.indices[x * span + k] = bound(start + k, input);
      if (k >= count) continue;
      const weight = fround(kernel.at(fround(fround(start + k + 0.5 - at) * fround(1 / widen))));
      result.weights[x * span + k] = weight;
      total = fround(total + weight);
    }
    if (abs(total) < 1000 * 1.17549435e-38) continue;
    const by = fround(1 / total);
    for (let k = 0; k < count; k++) result.weights[x * span + k] = fround((result.weights[x * span + k] ?? 0) * by);
  }
  return result;
}

/** The weights as an `[output, input]` matrix. */
export function denseWeights({ input, output, span, indices, weights }: AxisWeights): Tensor<'float32'> {
  const data = new Float32Array(output * input);
  for (let x = 0; x < output; x++) {
    for (let k = 0; k < span; k++) {
      const at = x * input + (indices[x * span + k] ?? 0);
      data[at] = fround((data[at] ?? 0) + (weights[x * span + k] ?? 0));
    }
  }
  return new Tensor('float32', [output, input], data);
}

/** Resamples the height and width of an NHWC image batch. */
export function resample(images: Tensor, rows: AxisWeights, columns: AxisWeights): Tensor<'float32'> {
  const [batch = 0, height = 0, width = 0, channels = 0] = images.shape;
  const from = images.dtype === 'float32' ? (images.data as Float32Array) : new Float32Array(doublesOf(images));
  const line = width * channels;
  const wide = new Float32Array(line);
  const outputLine = columns.output * channels;
  const output = new Float32Array(batch * rows.output * outputLine);
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < rows.output; y++) {
      blendRows(from, b * height, line, rows, y, wide);
      resampleLine(wide, channels, columns, output, (b * rows.output + y) * outputLine);
    }
  }
  return new Tensor('float32', [batch, rows.output, columns.output, channels], output);
}

/** The weighted sum of the input lines of output line `y`. */
function blendRows(
  from: Float32Array,
  first: number,
  line: number,
  { span, indices, weights, countsZeros = false }: AxisWeights,
  y: number,
  wide: Float32Array,
): void {
  const tap = y * span;
  const [a, b, c, d] = [weights[tap]!, weights[tap + 1]!, weights[tap + 2]!, weights[tap + 3]!];
  if (span === 4 && (countsZeros || (a !== 0 && b !== 0 && c !== 0 && d !== 0))) {
    const [atA, atB] = [(first + indices[tap]!) * line, (first + indices[tap + 1]!) * line];
    const [atC, atD] = [(first + indices[tap + 2]!) * line, (first + indices[tap + 3]!) * line];
    for (let i = 0; i < line; i++) {
      wide[i] = a * from[atA + i]! + b * from[atB + i]! + c * from[atC + i]! + d * from[atD + i]!;
    }
    return;
  }
  wide.fill(0);
  for (let k = 0; k < span; k++) {
    const weight = weights[tap + k]!;
    if (weight === 0 && !countsZeros) continue;
    const start = (first + indices[tap + k]!) * line;
    for (let i = 0; i < line; i++) wide[i] = wide[i]! + weight * from[start + i]!;
  }
}

function resampleLine(
  wide: Float32Array,
  channels: number,
  { output: size, span, indices, weights, countsZeros = false }: AxisWeights,
  output: Float32Array,
  at: number,
): void {
  const fourAll = span === 4 && countsZeros;
  for (let x = 0; x < size; x++) {
    const tap = x * span;
    const to = at + x * channels;
    if (fourAll) {
      const [a, b, c, d] = [weights[tap]!, weights[tap + 1]!, weights[tap + 2]!, weights[tap + 3]!];
      const [atA, atB] = [indices[tap]! * channels, indices[tap + 1]! * channels];
      const [atC, atD] = [indices[tap + 2]! * channels, indices[tap + 3]! * channels];
      for (let i = 0; i < channels; i++) {
        output[to + i] = a * wide[atA + i]! + b * wide[atB + i]! + c * wide[atC + i]! + d * wide[atD + i]!;
      }
      continue;
    }
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = tap; k < tap + span; k++) {
        const weight = weights[k]!;
        if (weight !== 0 || countsZeros) sum += weight * wide[indices[k]! * channels + c]!;
      }
      output[to + c] = sum;
    }
  }
}
