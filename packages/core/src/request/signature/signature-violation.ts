import type { InferenceServable } from '../../servable/inference-servable.js';
import type { FieldViolation } from '../../servable/serving-error.js';

/** Says which signatures there are, to a call of one that there is not. */
export function signatureViolation(servable: InferenceServable, given: string): FieldViolation {
  const known = [...servable.signatureDefs.keys()].sort();
  return {
    field: 'model_spec.signature_name',
    description: `Expected one of {${known.join(', ')}}, given "${given}"`,
  };
}
