import type { Tensor } from '@servable/tensor';
import { indices as integerVector, int64s } from './byte-strings.js';
import { checkedSize, invalidRequest, sizeOf } from './elements.js';
import {
  featureVector,
  forEachField,
  malformedExample,
  readFeature,
  typeNames,
  zeroOf,
  type Feature,
  type FeatureDType,
} from './parse-example.js';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A list of features of any length each, answered as a sparse tensor. */
export interface SparseFeatureList {
  readonly key: string;
  readonly dtype: FeatureDType;
}

/** A list of features of one shape; shorter lists are padded with zeros. */
export interface DenseFeatureList extends SparseFeatureList {
  readonly shape: readonly number[];
  /** Whether a list that is not there counts as an empty one. */
  readonly mayBeMissing: boolean;
}

/** A list of features of any length each, answered as values and two levels of row splits. */
export interface RaggedFeatureList extends SparseFeatureList {
  readonly splitDtype: 'int32' | 'int64';
}

export interface FeatureListsSpec {
  readonly dense: readonly DenseFeatureList[];
  readonly sparse: readonly SparseFeatureList[];
  readonly ragged: readonly RaggedFeatureList[];
}

/** Per kind one tensor per feature list, in the order of the spec. */
export interface ParsedFeatureLists {
  readonly sparseIndices: readonly Tensor[];
  readonly sparseValues: readonly Tensor[];
  readonly sparseShapes: readonly Tensor[];
  readonly dense: readonly Tensor[];
  readonly denseLengths: readonly Tensor[];
  readonly raggedValues: readonly Tensor[];
  readonly raggedOuterSplits: readonly Tensor[];
  readonly raggedInnerSplits: readonly Tensor[];
}

type FeatureLists = ReadonlyMap<string, readonly Feature[]>;

/**
 * Parses the feature lists of serialized `tf.SequenceExample`s (tensorflow/core/util/example_proto_fast_parsing.cc). Their
 * context stands where a `tf.Example` has its features, and is read as one.
 *
 * @param serialized - a vector, or a scalar, which gives outputs without a batch dimension
 * @throws SavedModelError INVALID_ARGUMENT with the key of the list
 */
export function parseFeatureLists(serialized: Tensor<'string'>, spec: FeatureListsSpec): ParsedFeatureLists {
  const keys = new Set([...spec.dense, ...spec.sparse, ...spec.ragged].map((feature) => feature.key));
  const examples = serialized.data.map((bytes, index) => readFeatureLists(bytes, index, keys));
  const batched = serialized.rank > 0;
  const sparse = spec.sparse.map((list) => sparseList(list, examples, batched));
  const dense = spec.dense.map((list) => denseList(list, examples, batched));
  const ragged = spec.ragged.map((list) => raggedList(list, examples, batched));
  return {
    sparseIndices: sparse.map(([indices]) => indices),
    sparseValues: sparse.map(([, values]) => values),
    sparseShapes: sparse.map(([, , shape]) => shape),
    dense: dense.map(([values]) => values),
    denseLengths: dense.map(([, lengths]) => lengths),
    raggedValues: ragged.map(([values]) => values),
    raggedOuterSplits: ragged.map(([, outer]) => outer),
    raggedInnerSplits: ragged.map(([, , inner]) => inner),
  };
}

function readFeatureLists(bytes: Uint8Array, index: number, keys: ReadonlySet<string>): FeatureLists {
  const lists = new Map<string, readonly Feature[]>();
  try {
    forEachField(bytes, 2, (all) =>
      forEachField(all, 1, (entry) => {
        let key = '';
        let list: Uint8Array = new Uint8Array();
        const reader = new BinaryReader(entry);
        while (reader.pos < reader.len) {
          const [field, wire] = reader.tag();
          if (field === 1 && wire === WireType.LengthDelimited) key = reader.string();
          else if (field === 2 && wire === WireType.LengthDelimited) list = reader.bytes();
          else reader.skip(wire, field);
        }
        if (!keys.has(key)) return;
        const features: Feature[] = [];
        forEachField(list, 1, (feature) => features.push(readFeature(feature)));
        lists.set(key, features);
      }),
    );
  } catch (cause) {
    throw malformedExample(bytes, index, 'tf.SequenceExample', cause);
  }
  return lists;
}

