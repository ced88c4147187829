import type { DType, Tensor } from '@servable/tensor';
import {
  isFeatureDType,
  parseExamples,
  type DenseFeature,
  type ExampleSpec,
  type FeatureDType,
  type ParsedExamples,
} from '../kernels/parse-example.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Parsing of serialized `tf.Example`s. */
export const exampleParsing = new OpFamily('example parsing')
  .host('ParseExampleV2', (context) => {
    const { attrs } = context;
    const keys = (index: number) => constantTexts(context, index, 'feature keys');
    const dense = keys(3);
    return parse(context, {
      sparse: features(context, keys(2), attrs.dtypes('sparse_types', [])),
      dense: denseFeatures(context, dense, attrs.dtypes('Tdense', []), 5),
      ragged: features(context, keys(4), attrs.dtypes('ragged_value_types', [])).map((feature, i) => ({
        ...feature,
        splitDtype: attrs.dtypes('ragged_split_types', [])[i] === 'int32' ? 'int32' : 'int64',
      })),
    });
  })
  .host('ParseExample', (context) => {
    const { attrs } = context;
    const sparseCount = attrs.int('Nsparse');
    const denseCount = attrs.int('Ndense');
    const key = (index: number) => constantTexts(context, index, 'feature keys')[0] ?? '';
    const range = (start: number, count: number) => Array.from({ length: count }, (_, i) => key(start + i));
    const dense = range(2 + sparseCount, denseCount);
    return parse(context, {
      sparse: features(context, range(2, sparseCount), attrs.dtypes('sparse_types', [])),
      dense: denseFeatures(context, dense, attrs.dtypes('Tdense', []), 2 + sparseCount + denseCount),
      ragged: [],
    });
  })
  .host('ParseSingleExample', (context) => {
    const { attrs } = context;
    return parse(context, {
      sparse: features(context, attrs.strings('sparse_keys', []), attrs.dtypes('sparse_types', [])),
      dense: denseFeatures(context, attrs.strings('dense_keys', []), attrs.dtypes('Tdense', []), 1),
      ragged: [],
    });
  });

/** The strings of an input that must not depend on the request. */
export function constantTexts(context: OpContext, index: number, what: string): readonly string[] {
  const { constant } = context.input(index);
  if (constant === undefined) throw context.refuse(`its ${what} depend on the request, and must be constant`);
  return constant.text();
}

/** Keys with their dtypes. */
export function features(context: OpContext, keys: readonly string[], dtypes: readonly DType[]) {
  return keys.map((key, i) => ({ key, dtype: featureDType(context, key, dtypes[i]) }));
}

/** A dtype that features have. */
export function featureDType(context: OpContext, key: string, dtype: DType | undefined): FeatureDType {
  if (dtype === undefined || !isFeatureDType(dtype)) {
    throw context.refuse(`feature '${key}' has dtype ${dtype ?? 'unknown'}; features are string, float32 or int64`);
  }
  return dtype;
}

/** Keys with their dtypes, shapes and defaults; the defaults are inputs from `firstDefault` on. */
export function denseFeatures(
  context: OpContext,
  keys: readonly string[],
  dtypes: readonly DType[],
  firstDefault: number,
  shapes = keys.length === 0 ? [] : context.attrs.shapes('dense_shapes'),
): DenseFeature[] {
  return keys.map((key, i) => {
    const defaultValue = context.input(firstDefault + i).constant;
    const shape = shapes[i];
    if (defaultValue === undefined) throw context.refuse(`the default of feature '${key}' depends on the request`);
    if (shape?.slice(1).some((dim) => dim === null) !== false) {
      throw context.refuse(`feature '${key}' has a shape of which more than the first dimension is unknown`);
    }
    return { key, dtype: featureDType(context, key, dtypes[i]), shape, defaultValue };
  });
}

/** Outputs in the order in which all three ops have them. */
function parse(context: OpContext, spec: ExampleSpec): readonly Value[] {
  const serialized = context.input(0);
  const specs = exampleSpecs(context, spec);
  return context.builder.host(context.node.op, [serialized], specs, ([examples]) =>
    inOrder(parseExamples(examples as Tensor<'string'>, spec)),
  );
}

/** Dtypes and shapes of what parsing gives, in the order of {@link inOrder}. */
export function exampleSpecs(context: OpContext, spec: ExampleSpec): OutputSpec[] {
  const { builder } = context;
  const { shape } = context.input(0);
  const batch: readonly Dim[] = shape ?? [builder.unknownDim()];
  const columns = batch.length + 1;
  const vector = (dtype: DType): OutputSpec => ({ dtype, shape: [builder.unknownDim()] });
  return [
    ...spec.sparse.map((): OutputSpec => ({ dtype: 'int64', shape: [builder.unknownDim(), columns] })),
    ...spec.sparse.map(({ dtype }) => vector(dtype)),
    ...spec.sparse.map((): OutputSpec => ({ dtype: 'int64', shape: [columns] })),
    ...spec.dense.map((feature): OutputSpec => ({
      dtype: feature.dtype,
      shape: [...batch, ...feature.shape.map((dim) => dim ?? builder.unknownDim())],
    })),
    ...spec.ragged.map(({ dtype }) => vector(dtype)),
    ...spec.ragged.map(({ splitDtype }) => vector(splitDtype)),
  ];
}

/** Parsed features in the order in which the ops answer. */
export function inOrder(parsed: ParsedExamples): readonly Tensor[] {
  const { sparseIndices, sparseValues, sparseShapes, dense, raggedValues, raggedSplits } = parsed;
  return [...sparseIndices, ...sparseValues, ...sparseShapes, ...dense, ...raggedValues, ...raggedSplits];
}
