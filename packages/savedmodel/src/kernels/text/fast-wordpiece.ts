import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { boundedBytes, joinBytes, stringsOf, utf8 } from '../byte-strings.js';
import { integersOf, invalidRequest } from '../elements.js';
import { isPunctuationOrChinese, isWhiteSpace } from './character-kinds.js';
import {
  fastWordpieceModel,
  isSuffixToken,
  NULL_NODE,
  tokenId,
  tokenLength,
  type FastWordpieceModel,
} from './fast-wordpiece-model.js';
import { longs, rowSplitsOf, stringVector } from './token-lists.js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';

/**
 * `FastWordpieceTokenizeWithOffsets`: the longest pieces of the vocabulary, found in one walk over the text along the
 * links of the model. tensorflow_text/core/kernels/fast_wordpiece_tokenizer.cc
 */
export function fastWordpieceTokenize(input: Tensor, model: Uint8Array): readonly Tensor[] {
  const tokenizer = new FastWordpieces(fastWordpieceModel(model));
  const splits = [0];
  for (const text of stringsOf(input)) {
    tokenizer.take(text);
    splits.push(tokenizer.pieces.length);
  }
  const { pieces, ids, starts, ends } = tokenizer;
  return [stringVector(pieces), longs(ids), longs(splits), longs(starts), longs(ends)];
}

class FastWordpieces {
  readonly pieces: Uint8Array[] = [];
  readonly ids: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** The text, and where the word begins and ends that is being taken. */
  private text: Uint8Array = new Uint8Array();
  private wordStart = 0;
  /** How far from there tokens have been found. */
  private done = 0;
  private node = 0;
  /** How many tokens there are without those of this word, which may have to be taken back. */
  private settled = 0;
  private bytes = 0;
  /** Links that may be followed for this text: a sound model leads to a token or away from the root with every one. */
  private links = 0;

  constructor(private readonly model: FastWordpieceModel) {}

  take(text: Uint8Array): void {
    this.text = text;
    this.settled = this.pieces.length;
    this.links = 16 * text.length + 64;
    if (text.length === 0) return;
    if (this.model.endToEnd) this.takeText();
    else this.takeWord();
  }

  private takeWord(): void {
    const { text, model } = this;
    this.begin(0);
    if (text.length > model.maxBytesPerToken) return this.unknown(text.length);
    for (const byte of text) {
      let next = model.trie.next(this.node, byte);
      while (next === -1) {
        if (!this.followLink()) return this.unknown(text.length);
        next = model.trie.next(this.node, byte);
      }
      this.node = next;
    }
    this.finish(text.length);
  }

  private takeText(): void {
    const { text, model } = this;
    const size = text.length;
    let point = 0;
    let before = 0;
    for (let at = 0, last = -1; at < size;) {
      if (at === last) {
        throw new SavedModelError(
          'INTERNAL',
          'NO_PROGRESS',
          'Failed to make any progress in tokenizing the input text.',
        );
      }
      last = at;
      this.begin(at);
      let next = at;
      // Along the trie, until the text ends, the word gets too long, or a character fits nowhere.
      while (at < size) {
        before = point;
        const character = utf8At(text, at, size);
        point = pointOf(character);
        next = at + sizeOfPoint(character);
        if (next - this.wordStart > model.maxBytesPerToken) break;
        let node = model.trie.walk(this.node, text, at, next);
        while (node === -1 && this.followLink()) node = model.trie.walk(this.node, text, at, next);
        if (node === -1) break;
        this.node = node;
        at = next;
      }
      if (at >= size) {
        this.finish(size);
        break;
      }
      const space = isWhiteSpace(point);
      if (space || isPunctuationOrChinese(point) || (at > 0 && isPunctuationOrChinese(before))) {
        const empty = at === this.wordStart;
        this.finish(at);
        if (space) at = next;
        else if (empty) {
          // A separator that the vocabulary does not have.
          at = next;
          this.unknown(at);
        }
        continue;
      }
      // A word that is unknown as a whole.
      let end = next;
      for (at = next; at < size;) {
        const character = utf8At(text, at, size);
        if (isWhiteSpace(pointOf(character))) {
          at += sizeOfPoint(character);
          break;
        }
        if (isPunctuationOrChinese(pointOf(character))) break;
        at = end = at + sizeOfPoint(character);
      }
      this.unknown(end);
    }
  }

