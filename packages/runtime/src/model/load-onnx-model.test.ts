import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringTensor, tensor, Tensor } from '@servable/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addModel, identityModel, loopModel, node, onnxModel } from '../testing/onnx-model.js';
import { loadOnnxModel } from './load-onnx-model.js';
import type { Model } from './model.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'servable-onnx-'));
  await mkdir(join(dir, 'images/7'), { recursive: true });
  await writeFile(join(dir, 'add.onnx'), addModel());
  await writeFile(join(dir, 'loop.onnx'), loopModel());
  await writeFile(join(dir, 'scalar.onnx'), identityModel('float32[]'));
  await writeFile(join(dir, 'words.onnx'), identityModel('string[n]'));
  await writeFile(join(dir, 'images/7/model.onnx'), identityModel('float32[batch,2,3]'));
  await writeFile(join(dir, 'two-open.onnx'), identityModel('float32[a,b]'));
  const signs = onnxModel({
    nodes: [node('Neg', ['x'], ['negative']), node('Abs', ['x'], ['absolute'])],
    inputs: { x: 'int64[n]' },
    outputs: { negative: 'int64[n]', absolute: 'int64[n]' },
  });
  await writeFile(join(dir, 'signs.onnx'), signs);
});
afterAll(() => rm(dir, { recursive: true }));

const load = (file: string) => loadOnnxModel(join(dir, file));

describe('an ONNX model', () => {
  it('predicts from nested arrays, typed arrays and tensors', async () => {
    await using model = await load('add.onnx');
    const { outputs, model: identity } = await model.predict({ x: [1, 2], y: Float32Array.of(10, 20) });
    expect(outputs).toEqual({ sum: tensor([11, 22]) });
    expect(identity).toEqual({ name: 'add', version: 1n });
    expect((await model.predict({ x: tensor([1]), y: [2] })).outputs['sum']).toEqual(tensor([3]));
  });

  it('has one signature, with the names of the model', async () => {
    await using model = await loadOnnxModel(join(dir, 'images/7/model.onnx'), { name: 'images', version: 7n });
    expect([model.name, model.version]).toEqual(['images', 7n]);
    expect([...model.signatureDefs.keys()]).toEqual(['serving_default']);
    const signature = model.signatureDefs.get('serving_default');
    expect(signature?.methodName).toBe('tensorflow/serving/predict');
    expect(signature?.inputs['x']).toMatchObject({
      encoding: { case: 'name', value: 'x' },
      dtype: 1,
      tensorShape: { dim: [{ size: -1n, name: 'batch' }, { size: 2n }, { size: 3n }], unknownRank: false },
    });
    expect(Object.keys(signature?.outputs ?? {})).toEqual(['y']);
  });

  it('lays a flat typed array out as the signature says', async () => {
    await using model = await loadOnnxModel(join(dir, 'images/7/model.onnx'));
    const { outputs } = await model.predict({ x: Float32Array.from({ length: 12 }, (_, i) => i) });
    expect(outputs['y']?.shape).toEqual([2, 2, 3]);
  });

  it('takes words, numbers alone, and values of the signature’s dtype', async () => {
    await using words = await load('words.onnx');
    expect((await words.predict({ x: ['a', 'b'] })).outputs['y']).toEqual(stringTensor([2], ['a', 'b']));
    await using scalar = await load('scalar.onnx');
    expect((await scalar.predict({ x: 2.5 })).outputs['y']).toEqual(tensor(2.5));
    await using signs = await load('signs.onnx');
    expect((await signs.predict({ x: [1, -2] })).outputs['absolute']).toEqual(tensor([1n, 2n]));
  });

  it('computes the outputs of the filter', async () => {
    await using model = await load('signs.onnx');
    expect(Object.keys((await model.predict({ x: [1] })).outputs)).toEqual(['negative', 'absolute']);
    const { outputs } = await model.predict({ x: [1] }, { outputFilter: ['absolute'] });
    expect(outputs).toEqual({ absolute: tensor([1n]) });
  });

  it('runs calls of tensors, under the default signature when none is named', async () => {
    await using model = await load('add.onnx');
    const inputs = new Map([
      ['x', tensor([1])],
      ['y', tensor([2])],
    ]);
    for (const signatureName of ['', 'serving_default']) {
      expect(await model.run({ signatureName, inputs, outputFilter: [] })).toEqual(new Map([['sum', tensor([3])]]));
    }
  });
});

