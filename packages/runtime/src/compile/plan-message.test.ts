import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import type { HostStep, NativeIsland, Plan, WeightFile } from '@servable/savedmodel';
import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { PlanRunner } from '../plan/plan-runner.js';
import type { PreparedPlan } from '../plan/prepared-plan.js';
import { makeWeightFolder, prepareWeights, removeWeightFolder } from '../session/with-weights.js';
import { node, onnxModel } from '../testing/onnx-model.js';
import { onlyIslands, planFromMessage, planToMessage, type PlanMessage } from './plan-message.js';

const size = 4;
const matrix = new Tensor(
  'float32',
  [size, size],
  Float32Array.from({ length: size * size }, (_, i) => i),
);

function weightFile(): WeightFile {
  const { dtype, shape, byteLength, data } = matrix;
  const bytes = new Uint8Array(data.buffer);
  const weight = { dtype, shape, byteLength, readInto: (to: Uint8Array) => Promise.resolve(to.set(bytes)) };
  return { fileName: 'weights', byteLength, weights: new Map([['w', { offset: 0, weight }]]) };
}

/** `y = x · w`, with constants of several kinds beside it. */
function planOf(constants: Plan['constants']): Plan {
  const island: NativeIsland = {
    kind: 'native',
    model: onnxModel({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: { x: `float32[n,${size}]` },
      outputs: { y: `float32[n,${size}]` },
      external: { w: matrix },
    }),
    weights: weightFile(),
    inputs: ['x'],
    outputs: ['y'],
  };
  const value = (alias: string) => ({ alias, value: alias, dtype: 'float32' as const, shape: [null, size] });
  const outputs = [value('y'), ...[...constants].map(([alias, { dtype }]) => ({ ...value(alias), dtype }))];
  const signatureDef = create(SignatureDefSchema, { methodName: 'predict' });
  return { signatureName: 's', signatureDef, inputs: [value('x')], outputs, constants, steps: [island] };
}

async function sent(plan: Plan, folder: string | undefined): Promise<PreparedPlan> {
  const islands = onlyIslands(plan) ?? [];
  const prepared = islands.map(async (island, i) => {
    const weights = await prepareWeights(island.weights, folder, String(i));
    return { ...island, weights, origins: new Map<string, string>() };
  });
  const { message, transfer } = planToMessage(plan, await Promise.all(prepared));
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(message, transfer);
    return planFromMessage((receiveMessageOnPort(port2) as { message: PlanMessage }).message);
  } finally {
    port1.close();
  }
}

describe('a plan that crosses threads', () => {
  it.each([true, false])('computes the same, its weights in a file: %s', async (inFile) => {
    const wide = new Float32Array([9, 9, 1, 2]);
    const constants = new Map<string, Tensor>([
      ['view', new Tensor('float32', [2], wide.subarray(2))],
      ['whole', tensor([2n ** 60n], 'int64')],
      ['text', stringTensor([2], ['a', 'ü'])],
    ]);
    const folder = inFile ? await makeWeightFolder() : undefined;
    try {
      const plan = planOf(constants);
      const restored = await sent(plan, folder);
      expect(wide.length).toBe(4);
      expect(restored.signatureDef).toEqual(plan.signatureDef);
      expect([restored.inputs, restored.outputs]).toEqual([plan.inputs, plan.outputs]);
      await using runner = await PlanRunner.create(restored);
      const x = tensor([[0, 1, 0, 0]], 'float32');
      const outputs = await runner.run(new Map([['x', x]]), ['y', 'view', 'whole', 'text']);
      expect([...outputs.values()]).toEqual([
        tensor([[4, 5, 6, 7]]),
        tensor([1, 2]),
        tensor([2n ** 60n], 'int64'),
        stringTensor([2], ['a', 'ü']),
      ]);
    } finally {
      await removeWeightFolder(folder);
    }
  });

  it('sends memory that two tensors share once', async () => {
    const shared = new Float32Array([1, 2]);
    const flat = new Tensor('float32', [2], shared);
    const restored = await sent(planOf(new Map([['a', flat], ['b', flat.reshape([2, 1])]])), undefined); // prettier-ignore
    expect([...restored.constants.values()].map((value) => [value.shape, [...(value.data as Float32Array)]])).toEqual([
      [[2], [1, 2]],
      [
        [2, 1],
        [1, 2],
      ],
    ]);
    expect(shared.byteLength).toBe(0);
  });

  it('keeps the first values of variables, unset ones too', async () => {
    const variables = new Map([['v', tensor([1, 2])], ['unset', undefined]]); // prettier-ignore
    const restored = await sent({ ...planOf(new Map()), variables, effects: ['e'] }, undefined);
    expect(restored.variables).toEqual(new Map([['v', tensor([1, 2])], ['unset', undefined]])); // prettier-ignore
    expect(restored.effects).toEqual(['e']);
  });

  it('is not taken apart when it holds functions', () => {
    const plan = planOf(new Map());
    const step: HostStep = {
      kind: 'host',
      op: 'Op',
      node: 'n',
      inputs: ['y'],
      outputs: ['z'],
      run: (values) => values,
    };
    expect(onlyIslands({ ...plan, steps: [...plan.steps, step] })).toBeUndefined();
    expect(onlyIslands(plan)).toEqual(plan.steps);
  });
});
