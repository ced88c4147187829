import type { Tensor } from '@servable/tensor';
import { boundedBytes, boundedList, stringsOf } from '../byte-strings.js';
import { invalidRequest } from '../elements.js';
import { DoubleArray } from './double-array.js';
import { FlatTable, remembered } from './flatbuffer.js';
import { longs, stringVector } from './token-lists.js';
import { sizeOfPoint, utf8At } from './utf8-at.js';

/** `FastBertNormalizerModel` of tensorflow_text/core/kernels/fast_bert_normalizer_model.fbs. */
const bertNormalizerModel = remembered((bytes: Uint8Array) => {
  const table = FlatTable.root(bytes, 'the model of a FastBertNormalizer');
  const units = table.words(1);
  const pool = table.bytes(3);
  if (units === undefined || units.length === 0 || pool === undefined) {
    throw invalidRequest('BAD_MODEL', 'FastBertNormalizerModel or its required fields are null');
  }
  return { trie: new DoubleArray(units), ofZero: table.int(2), pool };
});

type Model = ReturnType<typeof bertNormalizerModel>;

/** Set in what the trie has for a character that is not its own normal form. */
const DIFFERENT = 0x40000000;

/**
 * `FastBertNormalize`: lower case, without accents, by a table of all characters; and for every byte of the result, if
 * wanted, the byte that it comes from. tensorflow_text/core/kernels/fast_bert_normalizer.h
 */
export function bertNormalize(input: Tensor, model: Uint8Array, withOffsets: boolean): readonly Tensor[] {
  const normalizer = bertNormalizerModel(model);
  const offsets: number[] = [];
  const splits = [0];
  let total = 0;
  const texts = stringsOf(input).map((text) => {
    const normal = normalize(text, normalizer, withOffsets ? offsets : undefined);
    total = boundedBytes(total + normal.length);
    splits.push(boundedList(offsets.length));
    return normal;
  });
  return [stringVector(texts), longs(offsets), longs(splits)];
}

function normalize(text: Uint8Array, { trie, ofZero, pool }: Model, offsets: number[] | undefined): Uint8Array {
  // A character becomes 63 bytes at most; most stay as they are.
  let normal: Uint8Array | undefined;
  let length = 0;
  let copied = 0;
  const size = text.length;
  const room = (more: number) => {
    if (normal !== undefined && length + more <= normal.length) return normal;
    const larger = new Uint8Array(boundedBytes(Math.max(64, 2 * (length + more), size)));
    if (normal !== undefined) larger.set(normal.subarray(0, length));
    return (normal = larger);
  };
  const copy = (end: number) => {
    const target = room(end - copied);
    for (let i = copied; i < end; i++) {
      target[length++] = text[i]!;
      offsets?.push(i);
    }
    copied = end;
  };
  for (let at = 0; at < size;) {
    const end = at + sizeOfPoint(utf8At(text, at, size));
    let code = ofZero;
    if (text[at] !== 0) {
      const node = trie.walk(0, text, at, end);
      code = node === -1 ? -1 : trie.valueAt(node);
    }
    if (code !== -1 && (code & DIFFERENT) !== 0) {
      copy(at);
      const bytes = code & 63;
      const from = (code & (DIFFERENT - 1)) >>> 6;
      const target = room(bytes);
      for (let i = 0; i < bytes && from + bytes <= pool.length; i++) {
        target[length++] = pool[from + i]!;
        offsets?.push(at);
      }
      copied = end;
    }
    at = end;
  }
  if (copied === 0) {
    for (let i = 0; offsets !== undefined && i <= size; i++) offsets.push(i);
    return text;
  }
  copy(size);
  offsets?.push(size);
  return (normal as Uint8Array).subarray(0, length);
}
