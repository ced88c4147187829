import { dtypeInfo } from '../dtype/dtype.js';
import { readVarints } from '../proto/read-varints.js';
import { copyInto, halves, lowHalf, readArray, writeArray } from '../wire/little-endian.js';
import { malformed, takeBytes, wireBytes, wireFixed32, wireVarint, type WireReader } from '../wire/wire-reader.js';
import {
  fieldSize,
  varint64Size,
  varintSize,
  writeBytesField,
  writeVarint,
  writeVarint64,
} from '../wire/wire-writer.js';

/** The list of one feature (`tensorflow/core/example/feature.proto`). */
export type Feature =
  | { readonly kind: 'bytes'; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'float'; readonly values: Float32Array }
  | { readonly kind: 'int64'; readonly values: BigInt64Array };

/** Number of each list in `tensorflow.Feature`. */
export const featureField = { bytes: 1, float: 2, int64: 3 } as const;

/** Reads the list records of one `tensorflow.Feature`; lists of one kind are joined, another kind replaces them. */
export class FeatureReader {
  private kind: Feature['kind'] | undefined;
  private strings: Uint8Array[] = [];
  private floats: Float32Array[] = [];
  private ints: BigInt64Array[] = [];

  constructor(private readonly copy: boolean) {}

  /** Reads a Feature; the reader stands on its length. */
  read(reader: WireReader): void {
    const length = reader.length();
    const outer = reader.end;
    const end = (reader.end = reader.pos + length);
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === ((featureField.bytes << 3) | wireBytes)) this.readList(reader, 'bytes');
      else if (tag === ((featureField.float << 3) | wireBytes)) this.readList(reader, 'float');
      else if (tag === ((featureField.int64 << 3) | wireBytes)) this.readList(reader, 'int64');
      else reader.skip(tag);
    }
    reader.end = outer;
  }

  /** The feature, or `undefined` when no list was there. */
  finish(): Feature | undefined {
    switch (this.kind) {
      case 'bytes':
        return { kind: 'bytes', values: this.strings };
      case 'float':
        return { kind: 'float', values: joined(this.floats, Float32Array) };
      case 'int64':
        return { kind: 'int64', values: joined(this.ints, BigInt64Array) };
      default:
        return undefined;
    }
  }

  private readList(reader: WireReader, kind: Feature['kind']): void {
    if (kind !== this.kind) {
      this.strings = [];
      this.floats = [];
      this.ints = [];
      this.kind = kind;
    }
    const length = reader.length();
    const outer = reader.end;
    const end = (reader.end = reader.pos + length);
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | wireBytes)) this.readRecord(reader, kind);
      else if (tag === ((1 << 3) | wireFixed32) && kind === 'float') {
        const start = reader.pos;
        reader.skip(tag);
        this.floats.push(readArray(Float32Array, reader.bytes, start, 1, this.copy) as Float32Array);
      } else if (tag === ((1 << 3) | wireVarint) && kind === 'int64') {
        this.ints.push(BigInt64Array.of(reader.int64()));
      } else reader.skip(tag);
    }
    reader.end = outer;
  }

  /** A string, or a packed list of numbers. */
  private readRecord(reader: WireReader, kind: Feature['kind']): void {
    const size = reader.length();
    const start = reader.pos;
    const end = start + size;
    if (kind === 'bytes') this.strings.push(takeBytes(reader.bytes, start, end, this.copy));
    else if (kind === 'float') {
      if (size % 4 !== 0) throw malformed(`packed list of ${size} bytes for values of 4`, start);
      this.floats.push(readArray(Float32Array, reader.bytes, start, size / 4, this.copy) as Float32Array);
    } else {
      let count = 0;
      for (let at = start; at < end; at++) if (reader.bytes[at]! < 0x80) count++;
      const values = new BigInt64Array(count);
      const outer = reader.end;
      reader.end = end;
      readVarints(reader, dtypeInfo('int64'), values, 0);
      reader.end = outer;
      this.ints.push(values);
    }
    reader.pos = end;
  }
}

function joined<T extends Float32Array | BigInt64Array>(parts: readonly T[], array: new (length: number) => T): T {
  if (parts.length === 1) return parts[0]!;
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new array(length);
  let at = 0;
  for (const part of parts) {
    copyInto(all, at, new Uint8Array(part.buffer, part.byteOffset, part.byteLength), 0, part.length);
    at += part.length;
  }
  return all;
}

/** Bytes of the packed values, or of the records of strings. */
export function listSize(feature: Feature): number {
  let size = 0;
  if (feature.kind === 'bytes') for (const value of feature.values) size += fieldSize(value.length);
  else if (feature.values.length > 0) size = fieldSize(packedSize(feature));
  return size;
}

function packedSize(feature: Exclude<Feature, { kind: 'bytes' }>): number {
  if (feature.kind === 'float') return feature.values.byteLength;
  const parts = halves(feature.values);
  let size = 0;
  for (let at = 0; at < parts.length; at += 2) size += varint64Size(parts[at + lowHalf]!, parts[at + 1 - lowHalf]!);
  return size;
}

/** Writes the one list record that is the content of a `tensorflow.Feature`; gives the position after it. */
export function writeList(target: Uint8Array, start: number, feature: Feature): number {
  target[start] = (featureField[feature.kind] << 3) | wireBytes;
  let pos = writeVarint(target, start + 1, listSize(feature));
  if (feature.kind === 'bytes') {
    for (const value of feature.values) pos = writeBytesField(target, pos, 1, value);
    return pos;
  }
  if (feature.values.length === 0) return pos;
  target[pos++] = (1 << 3) | wireBytes;
  pos = writeVarint(target, pos, packedSize(feature));
  if (feature.kind === 'float') {
    writeArray(target, pos, feature.values);
    return pos + feature.values.byteLength;
  }
  const parts = halves(feature.values);
  for (let at = 0; at < parts.length; at += 2) {
    pos = writeVarint64(target, pos, parts[at + lowHalf]!, parts[at + 1 - lowHalf]!);
  }
  return pos;
}

/** Bytes of a `tensorflow.Feature`: one length-delimited list. */
export function featureSize(feature: Feature): number {
  const size = listSize(feature);
  return 1 + varintSize(size) + size;
}
