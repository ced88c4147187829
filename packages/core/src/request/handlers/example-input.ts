import { Tensor } from '@servable/tensor';
import { ServingError } from '../../servable/serving-error.js';
import type { ModelSpec } from './model-spec.js';

/** The `Input` of a classify, regress or multi-inference request with every tf.Example left serialized. */
export interface ExampleInput {
  /** Serialized tf.Examples. */
  readonly examples: readonly Uint8Array[];
  /** A serialized tf.Example whose features every example has, unless it brings its own. */
  readonly context?: Uint8Array | undefined;
}

/** A decoded ClassificationRequest or RegressionRequest. */
export interface ExampleCall {
  readonly modelSpec?: ModelSpec | undefined;
  readonly input?: ExampleInput | undefined;
}

/**
 * The examples as the tensor a signature takes: a string vector, one element per example, none of them parsed
 * (`InputToSerializedExampleTensor` in servables/tensorflow/util.cc). Serialized protobuf messages merge by
 * concatenation, later fields over earlier ones, which is how the context gets in.
 *
 * @throws ServingError INVALID_ARGUMENT `Input is empty.`
 */
export function exampleTensor(input: ExampleInput | undefined): Tensor<'string'> {
  if (input === undefined || input.examples.length === 0) {
    throw new ServingError('INVALID_ARGUMENT', 'INPUT_EMPTY', 'Input is empty.');
  }
  const { examples, context } = input;
  const elements =
    context === undefined || context.length === 0 ? examples : examples.map((example) => concatenate(context, example));
  return new Tensor('string', [elements.length], elements);
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
