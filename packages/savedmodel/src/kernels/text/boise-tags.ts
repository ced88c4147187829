import { Tensor } from '@servable/tensor';
import { stringsOf, textOf, utf8 } from '../byte-strings.js';
import { integersOf, invalidRequest } from '../elements.js';
import { longs, rowSplitsOf, stringVector } from './token-lists.js';

function sameRows(splits: readonly Tensor[], values: number, what: string): readonly number[] {
  const [first = [], ...others] = splits.map((tensor) => rowSplitsOf(tensor, values));
  if (others.some((own) => own.join() !== first.join())) {
    throw invalidRequest('BAD_SPLITS', `Row splits must be the same for ${what}.`);
  }
  return first;
}

function sameSize(sizes: readonly number[], what: string): number {
  if (sizes.some((size) => size !== sizes[0])) {
    throw invalidRequest('BAD_OFFSETS', `${what} must have the same size, got ${sizes.join(' and ')}`);
  }
  return sizes[0] ?? 0;
}

/**
 * `OffsetsToBoiseTags`: for every token whether it begins, is outside of, is all of, is inside of, or ends a span
 * (tensorflow_text/core/kernels/boise_offset_converter.cc).
 */
export function offsetsToTags(inputs: readonly Tensor[]): Tensor {
  const [tokenBegins, tokenEnds, begins, ends] = inputs.slice(0, 4).map((input) => integersOf(input));
  const types = stringsOf(inputs[4]).map(textOf);
  const tokens = sameSize([tokenBegins!.length, tokenEnds!.length], 'Token offsets');
  const spans = sameSize([begins!.length, ends!.length, types.length], 'Span offsets');
  const tokenRows = sameRows(inputs.slice(5, 7), tokens, 'token begin and end offsets');
  const spanRows = sameRows(inputs.slice(7, 10), spans, 'span begin, end offsets and span type');
  if (tokenRows.length !== spanRows.length) {
    throw invalidRequest('BAD_SPLITS', 'Row splits must have the same size for token and span.');
  }
  const strict = integersOf(inputs[10])[0] === 1;
  const tags: string[] = [];
  for (let row = 0; row + 1 < tokenRows.length; row++) {
    let span = spanRows[row]!;
    for (let token = tokenRows[row]!; token < tokenRows[row + 1]!; token++) {
      const [start, end] = [tokenBegins![token]!, tokenEnds![token]!];
      let tag = 'O';
      for (let done = false; !done && span < spanRows[row + 1]!;) {
        const [from, to, type] = [begins![span]!, ends![span]!, types[span]!];
        const isStart = start <= from && end > from && end <= to;
        const isEnd = start < to && end >= to && start >= from;
        if (end <= from) done = true;
        else if (start >= to) span++;
        else if (isStart) {
          if (isEnd) tag = `S-${type}`;
          else if (!strict || start === from) tag = `B-${type}`;
          if (isEnd) span++;
          done = true;
        } else if (isEnd) {
          if (strict && end !== to) done = true;
          else tag = `E-${type}`;
          span++;
        } else if (start >= from && end <= to) {
          tag = `I-${type}`;
          done = true;
        } else {
          tag = `B-${type}`;
          span++;
        }
      }
      tags.push(tag);
    }
  }
  return stringVector(tags.map(utf8));
}

/** `BoiseTagsToOffsets`: the spans that tags of tokens stand for. */
export function tagsToOffsets(inputs: readonly Tensor[]): readonly Tensor[] {
  const [begins, ends] = inputs.slice(0, 2).map((input) => integersOf(input));
  const tags = stringsOf(inputs[2]).map(textOf);
  const tokens = sameSize([begins!.length, ends!.length, tags.length], 'Tokens and BOISE tags');
  const rows = sameRows(inputs.slice(3, 6), tokens, 'token begin/end offsets ad BOISE tags');
  const spans: { start: number; end: number; type: string }[] = [];
  const splits = [0];
  for (let row = 0; row + 1 < rows.length; row++) {
    let open: { start: number; type: string } | undefined;
    for (let i = rows[row]!; i < rows[row + 1]!; i++) {
      const tag = tags[i]!;
      const [kind, type] = [tag.slice(0, 2), tag.slice(2)];
      if (open !== undefined && tag.startsWith('O')) {
        spans.push({ ...open, end: ends![i - 1]! });
        open = undefined;
      } else if (kind === 'E-' || kind === 'S-') {
        spans.push({ start: open?.start ?? begins![i]!, end: ends![i]!, type });
        open = undefined;
      } else if (kind === 'B-' || kind === 'I-') open = { start: open?.start ?? begins![i]!, type };
    }
    if (open !== undefined) spans.push({ ...open, end: ends![rows[row + 1]! - 1]! });
    splits.push(spans.length);
  }
  const offsets = (of: (span: (typeof spans)[number]) => number) =>
    new Tensor('int32', [spans.length], Int32Array.from(spans, of));
  return [
    offsets(({ start }) => start),
    offsets(({ end }) => end),
    stringVector(spans.map(({ type }) => utf8(type))),
    longs(splits),
  ];
}
