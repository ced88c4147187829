import type { SignatureDef } from '@servable/protos/tensorflow';
import { ServingError } from '../../servable/serving-error.js';

/** The `method_name` values that signatures carry (tensorflow/cc/saved_model/signature_constants.h). */
export const methodName = {
  predict: 'tensorflow/serving/predict',
  classify: 'tensorflow/serving/classify',
  regress: 'tensorflow/serving/regress',
} as const;

/**
 * The check behind `--enable_signature_method_name_check`, for Predict, which takes signatures of all three methods
 * (`VerifySignature` in servables/tensorflow/predict_util.cc).
 *
 * @throws ServingError INTERNAL, as upstream
 */
export function checkPredictMethodName(signature: SignatureDef): void {
  const names: readonly string[] = Object.values(methodName);
  if (names.includes(signature.methodName)) return;
  throw new ServingError(
    'INTERNAL',
    'METHOD_NAME_MISMATCH',
    `Expected prediction signature method_name to be one of {${names.join(', ')}}. Was: ${signature.methodName}`,
  );
}

/** @throws ServingError INVALID_ARGUMENT when the signature's method is not the one that was called */
export function checkMethodName(signature: SignatureDef, kind: 'classification' | 'regression'): void {
  const expected = kind === 'classification' ? methodName.classify : methodName.regress;
  if (signature.methodName === expected) return;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'METHOD_NAME_MISMATCH',
    `Expected ${kind} signature method_name to be ${expected}. Was: ${signature.methodName}`,
  );
}
