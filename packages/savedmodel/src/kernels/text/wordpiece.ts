import type { Tensor } from '@servable/tensor';
import { boundedBytes, joinBytes, NO_BYTES, stringsOf } from '../byte-strings.js';
import { longs, stringVector } from './token-lists.js';
import { sizeOfPoint, utf8At } from './utf8-at.js';
import { NOWHERE, type VocabularyTrie } from './vocabulary-trie.js';

/** The attributes of `WordpieceTokenizeWithOffsets`. */
export interface WordpieceOptions {
  /** What stands in front of pieces within a word. */
  readonly suffixIndicator: Uint8Array;
  /** Words of more bytes are unknown as a whole. */
  readonly maxBytesPerWord: number;
  /** How many characters a piece has at most; 0: any number. */
  readonly maxCharsPerToken: number;
  /** What an unknown word becomes; undefined: it stays. */
  readonly unknownToken: Uint8Array | undefined;
  /** Whether a word with an unknown character is taken apart around it. */
  readonly splitUnknownCharacters: boolean;
  readonly partition: 'row_lengths' | 'row_splits';
}

/**
 * `WordpieceTokenizeWithOffsets`: every word as the longest pieces of the vocabulary, from left to right.
 * tensorflow_text/core/kernels/wordpiece_tokenizer.cc
 */
export function wordpieceTokenize(
  input: Tensor,
  vocabulary: VocabularyTrie,
  options: WordpieceOptions,
): readonly [pieces: Tensor, rows: Tensor, starts: Tensor, ends: Tensor] {
  const output = new Pieces(vocabulary, options);
  const rows: number[] = options.partition === 'row_splits' ? [0] : [];
  // The places in the splits follow what the op says of each word, which of a word that is too long is always one.
  let total = 0;
  for (const word of stringsOf(input)) {
    const count = output.take(word);
    total += count;
    rows.push(options.partition === 'row_splits' ? total : count);
  }
  return [stringVector(output.pieces), longs(rows), longs(output.starts), longs(output.ends)];
}

class Pieces {
  readonly pieces: Uint8Array[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  private readonly suffixRoot: number;
  private bytes = 0;
  /** Where the longest piece ends that {@link longest} has found. */
  private end = 0;

  constructor(
    private readonly vocabulary: VocabularyTrie,
    private readonly options: WordpieceOptions,
  ) {
    this.suffixRoot = vocabulary.walk(options.suffixIndicator);
  }

  take(word: Uint8Array): number {
    const { maxBytesPerWord, unknownToken, splitUnknownCharacters } = this.options;
    // The end of a word that is too long is the length of the unknown token, as the op has it.
    if (word.length > maxBytesPerWord) return this.add(unknownToken ?? word, 0, (unknownToken ?? word).length);
    const before = this.pieces.length;
    for (let at = 0; at < word.length;) {
      const found = this.longest(word, at);
      if (found !== -1) this.add(this.vocabulary.words[found]!, at, this.end);
      else if (splitUnknownCharacters) {
        this.end = at + sizeOfPoint(utf8At(word, at, word.length));
        const piece = unknownToken ?? word.subarray(at, this.end);
        this.add(at > 0 ? joinBytes([this.options.suffixIndicator, piece]) : piece, at, this.end);
      } else {
        this.pieces.length = this.starts.length = this.ends.length = before;
        return this.add(unknownToken ?? word, 0, word.length);
      }
      at = this.end;
    }
    return this.pieces.length - before;
  }

  /** The place in the vocabulary of the longest piece that begins at a byte, or -1. */
  private longest(word: Uint8Array, start: number): number {
    const { vocabulary } = this;
    let node = start > 0 ? this.suffixRoot : 0;
    let most = this.options.maxCharsPerToken > 0 ? this.options.maxCharsPerToken : word.length;
    let found = -1;
    for (let at = start; at < word.length && node !== NOWHERE && most > 0; most--) {
      const end = at + sizeOfPoint(utf8At(word, at, word.length));
      for (; at < end && node !== NOWHERE; at++) node = vocabulary.next(node, word[at]!);
      if (node === NOWHERE) break;
      const place = vocabulary.wordAt(node);
      if (place !== -1) {
        found = place;
        this.end = end;
      }
    }
    return found;
  }

  private add(piece: Uint8Array, start: number, end: number): number {
    this.bytes = boundedBytes(this.bytes + piece.length);
    this.pieces.push(piece.length === 0 ? NO_BYTES : piece);
    this.starts.push(start);
    this.ends.push(end);
    return 1;
  }
}
