import { PieceType, type SentencepieceProto } from './sentencepiece-model.js';
import { lengthOfCharacter, longestPrefix, SPACE_SYMBOL } from './sentencepiece-normalizer.js';
import { NOWHERE, type VocabularyTrie } from './vocabulary-trie.js';

/** What taking a text apart needs of a model. */
export interface Vocabulary {
  readonly proto: SentencepieceProto;
  /** Pieces that texts are made of. */
  readonly pieces: VocabularyTrie;
  /** The id of each of these. */
  readonly ids: Int32Array;
  /** Pieces that stay together whatever stands around them. */
  readonly userDefined: VocabularyTrie | undefined;
  readonly unknownId: number;
  /** The id of any piece: of control pieces and bytes too. */
  idOf(piece: Uint8Array): number;
}

/** A piece of a text: three numbers, its id and the bytes where it begins and ends. */
export type Segments = number[];

const UNKNOWN_PENALTY = 10;

/** The most likely pieces by the sum of their scores, in single precision: `EncodeOptimized` of src/unigram_model.cc. */
export class UnigramSegmenter {
  private readonly unknownScore: number;
  private readonly highest: number;

  constructor(private readonly vocabulary: Vocabulary) {
    const { scores, types } = vocabulary.proto;
    // As there: the highest score is never below the smallest positive number.
    let lowest = 3.4028234663852886e38;
    let highest = 1.1754943508222875e-38;
    scores.forEach((score, i) => {
      if (types[i] !== PieceType.NORMAL) return;
      lowest = Math.min(lowest, score);
      highest = Math.max(highest, score);
    });
    this.unknownScore = Math.fround(lowest - UNKNOWN_PENALTY);
    this.highest = highest;
  }

  segments(text: Uint8Array): Segments {
    const { pieces, ids, unknownId, proto } = this.vocabulary;
    const { scores, types } = proto;
    const size = text.length;
    const best = new Float32Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1);
    const chosen = new Int32Array(size + 1);
    for (let start = 0; start < size;) {
      const here = best[start]!;
      const length = Math.min(lengthOfCharacter(text[start]!), size - start);
      let single = false;
      for (let node = 0, at = start; at < size;) {
        node = pieces.next(node, text[at++]!);
        if (node === NOWHERE) break;
        const place = pieces.wordAt(node);
        if (place === -1) continue;
        const id = ids[place]!;
        const type = types[id]!;
        if (type === PieceType.UNUSED) continue;
        const own = type === PieceType.USER_DEFINED ? Math.fround((at - start) * this.highest) - 0.1 : scores[id]!;
        const score = own + here;
        if (starts[at] === -1 || score > best[at]!) {
          best[at] = score;
          starts[at] = start;
          chosen[at] = id;
        }
        if (at - start === length) single = true;
      }
      const end = start + length;
      if (!single) {
        const score = Math.fround(this.unknownScore + here);
        if (starts[end] === -1 || score > best[end]!) {
          best[end] = score;
          starts[end] = start;
          chosen[end] = unknownId;
        }
      }
      start = end;
    }
    const segments: Segments = [];
    for (let end = size; end > 0; end = starts[end]!) segments.push(end, starts[end]!, chosen[end]!);
    return segments.reverse();
  }
}

/** Merges of the two neighbours with the best score until none is left: src/bpe_model.cc. */
export class BpeSegmenter {
  constructor(private readonly vocabulary: Vocabulary) {}

