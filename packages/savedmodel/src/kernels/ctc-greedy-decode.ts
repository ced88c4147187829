import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { doublesOf, fromDoubles, integersOf, invalidRequest } from './elements.js';

/** How sequences are read off. */
export interface CtcOptions {
  /** Classes that come twice in a row count once. */
  readonly mergeRepeated: boolean;
  /** The class that stands for nothing; counted from the end when negative. */
  readonly blank: number;
}

/**
 * The likeliest class of every step, without repetitions and blanks: tensorflow/core/kernels/ctc_decoder_ops.cc.
 *
 * @param logits - [time, batch, class]
 * @param lengths - [batch]
 * @returns indices, values and shape of a sparse [batch, time] of int64, and the negated sums of the logits, [batch, 1]
 */
export function ctcGreedyDecode(logits: Tensor, lengths: Tensor, { mergeRepeated, blank }: CtcOptions): Tensor[] {
  if (logits.rank !== 3) throw invalidRequest('BAD_RANK', `Expected logits of rank 3, got ${logits.rank}`);
  if (logits.size === 0) throw invalidRequest('NO_ELEMENTS', `Expected logits, got none: [${logits.shape.join(', ')}]`);
  const [time, batch, classes] = logits.shape as [number, number, number];
  const steps = integersOf(lengths);
  if (lengths.rank !== 1 || steps.length !== batch) {
    throw new SavedModelError(
      'FAILED_PRECONDITION',
      'INCOMPATIBLE_SHAPES',
      `Expected as many lengths as sequences, ${batch}, got the shape [${lengths.shape.join(', ')}]`,
    );
  }
  const beyond = steps.find((length) => length > time);
  if (beyond !== undefined) {
    throw new SavedModelError('FAILED_PRECONDITION', 'BAD_LENGTH', `Expected lengths up to ${time}, got ${beyond}`);
  }
  const nothing = blank < 0 ? blank + classes : blank;
  if (!(nothing >= 0 && nothing < classes)) {
    throw invalidRequest('BAD_BLANK', `Expected a blank below ${classes}, the number of classes, got ${blank}`);
  }
  const values = doublesOf(logits);
  const [places, decoded] = [[] as number[], [] as number[]];
  const scores = new Float64Array(batch);
  const narrow = logits.dtype === 'float32' ? Math.fround : (value: number) => value;
  let longest = 0;
  for (let row = 0; row < batch; row++) {
    let [before, count] = [-1, 0];
    for (let step = 0; step < steps[row]!; step++) {
      const start = (step * batch + row) * classes;
      let best = 0;
      for (let i = 1; i < classes; i++) if (values[start + i]! > values[start + best]!) best = i;
      scores[row] = narrow(scores[row]! - values[start + best]!);
      if (best !== nothing && !(mergeRepeated && best === before)) {
        places.push(row, count++);
        decoded.push(best);
      }
      before = best;
    }
    longest = Math.max(longest, count);
  }
  const int64s = (shape: readonly number[], numbers: readonly number[]) =>
    new Tensor('int64', shape, BigInt64Array.from(numbers, BigInt));
  return [
    int64s([decoded.length, 2], places),
    int64s([decoded.length], decoded),
    int64s([2], [batch, longest]),
    fromDoubles(logits.dtype, [batch, 1], scores),
  ];
}
