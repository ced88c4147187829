import type { WeightFile } from '@servable/savedmodel';
import { Tensor } from '@servable/tensor';
import { expect, it } from 'vitest';
import { canMapFiles } from '../native/mapped-file.js';
import { node, onnxModel, type GraphParts } from '../testing/onnx-model.js';
import { NativeSession } from './native-session.js';
import { SharedWeights } from './shared-weights.js';

const MIB = 1024 * 1024;

/** Numbers that are all over the weight, so that no part of one is equal to another. */
function weight(shape: readonly number[], seed: number): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = ((i * 7 + seed) % 101) / 1000;
  return new Tensor('float32', shape, data);
}

/** A model, and the file of the weights that it refers to. */
function placedModel(parts: GraphParts, weights: Readonly<Record<string, Tensor>>) {
  const file = new Map<string, WeightFile['weights'] extends ReadonlyMap<string, infer W> ? W : never>();
  const placed: Record<string, { weight: Tensor; offset: number }> = {};
  let byteLength = 0;
  for (const [name, tensor] of Object.entries(weights)) {
    const { dtype, shape } = tensor;
    const bytes = new Uint8Array((tensor.data as Float32Array).buffer);
    const readInto = (target: Uint8Array) => Promise.resolve(target.set(bytes));
    file.set(name, { offset: byteLength, weight: { dtype, shape, byteLength: bytes.length, readInto } });
    placed[name] = { weight: tensor, offset: byteLength };
    byteLength += bytes.length;
  }
  const weightFile: WeightFile = { fileName: 'weights', byteLength, weights: file };
  return { model: onnxModel({ ...parts, placed }), weights: weightFile };
}

async function open(sharedWeights: SharedWeights | undefined, { model, weights }: ReturnType<typeof placedModel>) {
  return NativeSession.create(model, { weights, sharedWeights });
}

async function answer(session: NativeSession, x: Tensor): Promise<readonly number[]> {
  const outputs = await session.run(new Map([['x', x]]), ['y']);
  return [...(outputs.get('y')?.data as Float32Array).subarray(0, 64)];
}

const size = 2048;
const large = weight([size, size], 1);
const vector = new Tensor(
  'float32',
  [1, size],
  Float32Array.from({ length: size }, (_, i) => (i % 13) / 13),
);
const io = { inputs: { x: `float32[n,${size}]` }, outputs: { y: `float32[n,${size}]` } };

/** Different graphs over the same large weight; the second one has another of its own. */
const product = placedModel({ nodes: [node('MatMul', ['x', 'w'], ['y'])], ...io }, { w: large });
const twoProducts = placedModel(
  { nodes: [node('MatMul', ['x', 'kernel'], ['h']), node('MatMul', ['h', 'other'], ['y'])], ...io },
  { other: weight([size, size], 2), kernel: large },
);

it.runIf(canMapFiles)(
  'has the weights of different graphs in memory once, and as long as a session uses them',
  async () => {
    const shared = new SharedWeights();
    const first = await open(shared, product);
    expect(shared.byteLength).toBe(16 * MIB);
    const second = await open(shared, twoProducts);
    expect(shared.byteLength).toBe(32 * MIB);

    await using alone = await open(undefined, twoProducts);
    const expected = await answer(alone, vector);
    expect(await answer(second, vector)).toEqual(expected);
    await first.close();
    expect([shared.byteLength, await answer(second, vector)]).toEqual([32 * MIB, expected]);
    await second.close();
    expect(shared.byteLength).toBe(0);

    await using again = await open(shared, product);
    expect([shared.byteLength, (await answer(again, vector)).length]).toEqual([16 * MIB, 64]);
  },
);

it.runIf(canMapFiles)('shares kernels of convolutions, which the engine rearranges for each graph', async () => {
  const image = new Tensor(
    'float32',
    [1, 512, 4, 4],
    Float32Array.from({ length: 8192 }, (_, i) => (i % 17) / 17),
  );
  const shapes = { inputs: { x: 'float32[n,512,4,4]' }, outputs: { y: 'float32[n,1024,4,4]' } };
  const kernel = weight([1024, 512, 3, 3], 3);
  const pads = { pads: [1n, 1n, 1n, 1n] };
  const plain = placedModel({ nodes: [node('Conv', ['x', 'k'], ['y'], pads)], ...shapes }, { k: kernel });
  const rectified = placedModel(
    { nodes: [node('Conv', ['x', 'w'], ['c'], pads), node('Relu', ['c'], ['y'])], ...shapes },
    { w: kernel },
  );
  const shared = new SharedWeights();
  await using first = await open(shared, plain);
  const bytes = shared.byteLength;
  await using second = await open(shared, rectified);
  expect([bytes, shared.byteLength]).toEqual([18 * MIB, 18 * MIB]);
  await using alone = await open(undefined, plain);
  const expected = await answer(alone, image);
  expect(await answer(first, image)).toEqual(expected);
  expect(await answer(second, image)).toEqual(expected.map((value) => Math.max(value, 0)));
});

it.runIf(canMapFiles)('shares what is not a kernel where convolutions are the lesser part', async () => {
  const shapes = { inputs: { x: 'float32[1,1,4,512]' }, outputs: { y: 'float32[1,1,4,512]' } };
  const weights = { k: weight([1, 1, 129, 129], 3), m: weight([512, 8192], 2), b: weight([8192, 512], 4) };
  const mixed = (last: string) =>
    placedModel(
      {
        nodes: [
          node('Conv', ['x', 'k'], ['c'], { pads: [64n, 64n, 64n, 64n] }),
          node('MatMul', ['c', 'm'], ['w']),
          node('MatMul', ['w', 'b'], ['z']),
          node(last, ['z'], ['y']),
        ],
        ...shapes,
      },
      weights,
    );
  const input = new Tensor(
    'float32',
    [1, 1, 4, 512],
    Float32Array.from({ length: 2048 }, (_, i) => (i % 17) / 17),
  );
  const shared = new SharedWeights();
  await using first = await open(shared, mixed('Identity'));
  await using second = await open(shared, mixed('Neg'));
  expect(shared.byteLength).toBe(32 * MIB);
  await using alone = await open(undefined, mixed('Identity'));
  const expected = await answer(alone, input);
  expect(await answer(first, input)).toEqual(expected);
  expect(await answer(second, input)).toEqual(expected.map((value) => -value));
});

it.runIf(canMapFiles)('leaves small models alone, and says what is wrong with others as without sharing', async () => {
  const shared = new SharedWeights();
  const small = placedModel(
    { nodes: [node('MatMul', ['x', 'w'], ['y'])], inputs: { x: 'float32[n,2]' }, outputs: { y: 'float32[n,2]' } },
    { w: weight([2, 2], 1) },
  );
  await using session = await open(shared, small);
  expect([shared.byteLength, session.inputs.length]).toEqual([0, 1]);
  const wrong = placedModel({ nodes: [node('NoSuchOp', ['x', 'w'], ['y'])], ...io }, { w: large });
  const refused = await open(undefined, wrong).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: expect.any(String) as string });
  await expect(open(shared, wrong)).rejects.toEqual(refused);
  expect(shared.byteLength).toBe(0);
  const aborted = NativeSession.create(product.model, {
    weights: product.weights,
    sharedWeights: shared,
    signal: AbortSignal.abort(),
  });
  await expect(aborted).rejects.toThrow();
  expect(shared.byteLength).toBe(0);
});