/** The values of all steps of a list; undefined when the list is not there. */
function stepsOf(example: FeatureLists, list: SparseFeatureList) {
  return example.get(list.key)?.map((feature, step) => {
    if (feature.dtype !== undefined && feature.dtype !== list.dtype) {
      throw invalidRequest(
        'FEATURE_DTYPE_MISMATCH',
        `Name: <unknown>, Feature list: ${list.key}, Index: ${step}.  Data types don't match. Expected type: ${typeNames[list.dtype]}`,
      );
    }
    return feature.values;
  });
}

function sparseList(list: SparseFeatureList, examples: readonly FeatureLists[], batched: boolean) {
  const positions: number[] = [];
  const all: unknown[] = [];
  let [steps, width] = [0, 0];
  examples.forEach((example, index) => {
    const rows = stepsOf(example, list) ?? [];
    steps = Math.max(steps, rows.length);
    rows.forEach((row, step) => {
      width = Math.max(width, row.length);
      row.forEach((value, i) => {
        positions.push(...(batched ? [index, step, i] : [step, i]));
        all.push(value);
      });
    });
  });
  return [
    int64s(positions, [all.length, batched ? 3 : 2]),
    featureVector(list.dtype, all),
    int64s(batched ? [examples.length, steps, width] : [steps, width]),
  ] as const;
}

function denseList(list: DenseFeatureList, examples: readonly FeatureLists[], batched: boolean) {
  const size = sizeOf(list.shape);
  const all = examples.map((example) => {
    const rows = stepsOf(example, list);
    if (rows === undefined && !list.mayBeMissing) {
      throw invalidRequest(
        'FEATURE_MISSING',
        `Name: <unknown>, Feature list '${list.key}' is required but could not be found.  Did you mean to include it in ` +
          'feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?',
      );
    }
    const flat = (rows ?? []).flat();
    // Upstream counts the values of all steps together.
    if (size === 0 ? flat.length > 0 : flat.length % size !== 0) {
      throw invalidRequest(
        'FEATURE_SIZE_MISMATCH',
        `Feature list '${list.key}' has an unexpected number of values.  Total values size: ${flat.length} is not ` +
          `consistent with output shape: [${['?', ...list.shape].join(',')}]`,
      );
    }
    return { flat, steps: size === 0 ? (rows ?? []).length : flat.length / size };
  });
  const longest = all.reduce((most, { steps }) => Math.max(most, steps), 0);
  const shape = [...(batched ? [examples.length] : []), longest, ...list.shape];
  checkedSize(shape);
  const values: unknown[] = [];
  for (const { flat } of all) {
    for (const value of flat) values.push(value);
    for (let i = flat.length; i < longest * size; i++) values.push(zeroOf(list.dtype));
  }
  const lengths = all.map(({ steps }) => steps);
  return [featureVector(list.dtype, values).reshape(shape), int64s(lengths, batched ? [lengths.length] : [])] as const;
}

function raggedList(list: RaggedFeatureList, examples: readonly FeatureLists[], batched: boolean) {
  const all: unknown[] = [];
  const inner = [0];
  const outer = [0];
  examples.forEach((example) => {
    for (const row of stepsOf(example, list) ?? []) {
      for (const value of row) all.push(value);
      inner.push(all.length);
    }
    outer.push(inner.length - 1);
  });
  return [
    featureVector(list.dtype, all),
    integerVector(list.splitDtype, batched ? outer : outer.slice(0, 0)),
    integerVector(list.splitDtype, inner),
  ] as const;
}
