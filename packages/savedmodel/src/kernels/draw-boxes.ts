import type { Tensor } from '@servable/tensor';
import { doublesOf, fromDoubles, invalidRequest } from './elements.js';

const { trunc, max, min, fround } = Math;

/** Yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia (draw_bounding_box_op.cc). */
const DEFAULT_COLOURS = [
  [1, 1, 0, 1],
  [0, 0, 1, 1],
  [1, 0, 0, 1],
  [0, 1, 0, 1],
  [0.5, 0, 0.5, 1],
  [0.5, 0.5, 0, 1],
  [0.5, 0, 0, 1],
  [0, 0, 0.5, 1],
  [0, 1, 1, 1],
  [1, 0, 1, 1],
];

/** Draws the outline of every box into a copy of its NHWC image; boxes are in units of height and width less one pixel. */
export function drawBoxes(images: Tensor, boxes: Tensor, colours: Tensor | undefined): Tensor {
  const [batch = 0, height = 0, width = 0, depth = 0] = images.shape;
  if (images.rank !== 4 || ![1, 3, 4].includes(depth)) {
    throw invalidRequest(
      'BAD_IMAGE',
      `expected images [batch, height, width, 1, 3 or 4], got [${images.shape.join(', ')}]`,
    );
  }
  if (boxes.rank !== 3 || boxes.shape[0] !== batch || boxes.shape[2] !== 4) {
    throw invalidRequest('BAD_BOXES', `expected boxes [${batch}, n, 4], got [${boxes.shape.join(', ')}]`);
  }
  const table = colourTable(colours, depth);
  const canvas = Float64Array.from(doublesOf(images));
  const box = boxes.data as Float32Array;
  const count = boxes.shape[1] ?? 0;
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < count; k++) {
      const edge = (i: number, extent: number) => trunc(fround(box[(b * count + k) * 4 + i]! * (extent - 1)));
      const [top, left, bottom, right] = [edge(0, height), edge(1, width), edge(2, height), edge(3, width)];
      if (!(top <= bottom && left <= right && top < height && bottom >= 0 && left < width && right >= 0)) continue;
      const colour = table[k % table.length]!;
      const paint = (y: number, x: number) => {
        for (let c = 0; c < depth; c++) canvas[((b * height + y) * width + x) * depth + c] = colour[c]!;
      };
      for (let x = max(left, 0); x <= min(right, width - 1); x++) {
        if (top >= 0) paint(top, x);
        if (bottom < height) paint(bottom, x);
      }
      for (let y = max(top, 0); y <= min(bottom, height - 1); y++) {
        if (left >= 0) paint(y, left);
        if (right < width) paint(y, right);
      }
    }
  }
  return fromDoubles(images.dtype, images.shape, canvas);
}

function colourTable(colours: Tensor | undefined, depth: number): readonly (readonly number[])[] {
  if (colours !== undefined && (colours.rank !== 2 || (colours.shape[1] ?? 0) < depth)) {
    throw invalidRequest('BAD_COLOURS', `expected colours [n, at least ${depth}], got [${colours.shape.join(', ')}]`);
  }
  if (colours === undefined || colours.size === 0) {
    return depth === 1 ? DEFAULT_COLOURS.map((colour) => [1, ...colour.slice(1)]) : DEFAULT_COLOURS;
  }
  const [count = 0, width = 0] = colours.shape;
  const values = doublesOf(colours);
  return Array.from({ length: count }, (_, i) => Array.from(values.slice(i * width, i * width + depth)));
}
