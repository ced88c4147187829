import { invalidRequest } from './elements.js';
import type { Philox } from './philox.js';
import { toFloat } from './philox.js';

const { fround } = Math;

/** A rectangle of pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What a crop has to satisfy. */
export interface CropLimits {
  readonly height: number;
  readonly width: number;
  /** Of width to height, the least and the greatest. */
  readonly aspects: readonly [number, number];
  /** Parts of the image's area, the least and the greatest. */
  readonly areas: readonly [number, number];
  /** The part of a box that has to be seen, of one of them at least. */
  readonly covered: number;
  readonly boxes: readonly Rectangle[];
  readonly attempts: number;
}

/** Rounds to the nearest integer, ties to the even one. */
function nearest(x: number): number {
  const whole = Math.floor(x);
  const rest = x - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? whole + 1 : whole;
}

/**
 * A random crop of an image, with the numbers that TensorFlow draws (image/sample_distorted_bounding_box_op.cc); the whole
 * image where no attempt gives one.
 */
export function distortedBox(generator: Philox, limits: CropLimits): Rectangle {
  const next = singleNumbers(generator);
  const [least, greatest] = limits.aspects;
  for (let i = 0; i < limits.attempts; i++) {
    const aspect = fround(fround(toFloat(next()) * fround(greatest - least)) + least);
    const crop = randomCrop(limits, aspect, next);
    if (crop !== undefined && covers(crop, limits)) return crop;
  }
  return { left: 0, top: 0, right: limits.width, bottom: limits.height };
}

function singleNumbers(generator: Philox): () => number {
  let [words, used] = [generator.next(), 0];
  return () => {
    if (used === words.length) [words, used] = [generator.next(), 0];
    return words[used++]!;
  };
}

function randomCrop(
  { width: imageWidth, height: imageHeight, areas }: CropLimits,
  aspect: number,
  next: () => number,
): Rectangle | undefined {
  if (areas[1] <= 0 || aspect <= 0 || imageWidth <= 0 || imageHeight <= 0 || areas[0] > areas[1]) return undefined;
  const [leastArea, mostArea] = areas.map((part) => fround(fround(part * imageWidth) * imageHeight)) as [
    number,
    number,
  ];
  const heightOf = (area: number) => nearest(fround(Math.sqrt(fround(area / aspect))));
  const widthOf = (rows: number) => nearest(fround(rows * aspect));
  let mostRows = heightOf(mostArea);
  if (widthOf(mostRows) > imageWidth) {
    mostRows = Math.trunc((imageWidth + 0.5 - fround(0.0000001)) / aspect);
    if (widthOf(mostRows) > imageWidth) mostRows -= 1;
  }
  mostRows = Math.min(mostRows, imageHeight);
  let rows = Math.min(heightOf(leastArea), mostRows);
  if (rows < mostRows) rows += next() % (mostRows - rows + 1);
  // What rounding has made too small or too large by a row.
  if (fround(widthOf(rows) * rows) < leastArea) rows += 1;
  if (fround(widthOf(rows) * rows) > mostArea) rows -= 1;
  const columns = widthOf(rows);
  const area = fround(columns * rows);
  if (area < leastArea || area > mostArea || columns > imageWidth || rows > imageHeight || columns <= 0 || rows <= 0) {
    return undefined;
  }
  const top = rows < imageHeight ? next() % (imageHeight - rows) : 0;
  const left = columns < imageWidth ? next() % (imageWidth - columns) : 0;
  return { left, top, right: left + columns, bottom: top + rows };
}

const areaOf = ({ left, top, right, bottom }: Rectangle): number => fround((right - left) * (bottom - top));

function covers(crop: Rectangle, { covered, boxes }: CropLimits): boolean {
  if (areaOf(crop) < 1) return false;
  return boxes.some((box) => {
    const area = areaOf(box);
    if (area < 1) return false;
    const common = {
      left: Math.max(crop.left, box.left),
      top: Math.max(crop.top, box.top),
      right: Math.min(crop.right, box.right),
      bottom: Math.min(crop.bottom, box.bottom),
    };
    const isEmpty = common.left > common.right || common.top > common.bottom;
    return fround((isEmpty ? 0 : areaOf(common)) / area) >= covered;
  });
}

/**
 * Boxes in parts of the image as rectangles of pixels.
 *
 * @param boxes - top, left, bottom and right of each
 * @throws SavedModelError INVALID_ARGUMENT for a coordinate outside of [0, 1]
 */
export function pixelBoxes(boxes: Float32Array, width: number, height: number): Rectangle[] {
  const outside = boxes.find((part) => !(part >= 0 && part <= 1));
  if (outside !== undefined) {
    throw invalidRequest('BAD_BOX', `All bounding box coordinates must be in [0.0, 1.0]: ${outside}`);
  }
  const at = (index: number, size: number) => Math.trunc(fround(boxes[index]! * size));
  return Array.from({ length: boxes.length / 4 }, (_, box) => {
    const i = box * 4;
    return { top: at(i, height), left: at(i + 1, width), bottom: at(i + 2, height), right: at(i + 3, width) };
  });
}
