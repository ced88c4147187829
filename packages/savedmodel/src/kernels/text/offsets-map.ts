import { Tensor } from '@servable/tensor';
import { boundedBytes, boundedList, mapStrings } from '../byte-strings.js';
import { integersOf, invalidRequest } from '../elements.js';
import { normalizeWithEdits, type NormalizationForm } from './normalization.js';
import { longs, rowSplitsOf } from './token-lists.js';

/**
 * `NormalizeUTF8WithOffsetsMap`: the normalized strings, and what stands for the map of each: the splits of its edits, and
 * the edits as three numbers each (bytes before, bytes after, whether they differ).
 */
export function normalizeWithMap(input: Tensor, form: NormalizationForm): readonly Tensor[] {
  const edits: number[] = [];
  const splits = [0];
  let total = 0;
  const output = mapStrings(input, (text) => {
    const normal = normalizeWithEdits(text, form, (before, after, changed) => {
      const last = edits.length - 3;
      if (!changed && last >= splits.at(-1)! * 3 && edits[last + 2] === 0) {
        edits[last]! += before;
        edits[last + 1]! += after;
      } else edits.push(before, after, changed ? 1 : 0);
    });
    total = boundedBytes(total + normal.length);
    splits.push(boundedList(edits.length) / 3);
    return normal;
  });
  return [output, longs(splits), new Tensor('int32', [edits.length / 3, 3], Int32Array.from(edits))];
}

/**
 * `FindSourceOffsets`: where in the original strings offsets into the normalized ones lie; those within a change at its
 * end. Rows without offsets have no map of their own, as the op counts them
 * (tensorflow_text/core/kernels/normalize_kernels.cc).
 */
export function findSourceOffsets(mapSplits: Tensor, edits: Tensor, values: Tensor, splits: Tensor): Tensor {
  const rows = rowSplitsOf(splits, values.size);
  const maps = integersOf(mapSplits);
  const spans = edits.data as Int32Array;
  const offsets = integersOf(values);
  const mismatch = () =>
    invalidRequest('OFFSETS_MISMATCH', 'Input offset tensor dimension did not match the offset map dimension.');
  let map = 0;
  const found: number[] = [];
  for (let row = 0; row + 1 < rows.length; row++) {
    const [first, end] = [rows[row]!, rows[row + 1]!];
    if (first === end) continue;
    if (map + 1 >= maps.length) throw mismatch();
    const [from, to] = [maps[map]!, maps[map + 1]!];
    map++;
    // Offsets mostly ascend, so that the search goes on where the last one ended.
    let [at, source, target] = [from, 0, 0];
    for (let i = first; i < end; i++) {
      const wanted = offsets[i]!;
      if (wanted < target) [at, source, target] = [from, 0, 0];
      while (at < to && wanted >= target + spans[3 * at + 1]!) {
        source += spans[3 * at]!;
        target += spans[3 * at + 1]!;
        at++;
      }
      if (wanted < 0) found.push(0);
      else if (at >= to || wanted === target) found.push(source);
      else found.push(spans[3 * at + 2] === 1 ? source + spans[3 * at]! : source + wanted - target);
    }
  }
  if (map + 1 !== maps.length) throw mismatch();
  return longs(found);
}
