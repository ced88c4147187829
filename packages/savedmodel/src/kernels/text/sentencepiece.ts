import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { byteKey, joinBytes, NO_BYTES, textOf, utf8 } from '../byte-strings.js';
import { remembered } from './flatbuffer.js';
import { badSentencepiece, ModelType, PieceType, sentencepieceProto } from './sentencepiece-model.js';
import { SentencepieceNormalizer, SPACE_SYMBOL } from './sentencepiece-normalizer.js';
import {
  BpeSegmenter,
  CharacterSegmenter,
  UnigramSegmenter,
  WordSegmenter,
  type Segments,
  type Vocabulary,
} from './sentencepiece-segments.js';
import { pointOf, sizeOfPoint, utf8At } from './utf8-at.js';
import { VocabularyTrie } from './vocabulary-trie.js';

/** What is added to pieces, in this order. */
export interface SentencepieceExtras {
  readonly begin: boolean;
  readonly end: boolean;
  readonly reverse: boolean;
}

/** A piece of a text and where in the text it stands. */
export interface SentencePiece {
  piece: Uint8Array;
  readonly id: number;
  readonly begin: number;
  end: number;
}

const REPLACEMENT = utf8('\ufffd');
const BYTE_PIECE = /^<0x([0-9A-F]{2})>$/;

/** SentencePiece with one model, as version 0.1.96 has it, which TensorFlow Text is built with. */
export class SentencepieceProcessor implements Vocabulary {
  readonly proto;
  readonly pieces: VocabularyTrie;
  readonly ids: Int32Array;
  readonly userDefined: VocabularyTrie | undefined;
  readonly unknownId: number;
  private readonly reserved = new Map<string, number>();
  private readonly normalizer: SentencepieceNormalizer;
  private readonly denormalizer: SentencepieceNormalizer | undefined;
  private readonly segmenter: { segments(text: Uint8Array): Segments };

  /** @throws SavedModelError INTERNAL for a model that SentencePiece would not load */
  constructor(model: Uint8Array) {
    const proto = (this.proto = sentencepieceProto(model));
    const ids: number[] = [];
    const words: Uint8Array[] = [];
    const userDefined: Uint8Array[] = [];
    let unknownId = -1;
    const bytes = new Set<number>();
    proto.pieces.forEach((piece, id) => {
      const type = proto.types[id]!;
      if (piece.length === 0) throw badSentencepiece('piece must not be empty.');
      if (type === PieceType.NORMAL || type === PieceType.USER_DEFINED || type === PieceType.UNUSED) {
        words.push(piece);
        ids.push(id);
        if (type === PieceType.USER_DEFINED) userDefined.push(piece);
        return;
      }
      if (this.reserved.has(byteKey(piece))) throw badSentencepiece(`${textOf(piece)} is already defined.`);
      this.reserved.set(byteKey(piece), id);
      if (type === PieceType.UNKNOWN) {
        if (unknownId >= 0) throw badSentencepiece('unk is already defined.');
        unknownId = id;
      }
      if (type === PieceType.BYTE) {
        if (!proto.byteFallback) {
          throw badSentencepiece(`byte piece ${textOf(piece)} is found although \`byte_fallback\` is false.`);
        }
        const value = byteOf(piece);
        if (value < 0) throw badSentencepiece(`byte piece ${textOf(piece)} is invalid.`);
        bytes.add(value);
      }
    });
    if (unknownId === -1) throw badSentencepiece('unk is not defined.');
    if (proto.byteFallback && bytes.size !== 256) {
      throw badSentencepiece('there are not 256 byte pieces although `byte_fallback` is true.');
    }
    this.pieces = new VocabularyTrie(words);
    if (this.pieces.words.length !== words.length) {
      const twice = words.find((word, i) => this.pieces.words[i] !== word);
      throw badSentencepiece(`${textOf(twice ?? NO_BYTES)} is already defined.`);
    }
    this.ids = Int32Array.from(ids);
    this.unknownId = unknownId;
    this.userDefined = userDefined.length > 0 ? new VocabularyTrie(userDefined) : undefined;
    this.segmenter = this.segmenterOf(proto.modelType);
    this.normalizer = new SentencepieceNormalizer(proto.normalizer, proto.treatWhitespaceAsSuffix, this.userDefined);
    this.denormalizer = proto.denormalizer && new SentencepieceNormalizer(proto.denormalizer, false, undefined);
  }

  private segmenterOf(type: number) {
    switch (type) {
      case ModelType.UNIGRAM:
        if (this.pieces.words.length === 0) throw badSentencepiece('no pieces are loaded.');
        return new UnigramSegmenter(this);
      case ModelType.BPE:
        return new BpeSegmenter(this);
      case ModelType.WORD:
        return new WordSegmenter(this);
      case ModelType.CHAR:
        return new CharacterSegmenter(this);
      default:
        throw badSentencepiece(`expected a model of type 1 to 4, got ${type}`);
    }
  }

  /** How many pieces there are. */
  get size(): number {
    return this.proto.pieces.length;
  }

  idOf(piece: Uint8Array): number {
    const reserved = this.reserved.get(byteKey(piece));
    if (reserved !== undefined) return reserved;
    const place = this.pieces.find(piece);
    return place === -1 ? this.unknownId : this.ids[place]!;
  }

