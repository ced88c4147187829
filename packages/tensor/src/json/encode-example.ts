import { encodeUtf8 } from './json-text.js';
import { fieldSize, varint64Size, writeBytesField, writeVarint64 } from '../wire/wire-writer.js';

/** The `tensorflow.Feature` field of each kind (tensorflow/core/example/feature.proto). */
const kindFields = { bytes: 1, float: 2, int64: 3 } as const;

/** The values of one feature, all of one kind. */
export class ExampleFeature {
  /** `undefined` while there are no values. */
  kind: keyof typeof kindFields | undefined;
  readonly #bytes: Uint8Array[] = [];
  readonly #floats: number[] = [];
  readonly #integers: bigint[] = [];

  addBytes(value: Uint8Array): void {
    this.kind = 'bytes';
    this.#bytes.push(value);
  }

  addFloat(value: number): void {
    this.kind = 'float';
    this.#floats.push(value);
  }

  addInt64(value: bigint): void {
    this.kind = 'int64';
    this.#integers.push(value);
  }

  /** The wire bytes of the `Feature` message. */
  encode(): Uint8Array {
    if (this.kind === undefined) return new Uint8Array(0);
    const list =
      this.kind === 'bytes'
        ? encodeBytesList(this.#bytes)
        : this.kind === 'float'
          ? encodeFloatList(this.#floats)
          : encodeInt64List(this.#integers);
    return wrapField(kindFields[this.kind], list);
  }
}

/** The wire bytes of a `tensorflow.Example` with these features. */
export function encodeExample(features: ReadonlyMap<string, ExampleFeature>): Uint8Array {
  const entries: Uint8Array[] = [];
  let size = 0;
  for (const [name, feature] of features) {
    const key = encodeUtf8(name);
    const value = feature.encode();
    const entry = new Uint8Array(fieldSize(key.length) + fieldSize(value.length));
    writeBytesField(entry, writeBytesField(entry, 0, 1, key), 2, value);
    entries.push(entry);
    size += fieldSize(entry.length);
  }
  const map = new Uint8Array(size);
  let at = 0;
  for (const entry of entries) at = writeBytesField(map, at, 1, entry);
  return wrapField(1, map);
}

function encodeBytesList(values: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(values.reduce((size, value) => size + fieldSize(value.length), 0));
  let at = 0;
  for (const value of values) at = writeBytesField(out, at, 1, value);
  return out;
}

function encodeFloatList(values: readonly number[]): Uint8Array {
  const packed = new Uint8Array(values.length * 4);
  const view = new DataView(packed.buffer);
  values.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return wrapField(1, packed);
}

function encodeInt64List(values: readonly bigint[]): Uint8Array {
  const halves = new Uint32Array(values.length * 2);
  let size = 0;
  values.forEach((value, index) => {
    const low = Number(BigInt.asUintN(32, value));
    const high = Number(BigInt.asUintN(32, value >> 32n));
    halves[index * 2] = low;
    halves[index * 2 + 1] = high;
    size += varint64Size(low, high);
  });
  const packed = new Uint8Array(size);
  let at = 0;
  for (let k = 0; k < halves.length; k += 2) at = writeVarint64(packed, at, halves[k]!, halves[k + 1]!);
  return wrapField(1, packed);
}

function wrapField(field: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(fieldSize(payload.length));
  writeBytesField(out, 0, field, payload);
  return out;
}
