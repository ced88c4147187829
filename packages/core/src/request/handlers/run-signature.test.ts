import { DataType } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import type { InferenceServable } from '../../servable/inference-servable.js';
import { ServingError, type StatusCode } from '../../servable/serving-error.js';
import { runSignature } from './run-signature.js';
import { signatureDef } from './testing/fake-servables.js';

const signature = signatureDef({ x: [DataType.DT_FLOAT, [-1, 1]] }, { y: [DataType.DT_FLOAT, [-1, 1]] });

function run(x: Tensor, answer: () => Promise<Map<string, Tensor>>) {
  const servable: InferenceServable = {
    platform: 'fake',
    takesOtherTensors: true,
    signatureDefs: new Map([['serving_default', signature]]),
    run: answer,
  };
  const call = { signatureName: 'serving_default', signature, inputs: new Map([['x', x]]), outputFilter: [] };
  return runSignature(servable, call, {});
}

const failure = (code: Exclude<StatusCode, 'OK'>) => new ServingError(code, 'GRAPH_FAILED', 'In[0] is not a matrix');

test('what the graph takes is answered, whatever the signature says', async () => {
  const y = tensor([1, 2]);
  expect(await run(tensor([1, 2]), () => Promise.resolve(new Map([['y', y]])))).toEqual(new Map([['y', y]]));
});

test('what it cannot run is told as a fault of the input, with what the graph said as the cause', async () => {
  for (const code of ['INVALID_ARGUMENT', 'INTERNAL', 'UNKNOWN'] as const) {
    const cause = failure(code);
    await expect(run(tensor([1, 2]), () => Promise.reject(cause))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INPUT_SHAPE_MISMATCH',
      message:
        'Input "x" of signature "serving_default" does not take a tensor of shape [2]. ' +
        'Expected: float32 [-1,1], given: float32 [2].',
      cause,
    });
  }
});

test('a failure on inputs that fit, or that has nothing to do with them, stays what it is', async () => {
  const failed = failure('INTERNAL');
  await expect(run(tensor([[1]]), () => Promise.reject(failed))).rejects.toBe(failed);
  for (const code of ['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED'] as const) {
    const error = failure(code);
    await expect(run(tensor([1, 2]), () => Promise.reject(error))).rejects.toBe(error);
  }
});
