import { formatShape, type Tensor } from '@servable/tensor';
import type { PredictCall, PredictResult } from './calls.js';
import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { ServingError } from '../../servable/serving-error.js';
import { recordPredict } from '../recording/record-call.js';
import { checkPredictCall } from '../signature/check-predict-call.js';
import { checkPredictMethodName } from '../signature/method-name.js';
import { inputField } from '../signature/tensor-spec.js';
import { signatureViolation } from '../signature/signature-violation.js';
import type { HandlerDependencies, RequestOptions } from './handler-dependencies.js';
import {
  requireModelSpec,
  resolveModelSpec,
  resolveSignatureName,
  withServableHandle,
  type ModelSpec,
} from './model-spec.js';
import { runSignature } from './run-signature.js';

/**
 * Answers a Predict request (servables/tensorflow/predict_impl.cc): finds the version, checks the call against the
 * signature, runs it.
 *
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION; and the errors of the servable's run
 */
export async function predict(
  dependencies: HandlerDependencies,
  call: PredictCall,
  options: RequestOptions = {},
): Promise<PredictResult> {
  const spec = requireModelSpec(call.modelSpec);
  return withServableHandle(
    dependencies.provider,
    spec,
    (handle) => predictOnHandle(dependencies, handle, { ...call, modelSpec: spec }, options),
    options.record,
    options,
  );
}

/**
 * The part of {@link predict} after the version was found, for transports that need the signature before they can
 * decode the inputs. The caller keeps the handle until the promise has settled.
 */
export async function predictOnHandle(
  dependencies: Pick<HandlerDependencies, 'checkMethodNames' | 'maxInputElements' | 'recorder'>,
  handle: ServableHandle<InferenceServable>,
  call: PredictCall & { readonly modelSpec: ModelSpec },
  options: RequestOptions = {},
): Promise<PredictResult> {
  const signatureName = resolveSignatureName(call.modelSpec);
  const signature = handle.servable.signatureDefs.get(signatureName);
  if (signature === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      'SIGNATURE_NOT_FOUND',
      `Serving signature key "${signatureName}" not found.`,
      { fieldViolations: [signatureViolation(handle.servable, signatureName)] },
    );
  }
  if (options.record !== undefined) options.record.signatureName = signatureName;
  if (dependencies.checkMethodNames === true) checkPredictMethodName(signature);
  checkElements(call.inputs, dependencies.maxInputElements ?? Infinity);
  const inputs = checkPredictCall(signatureName, signature, call, handle.servable.takesOtherTensors);
  const { outputFilter } = call;
  const outputs = await runSignature(handle.servable, { signatureName, signature, inputs, outputFilter }, options);
  const wanted = outputFilter.length > 0 ? outputFilter : Object.keys(signature.outputs);
  if (outputs.size !== wanted.length || !wanted.every((alias) => outputs.has(alias))) {
    const words = `Expected outputs {${wanted.join(',')}} from the servable, got {${[...outputs.keys()].join(',')}}.`;
    throw new ServingError('UNKNOWN', 'OUTPUTS_MISMATCH', `Predict internal error: ${words}`);
  }
  const result = { modelSpec: resolveModelSpec(handle.id, signatureName), outputs };
  if (dependencies.recorder !== undefined) recordPredict(dependencies.recorder, call, result);
  // A recorder is done with the call when it returns.
  if (handle.servable.returnsInputs?.(signatureName) === true) options.onInputsFree?.();
  return result;
}

function checkElements(inputs: ReadonlyMap<string, Tensor>, limit: number): void {
  for (const [alias, { size, shape }] of inputs) {
    if (size <= limit) continue;
    const message = `Input "${alias}" is too large: expected at most ${limit} elements, given ${size} in ${formatShape(shape)}`;
    throw new ServingError('RESOURCE_EXHAUSTED', 'TOO_MANY_ELEMENTS', message, {
      fieldViolations: [{ field: inputField(alias), description: `Expected at most ${limit} elements, given ${size}` }],
    });
  }
}