  /** @throws SavedModelError OUT_OF_RANGE */
  pieceOf(id: number): Uint8Array {
    const piece = this.proto.pieces[id];
    if (piece === undefined) throw new SavedModelError('OUT_OF_RANGE', 'BAD_PIECE_ID', `Invalid id: ${id}`);
    return piece;
  }

  /** The pieces of a text. */
  encode(text: Uint8Array, extras: SentencepieceExtras): readonly SentencePiece[] {
    const { bytes, origins } = this.normalizer.normalize(text);
    const { types, byteFallback } = this.proto;
    const segments = bytes.length === 0 ? [] : this.segmenter.segments(bytes);
    const pieces: SentencePiece[] = [];
    let afterUnknown = false;
    let consumed = 0;
    for (let i = 0; i < segments.length; i += 3) {
      const id = segments[i]!;
      const piece = bytes.subarray(segments[i + 1], segments[i + 2]);
      const begin = origins[consumed]!;
      const unknown = types[id] === PieceType.UNKNOWN;
      if (types[id] === PieceType.CONTROL) {
        // Where a control piece stands is not counted, and so not all of the text is.
        throw badSentencepiece('all normalized characters are not consumed.');
      }
      consumed += piece.length;
      const end = origins[consumed]!;
      const last = pieces.at(-1);
      if (unknown && byteFallback) {
        piece.forEach((byte, k) => {
          const own = bytePiece(byte);
          pieces.push({ piece: own, id: this.idOf(own), begin, end: k === piece.length - 1 ? end : begin });
        });
      } else if (unknown && afterUnknown && last !== undefined) {
        last.piece = joinBytes([last.piece, piece]);
        last.end = end;
      } else pieces.push({ piece, id, begin, end });
      afterUnknown = unknown;
    }
    return this.withExtras(pieces, extras);
  }

  /** The text of pieces. */
  decode(given: readonly Uint8Array[], extras: SentencepieceExtras): Uint8Array {
    const { types, normalizer, unknownSurface, pieces: known } = this.proto;
    const pieces = this.withExtras(
      given.map((piece) => ({ piece, id: this.idOf(piece), begin: 0, end: 0 })),
      extras,
    );
    const parts: Uint8Array[] = [];
    let isEmpty = true;
    let bytes: number[] = [];
    const add = (part: Uint8Array) => {
      parts.push(part);
      isEmpty &&= part.length === 0;
    };
    const flush = () => {
      if (bytes.length > 0) add(textOfBytes(Uint8Array.from(bytes)));
      bytes = [];
    };
    for (const { piece, id } of pieces) {
      if (types[id] === PieceType.BYTE) {
        bytes.push(byteOf(piece));
        continue;
      }
      flush();
      if (types[id] === PieceType.CONTROL) continue;
      if (types[id] === PieceType.UNKNOWN) {
        add(byteKey(known[id]!) === byteKey(piece) ? unknownSurface : piece);
        continue;
      }
      const strips = isEmpty && (normalizer.addDummyPrefix || normalizer.removeExtraWhitespaces);
      add(withBlanks(strips && startsWithSpace(piece) ? piece.subarray(SPACE_SYMBOL.length) : piece));
    }
    flush();
    const text = joinBytes(parts);
    return this.denormalizer === undefined ? text : this.denormalizer.normalize(text).bytes;
  }

  private withExtras(pieces: SentencePiece[], { begin, end, reverse }: SentencepieceExtras): SentencePiece[] {
    if (begin) pieces.unshift(this.mark(this.proto.beginPiece));
    if (end) pieces.push(this.mark(this.proto.endPiece));
    return reverse ? pieces.reverse() : pieces;
  }

  private mark(piece: Uint8Array): SentencePiece {
    const id = this.idOf(piece);
    if (id === this.unknownId) throw badSentencepiece(`id for \`${textOf(piece)}\` is not defined.`);
    return { piece, id, begin: 0, end: 0 };
  }
}

/** The processor of a model, which is made once. */
export const sentencepieceProcessor = remembered((model: Uint8Array) => new SentencepieceProcessor(model));

function byteOf(piece: Uint8Array): number {
  const found = piece.length === 6 ? BYTE_PIECE.exec(textOf(piece)) : null;
  return found === null ? -1 : parseInt(found[1]!, 16);
}

const bytePieces: Uint8Array[] = [];

function bytePiece(byte: number): Uint8Array {
  return (bytePieces[byte] ??= utf8(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
}

function startsWithSpace(piece: Uint8Array): boolean {
  return piece[0] === SPACE_SYMBOL[0] && piece[1] === SPACE_SYMBOL[1] && piece[2] === SPACE_SYMBOL[2];
}

/** Bytes with a blank for every mark of one. */
function withBlanks(piece: Uint8Array): Uint8Array {
  if (!piece.includes(SPACE_SYMBOL[0]!)) return piece;
  const bytes: number[] = [];
  for (let at = 0; at < piece.length; at++) {
    if (startsWithSpace(piece.subarray(at, at + 3))) {
      bytes.push(0x20);
      at += 2;
    } else bytes.push(piece[at]!);
  }
  return Uint8Array.from(bytes);
}

/** Well-formed text as it is, and U+FFFD for every byte that is none. */
function textOfBytes(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const character = utf8At(bytes, at, bytes.length);
    const malformed = pointOf(character) < 0;
    const size = malformed ? 1 : sizeOfPoint(character);
    parts.push(malformed ? REPLACEMENT : bytes.subarray(at, at + size));
    at += size;
  }
  return joinBytes(parts);
}
