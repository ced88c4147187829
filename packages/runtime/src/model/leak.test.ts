import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { stringTensor, Tensor } from '@servable/tensor';
import { expect, it } from 'vitest';
import { PlanRunner } from '../plan/plan-runner.js';
import { node, onnxModel } from '../testing/onnx-model.js';
import { loadOnnxModel } from './load-onnx-model.js';
import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';

// Test files run in processes of their own, so that the memory measured here is this file's.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Resident memory after collecting garbage, in MiB. */
async function resident(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

/** 4 MiB of weights. */
const size = 1024;
const weights = () => new Tensor('float32', [size, size], new Float32Array(size * size).fill(0.5));
const parts = { inputs: { x: `float32[n,${size}]` }, outputs: { y: `float32[n,${size}]` } };

it('loading, running and closing models 200 times leaves no memory behind', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'servable-leak-'));
  try {
    const path = join(dir, 'model.onnx');
    await writeFile(
      path,
      onnxModel({ nodes: [node('MatMul', ['x', 'w'], ['y'])], ...parts, weights: { w: weights() } }),
    );
    const external = weights();
    const declared = onnxModel({ nodes: [node('MatMul', ['x', 'w'], ['y'])], ...parts, external: { w: external } });
    const signature = [{ alias: 'x', value: 'x', dtype: 'float32' as const, shape: [null, size] }];
    const { dtype, shape, byteLength } = external;
    const placed = {
      offset: 0,
      weight: { dtype, shape, byteLength, readInto: (to: Uint8Array) => Promise.resolve(to.set(bytesOf(external))) },
    };
    const bytesOf = (tensor: Tensor) => new Uint8Array((tensor.data as Float32Array).buffer);
    const x = new Tensor('float32', [8, size], new Float32Array(8 * size).fill(1));

    const once = async () => {
      await using model = await loadOnnxModel(path);
      for (let i = 0; i < 4; i++) await model.predict({ x });
      await expect(model.predict({ x: stringTensor([1], ['a']) })).rejects.toMatchObject({
        reason: 'INPUT_DTYPE_MISMATCH',
      });
      await using runner = await PlanRunner.create({
        signatureName: 'test',
        signatureDef: create(SignatureDefSchema),
        inputs: signature,
        outputs: [{ ...(signature[0] as (typeof signature)[0]), alias: 'y', value: 'y' }],
        constants: new Map(),
        steps: [
          {
            kind: 'native',
            model: declared,
            weights: { fileName: 'weights', byteLength: external.byteLength, weights: new Map([['w', placed]]) },
            inputs: ['x'],
            outputs: ['y'],
          },
        ],
      });
      expect((await runner.run(new Map([['x', x]]), ['y'])).get('y')?.data[0]).toBe(size / 2);
    };

    for (let i = 0; i < 40; i++) await once();
    const before = await resident();
    for (let i = 0; i < 200; i++) await once();
    // A leak of either copy of the weights would be 800 MiB.
    expect((await resident()) - before).toBeLessThan(80);
  } finally {
    await rm(dir, { recursive: true });
  }
}, 180_000);
