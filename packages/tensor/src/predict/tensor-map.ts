import { ElementBudget, type DecodeOptions } from '../proto/decode-options.js';
import { decodeTensorRange } from '../proto/decode-tensor.js';
import { planTensor, writeTensor, type EncodeOptions, type TensorPlan } from '../proto/encode-tensor.js';
import { TensorError } from '../tensor-error.js';
import type { Tensor } from '../tensor/tensor.js';
import type { WireReader } from '../wire/wire-reader.js';
import { wireBytes } from '../wire/wire-reader.js';
import { fieldSize, textSize, writeTextField, writeVarint } from '../wire/wire-writer.js';

/** Where a map entry's TensorProto lies; a repeated value inside one entry is merged, so there may be several parts. */
interface EntryRange {
  start: number;
  end: number;
  merged: Uint8Array | undefined;
}

/** Collects the entries of a `map<string, TensorProto>`: the last one of a key wins. */
export class TensorMapReader {
  private readonly ranges = new Map<string, EntryRange>();

  /** Reads one entry; the reader stands on its length. */
  readEntry(reader: WireReader): void {
    const length = reader.length();
    const outer = reader.end;
    const end = (reader.end = reader.pos + length);
    let key = '';
    const range: EntryRange = { start: end, end, merged: undefined };
    let seen = false;
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | wireBytes)) key = reader.text();
      else if (tag === ((2 << 3) | wireBytes)) {
        const size = reader.length();
        const start = reader.pos;
        reader.pos = start + size;
        if (seen)
          range.merged = concat(
            range.merged ?? reader.bytes.subarray(range.start, range.end),
            reader.bytes.subarray(start, reader.pos),
          );
        range.start = start;
        range.end = reader.pos;
        seen = true;
      } else reader.skip(tag);
    }
    reader.end = outer;
    this.ranges.set(key, range);
  }

  /** Decodes every tensor; a failure names its alias, and is thrown or put into `errors`. */
  decode(
    bytes: Uint8Array,
    options: DecodeOptions | undefined,
    errors?: Map<string, TensorError>,
  ): Map<string, Tensor> {
    const budget = new ElementBudget(options);
    const copy = options?.copy === true;
    const tensors = new Map<string, Tensor>();
    for (const [alias, { start, end, merged }] of this.ranges) {
      try {
        tensors.set(
          alias,
          merged === undefined
            ? decodeTensorRange(bytes, start, end, budget, copy)
            : decodeTensorRange(merged, 0, merged.length, budget, copy),
        );
      } catch (cause) {
        const error = namingInput(alias, cause);
        // Bytes that are no protobuf at all fail the whole message, not only one tensor of it.
        if (errors === undefined || error.reason === 'MALFORMED_PROTO') throw error;
        errors.set(alias, error);
      }
    }
    return tensors;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function namingInput(alias: string, cause: unknown): TensorError {
  if (!(cause instanceof TensorError)) throw cause;
  return new TensorError(cause.code, cause.reason, `Tensor ${JSON.stringify(alias)}: ${cause.message}`, {
    cause,
    input: alias,
  });
}

interface TensorEntryPlan {
  readonly alias: string;
  readonly aliasBytes: number;
  readonly tensor: TensorPlan;
  readonly size: number;
}

/** A map of tensors ready to be written. */
export interface TensorMapPlan {
  readonly entries: readonly TensorEntryPlan[];
  /** Bytes of all entries with their tags. */
  readonly size: number;
}

/** Works out the encoded size of a map of tensors. */
export function planTensorMap(tensors: ReadonlyMap<string, Tensor>, options: EncodeOptions | undefined): TensorMapPlan {
  const entries: TensorEntryPlan[] = [];
  let total = 0;
  for (const [alias, value] of tensors) {
    const aliasBytes = textSize(alias);
    const tensor = planTensor(value, options);
    const size = fieldSize(aliasBytes) + fieldSize(tensor.size);
    total += fieldSize(size);
    entries.push({ alias, aliasBytes, tensor, size });
  }
  return { entries, size: total };
}

/** Writes a planned map as entries of field `field`; gives the position after it. */
export function writeTensorMap(target: Uint8Array, start: number, field: number, plan: TensorMapPlan): number {
  let pos = start;
  for (const { alias, aliasBytes, tensor, size } of plan.entries) {
    target[pos++] = (field << 3) | wireBytes;
    pos = writeVarint(target, pos, size);
    pos = writeTextField(target, pos, 1, alias, aliasBytes);
    target[pos++] = (2 << 3) | wireBytes;
    pos = writeVarint(target, pos, tensor.size);
    pos = writeTensor(target, pos, tensor);
  }
  return pos;
}
