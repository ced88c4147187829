import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { textOf } from './byte-strings.js';

/** The dtypes that features have. */
export type FeatureDType = 'string' | 'float32' | 'int64';

/** A feature whose size is fixed, or padded to the longest of the batch when `shape` starts with `null`. */
export interface DenseFeature {
  readonly key: string;
  readonly dtype: FeatureDType;
  readonly shape: readonly (number | null)[];
  /** Empty when the feature is required. */
  readonly defaultValue: Tensor;
}

/** A feature of any length, answered as the indices, values and shape of a sparse matrix. */
export interface SparseFeature {
  readonly key: string;
  readonly dtype: FeatureDType;
}

/** A feature of any length, answered as values and row splits. */
export interface RaggedFeature extends SparseFeature {
  readonly splitDtype: 'int32' | 'int64';
}

export interface ExampleSpec {
  readonly dense: readonly DenseFeature[];
  readonly sparse: readonly SparseFeature[];
  readonly ragged: readonly RaggedFeature[];
}

export interface ParsedExamples {
  readonly sparseIndices: readonly Tensor[];
  readonly sparseValues: readonly Tensor[];
  readonly sparseShapes: readonly Tensor[];
  readonly dense: readonly Tensor[];
  readonly raggedValues: readonly Tensor[];
  readonly raggedSplits: readonly Tensor[];
}

type Values = Uint8Array[] | number[] | bigint[];
/** One feature as it stands in an example; without a dtype when it has no values of any kind. */
export interface Feature {
  readonly dtype: FeatureDType | undefined;
  readonly values: Values;
}

/** Upstream's words for the dtypes of features. */
export const typeNames: Readonly<Record<FeatureDType, string>> = { string: 'string', float32: 'float', int64: 'int64' };

/**
 * Parses serialized `tf.Example`s into one tensor per feature, as TensorFlow's ParseExampleV2 does
 * (tensorflow/core/util/example_proto_fast_parsing.cc).
 *
 * @param serialized - a vector of examples, or a scalar, which gives outputs without a batch dimension
 * @throws SavedModelError INVALID_ARGUMENT with the index of the example and the key of the feature
 */
export function parseExamples(serialized: Tensor<'string'>, spec: ExampleSpec): ParsedExamples {
  const keys = new Set([...spec.dense, ...spec.sparse, ...spec.ragged].map((feature) => feature.key));
  const examples = serialized.data.map((bytes, index) => readExample(bytes, index, keys));
  const batched = serialized.rank > 0;
  const sparse = spec.sparse.map((feature) => sparseTensors(feature, examples, batched));
  const ragged = spec.ragged.map((feature) => raggedTensors(feature, examples));
  return {
    sparseIndices: sparse.map(({ indices }) => indices),
    sparseValues: sparse.map(({ values }) => values),
    sparseShapes: sparse.map(({ shape }) => shape),
    dense: spec.dense.map((feature) => denseTensor(feature, examples, batched)),
    raggedValues: ragged.map(({ values }) => values),
    raggedSplits: ragged.map(({ splits }) => splits),
  };
}

/** Upstream's words; it says `<unknown>` where a request brings no names for its examples. */
function refuse(reason: string, message: string): SavedModelError {
  return new SavedModelError('INVALID_ARGUMENT', reason, `Name: <unknown>, ${message}`);
}

/** Longer input is not repeated in messages. */
const MAX_QUOTED_BYTES = 256;

/** The error of bytes that are not the message they should be. */
export function malformedExample(bytes: Uint8Array, index: number, message: string, cause: unknown): SavedModelError {
  const start = textOf(bytes.subarray(0, MAX_QUOTED_BYTES));
  const given = bytes.length > MAX_QUOTED_BYTES ? `${start}...` : start;
  return new SavedModelError(
    'INVALID_ARGUMENT',
    'MALFORMED_EXAMPLE',
    `Could not parse example input, value: '${given}' (element ${index} is no serialized ${message})`,
    { cause },
  );
}

