import { Tensor } from '@servable/tensor';
import { integerOf, invalidRequest, take } from '../elements.js';
import { integerVector, rowSplitsOf } from './token-lists.js';

/** How much of each row of each segment is kept, by segment and row. */
function keptLengths(limit: Tensor, values: readonly Tensor[], splits: readonly Tensor[]) {
  const most = integerOf(limit);
  if (most < 0) throw invalidRequest('NEGATIVE_LENGTH', `expected a max_sequence_length of 0 or more, got ${most}`);
  const rows = splits.map((tensor, i) => rowSplitsOf(tensor, values[i]!.shape[0] ?? 0));
  const count = (rows[0]?.length ?? 1) - 1;
  const other = rows.find((own) => own.length !== count + 1);
  if (other !== undefined) {
    throw invalidRequest('BAD_SPLITS', `expected segments of ${count} rows, got one of ${other.length - 1}`);
  }
  const kept = rows.map(() => new Array<number>(count));
  for (let row = 0; row < count; row++) {
    const lengths = rows.map((own) => own[row + 1]! - own[row]!);
    roundRobin(lengths, most).forEach((length, i) => (kept[i]![row] = length));
  }
  return { rows, kept };
}

/**
 * What each segment keeps when they take turns with one value each until `most` are there
 * (tensorflow_text/core/kernels/round_robin_trimmer.h).
 */
export function roundRobin(lengths: readonly number[], most: number): readonly number[] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]!);
  const kept = lengths.map(() => 0);
  let left = most;
  let whole = 0;
  for (const i of order) {
    if (lengths[i]! * (lengths.length - whole) > left) break;
    kept[i] = lengths[i]!;
    left -= lengths[i]!;
    whole++;
  }
  if (whole === lengths.length) return kept;
  const share = Math.floor(left / (lengths.length - whole));
  for (const i of order.slice(whole)) {
    kept[i] = share;
    left -= share;
  }
  for (let i = 0; i < kept.length && left > 0; i++) {
    if (kept[i]! >= lengths[i]!) continue;
    kept[i]!++;
    left--;
  }
  return kept;
}

/** `RoundRobinTrim`: the values of all segments, then their row splits. */
export function roundRobinTrim(limit: Tensor, values: readonly Tensor[], splits: readonly Tensor[]): readonly Tensor[] {
  const { rows, kept } = keptLengths(limit, values, splits);
  const ends: number[][] = [];
  const trimmed = values.map((tensor, i) => {
    const from: number[] = [];
    const own = [0];
    kept[i]!.forEach((length, row) => {
      for (let k = 0; k < length; k++) from.push(rows[i]![row]! + k);
      own.push(from.length);
    });
    ends.push(own);
    return take(tensor, Int32Array.from(from), [from.length]);
  });
  return [...trimmed, ...ends.map((own, i) => integerVector(splits[i]!.dtype, own))];
}

/** `RoundRobinGenerateMasks`: whether each value is kept. */
export function roundRobinMasks(
  limit: Tensor,
  values: readonly Tensor[],
  splits: readonly Tensor[],
): readonly Tensor[] {
  const { rows, kept } = keptLengths(limit, values, splits);
  return values.map((tensor, i) => {
    const mask = new Uint8Array(tensor.size);
    kept[i]!.forEach((length, row) => mask.fill(1, rows[i]![row], rows[i]![row]! + length));
    return new Tensor('bool', [mask.length], mask);
  });
}
