import { dtypeInfo, type DType, type Tensor } from '@servable/tensor';
import { DataType, type SignatureDef } from '@servable/protos/tensorflow';
import type { InferenceServable } from '../../servable/inference-servable.js';
import { ServingError } from '../../servable/serving-error.js';
import { EXAMPLES_INPUT } from '../signature/check-example-signature.js';
import { inputsMisfit } from '../signature/check-predict-call.js';
import { signatureViolation } from '../signature/signature-violation.js';
import type { RequestOptions } from './handler-dependencies.js';
import { runSignature } from './run-signature.js';

/** A signature to feed with tf.Examples, already found fit for it. */
export interface ExampleSignature {
  readonly name: string;
  readonly definition: SignatureDef;
  readonly outputs: readonly string[];
}

/**
 * Feeds a vector of serialized tf.Examples to a signature.
 *
 * @returns the outputs that were asked for, by alias
 * @throws ServingError INVALID_ARGUMENT when the signature does not take a string vector or answers with other outputs
 */
export async function runExamples(
  servable: InferenceServable,
  signature: ExampleSignature,
  examples: Tensor<'string'>,
  options: RequestOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  if (options.record !== undefined) {
    options.record.signatureName = signature.name;
    options.record.exampleCount = examples.size;
  }
  const { name: signatureName, definition, outputs: outputFilter } = signature;
  const inputs = new Map([[EXAMPLES_INPUT, examples]]);
  const misfit = servable.takesOtherTensors === true ? undefined : inputsMisfit(signatureName, definition, inputs);
  if (misfit !== undefined) throw misfit;
  const call = { signatureName, signature: definition, inputs, outputFilter };
  const outputs = await runSignature(servable, call, options);
  if (outputs.size !== signature.outputs.length || !signature.outputs.every((alias) => outputs.has(alias))) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'OUTPUTS_MISMATCH',
      `Expected ${signature.outputs.length} output tensor(s).  Got: ${outputs.size}`,
    );
  }
  return outputs;
}

/** @throws ServingError INVALID_ARGUMENT `No signature was found with the name: <name>` */
export function findExampleSignature(servable: InferenceServable, name: string): SignatureDef {
  const definition = servable.signatureDefs.get(name);
  if (definition !== undefined) return definition;
  throw new ServingError('INVALID_ARGUMENT', 'SIGNATURE_NOT_FOUND', `No signature was found with the name: ${name}`, {
    fieldViolations: [signatureViolation(servable, name)],
  });
}

/** An output that is not what a classify or regress result is made of. */
export function unfitOutput(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'OUTPUT_UNFIT', message);
}

/** `DT_STRING` for string. */
export function protoDtypeName(dtype: DType): string {
  return DataType[dtypeInfo(dtype).enum]!;
}