/** Only the features asked for are decoded; a key that stands twice counts by its last entry. */
function readExample(bytes: Uint8Array, index: number, keys: ReadonlySet<string>): ReadonlyMap<string, Feature> {
  const features = new Map<string, Feature>();
  try {
    forEachField(bytes, 1, (list) =>
      forEachField(list, 1, (entry) => {
        let key = '';
        let feature: Uint8Array = new Uint8Array();
        const reader = new BinaryReader(entry);
        while (reader.pos < reader.len) {
          const [field, wire] = reader.tag();
          if (field === 1 && wire === WireType.LengthDelimited) key = reader.string();
          else if (field === 2 && wire === WireType.LengthDelimited) feature = reader.bytes();
          else reader.skip(wire, field);
        }
        if (keys.has(key)) features.set(key, readFeature(feature));
      }),
    );
  } catch (cause) {
    throw malformedExample(bytes, index, 'tf.Example', cause);
  }
  return features;
}

/** Calls back for every record of a message that has this field number. */
export function forEachField(bytes: Uint8Array, wanted: number, visit: (value: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === wanted && wire === WireType.LengthDelimited) visit(reader.bytes());
    else reader.skip(wire, field);
  }
}

const FEATURE_KINDS: Readonly<Record<number, FeatureDType>> = { 1: 'string', 2: 'float32', 3: 'int64' };

/** Reads a serialized `tf.Feature`. */
export function readFeature(bytes: Uint8Array): Feature {
  const reader = new BinaryReader(bytes);
  let feature: Feature = { dtype: undefined, values: [] };
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const dtype = FEATURE_KINDS[field];
    if (dtype === undefined || wire !== WireType.LengthDelimited) reader.skip(wire, field);
    else feature = { dtype, values: readList(reader.bytes(), dtype) };
  }
  return feature;
}

/** A BytesList, FloatList or Int64List; numbers may be packed or not. */
function readList(bytes: Uint8Array, dtype: FeatureDType): Values {
  const strings: Uint8Array[] = [];
  const floats: number[] = [];
  const ints: bigint[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field !== 1) reader.skip(wire, field);
    else if (dtype === 'string') strings.push(reader.bytes());
    else {
      const end = wire === WireType.LengthDelimited ? reader.uint32() + reader.pos : reader.pos + 1;
      if (wire === WireType.LengthDelimited && end > reader.len) throw new RangeError('truncated list');
      do {
        if (reader.pos >= end) break;
        if (dtype === 'float32') floats.push(reader.float());
        else ints.push(BigInt(reader.int64()));
      } while (wire === WireType.LengthDelimited);
    }
  }
  return dtype === 'string' ? strings : dtype === 'float32' ? floats : ints;
}

/** The values of a feature in one example; undefined when it is missing or has no kind. */
function valuesOf(example: ReadonlyMap<string, Feature>, feature: SparseFeature, index: number): Values | undefined {
  const found = example.get(feature.key);
  if (found?.dtype === undefined) return undefined;
  if (found.dtype !== feature.dtype) {
    throw refuse(
      'FEATURE_DTYPE_MISMATCH',
      `Key: ${feature.key}, Index: ${index}.  Data types don't match. Data type: ${typeNames[found.dtype]} but expected type: ${typeNames[feature.dtype]}`,
    );
  }
  return found.values;
}

