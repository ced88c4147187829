import type { DType, Tensor } from '@servable/tensor';
import { decodeJsonExamples } from '../kernels/decode-json-example.js';
import { parseExamples, type ExampleSpec } from '../kernels/parse-example.js';
import {
  parseFeatureLists,
  type DenseFeatureList,
  type FeatureListsSpec,
  type RaggedFeatureList,
} from '../kernels/parse-sequence-example.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { constantTexts, denseFeatures, exampleSpecs, features, inOrder } from './example-parsing.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue } from './host-value.js';

/** Parsing of serialized `tf.SequenceExample`s, and of `tf.Example`s written as JSON. */
export const sequenceExampleParsing = new OpFamily('sequence example parsing')
  .host('ParseSequenceExampleV2', (context) => {
    const { attrs } = context;
    const keys = (index: number) => constantTexts(context, index, 'feature keys');
    const splits = (dtypes: readonly DType[], i: number) => (dtypes[i] === 'int32' ? 'int32' : 'int64');
    const contextSplits = attrs.dtypes('context_ragged_split_types', []);
    const listSplits = attrs.dtypes('feature_list_ragged_split_types', []);
    const mayBeMissing = context.input(8).constant;
    if (mayBeMissing === undefined) throw context.refuse('which lists may be missing depends on the request');
    return parse(
      context,
      {
        sparse: features(context, keys(2), attrs.dtypes('context_sparse_types', [])),
        dense: contextDense(context, keys(3), 9),
        ragged: features(context, keys(4), attrs.dtypes('context_ragged_value_types', [])).map((feature, i) => ({
          ...feature,
          splitDtype: splits(contextSplits, i),
        })),
      },
      {
        sparse: features(context, keys(5), attrs.dtypes('feature_list_sparse_types', [])),
        dense: denseLists(context, keys(6), (_, i) => mayBeMissing.data[i] === 1),
        ragged: features(context, keys(7), attrs.dtypes('feature_list_ragged_value_types', [])).map((list, i) => ({
          ...list,
          splitDtype: splits(listSplits, i),
        })),
      },
      true,
    );
  })
  .host('ParseSequenceExample', (context) => {
    const { attrs } = context;
    const assumedEmpty = attrs.strings('feature_list_dense_missing_assumed_empty', []);
    return parse(
      context,
      {
        sparse: features(context, attrs.strings('context_sparse_keys', []), attrs.dtypes('context_sparse_types', [])),
        dense: contextDense(context, attrs.strings('context_dense_keys', []), 2),
        ragged: [],
      },
      {
        sparse: features(
          context,
          attrs.strings('feature_list_sparse_keys', []),
          attrs.dtypes('feature_list_sparse_types', []),
        ),
        dense: denseLists(context, attrs.strings('feature_list_dense_keys', []), (key) => assumedEmpty.includes(key)),
        ragged: [],
      },
      true,
    );
  })
  .host('ParseSingleSequenceExample', (context) => {
    const { attrs } = context;
    const counts = ['Ncontext_sparse', 'Ncontext_dense', 'Nfeature_list_sparse', 'Nfeature_list_dense'].map((name) =>
      attrs.int(name, 0),
    );
    const assumedEmpty = constantTexts(context, 1, 'missing feature lists');
    let next = 2;
    const [contextSparse = [], contextDenseKeys = [], listSparse = [], listDense = []] = counts.map((count) =>
      Array.from({ length: count }, () => constantTexts(context, next++, 'feature keys')[0] ?? ''),
    );
    return parse(
      context,
      {
        sparse: features(context, contextSparse, attrs.dtypes('context_sparse_types', [])),
        dense: contextDense(context, contextDenseKeys, next),
        ragged: [],
      },
      {
        sparse: features(context, listSparse, attrs.dtypes('feature_list_sparse_types', [])),
        dense: denseLists(context, listDense, (key) => assumedEmpty.includes(key)),
        ragged: [],
      },
      false,
    );
  })
  .host('DecodeJSONExample', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: context.input(0).shape }, decodeJsonExamples),
  );

function contextDense(context: OpContext, keys: readonly string[], firstDefault: number) {
  const { attrs } = context;
  return denseFeatures(
    context,
    keys,
    attrs.dtypes('Tcontext_dense', []),
    firstDefault,
    attrs.has('context_dense_shapes') ? attrs.shapes('context_dense_shapes') : [],
  );
}

function denseLists(
  context: OpContext,
  keys: readonly string[],
  mayBeMissing: (key: string, i: number) => boolean,
): DenseFeatureList[] {
  const shapes = keys.length === 0 ? [] : context.attrs.shapes('feature_list_dense_shapes');
  return features(context, keys, context.attrs.dtypes('feature_list_dense_types', [])).map((list, i) => {
    const shape = shapes[i]?.filter((dim) => dim !== null);
    if (shape === undefined || shape.length !== shapes[i]?.length) {
      throw context.refuse(`feature list '${list.key}' has a shape that is not fully known`);
    }
    return { ...list, shape, mayBeMissing: mayBeMissing(list.key, i) };
  });
}

/** Outputs in the order in which all three ops have them: those of the context, then those of the feature lists. */
function parse(context: OpContext, own: ExampleSpec, lists: FeatureListsSpec, withLengths: boolean): readonly Value[] {
  const serialized = context.input(0);
  const specs = [...exampleSpecs(context, own), ...listSpecs(context, lists, withLengths)];
  return context.builder.host(context.node.op, [serialized], specs, ([examples]) => {
    const strings = examples as Tensor<'string'>;
    const parsed = parseFeatureLists(strings, lists);
    return [
      ...inOrder(parseExamples(strings, own)),
      ...parsed.sparseIndices,
      ...parsed.sparseValues,
      ...parsed.sparseShapes,
      ...parsed.dense,
      ...(withLengths ? parsed.denseLengths : []),
      ...parsed.raggedValues,
      ...parsed.raggedOuterSplits,
      ...parsed.raggedInnerSplits,
    ];
  });
}

function listSpecs(context: OpContext, lists: FeatureListsSpec, withLengths: boolean): OutputSpec[] {
  const { builder } = context;
  const batch: readonly Dim[] = context.input(0).shape ?? [builder.unknownDim()];
  const columns = batch.length + 2;
  const vector = (dtype: DType): OutputSpec => ({ dtype, shape: [builder.unknownDim()] });
  const splits = ({ splitDtype }: RaggedFeatureList) => vector(splitDtype);
  return [
    ...lists.sparse.map((): OutputSpec => ({ dtype: 'int64', shape: [builder.unknownDim(), columns] })),
    ...lists.sparse.map(({ dtype }) => vector(dtype)),
    ...lists.sparse.map((): OutputSpec => ({ dtype: 'int64', shape: [columns] })),
    ...lists.dense.map(({ dtype, shape }): OutputSpec => ({
      dtype,
      shape: [...batch, builder.unknownDim(), ...shape],
    })),
    ...(withLengths ? lists.dense.map((): OutputSpec => ({ dtype: 'int64', shape: batch })) : []),
    ...lists.ragged.map(({ dtype }) => vector(dtype)),
    ...lists.ragged.map(splits),
    ...lists.ragged.map(splits),
  ];
}
