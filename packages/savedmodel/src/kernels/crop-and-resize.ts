import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { checkedSize, doublesOf, invalidRequest } from './elements.js';

const { fround, floor, ceil } = Math;

/** How {@link cropAndResize} samples. */
export interface CropOptions {
  readonly method: 'bilinear' | 'nearest';
  readonly extrapolation: number;
}

/**
 * Cuts boxes out of NHWC images and resizes each to `size` (tensorflow/core/kernels/image/crop_and_resize_op.cc).
 *
 * @param boxes - `[n, 4]`, in units of the image's height and width less one pixel
 * @param indices - which image each box is of
 * @throws SavedModelError OUT_OF_RANGE for boxes of images that are not there; INVALID_ARGUMENT for boxes that are not
 * finite
 */
export function cropAndResize(
  images: Tensor,
  boxes: Tensor,
  indices: Tensor,
  size: readonly number[],
  { method, extrapolation }: CropOptions,
): Tensor<'float32'> {
  const [batch = 0, height = 0, width = 0, depth = 0] = images.shape;
  const [rows = 0, columns = 0] = size;
  const count = boxes.shape[0] ?? 0;
  check(images, boxes, indices, rows, columns);
  const shape = [count, rows, columns, depth];
  const output = new Float32Array(checkedSize(shape));
  const pixels = images.dtype === 'float32' ? (images.data as Float32Array) : doublesOf(images);
  const box = boxes.data as Float32Array;
  const imageOf = (b: number) => Number((indices.data as Int32Array)[b]);
  for (let b = 0; b < count; b++) {
    const image = imageOf(b);
    if (!(image >= 0 && image < batch)) {
      throw new SavedModelError(
        'OUT_OF_RANGE',
        'BAD_BOX_INDEX',
        `box_ind has values outside [0, batch_size): box ${b} is of image ${image} of ${batch}`,
      );
    }
  }
  if (!box.every(Number.isFinite)) {
    throw invalidRequest('BAD_BOX', 'Boxes contains at least one element that is not finite');
  }
  for (let b = 0; b < count; b++) {
    const image = imageOf(b);
    const [y1, x1, y2, x2] = [box[b * 4]!, box[b * 4 + 1]!, box[b * 4 + 2]!, box[b * 4 + 3]!];
    const place = (from: number, to: number, extent: number, steps: number) => {
      const scale = steps > 1 ? fround(fround(fround(to - from) * (extent - 1)) / (steps - 1)) : 0;
      return (i: number) =>
        steps > 1
          ? fround(fround(from * (extent - 1)) + fround(i * scale))
          : fround(fround(0.5 * fround(from + to)) * (extent - 1));
    };
    const [atY, atX] = [place(y1, y2, height, rows), place(x1, x2, width, columns)];
    for (let y = 0; y < rows; y++) {
      const inY = atY(y);
      const insideY = inY >= 0 && inY <= height - 1;
      for (let x = 0; x < columns; x++) {
        const inX = atX(x);
        const to = ((b * rows + y) * columns + x) * depth;
        if (!insideY || !(inX >= 0 && inX <= width - 1)) {
          output.fill(extrapolation, to, to + depth);
          continue;
        }
        const at = (row: number, column: number) => ((image * height + row) * width + column) * depth;
        if (method === 'nearest') {
          const from = at(floor(inY + 0.5), floor(inX + 0.5));
          for (let d = 0; d < depth; d++) output[to + d] = pixels[from + d]!;
          continue;
        }
        const [top, bottom, left, right] = [floor(inY), ceil(inY), floor(inX), ceil(inX)];
        const [v, h] = [fround(inY - top), fround(inX - left)];
        const [a, c, e, g] = [at(top, left), at(top, right), at(bottom, left), at(bottom, right)];
        for (let d = 0; d < depth; d++) {
          const upper = pixels[a + d]! + (pixels[c + d]! - pixels[a + d]!) * h;
          const lower = pixels[e + d]! + (pixels[g + d]! - pixels[e + d]!) * h;
          output[to + d] = upper + (lower - upper) * v;
        }
      }
    }
  }
  return new Tensor('float32', shape, output);
}

function check(images: Tensor, boxes: Tensor, indices: Tensor, rows: number, columns: number): void {
  if (images.rank !== 4 || images.shape[1] === 0 || images.shape[2] === 0) {
    throw invalidRequest('BAD_IMAGE', `expected images of rank 4 that are not empty, got [${images.shape.join(', ')}]`);
  }
  const count = boxes.shape[0] ?? 0;
  if ((boxes.rank !== 2 || boxes.shape[1] !== 4) && boxes.size > 0) {
    throw invalidRequest('BAD_BOXES', `expected boxes [n, 4], got [${boxes.shape.join(', ')}]`);
  }
  if (indices.rank !== 1 || indices.size !== count) {
    throw invalidRequest('BAD_BOX_INDEX', `expected box_ind [${count}], got [${indices.shape.join(', ')}]`);
  }
  if (!(rows > 0 && columns > 0)) {
    throw invalidRequest('BAD_CROP_SIZE', `expected a positive crop_size, got [${rows}, ${columns}]`);
  }
}
