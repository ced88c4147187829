import type { SignatureDef } from '@servable/protos/tensorflow';
import { ServingError } from '../../servable/serving-error.js';
import { formatSignatureDef } from './format-signature-def.js';

/** The one input of a classify or regress signature: a vector of serialized tf.Examples. */
export const EXAMPLES_INPUT = 'inputs';

/** Output aliases of the classify and regress signatures (tensorflow/cc/saved_model/signature_constants.h). */
export const CLASSES_OUTPUT = 'classes';
export const SCORES_OUTPUT = 'scores';
export const REGRESSION_OUTPUT = 'outputs';

/**
 * Whether a signature has the structure of a classify signature (`PreProcessClassification` in
 * servables/tensorflow/classifier.cc); its `method_name` does not matter here.
 *
 * @returns the outputs to fetch: `classes`, `scores` or both
 * @throws ServingError INVALID_ARGUMENT
 */
export function checkClassifySignature(signature: SignatureDef): readonly string[] {
  checkOneInput(signature);
  const outputCount = Object.keys(signature.outputs).length;
  if (outputCount !== 1 && outputCount !== 2) {
    throw unfit(`Expected one or two output Tensors, found ${outputCount}`);
  }
  if (!Object.hasOwn(signature.inputs, EXAMPLES_INPUT)) {
    throw unfit(`No classification inputs found in SignatureDef: ${formatSignatureDef(signature)}`);
  }
  const outputs = [CLASSES_OUTPUT, SCORES_OUTPUT].filter((alias) => Object.hasOwn(signature.outputs, alias));
  if (outputs.length === 0) {
    throw unfit(
      'Expected classification signature outputs to contain at least one of ' +
        `"${CLASSES_OUTPUT}" or "${SCORES_OUTPUT}". Signature was: ${formatSignatureDef(signature)}`,
    );
  }
  return outputs;
}

/**
 * Whether a signature has the structure of a regress signature (`PreProcessRegression` in
 * servables/tensorflow/regressor.cc).
 *
 * @returns the output to fetch, always `outputs`
 * @throws ServingError INVALID_ARGUMENT
 */
export function checkRegressSignature(signature: SignatureDef): readonly string[] {
  checkOneInput(signature);
  if (Object.keys(signature.outputs).length !== 1) throw unfit('Expected one output Tensor.');
  if (!Object.hasOwn(signature.inputs, EXAMPLES_INPUT)) {
    throw unfit(`No regression inputs found in SignatureDef: ${formatSignatureDef(signature)}`);
  }
  if (!Object.hasOwn(signature.outputs, REGRESSION_OUTPUT)) {
    throw unfit(`No regression outputs found in SignatureDef: ${formatSignatureDef(signature)}`);
  }
  return [REGRESSION_OUTPUT];
}

function checkOneInput(signature: SignatureDef): void {
  if (Object.keys(signature.inputs).length !== 1) throw unfit('Expected one input Tensor.');
}

function unfit(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'SIGNATURE_UNFIT', message);
}