  private begin(at: number): void {
    this.wordStart = at;
    this.done = 0;
    this.node = 0;
  }

  /** Takes the tokens that a node stands for and goes to what is left of it; false when it stands for none. */
  private followLink(): boolean {
    const { trie, failures, pops } = this.model;
    if (--this.links < 0) throw badModel('links that do not end');
    const { node } = this;
    const link = failures[2 * node];
    const value = trie.valueAt(node);
    if (value !== -1) {
      this.add(value);
      this.go(link);
      return true;
    }
    if (link === undefined || link === NULL_NODE) return false;
    const place = failures[2 * node + 1]!;
    const from = place >>> 8;
    const count = (place & 0xff) + 1;
    if (from + count > pops.length) throw badModel(`pops at ${from} of ${pops.length}`);
    for (let i = from; i < from + count; i++) this.add(pops[i]!);
    this.go(link);
    return true;
  }

  private go(link: number | undefined): void {
    if (link === undefined || link >= this.model.trie.units.length) throw badModel(`a link to node ${link}`);
    this.node = link;
  }

  /** The word ends: what is left on the way through the trie must be tokens. */
  private finish(end: number): void {
    const { model } = this;
    if (this.node === 0) return;
    if (this.node === model.suffixRoot && this.pieces.length === this.settled) {
      const alone = model.ofSuffixIndicator;
      if (alone.length === 1 && tokenId(alone[0]!) === model.unknownId) return this.unknown(end);
      for (const token of alone) this.add(token);
    }
    while (this.node !== model.suffixRoot && this.node !== model.punctuationLink) {
      if (!this.followLink()) return this.unknown(end);
    }
    this.settled = this.pieces.length;
  }

  private unknown(end: number): void {
    const { pieces, ids, starts, ends, settled } = this;
    pieces.length = ids.length = starts.length = ends.length = settled;
    this.push(this.model.unknownToken, this.model.unknownId, this.wordStart, end);
    this.settled++;
  }

  private add(token: number): void {
    const { model, done } = this;
    const id = tokenId(token);
    let length = tokenLength(token);
    if (done === 0 && isSuffixToken(token)) length += model.suffixIndicator.length;
    const start = this.wordStart + done;
    const piece = id === model.unknownId ? model.unknownToken : this.text.subarray(start, start + length);
    this.push(done > 0 ? joinBytes([model.suffixIndicator, piece]) : piece, id, start, start + length);
    this.done += length;
  }

  private push(piece: Uint8Array, id: number, start: number, end: number): void {
    this.bytes = boundedBytes(this.bytes + piece.length);
    this.pieces.push(piece);
    this.ids.push(id);
    this.starts.push(start);
    this.ends.push(end);
  }
}

const badModel = (what: string) =>
  invalidRequest('BAD_MODEL', `expected the model of a FastWordpieceTokenizer, got one with ${what}`);

const BLANK = utf8(' ');

/** `FastWordpieceDetokenize`: the words of rows of ids, with blanks between them. */
export function fastWordpieceDetokenize(values: Tensor, splits: Tensor, bytes: Uint8Array): Tensor<'string'> {
  const { vocabulary, suffixIndicator } = fastWordpieceModel(bytes);
  const ids = integersOf(values);
  const rows = rowSplitsOf(splits, ids.length);
  if (vocabulary === undefined && rows.length > 1) {
    throw new SavedModelError(
      'FAILED_PRECONDITION',
      'NO_DETOKENIZATION',
      'Detokenize function is only enabled when support_detokenization is true in the config flatbuffer. ' +
        'Please rebuild the model flatbuffer by setting support_detokenization=true.',
    );
  }
  let total = 0;
  const texts = rows.slice(1).map((end, i) => {
    const parts: Uint8Array[] = [];
    for (const id of ids.slice(rows[i], end)) {
      const word = vocabulary?.words[id];
      if (word === undefined) {
        throw new SavedModelError('OUT_OF_RANGE', 'TOKEN_OUT_OF_RANGE', `Token ID out of bounds: ${id}`);
      }
      const suffix = vocabulary?.isSuffix[id] === 1;
      if (parts.length > 0 && !suffix) parts.push(BLANK);
      if (parts.length === 0 && suffix) parts.push(suffixIndicator);
      parts.push(word);
    }
    const text = joinBytes(parts);
    total = boundedBytes(total + text.length);
    return text;
  });
  return stringVector(texts);
}