describe('a prediction that does not fit', () => {
  it.each([
    ['a missing input', 'add.onnx', { x: [1] }, 'MISSING_INPUT', 'Missing input "y": expected "x" float32 [?]'],
    [
      'an unknown input',
      'add.onnx',
      { x: [1], y: [1], z: [1] },
      'UNKNOWN_INPUT',
      'no input "z": expected "x" float32 [?]',
    ],
    [
      'another dtype',
      'add.onnx',
      { x: [1], y: tensor([1n]) },
      'INPUT_DTYPE_MISMATCH',
      'expected float32 [?], given dtype int64',
    ],
    [
      'another rank',
      'add.onnx',
      { x: [1], y: [[1]] },
      'INPUT_SHAPE_MISMATCH',
      'Input "y": expected float32 [?], given shape [1,1]',
    ],
    [
      'another size',
      'images/7/model.onnx',
      {
        x: [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
      'INPUT_SHAPE_MISMATCH',
      'expected float32 [?,2,3]',
    ],
    ['words for numbers', 'add.onnx', { x: ['a'], y: [1] }, 'VALUE_MISMATCH', 'Input "x" (expected float32 [?])'],
    ['fractions for integers', 'signs.onnx', { x: [0.5] }, 'VALUE_MISMATCH', 'Input "x" (expected int64 [?])'],
    ['ragged rows', 'two-open.onnx', { x: [[1, 2], [3]] }, 'RAGGED_VALUES', 'Input "x"'],
    [
      'a flat array that does not divide',
      'images/7/model.onnx',
      { x: new Float32Array(7) },
      'INVALID_SHAPE',
      'Input "x"',
    ],
    [
      'a flat array of a shape that stays open',
      'two-open.onnx',
      { x: new Float32Array(4) },
      'INPUT_SHAPE_MISMATCH',
      '[?,?]',
    ],
  ])('is refused with %s', async (_, file, inputs, reason, words) => {
    await using model = await load(file);
    await expect(model.predict(inputs)).rejects.toMatchObject({
      name: 'RuntimeError',
      code: 'INVALID_ARGUMENT',
      reason,
      message: expect.stringContaining(words) as string,
    });
  });

  it('is refused with an unknown signature or output', async () => {
    await using model = await load('add.onnx');
    const inputs = { x: [1], y: [1] };
    await expect(model.predict(inputs, { signature: 'other' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'SIGNATURE_NOT_FOUND',
      message: 'Serving signature key "other" not found: expected one of "serving_default"',
    });
    await expect(model.predict(inputs, { outputFilter: ['product'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'UNKNOWN_OUTPUT',
      message: expect.stringContaining('expected "sum"') as string,
    });
  });

  it('is stopped by its limits', async () => {
    await using model = await load('loop.onnx');
    const inputs = { times: 10n ** 15n, x: 0 };
    await expect(model.predict(inputs, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const controller = new AbortController();
    const running = model.predict(inputs, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('loading and closing', () => {
  it('says which file is missing, and which is no model', async () => {
    await expect(load('none.onnx')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(join(dir, 'none.onnx')) as string,
    });
    await writeFile(join(dir, 'text.onnx'), 'text');
    await expect(load('text.onnx')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('text.onnx') as string,
    });
    await expect(loadOnnxModel('')).rejects.toMatchObject({ reason: 'BAD_OPTION' });
    await expect(loadOnnxModel(join(dir, 'add.onnx'), { version: -1n })).rejects.toMatchObject({
      reason: 'BAD_OPTION',
    });
  });

  it('refuses calls after close, which waits for those under way', async () => {
    const model: Model = await load('loop.onnx');
    const call = model.predict({ times: 20_000n, x: 0 });
    const closed = model.close();
    await expect(model.predict({ times: 1n, x: 0 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'MODEL_CLOSED',
      message: 'Model "loop" has been closed',
    });
    await closed;
    expect((await call).outputs['y']).toEqual(new Tensor('float32', [], Float32Array.of(20_000)));
    await model.close();
  });
});
