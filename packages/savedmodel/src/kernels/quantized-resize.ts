import type { Tensor } from '@servable/tensor';
import { allocate, integersOf, invalidRequest, tensorOf, type Elements } from './elements.js';
import { resizeScale } from './resize-weights.js';

const { fround, floor, ceil, max, min, trunc } = Math;

/** Per output element of an axis the two elements around it and how far it is from the lower one. */
interface Axis {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** A number of float32 from 0 to 1. */
  readonly between: Float32Array;
}

function axisOf(input: number, output: number, options: ResizeOptions): Axis {
  const scale = resizeScale(input, output, options.corners);
  const axis = { lower: new Int32Array(output), upper: new Int32Array(output), between: new Float32Array(output) };
  for (let i = 0; i < output; i++) {
    const at = options.centers ? fround(fround(fround(i + 0.5) * scale) - 0.5) : fround(i * scale);
    const low = floor(at);
    axis.upper[i] = min(ceil(at), input - 1);
    axis.lower[i] = min(max(low, 0), axis.upper[i]!);
    axis.between[i] = at - low;
  }
  return axis;
}

interface ResizeOptions {
  readonly corners: boolean;
  readonly centers: boolean;
}

/** Bytes are weighted in units of 2^-7. */
const byteUnit = 128;

function betweenBytes([a, b, c, d]: Corners, across: number, down: number): number {
  const [x, y] = [trunc(across * byteUnit), trunc(down * byteUnit)];
  const top = a * byteUnit + (b - a) * x;
  const bottom = c * byteUnit + (d - c) * x;
  return trunc((top + trunc((bottom - top) / byteUnit) * y + byteUnit / 2) / byteUnit);
}

type Corners = readonly [number, number, number, number];

const INTEGER_BITS = 30;
const integerUnit = 1n << BigInt(INTEGER_BITS);

/** TensorFlow reads the integers as float32, and goes on in int64. */
function betweenIntegers(corners: Corners, across: number, down: number): number {
  const [a, b, c, d] = corners.map((corner) => BigInt(fround(corner))) as [bigint, bigint, bigint, bigint];
  const [x, y] = [across, down].map((part) => BigInt(trunc(part * 2 ** INTEGER_BITS))) as [bigint, bigint];
  const top = a * integerUnit + (b - a) * x;
  const bottom = c * integerUnit + (d - c) * x;
  const value = top + ((bottom - top) / integerUnit) * y;
  return Number(BigInt.asIntN(32, (value + integerUnit / 2n) / integerUnit));
}

function betweenFloats([a, b, c, d]: Corners, across: number, down: number): number {
  const along = (from: number, to: number, part: number) => fround(from + fround(fround(to - from) * part));
  return along(along(a, b, across), along(c, d, across), down);
}

/** Bilinear resizing of images of integers (tensorflow/core/kernels/quantized_resize_bilinear_op.cc). */
export function quantizedResize(x: Tensor, size: Tensor, options: ResizeOptions): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const [rows = 0, columns = 0] = integersOf(size);
  if (x.rank !== 4 || size.size !== 2) {
    throw invalidRequest('BAD_RESIZE', `expected images of 4 dimensions and 2 sizes, got ${x.rank} and ${size.size}`);
  }
  if (!(rows > 0 && columns > 0 && height > 0 && width > 0)) {
    throw invalidRequest('BAD_RESIZE', `expected positive sizes, got ${height}x${width} to ${rows}x${columns}`);
  }
  if (rows === height && columns === width) return x;
  const shape = [batch, rows, columns, channels];
  const data = allocate(x.dtype, shape) as unknown as Elements;
  const from = x.data as ArrayLike<number>;
  const between = x.dtype === 'quint8' ? betweenBytes : x.dtype === 'qint32' ? betweenIntegers : betweenFloats;
  const [down, across] = [axisOf(height, rows, options), axisOf(width, columns, options)];
  for (let b = 0, out = 0; b < batch; b++) {
    for (let row = 0; row < rows; row++) {
      const upper = (b * height + down.lower[row]!) * width;
      const lower = (b * height + down.upper[row]!) * width;
      for (let column = 0; column < columns; column++) {
        const [left, right] = [across.lower[column]! * channels, across.upper[column]! * channels];
        for (let c = 0; c < channels; c++, out++) {
          const [above, below] = [upper * channels + c, lower * channels + c];
          const corners = [
            from[above + left]!,
            from[above + right]!,
            from[below + left]!,
            from[below + right]!,
          ] as const;
          data[out] = between(corners, across.between[column]!, down.between[row]!);
        }
      }
    }
  }
  return tensorOf(x.dtype, shape, data);
}
