import type { SignatureDef } from '@servable/protos/tensorflow';
import type { InferenceServable } from '../../servable/inference-servable.js';

/**
 * The signatures that are there to be called: TensorFlow keeps operations of its own beside them, such as
 * `__saved_model_init_op` (`kSavedModelInitOpSignatureKey` in cc/saved_model/constants.h).
 */
export function publicSignatures({ signatureDefs }: InferenceServable): ReadonlyMap<string, SignatureDef> {
  return new Map([...signatureDefs].filter(([name]) => !name.startsWith('__saved_model_')));
}
