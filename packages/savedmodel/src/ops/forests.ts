import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { activeLeaves, predict, type ForestInputs } from '../forests/evaluate-forest.js';
import type { Forest } from '../forests/forest.js';
import { CREATE_FOREST, forestKeyOfHandle, forestKeyOfName } from '../forests/forest-nodes.js';
import type { Dim, Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Features that an inference op takes, before the handle. */
const FEATURE_INPUTS = 6;

/**
 * Inference ops of TensorFlow Decision Forests (`tensorflow_decision_forests/tensorflow/ops/inference` of
 * tensorflow/decision-forests). The models are read with the init op.
 */
export const forests = new OpFamily('decision forests')
  .compile(CREATE_FOREST, ({ node }) => ({ kind: 'forest', key: forestKeyOfHandle(node) }))
  .host('SimpleMLInferenceOpWithHandle', (context) => inference(context, keyOfHandle(context)))
  .host('SimpleMLInferenceOp', (context) => inference(context, forestKeyOfName(context.node)))
  .host('SimpleMLInferenceLeafIndexOpWithHandle', (context) => {
    const forest = loaded(context, keyOfHandle(context));
    const features = featuresOf(context);
    const trees = forest?.trees.roots.length ?? context.builder.unknownDim();
    const spec = { dtype: 'int32', shape: [rowsOf(context, features), trees] } as const;
    return context.builder.host(context.node.op, features, [spec], async (tensors, { signal }) => [
      await activeLeaves(ready(forest, context), inputsOf(tensors), signal),
    ]);
  });

function keyOfHandle(context: OpContext): string {
  const resource = context.resource(FEATURE_INPUTS);
  if (resource.kind === 'forest') return resource.key;
  throw context.refuse(`its input ${FEATURE_INPUTS} is a ${resource.kind}, not a decision forest`);
}

function inference(context: OpContext, key: string): readonly Value[] {
  const { builder, node } = context;
  const forest = loaded(context, key);
  const outputs = context.attrs.int('dense_output_dim');
  if (forest !== undefined && forest.representation.length !== outputs) {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'FOREST_OUTPUTS',
      `The "dense_output_dim"=${outputs} attribute does not match the model output dimension=${forest.representation.length}`,
      { op: node.op, node: node.name },
    );
  }
  const features = featuresOf(context);
  const spec = { dtype: 'float32', shape: [rowsOf(context, features), outputs] } as const;
  const run = (tensors: readonly Tensor[], signal: AbortSignal | undefined) => {
    const made = predict(ready(forest, context), inputsOf(tensors), signal);
    return made instanceof Promise ? made.then((tensor) => [tensor]) : [made];
  };
  const predictions = builder.host(node.op, features, [spec], (tensors, { signal }) => run(tensors, signal));
  const names = forest?.representation.map((name) => name.slice()) ?? [];
  return [...predictions, builder.constant(new Tensor('string', [names.length], names))];
}

function featuresOf(context: OpContext): readonly Value[] {
  return Array.from({ length: FEATURE_INPUTS }, (_, index) => context.input(index));
}

/** The rows of the first input that has a number of rows to tell. */
function rowsOf({ builder }: OpContext, features: readonly Value[]): Dim {
  const [rows] = features
    .slice(0, 3)
    .flatMap(({ shape }) => (shape?.[0] === undefined || shape[0] === 0 ? [] : [shape[0]]));
  return rows ?? builder.unknownDim();
}

function inputsOf(tensors: readonly Tensor[]): ForestInputs {
  const [numerical, boolean, categorical, setItems, setSplits, rowSplits] = tensors as readonly [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  return { numerical, boolean, categorical, setItems, setSplits, rowSplits };
}

function loaded(context: OpContext, key: string): Forest | undefined {
  return context.forest(key);
}

/** The model, or TensorFlow's error of the request that asks it. */
function ready(forest: Forest | undefined, { node }: OpContext): Forest {
  if (forest !== undefined) return forest;
  throw new SavedModelError(
    'FAILED_PRECONDITION',
    'FOREST_NOT_LOADED',
    `The decision forest that ${node.op} at node '${node.name}' asks is not loaded: the init op of the model loads none of its name.`,
    { op: node.op, node: node.name },
  );
}
