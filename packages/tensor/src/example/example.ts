import type { TensorError } from '../tensor-error.js';
import { invalidArgument } from '../tensor-error.js';
import { tensor, type TensorValues } from '../tensor/build.js';
import type { Tensor } from '../tensor/tensor.js';
import { WireReader, wireBytes } from '../wire/wire-reader.js';
import { allocate, fieldSize, textSize, writeTextField, writeVarint } from '../wire/wire-writer.js';
import { featureSize, FeatureReader, writeList, type Feature } from './feature.js';

/**
 * A value of a feature: text or bytes make a bytes list, numbers a float list, bigints an int64 list; one value or a flat
 * list of them. A {@link Feature} says its kind itself, which an empty list must.
 */
export type FeatureLike =
  | Feature
  | string
  | number
  | bigint
  | Uint8Array
  | Float32Array
  | BigInt64Array
  | readonly (string | Uint8Array)[]
  | readonly number[]
  | readonly bigint[];

/**
 * Writes a `tensorflow.Example` (`tensorflow/core/example/example.proto`), the input of classify and regress calls and of
 * models that parse examples.
 *
 * @throws TensorError INVALID_ARGUMENT `INVALID_FEATURE` for an empty list without a kind, nested or mixed values, or an
 * integer over 64 bits; the message names the feature
 * @example
 * encodeExample({ age: 39, hours: [40n], workclass: 'Private' }); // age is a float list, hours an int64 list
 */
export function encodeExample(features: Readonly<Record<string, FeatureLike>>): Uint8Array {
  const entries = Object.entries(features).map(([name, value]) => {
    const feature = toFeature(name, value);
    const nameBytes = textSize(name);
    const valueBytes = featureSize(feature);
    return { name, nameBytes, feature, valueBytes, size: fieldSize(nameBytes) + fieldSize(valueBytes) };
  });
  let size = 0;
  for (const entry of entries) size += fieldSize(entry.size);
  const target = allocate(fieldSize(size));
  target[0] = (1 << 3) | wireBytes;
  let pos = writeVarint(target, 1, size);
  for (const entry of entries) {
    target[pos++] = (1 << 3) | wireBytes;
    pos = writeVarint(target, pos, entry.size);
    pos = writeTextField(target, pos, 1, entry.name, entry.nameBytes);
    target[pos++] = (2 << 3) | wireBytes;
    pos = writeVarint(target, pos, entry.valueBytes);
    pos = writeList(target, pos, entry.feature);
  }
  return target;
}

function toFeature(name: string, value: FeatureLike): Feature {
  if (typeof value === 'object' && value !== null && 'kind' in value) return checked(name, value);
  let made: Tensor;
  try {
    const isText = value instanceof Uint8Array || (Array.isArray(value) && value[0] instanceof Uint8Array);
    made = tensor(value as TensorValues, isText ? 'string' : undefined);
  } catch (cause) {
    throw invalidFeature(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (made.rank > 1)
    throw invalidFeature(name, `expected one value or a flat list, given shape [${made.shape.join(',')}]`);
  if (Array.isArray(value) && value.length === 0) {
    throw invalidFeature(
      name,
      "expected values or a kind, as in { kind: 'float', values: new Float32Array(0) }, given []",
    );
  }
  if (made.is('string')) return { kind: 'bytes', values: made.data };
  if (made.is('float32')) return { kind: 'float', values: made.data };
  if (made.is('int64')) return { kind: 'int64', values: made.data };
  throw invalidFeature(name, `expected text, bytes, numbers or bigints, given ${made.dtype}`);
}

function checked(name: string, feature: Feature): Feature {
  const { kind, values } = feature;
  const fits =
    kind === 'bytes'
      ? Array.isArray(values) && values.every((value) => value instanceof Uint8Array)
      : kind === 'float'
        ? values instanceof Float32Array
        : values instanceof BigInt64Array;
  if (fits && ['bytes', 'float', 'int64'].includes(kind)) return feature;
  throw invalidFeature(
    name,
    `expected Uint8Array[] of kind bytes, Float32Array of kind float or BigInt64Array of kind int64, given ${kind}`,
  );
}

function invalidFeature(name: string, what: string, cause?: unknown): TensorError {
  return invalidArgument('INVALID_FEATURE', `Feature ${JSON.stringify(name)}: ${what}`, { cause });
}

/**
 * Reads the features of a `tensorflow.Example`. Concatenated examples merge, as protobuf has it: of features with one name
 * the last one wins. A feature without a list is left out.
 *
 * @param options - `copy: true` keeps the features from sharing memory with `bytes`
 * @throws TensorError INVALID_ARGUMENT `MALFORMED_PROTO`
 * @example
 * decodeExample(bytes).get('age'); // { kind: 'float', values: Float32Array [39] }
 */
export function decodeExample(bytes: Uint8Array, options?: { readonly copy?: boolean }): Map<string, Feature> {
  const reader = new WireReader(bytes);
  const features = new Map<string, Feature>();
  while (reader.pos < bytes.length) {
    const tag = reader.tag();
    if (tag !== ((1 << 3) | wireBytes)) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const end = (reader.end = reader.pos + length);
    while (reader.pos < end) {
      const featureTag = reader.tag();
      if (featureTag === ((1 << 3) | wireBytes)) readEntry(reader, features, options?.copy === true);
      else reader.skip(featureTag);
    }
    reader.end = bytes.length;
  }
  return features;
}

function readEntry(reader: WireReader, features: Map<string, Feature>, copy: boolean): void {
  const length = reader.length();
  const outer = reader.end;
  const end = (reader.end = reader.pos + length);
  const value = new FeatureReader(copy);
  let name = '';
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | wireBytes)) name = reader.text();
    else if (tag === ((2 << 3) | wireBytes)) value.read(reader);
    else reader.skip(tag);
  }
  reader.end = outer;
  const feature = value.finish();
  if (feature === undefined) features.delete(name);
  else features.set(name, feature);
}
