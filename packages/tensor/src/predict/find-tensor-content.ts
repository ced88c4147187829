import { WireReader, wireBytes } from '../wire/wire-reader.js';

/** Field of the inputs in a PredictRequest, and of the value in an entry of that map. */
const NESTED_FIELD = 2;
/** PredictRequest → map entry → TensorProto. */
const DEPTH = 2;

/**
 * Where the values of a large tensor start in a PredictRequest of which only the first bytes are there: the first field of
 * a TensorProto that reaches beyond `head`. Who places the message in memory accordingly spares its decoder a copy.
 *
 * @param head - the first bytes of the message, some hundred at least
 * @returns the position in bytes; 0 when there is no such field, or the bytes are no PredictRequest
 */
export function findTensorContent(head: Uint8Array): number {
  const reader = new WireReader(head);
  let depth = 0;
  try {
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if ((tag & 7) !== wireBytes) {
        reader.skip(tag);
        continue;
      }
      const length = reader.varint();
      if (reader.high !== 0) return 0;
      if (length <= reader.end - reader.pos) reader.pos += length;
      else if (depth === DEPTH) return reader.pos;
      else if (tag >>> 3 === NESTED_FIELD) depth++;
      else return 0;
    }
  } catch {
    // Cut off in the middle of a field, or no protobuf at all, which the decoder will say.
  }
  return 0;
}
