import { stringTensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../byte-strings.js';
import { VocabularyTrie } from './vocabulary-trie.js';
import { wordpieceTokenize, type WordpieceOptions } from './wordpiece.js';

const words = ['un', '##aff', '##able', 'a', '##a', '日', '##本'];
const trie = new VocabularyTrie(words.map(utf8));
const options: WordpieceOptions = {
  suffixIndicator: utf8('##'),
  maxBytesPerWord: 100,
  maxCharsPerToken: 0,
  unknownToken: utf8('[UNK]'),
  splitUnknownCharacters: false,
  partition: 'row_splits',
};

function pieces(texts: readonly (string | Uint8Array)[], changed: Partial<WordpieceOptions> = {}) {
  const [tokens, rows] = wordpieceTokenize(stringTensor([texts.length], texts), trie, { ...options, ...changed });
  return { tokens: tokens.toArray(), rows: Array.from(rows.data as BigInt64Array, Number) };
}

describe('wordpieces', () => {
  it('takes the longest piece from left to right', () => {
    expect(pieces(['unaffable', '', 'aa'])).toEqual({
      tokens: ['un', '##aff', '##able', 'a', '##a'],
      rows: [0, 3, 3, 5],
    });
  });

  it('gives up a word as a whole when a part of it is unknown', () => {
    expect(pieces(['unx', '日本', '日x']).tokens).toEqual(['[UNK]', '日', '##本', '[UNK]']);
  });

  it('takes apart around unknown characters on request', () => {
    expect(pieces(['unxa'], { splitUnknownCharacters: true }).tokens).toEqual(['un', '##[UNK]', '##a']);
  });

  it('counts a word that is too long as one token with the length of the unknown one', () => {
    const [, , starts, ends] = wordpieceTokenize(stringTensor([1], ['a'.repeat(101)]), trie, options);
    expect([starts.toArray(), ends.toArray()]).toEqual([[0n], [5n]]);
  });

  it('finds words of every byte in a tree of many', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `w${i.toString(36)}ß`);
    const large = new VocabularyTrie(many.map(utf8));
    expect(many.every((word, i) => large.find(utf8(word)) === i)).toBe(true);
    expect(large.find(utf8('w0'))).toBe(-1);
    expect(large.find(utf8('x'))).toBe(-1);
  });
});
