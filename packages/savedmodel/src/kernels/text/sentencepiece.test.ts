import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { textOf, utf8 } from '../byte-strings.js';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { PieceType } from './sentencepiece-model.js';
import { SentencepieceProcessor } from './sentencepiece.js';

type Piece = readonly [text: string, score: number, type?: number];

const SPECIAL: readonly Piece[] = [
  ['<unk>', 0, PieceType.UNKNOWN],
  ['<s>', 0, PieceType.CONTROL],
  ['</s>', 0, PieceType.CONTROL],
];

/** A `ModelProto`. @param type - 1: unigram, 2: byte pairs, 3: words, 4: characters */
function model(type: number, pieces: readonly Piece[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [text, score, kind] of [...SPECIAL, ...pieces]) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(text).tag(2, WireType.Bit32).float(score);
    if (kind !== undefined) writer.tag(3, WireType.Varint).int32(kind);
    writer.join();
  }
  writer.tag(2, WireType.LengthDelimited).fork().tag(3, WireType.Varint).int32(type).join();
  return writer.finish();
}

const none = { begin: false, end: false, reverse: false };
const letters: readonly Piece[] = [...'▁abc'].map((letter) => [letter, -5]);

function encoded(bytes: Uint8Array, text: string, extras = none) {
  return new SentencepieceProcessor(bytes).encode(utf8(text), extras).map(({ piece }) => textOf(piece));
}

describe('SentencePiece', () => {
  it('takes the pieces with the best score in all', () => {
    const pieces: readonly Piece[] = [...letters, ['▁a', -2], ['ab', -1], ['bc', -4], ['▁abc', -6.5]];
    expect(encoded(model(1, pieces), 'abc')).toEqual(['▁a', 'bc']);
  });

  it('merges the pair with the best score first, and takes unused pieces apart again', () => {
    const pieces: readonly Piece[] = [...letters, ['bc', -1], ['ab', -2], ['abc', -3], ['▁a', -9, PieceType.UNUSED]];
    expect(encoded(model(2, pieces), 'abc a')).toEqual(['▁', 'abc', '▁', 'a']);
  });

  it('joins unknown characters and says where they stand', () => {
    const processor = new SentencepieceProcessor(model(1, letters));
    const spans = processor.encode(utf8('a☃☃ b'), none).map(({ piece, begin, end }) => [textOf(piece), begin, end]);
    expect(spans).toEqual([
      ['▁', 0, 0],
      ['a', 0, 1],
      ['☃☃', 1, 7],
      ['▁', 7, 8],
      ['b', 8, 9],
    ]);
  });

  it('adds marks before it reverses', () => {
    expect(encoded(model(4, letters), 'ab', { begin: true, end: true, reverse: true })).toEqual([
      '</s>',
      'b',
      'a',
      '▁',
      '<s>',
    ]);
  });

  it('makes a text of pieces, without the first blank', () => {
    const processor = new SentencepieceProcessor(model(1, letters));
    const pieces = ['<s>', '▁', 'a', '▁', 'b', '<unk>', 'x'].map(utf8);
    expect(textOf(processor.decode(pieces, none))).toBe('a b ⁇ x');
  });

  it('refuses what is no model', () => {
    const refuses = (bytes: Uint8Array, why: RegExp) =>
      expect(() => new SentencepieceProcessor(bytes)).toThrowError(
        expect.objectContaining({ message: expect.stringMatching(why) as string }),
      );
    refuses(Uint8Array.of(0xff, 0xff, 0xff), /expected a SentencePiece ModelProto/);
    refuses(new Uint8Array(), /unk is not defined/);
    refuses(
      model(1, [
        ['a', 0],
        ['a', 0],
      ]),
      /a is already defined/,
    );
    refuses(model(9, letters), /type 1 to 4, got 9/);
    const whole = model(1, letters);
    for (let size = 0; size < whole.length; size++) {
      try {
        new SentencepieceProcessor(whole.slice(0, size)).encode(utf8('abc'), none);
      } catch (error) {
        expect(error).toBeInstanceOf(SavedModelError);
      }
    }
  });
});