  segments(text: Uint8Array): Segments {
    const { pieces, ids, proto, userDefined } = this.vocabulary;
    const starts: number[] = [];
    const ends: number[] = [];
    const frozen: boolean[] = [];
    for (let at = 0; at < text.length;) {
      const whole = userDefined === undefined ? 0 : longestPrefix(userDefined, text, at);
      const end = at + (whole > 0 ? whole : Math.min(lengthOfCharacter(text[at]!), text.length - at));
      starts.push(at);
      ends.push(end);
      frozen.push(whole > 0);
      at = end;
    }
    const count = starts.length;
    const previous = starts.map((_, i) => i - 1);
    const next = starts.map((_, i) => (i + 1 < count ? i + 1 : -1));
    // Where in the tree of pieces the bytes of a symbol lead.
    const nodes = starts.map((start, i) => walk(0, start, ends[i]!));
    const agenda = new Agenda();
    /** How an unused piece was merged, to take it apart again. */
    const merged = new Map<number, readonly [start: number, middle: number, end: number]>();
    const offer = (left: number, right: number) => {
      if (left === -1 || right === -1 || frozen[left] === true || frozen[right] === true) return;
      const node = walk(nodes[left]!, starts[right]!, ends[right]!);
      const place = node === NOWHERE ? -1 : pieces.wordAt(node);
      if (place === -1) return;
      const id = ids[place]!;
      agenda.push(proto.scores[id]!, left, right, ends[right]! - starts[left]!);
      if (proto.types[id] === PieceType.UNUSED) merged.set(id, [starts[left]!, ends[left]!, ends[right]!]);
    };
    for (let i = 1; i < count; i++) offer(i - 1, i);
    for (let top = agenda.pop(); top !== undefined; top = agenda.pop()) {
      const { left, right, size } = top;
      const [leftSize, rightSize] = [ends[left]! - starts[left]!, ends[right]! - starts[right]!];
      if (leftSize === 0 || rightSize === 0 || leftSize + rightSize !== size) continue;
      nodes[left] = walk(nodes[left]!, starts[right]!, ends[right]!);
      ends[left] = ends[right]!;
      next[left] = next[right]!;
      if (next[right]! >= 0) previous[next[right]!] = left;
      starts[right] = ends[right]!;
      offer(previous[left]!, left);
      offer(left, next[left]);
    }
    const segments: Segments = [];
    const take = (start: number, end: number) => {
      const id = this.vocabulary.idOf(text.subarray(start, end));
      const parts = proto.types[id] === PieceType.UNUSED ? merged.get(id) : undefined;
      if (parts === undefined) {
        segments.push(id, start, end);
        return;
      }
      take(parts[0], parts[1]);
      take(parts[1], parts[2]);
    };
    for (let i = count > 0 ? 0 : -1; i !== -1; i = next[i]!) take(starts[i]!, ends[i]!);
    return segments;

    function walk(node: number, start: number, end: number): number {
      for (let at = start; at < end && node !== NOWHERE; at++) node = pieces.next(node, text[at]!);
      return node;
    }
  }
}

/** Pairs of neighbours, the best score first, and of equal ones the leftmost. */
class Agenda {
  private readonly heap: { score: number; left: number; right: number; size: number }[] = [];

  push(score: number, left: number, right: number, size: number): void {
    const { heap } = this;
    const pair = { score, left, right, size };
    let at = heap.length;
    heap.push(pair);
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(pair, heap[parent]!); parent = (at - 1) >> 1) {
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = pair;
  }

  pop() {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(a: { score: number; left: number }, b: { score: number; left: number }): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}

/** Characters: src/char_model.cc. */
export class CharacterSegmenter {
  constructor(private readonly vocabulary: Vocabulary) {}

  segments(text: Uint8Array): Segments {
    const { userDefined } = this.vocabulary;
    const segments: Segments = [];
    for (let at = 0; at < text.length;) {
      const whole = userDefined === undefined ? 0 : longestPrefix(userDefined, text, at);
      const end = at + (whole > 0 ? whole : Math.min(lengthOfCharacter(text[at]!), text.length - at));
      segments.push(this.vocabulary.idOf(text.subarray(at, end)), at, end);
      at = end;
    }
    return segments;
  }
}

/** What stands between marks of blanks, with the mark in front: src/word_model.cc. */
export class WordSegmenter {
  constructor(private readonly vocabulary: Vocabulary) {}

  segments(text: Uint8Array): Segments {
    const segments: Segments = [];
    let start = 0;
    for (let at = 0; at < text.length;) {
      at += Math.min(lengthOfCharacter(text[at]!), text.length - at);
      if (at < text.length && !SPACE_SYMBOL.every((byte, i) => text[at + i] === byte)) continue;
      segments.push(this.vocabulary.idOf(text.subarray(start, at)), start, at);
      start = at;
    }
    return segments;
  }
}