function denseTensor(
  feature: DenseFeature,
  examples: readonly ReadonlyMap<string, Feature>[],
  batched: boolean,
): Tensor {
  const [first, ...rest] = feature.shape;
  const variable = first === null;
  const stride = (variable ? rest : feature.shape).reduce<number>((a, b) => a * (b ?? 1), 1);
  const rows = examples.map((example, index): Values => {
    const values = valuesOf(example, feature, index);
    if (values === undefined) {
      if (variable) return [];
      if (feature.defaultValue.size === 0 && stride > 0) {
        throw refuse(
          'FEATURE_MISSING',
          `Feature: ${feature.key} (data type: ${typeNames[feature.dtype]}) is required but could not be found.`,
        );
      }
      return Array.from(feature.defaultValue.data as ArrayLike<number>);
    }
    if (variable ? values.length % stride !== 0 : values.length !== stride) {
      throw refuse(
        'FEATURE_SIZE_MISMATCH',
        `Key: ${feature.key}, Index: ${index}.  Number of ${typeNames[feature.dtype]} values != expected.  Values size: ${values.length} but output shape: [${feature.shape.map((dim) => dim ?? -1).join(',')}]`,
      );
    }
    return values;
  });
  const longest = variable ? rows.reduce((most, row) => Math.max(most, row.length / stride), 0) : undefined;
  const width = longest === undefined ? stride : longest * stride;
  const shape = [...(batched ? [examples.length] : []), ...(longest === undefined ? [] : [longest])];
  const inner = (variable ? rest : feature.shape).map((dim) => dim ?? 0);
  const padding = feature.defaultValue.size > 0 ? (feature.defaultValue.data as ArrayLike<number>)[0] : undefined;
  const all: unknown[] = [];
  for (const row of rows) {
    for (const value of row) all.push(value);
    for (let i = row.length; i < width; i++) all.push(padding ?? zeroOf(feature.dtype));
  }
  return featureVector(feature.dtype, all).reshape([...shape, ...inner]);
}

/** What missing values are filled with. */
export function zeroOf(dtype: FeatureDType): unknown {
  return dtype === 'string' ? new Uint8Array() : dtype === 'int64' ? 0n : 0;
}

/** Values of features as a vector. */
export function featureVector(dtype: FeatureDType, values: readonly unknown[]): Tensor {
  const shape = [values.length];
  if (dtype === 'string') return new Tensor('string', shape, values as Uint8Array[]);
  if (dtype === 'float32') return new Tensor('float32', shape, Float32Array.from(values as number[]));
  return new Tensor('int64', shape, BigInt64Array.from(values as bigint[]));
}

function sparseTensors(feature: SparseFeature, examples: readonly ReadonlyMap<string, Feature>[], batched: boolean) {
  const positions: bigint[] = [];
  const all: unknown[] = [];
  let longest = 0;
  examples.forEach((example, index) => {
    const values = valuesOf(example, feature, index) ?? [];
    longest = Math.max(longest, values.length);
    for (let i = 0; i < values.length; i++) {
      if (batched) positions.push(BigInt(index));
      positions.push(BigInt(i));
      all.push(values[i]);
    }
  });
  const columns = batched ? 2 : 1;
  const dims = batched ? [BigInt(examples.length), BigInt(longest)] : [BigInt(longest)];
  return {
    indices: new Tensor('int64', [all.length, columns], BigInt64Array.from(positions)),
    values: featureVector(feature.dtype, all),
    shape: new Tensor('int64', [columns], BigInt64Array.from(dims)),
  };
}

function raggedTensors(feature: RaggedFeature, examples: readonly ReadonlyMap<string, Feature>[]) {
  const all: unknown[] = [];
  const splits = [0];
  examples.forEach((example, index) => {
    for (const value of valuesOf(example, feature, index) ?? []) all.push(value);
    splits.push(all.length);
  });
  return {
    values: featureVector(feature.dtype, all),
    splits:
      feature.splitDtype === 'int32'
        ? new Tensor('int32', [splits.length], Int32Array.from(splits))
        : new Tensor('int64', [splits.length], BigInt64Array.from(splits, BigInt)),
  };
}

/** Whether a dtype is one that features have. */
export function isFeatureDType(dtype: DType): dtype is FeatureDType {
  return dtype === 'string' || dtype === 'float32' || dtype === 'int64';
}
