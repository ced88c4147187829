import type { Tensor } from '@servable/tensor';
import { boundedList, stringsOf } from '../byte-strings.js';
import { invalidRequest } from '../elements.js';
import { scalarString, type Pattern, type PatternCache } from '../regex.js';
import { characterAlternatives, type CharacterAlternatives, type Delimiter } from './character-alternatives.js';
import { longs, stringVector } from './token-lists.js';

/** The patterns of one `RegexSplitWithOffsets`, compiled once. */
export class SplitPatterns {
  private readonly simple = new Map<Pattern, CharacterAlternatives | undefined>();

  constructor(private readonly cache: PatternCache) {}

  get(tensor: Tensor): { readonly pattern: Pattern; readonly simple: CharacterAlternatives | undefined } {
    const pattern = this.cache.get(scalarString(tensor, 'Pattern'));
    if (!this.simple.has(pattern)) {
      if (this.simple.size >= 16) this.simple.clear();
      this.simple.set(pattern, characterAlternatives(pattern.pattern()));
    }
    return { pattern, simple: this.simple.get(pattern) };
  }
}

/**
 * `RegexSplitWithOffsets`: what stands between matches, and of the matches those that another pattern wants kept.
 * Strings end at their first zero byte, as the op takes them (tensorflow_text/core/kernels/regex_split_kernels.cc).
 */
export function regexSplit(input: Tensor, delimiter: Tensor, keep: Tensor, patterns: SplitPatterns): readonly Tensor[] {
  const delim = patterns.get(delimiter);
  const kept = patterns.get(keep);
  const keeps = scalarString(keep, 'Pattern').length > 0;
  const tokens: Uint8Array[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const splits = [0];
  for (const given of stringsOf(input)) {
    const zero = given.indexOf(0);
    const text = zero < 0 ? given : given.subarray(0, zero);
    let from = 0;
    while (find(from, text)) {
      if (match.start > from) add(text, from, match.start);
      if (keeps && isKept(text.subarray(match.start, match.end))) add(text, match.start, match.end);
      if (match.next === from) {
        throw invalidRequest('EMPTY_MATCH', `expected delimiters of at least one character, got an empty match`);
      }
      from = match.next;
    }
    if (from < text.length) add(text, from, text.length);
    splits.push(boundedList(tokens.length));
  }
  return [stringVector(tokens), longs(starts), longs(ends), longs(splits)];

  function add(text: Uint8Array, start: number, end: number) {
    tokens.push(text.subarray(start, end));
    starts.push(start);
    ends.push(end);
  }

  function isKept(token: Uint8Array): boolean {
    return kept.simple?.matches(token) ?? kept.pattern.matcher(token).matches();
  }

  /** Looks for the next delimiter: its first group is what counts, and the text goes on behind the whole of it. */
  function find(from: number, text: Uint8Array): boolean {
    if (delim.simple?.isEmpty === false) return delim.simple.find(text, from, match);
    if (delim.pattern.groupCount() < 1) return false;
    const matcher = delim.pattern.matcher(text.subarray(from));
    if (!matcher.find()) return false;
    if (matcher.start(1) < 0) {
      throw invalidRequest('EMPTY_MATCH', 'expected delimiters with the first group of the pattern, got one without');
    }
    match.start = from + matcher.start(1);
    match.end = from + matcher.end(1);
    match.next = from + matcher.end();
    return true;
  }
}

const match: Delimiter = { start: 0, end: 0, next: 0 };
