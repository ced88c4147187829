import { boundedList } from '../byte-strings.js';
import { DoubleArray } from './double-array.js';
import { badSentencepiece, type NormalizerSpec } from './sentencepiece-model.js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';
import { NOWHERE, type VocabularyTrie } from './vocabulary-trie.js';

/** U+2581, which stands for a blank. */
export const SPACE_SYMBOL = Uint8Array.of(0xe2, 0x96, 0x81);
const BLANK = Uint8Array.of(0x20);
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

/** The bytes of a character by its first one, as SentencePiece counts them: malformed text counts like any other. */
export function lengthOfCharacter(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** The length of the longest of some words that a text begins with at a byte; 0 for none. */
export function longestPrefix(words: VocabularyTrie, text: Uint8Array, start: number): number {
  let longest = 0;
  let node = 0;
  for (let at = start; at < text.length;) {
    node = words.next(node, text[at++]!);
    if (node === NOWHERE) break;
    if (words.wordAt(node) !== -1) longest = at - start;
  }
  return longest;
}

/** A normalized text, and for every byte of it and for its end the byte of the original text that it comes from. */
export interface NormalizedText {
  readonly bytes: Uint8Array;
  readonly origins: Int32Array;
}

/** Replaces characters by the rules of a model and marks blanks: src/normalizer.cc of SentencePiece. */
export class SentencepieceNormalizer {
  private readonly rules: DoubleArray | undefined;
  private readonly pool: Uint8Array = new Uint8Array();
  private bytes = new Uint8Array(256);
  private origins = new Int32Array(257);
  private length = 0;
  /** What {@link prefix} has found: bytes in one of the texts, and how many bytes of the input they stand for. */
  private from: Uint8Array = this.pool;
  private start = 0;
  private end = 0;
  private taken = 0;

  /**
   * @param words - which stay as they are
   * @throws SavedModelError INTERNAL when the rules are broken
   */
  constructor(
    private readonly spec: NormalizerSpec,
    private readonly suffix: boolean,
    private readonly words: VocabularyTrie | undefined,
  ) {
    const { charsmap } = spec;
    if (charsmap.length === 0) return;
    const size =
      charsmap.length > 4 ? new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.length).getUint32(0, true) : 0;
    if (charsmap.length <= 4) throw badSentencepiece('Blob for normalization rule is broken.');
    if (size >= charsmap.length || 4 + size > charsmap.length) {
      throw badSentencepiece('Trie data size exceeds the input blob size.');
    }
    const trie = charsmap.slice(4, 4 + size - (size % 4));
    if (trie.length > 0) this.rules = new DoubleArray(new Uint32Array(trie.buffer));
    this.pool = charsmap.subarray(4 + size);
  }

  normalize(input: Uint8Array): NormalizedText {
    const { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces } = this.spec;
    this.length = 0;
    let at = 0;
    if (removeExtraWhitespaces) {
      for (; at < input.length; at += this.taken) {
        this.prefix(input, at);
        if (this.end - this.start !== 1 || this.from[this.start] !== 0x20) break;
      }
    }
    if (at >= input.length) return { bytes: new Uint8Array(), origins: new Int32Array(1) };
    const space = escapeWhitespaces ? SPACE_SYMBOL : BLANK;
    if (!this.suffix && addDummyPrefix) this.add(space, at);
    let afterSpace = removeExtraWhitespaces;
    while (at < input.length) {
      this.prefix(input, at);
      let { start } = this;
      const { from, end } = this;
      while (afterSpace && start < end && from[start] === 0x20) start++;
      if (start < end) {
        for (let i = start; i < end; i++) {
          const byte = from[i]!;
          if (byte === 0x20 && escapeWhitespaces) this.add(SPACE_SYMBOL, at);
          else this.addByte(byte, at);
        }
        afterSpace = from[end - 1] === 0x20;
      }
      at += this.taken;
      if (!removeExtraWhitespaces) afterSpace = false;
    }
    let end = at;
    while (removeExtraWhitespaces && this.endsWith(space)) {
      this.length -= space.length;
      end = this.origins[this.length]!;
    }
    if (this.suffix && addDummyPrefix) this.add(space, end);
    const origins = this.origins.slice(0, this.length + 1);
    origins[this.length] = end;
    return { bytes: this.bytes.slice(0, this.length), origins };
  }

  /** What stands for the longest rule that fits at a byte, or for the character there. */
  private prefix(input: Uint8Array, at: number): void {
    const { words, rules } = this;
    const whole = words === undefined ? 0 : longestPrefix(words, input, at);
    if (whole > 0) return this.found(input, at, at + whole, whole);
    let longest = 0;
    let place = 0;
    if (rules !== undefined) {
      let node = 0;
      for (let i = at; i < input.length;) {
        node = rules.next(node, input[i++]!);
        if (node === -1) break;
        const value = rules.valueAt(node);
        if (value !== -1) {
          longest = i - at;
          place = value;
        }
      }
    }
    if (longest > 0) {
      // The texts of the rules end with a zero byte each.
      const stop = this.pool.indexOf(0, place);
      return this.found(this.pool, place, Math.max(place, stop === -1 ? this.pool.length : stop), longest);
    }
    const character = utf8At(input, at, input.length);
    if (pointOf(character) < 0) return this.found(REPLACEMENT, 0, 3, 1);
    const size = sizeOfPoint(character);
    this.found(input, at, at + size, size);
  }

  private found(from: Uint8Array, start: number, end: number, taken: number): void {
    this.from = from;
    this.start = start;
    this.end = end;
    this.taken = taken;
  }

  private add(bytes: Uint8Array, origin: number): void {
    for (const byte of bytes) this.addByte(byte, origin);
  }

  private addByte(byte: number, origin: number): void {
    if (this.length === this.bytes.length) {
      const bytes = new Uint8Array(boundedList(2 * this.length));
      const origins = new Int32Array(2 * this.length + 1);
      bytes.set(this.bytes);
      origins.set(this.origins);
      this.bytes = bytes;
      this.origins = origins;
    }
    this.bytes[this.length] = byte;
    this.origins[this.length++] = origin;
  }

  private endsWith(bytes: Uint8Array): boolean {
    const from = this.length - bytes.length;
    return from >= 0 && bytes.every((byte, i) => this.bytes[from + i] === byte);
  }
}
