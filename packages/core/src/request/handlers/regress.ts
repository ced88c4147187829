import { formatShape, type Tensor } from '@servable/tensor';
import type { RegressResult } from './calls.js';
import { REGRESSION_OUTPUT, checkRegressSignature } from '../signature/check-example-signature.js';
import { recordRegress } from '../recording/record-call.js';
import type { ExampleCall } from './example-input.js';
import type { HandlerDependencies, RequestOptions } from './handler-dependencies.js';
import { runExampleCall } from './run-example-call.js';
import { protoDtypeName, unfitOutput } from './run-examples.js';

/**
 * Answers a Regress request (servables/tensorflow/regression_service.cc, regressor.cc).
 *
 * @throws ServingError INVALID_ARGUMENT, NOT_FOUND; and the errors of the servable's run
 */
export async function regress(
  dependencies: HandlerDependencies,
  call: ExampleCall,
  options: RequestOptions = {},
): Promise<RegressResult> {
  const method = { kind: 'regression', checkSignature: checkRegressSignature, read: readRegressions } as const;
  const { modelSpec, result: values } = await runExampleCall(dependencies, call, options, method);
  const result = { modelSpec, values };
  if (dependencies.recorder !== undefined) recordRegress(dependencies.recorder, call, result);
  return result;
}

/**
 * Reads the `outputs` tensor, `[batch]` or `[batch, 1]` (`PostProcessRegressionResult` in
 * servables/tensorflow/regressor.cc).
 *
 * @throws ServingError INVALID_ARGUMENT
 */
export function readRegressions(outputs: ReadonlyMap<string, Tensor>, exampleCount: number): Float32Array {
  const output = outputs.get(REGRESSION_OUTPUT)!;
  if (!(output.rank === 1 || (output.rank === 2 && output.shape[1] === 1))) {
    throw unfitOutput(
      'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ' + formatShape(output.shape),
    );
  }
  if (output.shape[0] !== exampleCount) {
    throw unfitOutput(`Input batch size did not match output batch size: ${exampleCount} vs. ${output.shape[0]}`);
  }
  if (!output.is('float32')) {
    throw unfitOutput(`Expected output Tensor of DT_FLOAT.  Got: ${protoDtypeName(output.dtype)}`);
  }
  return output.data;
}
