import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { boundedBytes, boundedList, NO_BYTES, stringsOf } from '../byte-strings.js';
import { integersOf, invalidRequest } from '../elements.js';
import type { SentencepieceExtras, SentencepieceProcessor } from './sentencepiece.js';
import { integerVector, longs, rowSplitsOf, stringVector } from './token-lists.js';

/** Dtypes of what the tokenizing ops return. */
export interface SentencepieceOutputs {
  readonly values: DType;
  readonly splits: DType;
  readonly withOffsets: boolean;
}

/** The extras as the ops take them: three bools. */
export function sentencepieceExtras(begin: Tensor, end: Tensor, reverse: Tensor): SentencepieceExtras {
  const isSet = (tensor: Tensor) => integersOf(tensor)[0] === 1;
  return { begin: isSet(begin), end: isSet(end), reverse: isSet(reverse) };
}

/** `SentencepieceTokenizeOp` and `SentencepieceTokenizeWithOffsetsOp`. */
export function sentencepieceTokenize(
  processor: SentencepieceProcessor,
  input: Tensor,
  nbest: Tensor,
  extras: SentencepieceExtras,
  outputs: SentencepieceOutputs,
): readonly Tensor[] {
  refuseSampling(nbest, input.size);
  const isText = outputs.values === 'string';
  const ids: number[] = [];
  const pieces: Uint8Array[] = [];
  const splits = [0];
  const starts: number[] = [];
  const ends: number[] = [];
  let count = 0;
  let total = 0;
  for (const text of stringsOf(input)) {
    for (const { piece, id, begin, end } of processor.encode(text, extras)) {
      if (isText) {
        pieces.push(piece);
        total = boundedBytes(total + piece.length);
      } else ids.push(id);
      count++;
      if (!outputs.withOffsets) continue;
      starts.push(begin);
      ends.push(end);
    }
    splits.push(boundedList(count));
  }
  const values = isText ? stringVector(pieces) : new Tensor('int32', [ids.length], Int32Array.from(ids));
  const parts = [values, integerVector(outputs.splits, splits)];
  return outputs.withOffsets ? [...parts, longs(starts), longs(ends)] : parts;
}

function refuseSampling(nbest: Tensor, texts: number): void {
  const sizes = integersOf(nbest);
  if (nbest.rank > 1 || (nbest.rank === 1 && sizes.length < texts)) {
    throw invalidRequest(
      'BAD_NBEST_SIZE',
      `expected nbest_size as a scalar or one per string, got shape [${nbest.shape.join()}] for ${texts} strings`,
    );
  }
  const sampled = sizes.find((size) => size !== 0 && size !== 1);
  if (sampled === undefined) return;
  throw new SavedModelError(
    'UNIMPLEMENTED',
    'SAMPLED_PIECES',
    `SentencePiece with nbest_size ${sampled} draws pieces at random, which is for training; expected nbest_size 0 or 1`,
  );
}

/** `SentencepieceDetokenizeOp`: the texts of rows of ids or pieces. */
export function sentencepieceDetokenize(
  processor: SentencepieceProcessor,
  values: Tensor,
  splits: Tensor,
  extras: SentencepieceExtras,
): Tensor {
  const rows = rowSplitsOf(splits, values.size, 'input_splits');
  // As the op has it: without any value no row gets the marks that are to be added.
  if (values.size === 0) return stringVector(rows.slice(1).map(() => NO_BYTES));
  const pieces = values.is('string') ? values.data : integersOf(values).map((id) => processor.pieceOf(id));
  let total = 0;
  return stringVector(
    rows.slice(1).map((end, i) => {
      const text = processor.decode(pieces.slice(rows[i], end), extras);
      total = boundedBytes(total + text.length);
      return text;
    }),
  );
}

/** `SentencepieceIdToStringOp`. */
export function sentencepieceOfId(processor: SentencepieceProcessor, ids: Tensor): Tensor {
  const pieces = integersOf(ids).map((id) => processor.pieceOf(id));
  return new Tensor('string', ids.shape, pieces);
}

/** `SentencepieceStringToIdOp`. */
export function sentencepieceIds(processor: SentencepieceProcessor, pieces: Tensor): Tensor {
  return new Tensor(
    'int32',
    pieces.shape,
    Int32Array.from(stringsOf(pieces), (piece) => processor.idOf(piece)),
  );
}
