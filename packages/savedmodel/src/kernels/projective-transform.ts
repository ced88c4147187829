import type { Tensor } from '@servable/tensor';
import { checkedSize, doublesOf, fromDoubles, invalidRequest } from './elements.js';

const { fround, floor, trunc, min, max } = Math;

export const fillModes = ['CONSTANT', 'REFLECT', 'WRAP', 'NEAREST'] as const;
export type FillMode = (typeof fillModes)[number];

/** How {@link projectiveTransform} samples. */
export interface TransformOptions {
  readonly interpolation: 'NEAREST' | 'BILINEAR';
  readonly fillMode: FillMode;
  readonly fillValue: number;
}

/** Brings a coordinate into the image, as the fill mode has it (tensorflow/core/kernels/image/image_ops.h). */
function mapped(at: number, size: number, mode: FillMode): number {
  if (mode === 'CONSTANT') return at;
  let result = at;
  if (mode === 'REFLECT') {
    const period = 2 * size;
    if (at < 0) {
      if (size <= 1) return 0;
      result = fround(period * trunc(-at / period) + at);
      result = result < -size ? result + period : -result - 1;
    } else if (at > size - 1) {
      if (size <= 1) return 0;
      result = fround(at - period * trunc(at / period));
      if (result >= size) result = period - result - 1;
    }
  } else if (mode === 'WRAP') {
    if (at < 0) {
      if (size <= 1) return 0;
      result = fround(at + size * (trunc(-at / (size - 1)) + 1));
    } else if (at > size - 1) {
      if (size <= 1) return 0;
      result = fround(at - size * trunc(at / (size - 1)));
    }
  }
  return min(max(fround(result), 0), size - 1);
}

/** Half-way cases away from zero, as C's round has it. */
const roundAway = (value: number) => Math.sign(value) * floor(Math.abs(value) + 0.5);

/**
 * Moves every pixel of NHWC images by a projective transform.
 *
 * @param transforms - `[1 or batch, 8]`, from output coordinates to input coordinates
 */
export function projectiveTransform(
  images: Tensor,
  transforms: Tensor,
  outputSize: readonly number[],
  { interpolation, fillMode, fillValue }: TransformOptions,
): Tensor {
  const [batch = 0, height = 0, width = 0, depth = 0] = images.shape;
  const [rows = 0, columns = 0] = outputSize;
  const count = transforms.shape[0] ?? 0;
  if (images.rank !== 4) {
    throw invalidRequest('BAD_IMAGE', `expected images of rank 4, got [${images.shape.join(', ')}]`);
  }
  if (transforms.rank !== 2 || transforms.shape[1] !== 8 || (count !== 1 && count !== batch)) {
    throw invalidRequest(
      'BAD_TRANSFORM',
      `expected transforms [1 or ${batch}, 8], got [${transforms.shape.join(', ')}]`,
    );
  }
  if (!(rows > 0 && columns > 0)) {
    throw invalidRequest('BAD_OUTPUT_SIZE', `expected a positive output_shape, got [${rows}, ${columns}]`);
  }
  const shape = [batch, rows, columns, depth];
  const output = new Float64Array(checkedSize(shape));
  const pixels = doublesOf(images);
  const all = transforms.data as Float32Array;
  const read = (b: number, y: number, x: number, d: number) =>
    y >= 0 && y < height && x >= 0 && x < width ? pixels[((b * height + y) * width + x) * depth + d]! : fillValue;
  for (let b = 0; b < batch; b++) {
    const t = all.subarray(count === 1 ? 0 : b * 8, count === 1 ? 8 : b * 8 + 8);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const to = ((b * rows + row) * columns + column) * depth;
        const along = (a: number, c: number, e: number) => fround(fround(fround(a * column) + fround(c * row)) + e);
        const projection = along(t[6]!, t[7]!, 1);
        const x = mapped(fround(along(t[0]!, t[1]!, t[2]!) / projection), width, fillMode);
        const y = mapped(fround(along(t[3]!, t[4]!, t[5]!) / projection), height, fillMode);
        if (projection === 0 || !Number.isFinite(x) || !Number.isFinite(y)) {
          output.fill(fillValue, to, to + depth);
          continue;
        }
        if (interpolation === 'NEAREST') {
          const [nearY, nearX] = [roundAway(y), roundAway(x)];
          for (let d = 0; d < depth; d++) output[to + d] = read(b, nearY, nearX, d);
          continue;
        }
        const [top, left] = [floor(y), floor(x)];
        for (let d = 0; d < depth; d++) {
          const across = (line: number) =>
            fround((left + 1 - x) * read(b, line, left, d) + (x - left) * read(b, line, left + 1, d));
          output[to + d] = fround((top + 1 - y) * across(top) + (y - top) * across(top + 1));
        }
      }
    }
  }
  if (!images.dtype.startsWith('float')) for (let i = 0; i < output.length; i++) output[i] = trunc(output[i]!);
  return fromDoubles(images.dtype, shape, output);
}
