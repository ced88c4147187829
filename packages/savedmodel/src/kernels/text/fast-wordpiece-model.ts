import { NO_BYTES } from '../byte-strings.js';
import { invalidRequest } from '../elements.js';
import { DoubleArray } from './double-array.js';
import { FlatTable, remembered } from './flatbuffer.js';

/** No failure link. */
export const NULL_NODE = 0xffffffff;

/** `FastWordpieceTokenizerConfig` of tensorflow_text/core/kernels/fast_wordpiece_tokenizer_model.fbs. */
export interface FastWordpieceModel {
  readonly trie: DoubleArray;
  /** Per node of the trie: its failure link, and where its pops stand in the pool. */
  readonly failures: Uint32Array;
  readonly pops: Int32Array;
  readonly suffixRoot: number;
  readonly maxBytesPerToken: number;
  readonly suffixIndicator: Uint8Array;
  readonly unknownToken: Uint8Array;
  readonly unknownId: number;
  /** The tokens of a word that is nothing but the suffix indicator. */
  readonly ofSuffixIndicator: Int32Array;
  readonly punctuationLink: number;
  /** Whether it takes whole texts, and not single words. */
  readonly endToEnd: boolean;
  /** The words without their suffix indicators, and whether they had one; undefined when the model cannot detokenize. */
  readonly vocabulary: { readonly words: readonly Uint8Array[]; readonly isSuffix: Uint8Array } | undefined;
}

/** Reads a model once. @throws SavedModelError INVALID_ARGUMENT */
export const fastWordpieceModel = remembered((bytes: Uint8Array): FastWordpieceModel => {
  const table = FlatTable.root(bytes, 'the model of a FastWordpieceTokenizer');
  const units = table.words(0);
  if (units === undefined || units.length === 0) {
    throw invalidRequest('BAD_MODEL', 'FastWordpieceTokenizerConfig or its trie_array is null.');
  }
  const words = table.strings(12);
  const isSuffix = table.bytes(13);
  return {
    trie: new DoubleArray(units),
    failures: table.words(1, 2) ?? new Uint32Array(),
    pops: table.ints(2) ?? new Int32Array(),
    suffixRoot: table.int(3) >>> 0,
    maxBytesPerToken: table.int(4),
    suffixIndicator: table.bytes(5) ?? NO_BYTES,
    unknownToken: table.bytes(6) ?? NO_BYTES,
    unknownId: table.int(7),
    ofSuffixIndicator: table.ints(8) ?? new Int32Array(),
    punctuationLink: table.int(9) >>> 0,
    endToEnd: table.bool(10),
    vocabulary: table.bool(11) && words && isSuffix ? { words, isSuffix } : undefined,
  };
});

const TOKEN_ID = 0x3fffff00;

export const tokenId = (encoded: number): number => (encoded & TOKEN_ID) >> 8;
export const tokenLength = (encoded: number): number => (encoded & 0xff) + 1;
export const isSuffixToken = (encoded: number): boolean => encoded >> 30 !== 0;
