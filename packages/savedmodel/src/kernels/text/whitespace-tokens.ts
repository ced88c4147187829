import { Tensor, type DType } from '@servable/tensor';
import { stringsOf } from '../byte-strings.js';
import { integersOf } from '../elements.js';
import { scalarString } from '../regex.js';
import { isWhiteSpace } from './character-kinds.js';
import { integerVector, longs, rowSplitsOf, stringVector } from './token-lists.js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';

/**
 * `WhitespaceTokenizeWithOffsetsV2`: what stands between characters of a set, which comes as bits.
 *
 * A token ends one byte in front of where the character behind it ends: the op takes every blank for one byte long
 * (tensorflow_text/core/kernels/whitespace_tokenizer.cc).
 */
export function whitespaceTokenizeBytes(input: Tensor, config: Tensor): readonly Tensor[] {
  const bits = scalarString(config, 'the configuration');
  const tokens: Uint8Array[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const splits = [0];
  for (const text of stringsOf(input)) {
    const size = text.length;
    let start = -1;
    for (let at = 0; at < size;) {
      const before = at;
      const character = utf8At(text, at, size);
      const point = pointOf(character);
      at += sizeOfPoint(character);
      const blank = point >= 0 && (bits[point >> 3]! & (1 << (point & 7))) !== 0;
      if (!blank) {
        if (start === -1) start = before;
      } else if (start !== -1) {
        add(text, start, at - 1);
        start = -1;
      }
    }
    if (start !== -1) add(text, start, size);
    splits.push(tokens.length);
  }
  const offsets = (values: number[]) => new Tensor('int32', [values.length], Int32Array.from(values));
  return [stringVector(tokens), longs(splits), offsets(starts), offsets(ends)];

  function add(text: Uint8Array, start: number, end: number) {
    tokens.push(text.subarray(start, end));
    starts.push(start);
    ends.push(end);
  }
}

/** What the ops over code points make: values, splits of tokens, starts and ends of each, splits of texts. */
class PointTokens {
  readonly values: number[] = [];
  readonly inner: number[] = [];
  readonly starts: number[] = [];
  readonly limits: number[] = [];
  readonly outer: number[] = [];

  tensors(splits: DType): readonly Tensor[] {
    this.inner.push(this.values.length);
    this.outer.push(this.starts.length);
    return [
      new Tensor('int32', [this.values.length], Int32Array.from(this.values)),
      integerVector(splits, this.inner),
      longs(this.starts),
      longs(this.limits),
      integerVector(splits, this.outer),
    ];
  }
}

/** `WhitespaceTokenizeWithOffsets`: runs of code points without white space. */
export function whitespaceTokenizePoints(values: Tensor, splits: Tensor): readonly Tensor[] {
  const points = integersOf(values);
  const rows = rowSplitsOf(splits, points.length);
  const output = new PointTokens();
  for (let row = 0; row + 1 < rows.length; row++) {
    const [first, end] = [rows[row]!, rows[row + 1]!];
    output.outer.push(output.starts.length);
    let inside = false;
    // A token that ends behind more than one blank loses as many from its end, as the op counts them.
    let skipped = 0;
    for (let at = first; at < end; at++) {
      const point = points[at]!;
      if (isWhiteSpace(point)) {
        if (inside) output.limits.push(at - first - skipped);
        inside = false;
        skipped++;
        continue;
      }
      if (!inside) {
        output.starts.push(at - first);
        output.inner.push(output.values.length);
        inside = true;
      }
      output.values.push(point);
      skipped = 0;
    }
    if (inside) output.limits.push(end - first - skipped);
  }
  return output.tensors(splits.dtype);
}

/**
 * `UnicodeScriptTokenizeWithOffsets`: runs of code points of one script.
 *
 * @param scriptOf - the number of the script of a code point, as ICU has it
 */
export function scriptTokenize(
  values: Tensor,
  splits: Tensor,
  keepWhitespace: boolean,
  scriptOf: (point: number) => number,
): readonly Tensor[] {
  const points = integersOf(values);
  const rows = rowSplitsOf(splits, points.length);
  const output = new PointTokens();
  for (let row = 0; row + 1 < rows.length; row++) {
    const [first, end] = [rows[row]!, rows[row + 1]!];
    output.outer.push(output.starts.length);
    let script = -1;
    let inside = false;
    let skipped = 0;
    let wasBlank = false;
    for (let at = first; at < end; at++) {
      const point = points[at]!;
      const blank = isWhiteSpace(point);
      const own = scriptOf(point);
      if (own !== script || (keepWhitespace && blank !== wasBlank)) {
        if (inside) output.limits.push(at - first - skipped);
        script = own;
        inside = false;
      }
      if (!blank || keepWhitespace) {
        if (!inside) {
          output.starts.push(at - first);
          output.inner.push(output.values.length);
          inside = true;
        }
        output.values.push(point);
      }
      if (!keepWhitespace) skipped = blank ? skipped + 1 : 0;
      wasBlank = blank;
    }
    if (inside) output.limits.push(end - first - skipped);
  }
  return output.tensors(splits.dtype);
}
