import { parseExactPredictRequest } from './exact-predict-request.js';
import type { JsonLimits } from './json-document.js';
import type { JsonPredictRequest } from './json-predict-request.js';
import { readPlainPredictRequest } from './plain-predict-request.js';
import type { SignatureInputs } from './signature-inputs.js';

/**
 * Reads the JSON body of a Predict call (`FillPredictRequestFromJson` in tensorflow_serving/util/json_tensor.cc).
 *
 * Numbers go from the bytes straight into typed arrays of the signature's dtypes. Anything out of the ordinary is read a
 * second time with all of upstream's checks, in upstream's order and words.
 *
 * @param lookupSignature - gives the inputs of the signature with this name (`''` when the body has none). It may be called
 * twice for one body, and what it throws in the end passes through: after the syntax of the body was found good.
 * @throws TensorError INVALID_ARGUMENT for bad JSON and values that do not fit; UNIMPLEMENTED for dtypes that JSON cannot
 * carry (float16, bfloat16, uint16, complex and quantised ones) in the columnar format
 *
 * @example
 * const body = new TextEncoder().encode('{"instances": [1.0, 2.0]}');
 * const request = parsePredictRequestJson(body, () => ({ x: { dtype: 1 } }));
 * request.inputs.get('x')?.shape; // [2]
 */
export function parsePredictRequestJson(
  body: Uint8Array,
  lookupSignature: (signatureName: string) => SignatureInputs,
  limits?: JsonLimits,
): JsonPredictRequest {
  return readPlainPredictRequest(body, lookupSignature) ?? parseExactPredictRequest(body, lookupSignature, limits);
}
