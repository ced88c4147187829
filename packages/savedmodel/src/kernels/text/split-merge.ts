import type { Tensor } from '@servable/tensor';
import { stringsOf, textOf } from '../byte-strings.js';
import { integersOf, invalidRequest } from '../elements.js';
import { isWhiteSpace } from './character-kinds.js';
import { lengthOfCharacter } from './sentencepiece-normalizer.js';
import { longs, rowSplitsOf, stringVector } from './token-lists.js';
import { pointOf, REPLACEMENT, utf8At } from './utf8-at.js';

/** `SplitMergeTokenizeWithOffsets`: a label per character says whether it begins a token (0) or goes on with one. */
export function splitMergeTokenize(input: Tensor, labels: Tensor, splits: Tensor, forced: boolean): readonly Tensor[] {
  const values = integersOf(labels);
  const strings = stringsOf(input);
  const rows = rowSplitsOf(splits, values.length, 'row_splits');
  if (rows.length !== strings.length + 1) {
    throw invalidRequest('BAD_SPLITS', `Expecting row_splits have ${strings.length + 1} elements, got ${rows.length}`);
  }
  return tokens(strings, forced, (row, count) => {
    const [first, given] = [rows[row]!, rows[row + 1]! - rows[row]!];
    if (count > given) {
      throw invalidRequest(
        'TOO_FEW_LABELS',
        `Number of labels ${given} is insufficient for text ${textOf(strings[row]!)}`,
      );
    }
    return (at) => values[first + at] === 0;
  });
}

/** `TokenizerFromLogits`: a character begins a token where the first of its two logits is the greater one. */
export function tokenizeFromLogits(input: Tensor, logits: Tensor, forced: boolean): readonly Tensor[] {
  const strings = stringsOf(input);
  const [batch = 0, steps = 0, two] = logits.shape;
  if (logits.rank !== 3 || batch !== strings.length) {
    throw invalidRequest('BAD_LOGITS', `Expecting logits to have ${strings.length} rows, got ${batch}`);
  }
  if (two !== 2) throw invalidRequest('BAD_LOGITS', `Bad logits dimension #2: ${two} != 2`);
  const data = logits.data as Float32Array;
  return tokens(strings, forced, (row, count) => {
    if (count > steps) {
      throw invalidRequest(
        'TOO_FEW_LOGITS',
        `Number of logits, ${steps}, is insufficient for text "${textOf(strings[row]!)}"`,
      );
    }
    return (at) => data[2 * (row * steps + at)]! > data[2 * (row * steps + at) + 1]!;
  });
}

/** Tokens without white space; `forced`: none goes on behind white space. */
function tokens(
  strings: readonly Uint8Array[],
  forced: boolean,
  splitterOf: (row: number, characters: number) => (at: number) => boolean,
): readonly Tensor[] {
  const parts: number[][] = [];
  const sources: Uint8Array[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const splits = [0];
  strings.forEach((text, row) => {
    const places: number[] = [];
    for (let at = 0; at < text.length; at += lengthOfCharacter(text[at]!)) places.push(at);
    const begins = splitterOf(row, places.length);
    const first = starts.length;
    let afterSpace = false;
    places.forEach((start, i) => {
      const end = Math.min(start + lengthOfCharacter(text[start]!), text.length);
      const point = pointOf(utf8At(text, start, end));
      const space = isWhiteSpace(point < 0 ? REPLACEMENT : point);
      if (!space) {
        if (starts.length === first || begins(i) || (afterSpace && forced)) {
          sources.push(text);
          parts.push([start, end]);
          starts.push(start);
          ends.push(end);
        } else {
          parts.at(-1)!.push(start, end);
          ends[ends.length - 1] = end;
        }
      }
      afterSpace = space;
    });
    splits.push(starts.length);
  });
  const texts = parts.map((spans, i) => {
    const pieces: Uint8Array[] = [];
    for (let k = 0; k < spans.length; k += 2) pieces.push(sources[i]!.subarray(spans[k], spans[k + 1]));
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  });
  return [stringVector(texts), longs(splits), longs(starts), longs(ends)];
}
