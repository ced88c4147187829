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
    const [a = 0, c = 0, e = 0, f = 0, g = 0, h = 0, p = 0, q = 0] = t;
    const image = b * height * width * depth;
    for (let row = 0; row < rows; row++) {
      const [cRow, gRow, qRow] = [fround(c * row), fround(g * row), fround(q * row)];
      for (let column = 0; column < columns; column++) {
        const to = ((b * rows + row) * columns + column) * depth;
        const projection = fround(fround(fround(p * column) + qRow) + 1);
        const across = fround(fround(fround(a * column) + cRow) + e);
        const down = fround(fround(fround(f * column) + gRow) + h);
        const x = mapped(fround(across / projection), width, fillMode);
        const y = mapped(fround(down / projection), height, fillMode);
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
        const [wLeft, wRight, wTop, wBottom] = [left + 1 - x, x - left, top + 1 - y, y - top];
        if (top >= 0 && left >= 0 && top + 1 < height && left + 1 < width) {
          // All four corners are in the image, as of nearly every pixel.
          const upper = image + (top * width + left) * depth;
          const lower = upper + width * depth;
          for (let d = 0; d < depth; d++) {
            const above = fround(wLeft * pixels[upper + d]! + wRight * pixels[upper + depth + d]!);
            const below = fround(wLeft * pixels[lower + d]! + wRight * pixels[lower + depth + d]!);
            output[to + d] = fround(wTop * above + wBottom * below);
          }
          continue;
        }
        for (let d = 0; d < depth; d++) {
          const above = fround(wLeft * read(b, top, left, d) + wRight * read(b, top, left + 1, d));
          const below = fround(wLeft * read(b, top + 1, left, d) + wRight * read(b, top + 1, left + 1, d));
          output[to + d] = fround(wTop * above + wBottom * below);
        }
      }
    }
  }
  if (!images.dtype.startsWith('float')) for (let i = 0; i < output.length; i++) output[i] = trunc(output[i]!);
  return fromDoubles(images.dtype, shape, output);
}
