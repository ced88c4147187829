import { stringTensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { PatternCache } from '../regex.js';
import { characterAlternatives } from './character-alternatives.js';
import { regexSplit, SplitPatterns } from './regex-split.js';

const scalar = (text: string) => stringTensor([], [text]);

function split(text: string, delimiter: string, keep = '') {
  const patterns = new SplitPatterns(new PatternCache());
  const [tokens] = regexSplit(stringTensor([1], [text]), scalar(delimiter), scalar(keep), patterns);
  return tokens!.toArray();
}

describe('splitting by a pattern', () => {
  it('gives the same by a table of characters as by the engine for patterns', () => {
    const texts = ['Hello, wörld!  日本-語 a1b22', ' leading', 'trailing ', '', '\u00a0\t\n x'];
    for (const pattern of ['\\s+|[!-/]|[\\p{P}]|[\\x{4E00}-\\x{9FFF}]', '[^\\w]+|\\d', '.', 'o|l+|\\-']) {
      expect(characterAlternatives(`(${pattern})`), pattern).toBeDefined();
      expect(characterAlternatives(`(?:${pattern})`), pattern).toBeUndefined();
      for (const text of texts) {
        expect(split(text, `(${pattern})`, `(${pattern})`)).toEqual(split(text, `((?:${pattern}))`, `(?:${pattern})`));
      }
    }
  });

  it('leaves what is more than sets of characters to the engine', () => {
    for (const pattern of ['(ab)', '(a*)', '(a|b', '(a)|(b)', '((?i)a)', '(^a)', '([[:alpha:]])', '(a?)', '(\\bx)']) {
      expect(characterAlternatives(pattern), pattern).toBeUndefined();
    }
  });

  it('keeps the delimiters that the other pattern matches', () => {
    expect(split('a, b;c', '(\\W)', '(;)')).toEqual(['a', 'b', ';', 'c']);
  });

  it('refuses delimiters without a character, for which TensorFlow never ends', () => {
    expect(() => split('abc', '(x*)')).toThrowError(/at least one character/);
  });
});
