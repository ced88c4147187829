import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { byteKey } from '../byte-strings.js';
import { doublesOf, integersOf, invalidRequest } from '../elements.js';
import { rowSplitsOf } from './token-lists.js';

/** Comparisons that one request may need. */
const MAX_COMPARISONS = 2 ** 32;

const { fround } = Math;

/** `RougeL`: how much of references and hypotheses their longest common subsequence is, in single precision. */
export function rougeL(
  hypotheses: Tensor,
  hypothesisSplits: Tensor,
  references: Tensor,
  referenceSplits: Tensor,
  alphaTensor: Tensor,
): readonly Tensor[] {
  const alpha = doublesOf(alphaTensor)[0] ?? 0;
  if (!(alpha <= 1)) throw invalidRequest('BAD_ALPHA', `alpha must be <1 but was=${alpha}`);
  const [hypothesis, reference] = [hypotheses, references].map((tensor) =>
    tensor.is('string') ? tensor.data.map(byteKey) : integersOf(tensor),
  ) as (string | number)[][];
  const own = rowSplitsOf(hypothesisSplits, hypothesis!.length, 'hypotheses splits');
  const other = rowSplitsOf(referenceSplits, reference!.length, 'references splits');
  if (own.length !== other.length) {
    throw invalidRequest('BAD_SPLITS', `ref splits len=${other.length} must equal hyp splits len=${own.length}`);
  }
  const measures = [0, 1, 2].map(() => new Float32Array(own.length - 1));
  let comparisons = 0;
  for (let row = 0; row + 1 < own.length; row++) {
    const a = hypothesis!.slice(own[row], own[row + 1]);
    const b = reference!.slice(other[row], other[row + 1]);
    comparisons += a.length * b.length;
    if (comparisons > MAX_COMPARISONS) {
      throw new SavedModelError(
        'RESOURCE_EXHAUSTED',
        'RESULT_TOO_LARGE',
        `expected rows that need at most ${MAX_COMPARISONS} comparisons, got ${comparisons}`,
      );
    }
    const common = commonLength(a, b);
    const precision = fround(common / (a.length + 1e-12));
    const recall = fround(common / (b.length + 1e-12));
    measures[0]![row] = alpha < 0 ? tensor2tensorF(precision, recall) : officialF(precision, recall, fround(alpha));
    measures[1]![row] = precision;
    measures[2]![row] = recall;
  }
  return measures.map((values) => new Tensor('float32', [values.length], values));
}

function commonLength(a: readonly unknown[], b: readonly unknown[]): number {
  let before = new Int32Array(b.length + 1);
  let now = new Int32Array(b.length + 1);
  for (const x of a) {
    for (let j = 0; j < b.length; j++) now[j + 1] = x === b[j] ? before[j]! + 1 : Math.max(before[j + 1]!, now[j]!);
    [before, now] = [now, before];
  }
  return before[b.length]!;
}

function tensor2tensorF(precision: number, recall: number): number {
  const beta = fround(precision / (recall + 1e-12));
  const square = fround(beta * beta);
  const numerator = fround(fround(fround(1 + square) * recall) * precision);
  const denominator = fround(recall + fround(square * precision));
  return denominator > 0 ? numerator / denominator : 0;
}

function officialF(precision: number, recall: number, alpha: number): number {
  const denominator = fround(fround(alpha * recall) + fround(fround(1 - alpha) * precision));
  return denominator > 0 ? fround(precision * recall) / denominator : denominator;
}
