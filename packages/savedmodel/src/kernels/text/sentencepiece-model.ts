import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { utf8 } from '../byte-strings.js';
import { remembered } from './flatbuffer.js';

/** `ModelProto.SentencePiece.Type` of sentencepiece_model.proto. */
export const PieceType = { NORMAL: 1, UNKNOWN: 2, CONTROL: 3, USER_DEFINED: 4, UNUSED: 5, BYTE: 6 } as const;

/** `TrainerSpec.ModelType`. */
export const ModelType = { UNIGRAM: 1, BPE: 2, WORD: 3, CHAR: 4 } as const;

/** `NormalizerSpec`. */
export interface NormalizerSpec {
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

/** What is used of a `ModelProto`. */
export interface SentencepieceProto {
  readonly pieces: readonly Uint8Array[];
  readonly scores: Float32Array;
  readonly types: Uint8Array;
  readonly modelType: number;
  readonly treatWhitespaceAsSuffix: boolean;
  readonly byteFallback: boolean;
  readonly unknownSurface: Uint8Array;
  readonly beginPiece: Uint8Array;
  readonly endPiece: Uint8Array;
  readonly normalizer: NormalizerSpec;
  readonly denormalizer: NormalizerSpec | undefined;
}

export const badSentencepiece = (message: string): SavedModelError =>
  new SavedModelError('INTERNAL', 'BAD_SENTENCEPIECE_MODEL', message);

/** Reads a model once. @throws SavedModelError INTERNAL when the bytes are no `ModelProto` */
export const sentencepieceProto = remembered((bytes: Uint8Array): SentencepieceProto => {
  try {
    return readModel(bytes);
  } catch (cause) {
    if (cause instanceof SavedModelError) throw cause;
    throw badSentencepiece(`expected a SentencePiece ModelProto, got ${bytes.length} bytes that are none`);
  }
});

type Field = (reader: BinaryReader) => void;

/** Hands every field of a message to its reader; others are skipped. */
function readFields(bytes: Uint8Array, fields: Readonly<Record<number, readonly [WireType, Field]>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = fields[number];
    if (field !== undefined && field[0] === wire) field[1](reader);
    else reader.skip(wire, number);
  }
}

const { LengthDelimited, Varint, Bit32 } = WireType;

function readModel(bytes: Uint8Array): SentencepieceProto {
  const pieces: Uint8Array[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  let modelType: number = ModelType.UNIGRAM;
  let treatWhitespaceAsSuffix = false;
  let byteFallback = false;
  let unknownSurface: Uint8Array = utf8(' \u2047 ');
  let beginPiece: Uint8Array = utf8('<s>');
  let endPiece: Uint8Array = utf8('</s>');
  let normalizer = readNormalizer(new Uint8Array());
  let denormalizer: NormalizerSpec | undefined;
  readFields(bytes, {
    1: [
      LengthDelimited,
      (reader) => {
        let piece: Uint8Array = new Uint8Array();
        let score = 0;
        let type: number = PieceType.NORMAL;
        readFields(reader.bytes(), {
          1: [LengthDelimited, (r) => (piece = r.bytes())],
          2: [Bit32, (r) => (score = r.float())],
          3: [Varint, (r) => (type = r.int32())],
        });
        pieces.push(piece);
        scores.push(score);
        types.push(type);
      },
    ],
    2: [
      LengthDelimited,
      (reader) =>
        readFields(reader.bytes(), {
          3: [Varint, (r) => (modelType = r.int32())],
          24: [Varint, (r) => (treatWhitespaceAsSuffix = r.bool())],
          35: [Varint, (r) => (byteFallback = r.bool())],
          44: [LengthDelimited, (r) => (unknownSurface = r.bytes())],
          46: [LengthDelimited, (r) => (beginPiece = orElse(r.bytes(), beginPiece))],
          47: [LengthDelimited, (r) => (endPiece = orElse(r.bytes(), endPiece))],
        }),
    ],
    3: [LengthDelimited, (reader) => (normalizer = readNormalizer(reader.bytes()))],
    5: [LengthDelimited, (reader) => (denormalizer = readNormalizer(reader.bytes()))],
  });
  return {
    pieces,
    scores: Float32Array.from(scores),
    types: Uint8Array.from(types),
    modelType,
    treatWhitespaceAsSuffix,
    byteFallback,
    unknownSurface,
    beginPiece,
    endPiece,
    normalizer,
    denormalizer: denormalizer !== undefined && denormalizer.charsmap.length > 0 ? denormalizer : undefined,
  };
}

const orElse = (bytes: Uint8Array, other: Uint8Array) => (bytes.length > 0 ? bytes : other);

function readNormalizer(bytes: Uint8Array): NormalizerSpec {
  let charsmap: Uint8Array = new Uint8Array();
  let [addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces] = [true, true, true];
  readFields(bytes, {
    2: [LengthDelimited, (reader) => (charsmap = reader.bytes())],
    3: [Varint, (reader) => (addDummyPrefix = reader.bool())],
    4: [Varint, (reader) => (removeExtraWhitespaces = reader.bool())],
    5: [Varint, (reader) => (escapeWhitespaces = reader.bool())],
  });
  return { charsmap, addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces };
}
