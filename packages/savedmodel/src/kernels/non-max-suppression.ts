import { Tensor } from '@servable/tensor';
import { PriorityQueue, sort } from './cpp-order.js';
import { invalidRequest } from './elements.js';

const { fround, max, min } = Math;

/** Share of two boxes' union that both cover; corners may come in any order (non_max_suppression_op.cc). */
export function intersectionOverUnion(boxes: ArrayLike<number>, i: number, j: number): number {
  const top = (at: number) => min(boxes[at] ?? 0, boxes[at + 2] ?? 0);
  const bottom = (at: number) => max(boxes[at] ?? 0, boxes[at + 2] ?? 0);
  const area = (at: number) => fround(fround(bottom(at) - top(at)) * fround(bottom(at + 1) - top(at + 1)));
  const [areaI, areaJ] = [area(i), area(j)];
  if (areaI <= 0 || areaJ <= 0) return 0;
  const overlap = (axis: number) =>
    max(fround(min(bottom(i + axis), bottom(j + axis)) - max(top(i + axis), top(j + axis))), 0);
  const both = fround(overlap(0) * overlap(1));
  return fround(both / fround(fround(areaI + areaJ) - both));
}

interface Candidate {
  readonly index: number;
  score: number;
  /** Selections before this one have been compared with already. */
  begin: number;
}

/** Whether a candidate stands behind another one: lower scores, and of equal ones the higher index. */
const isBehind = (a: Candidate, b: Candidate) => a.score < b.score || (a.score === b.score && a.index > b.index);

/** What {@link suppress} is asked for. */
export interface Suppression {
  readonly scores: ArrayLike<number>;
  readonly similarity: (i: number, j: number) => number;
  readonly maxOutputSize: number;
  readonly threshold: number;
  readonly scoreThreshold: number;
  /** 0 for hard suppression; else overlapping boxes lose score instead of being dropped. */
  readonly softSigma: number;
  /** Whether a candidate stands behind another one. Default: the higher index of equal scores does. */
  readonly isBehind?: (a: { readonly score: number }, b: { readonly score: number }) => boolean;
}

/** Selects boxes by descending score that do not overlap those selected before. */
export function suppress(call: Suppression): { readonly selected: number[]; readonly scores: number[] } {
  const { similarity, maxOutputSize, threshold, scoreThreshold, softSigma } = call;
  if (!(maxOutputSize >= 0)) {
    throw invalidRequest('BAD_OUTPUT_SIZE', `expected a max_output_size of 0 or more, got ${maxOutputSize}`);
  }
  if (!(threshold >= 0 && threshold <= 1)) {
    throw invalidRequest('BAD_THRESHOLD', `expected an iou_threshold in [0, 1], got ${threshold}`);
  }
  const queue = new PriorityQueue<Candidate>(call.isBehind ?? isBehind);
  for (let index = 0; index < call.scores.length; index++) {
    const score = call.scores[index]!;
    if (score > scoreThreshold) queue.push({ index, score, begin: 0 });
  }
  const soft = softSigma > 0;
  const scale = soft ? fround(-0.5 / softSigma) : 0;
  const selected: number[] = [];
  const scores: number[] = [];
  while (selected.length < maxOutputSize && queue.size > 0) {
    const next = queue.pop() as Candidate;
    const original = next.score;
    let dropped = false;
    for (let k = selected.length - 1; k >= next.begin; k--) {
      const alike = similarity(next.index, selected[k]!);
      if (!soft && alike > threshold) {
        dropped = true;
        break;
      }
      next.score = fround(next.score * fround(Math.exp(fround(fround(scale * alike) * alike))));
      if (next.score <= scoreThreshold) break;
    }
    next.begin = selected.length;
    if (dropped) continue;
    if (next.score === original) {
      selected.push(next.index);
      scores.push(next.score);
    } else if (next.score > scoreThreshold) {
      queue.push(next);
    }
  }
  return { selected, scores };
}

/** TensorFlow's CombinedNonMaxSuppression: per image and class, then the best of all classes. */
export interface CombinedSuppression {
  readonly maxPerClass: number;
  readonly maxTotal: number;
  readonly threshold: number;
  readonly scoreThreshold: number;
  readonly padPerClass: boolean;
  readonly clipBoxes: boolean;
}

interface Found {
  readonly at: number;
  readonly score: number;
  readonly label: number;
}

const EMPTY: Found = { at: -1, score: -Infinity, label: -1 };

/**
 * @param boxes - `[batch, boxes, classes or 1, 4]`
 * @param scores - `[batch, boxes, classes]`
 * @returns boxes, scores, classes, and the number of valid ones per image
 */
export function combinedSuppression(boxes: Tensor, scores: Tensor, call: CombinedSuppression): readonly Tensor[] {
  const [batch = 0, count = 0, sets = 1] = boxes.shape;
  const classes = scores.shape[2] ?? 0;
  if (boxes.rank !== 4 || boxes.shape[3] !== 4 || scores.rank !== 3 || (sets !== 1 && sets !== classes)) {
    throw invalidRequest(
      'BAD_BOXES',
      `expected boxes [batch, n, 1 or classes, 4] and scores [batch, n, classes], got [${boxes.shape.join(', ')}] and [${scores.shape.join(', ')}]`,
    );
  }
  if (scores.shape[0] !== batch || scores.shape[1] !== count) {
    throw invalidRequest(
      'BAD_BOXES',
      `expected scores for ${batch} images of ${count} boxes, got [${scores.shape.join(', ')}]`,
    );
  }
  const total = call.padPerClass ? min(call.maxTotal, call.maxPerClass * classes) : call.maxTotal;
  const outBoxes = new Float32Array(batch * total * 4);
  const outScores = new Float32Array(batch * total);
  const outClasses = new Float32Array(batch * total);
  const valid = new Int32Array(batch);
  const box = boxes.data as Float32Array;
  const score = scores.data as Float32Array;
  for (let b = 0; b < batch; b++) {
    const slots: Found[] = [];
    for (let label = 0; label < classes; label++) {
      const place = (i: number) => ((b * count + i) * sets + (sets > 1 ? label : 0)) * 4;
      const own = Float32Array.from({ length: count }, (_, i) => score[(b * count + i) * classes + label]!);
      const { selected } = suppress({
        scores: own,
        similarity: (i, j) => intersectionOverUnion(box, place(i), place(j)),
        maxOutputSize: min(call.maxPerClass, count),
        threshold: call.threshold,
        scoreThreshold: call.scoreThreshold,
        softSigma: 0,
        isBehind: (x, y) => x.score < y.score,
      });
      // Every class has its slots, and those that it does not fill take part in the sort.
      for (let k = 0; k < min(call.maxPerClass, count); k++) {
        const i = selected[k];
        slots.push(i === undefined ? EMPTY : { at: place(i), score: own[i]!, label });
      }
    }
    sort(slots, (x, y) => y.score < x.score);
    const found = slots.filter((slot) => slot !== EMPTY);
    valid[b] = min(total, found.length);
    found.slice(0, total).forEach((one, k) => {
      const row = b * total + k;
      for (let c = 0; c < 4; c++) {
        const edge = box[one.at + c]!;
        outBoxes[row * 4 + c] = call.clipBoxes ? max(min(edge, 1), 0) : edge;
      }
      outScores[row] = one.score;
      outClasses[row] = one.label;
    });
  }
  return [
    new Tensor('float32', [batch, total, 4], outBoxes),
    new Tensor('float32', [batch, total], outScores),
    new Tensor('float32', [batch, total], outClasses),
    new Tensor('int32', [batch], valid),
  ];
}
