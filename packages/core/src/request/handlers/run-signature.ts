import type { SignatureDef } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';
import type { InferenceServable } from '../../servable/inference-servable.js';
import { type StatusCode, ServingError } from '../../servable/serving-error.js';
import { runServable, type RunOptions } from '../execution/run-servable.js';
import { inputsMisfit } from '../signature/check-predict-call.js';

/** A run of a signature whose inputs are all there. */
export interface SignatureCall {
  readonly signatureName: string;
  readonly signature: SignatureDef;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputFilter: readonly string[];
}

/** Failures that say nothing about the inputs. */
const unrelated: ReadonlySet<StatusCode> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
  'UNIMPLEMENTED',
]);

/**
 * Runs a signature. Where the servable finds out itself what can be run, and fails on inputs that do not fit the signature,
 * the error is the one that other servables' callers get before the run: it names the input.
 *
 * @throws ServingError INVALID_ARGUMENT for such inputs; and the errors of the servable's run
 */
export async function runSignature(
  servable: InferenceServable,
  { signature, ...call }: SignatureCall,
  options: RunOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  if (servable.takesOtherTensors !== true) return runServable(servable, call, options);
  try {
    return await runServable(servable, call, options);
  } catch (error) {
    if (unrelated.has(ServingError.from(error).code)) throw error;
    throw inputsMisfit(call.signatureName, signature, call.inputs, error) ?? error;
  }
}
