import { formatShape, type DType, type Tensor } from '@servable/tensor';
import type { ClassScore, ClassifyResult } from './calls.js';
import { CLASSES_OUTPUT, SCORES_OUTPUT, checkClassifySignature } from '../signature/check-example-signature.js';
import { recordClassify } from '../recording/record-call.js';
import type { ExampleCall } from './example-input.js';
import type { HandlerDependencies, RequestOptions } from './handler-dependencies.js';
import { runExampleCall } from './run-example-call.js';
import { protoDtypeName, unfitOutput } from './run-examples.js';

/**
 * Answers a Classify request (servables/tensorflow/classification_service.cc, classifier.cc).
 *
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND; and the errors of the servable's run
 */
export async function classify(
  dependencies: HandlerDependencies,
  call: ExampleCall,
  options: RequestOptions = {},
): Promise<ClassifyResult> {
  const method = { kind: 'classification', checkSignature: checkClassifySignature, read: readClassifications } as const;
  const { modelSpec, result: classifications } = await runExampleCall(dependencies, call, options, method);
  const result = { modelSpec, classifications };
  if (dependencies.recorder !== undefined) recordClassify(dependencies.recorder, call, result);
  return result;
}

/**
 * Turns `classes` and `scores` tensors, `[batch, classes]` each, into lists (`PostProcessClassificationResult` in
 * servables/tensorflow/classifier.cc).
 *
 * @throws ServingError INVALID_ARGUMENT
 */
export function readClassifications(
  outputs: ReadonlyMap<string, Tensor>,
  exampleCount: number,
): readonly (readonly ClassScore[])[] {
  const classes = outputs.get(CLASSES_OUTPUT);
  const scores = outputs.get(SCORES_OUTPUT);
  const labelTensor = classes && checked(classes, CLASSES_OUTPUT, 'string', exampleCount);
  const scoreTensor = scores && checked(scores, SCORES_OUTPUT, 'float32', exampleCount);
  const labelWidth = labelTensor?.shape[1];
  const scoreWidth = scoreTensor?.shape[1];
  if (labelWidth !== undefined && scoreWidth !== undefined && labelWidth !== scoreWidth) {
    throw unfitOutput(`Tensors class and score should match in dim_size(1). Got ${labelWidth} vs. ${scoreWidth}`);
  }
  const width = labelWidth ?? scoreWidth ?? 0;
  return Array.from({ length: exampleCount }, (_, example) =>
    Array.from({ length: width }, (_, column) => ({
      label: labelTensor?.data[example * width + column] ?? new Uint8Array(),
      score: scoreTensor?.data[example * width + column] ?? 0,
    })),
  );
}

function checked<D extends DType>(tensor: Tensor, alias: string, dtype: D, exampleCount: number): Tensor<D> {
  if (tensor.rank !== 2) {
    throw unfitOutput(`Expected Tensor shape: [batch_size num_classes] but got ${formatShape(tensor.shape)}`);
  }
  if (!tensor.is(dtype)) {
    throw unfitOutput(`Expected ${alias} Tensor of ${protoDtypeName(dtype)}. Got: ${protoDtypeName(tensor.dtype)}`);
  }
  if (tensor.shape[0] !== exampleCount) {
    throw unfitOutput(`Expected ${alias} output batch size of ${exampleCount}. Got: ${tensor.shape[0]}`);
  }
  return tensor;
}
