/* eslint-disable @nx/enforce-module-boundaries -- the zoo is no package */
import { fileURLToPath } from 'node:url';
import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { fromGoldenMap, readGolden } from '../../../../../zoo/golden.js';
import { findTensorFlow } from '../find-tensorflow.js';
import { loadTensorFlowModel } from '../load-tensorflow-model.js';

const missing = await findTensorFlow().then(
  () => undefined,
  (error: Error) => error.message,
);

const zoo = (family: string) => fileURLToPath(new URL(`../../../../../zoo/models/${family}`, import.meta.url));
const halfPlusTwo = fileURLToPath(new URL('../../../../../examples/models/half_plus_two/1', import.meta.url));
const count = (n: number) =>
  new Map<string, Tensor>([
    ['x', tensor([1, 2, 3], 'float32')],
    ['n', tensor(n, 'int32')],
  ]);
/** Hours of iterations. */
const endless = 2_000_000_000;

describe.skipIf(missing)('a model on TensorFlow', () => {
  it('answers 200 calls at once, each its own', async () => {
    await using model = await loadTensorFlowModel(halfPlusTwo);
    const values = Array.from({ length: 200 }, (_, index) => index);
    const answers = await Promise.all(values.map((value) => model.predict({ x: [value] })));
    expect(answers.map(({ outputs }) => outputs['y']!.toArray())).toEqual(values.map((value) => [value / 2 + 2]));
    expect(answers[0]!.model).toEqual({ name: 'half_plus_two', version: 1n });
  });

  it('passes strings of every length and byte both ways', async () => {
    await using model = await loadTensorFlowModel(zoo('strings'));
    const texts = ['', 'a', 'x'.repeat(22), 'y'.repeat(23), 'zero\0in\0side', 'z'.repeat(100_000), '\u00e9\u4e16'];
    const run = async (values: readonly string[]) => {
      const inputs = new Map([['x', stringTensor([values.length], values)]]);
      const outputs = await model.run({ signatureName: 'StringUpper', inputs, outputFilter: [] });
      return [...outputs.values()][0]!.text();
    };
    // The signature takes five strings; ASCII letters alone change.
    const upper = (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
    for (const values of [texts.slice(0, 5), texts.slice(2, 7)]) expect(await run(values)).toEqual(values.map(upper));
  });

  it('gives the memory of strings and numbers back', { timeout: 120_000 }, async () => {
    await using model = await loadTensorFlowModel(zoo('strings'));
    const inputs = new Map([
      [
        'x',
        stringTensor(
          [5],
          Array.from({ length: 5 }, () => 'm'.repeat(200_000)),
        ),
      ],
    ]);
    const calls = async (times: number) => {
      for (let done = 0; done < times; done++) {
        await model.run({ signatureName: 'StringUpper', inputs, outputFilter: [] });
      }
      return process.memoryUsage().rss;
    };
    const before = await calls(100);
    const after = await calls(400);
    // 400 calls move 400 MB each way.
    expect(after - before).toBeLessThan(150e6);
  });

  it('computes only the outputs that are asked for', async () => {
    const golden = readGolden(new URL('../../../../../examples/models/wine/golden.json', import.meta.url));
    await using model = await loadTensorFlowModel(
      fileURLToPath(new URL('../../../../../examples/models/wine/1', import.meta.url)),
    );
    const [first] = golden.cases;
    const alias = Object.keys(first!.outputs).at(-1)!;
    const outputs = await model.run({
      signatureName: first!.signature ?? golden.signature,
      inputs: fromGoldenMap(first!.inputs),
      outputFilter: [alias],
    });
    expect([...outputs.keys()]).toEqual([alias]);
    await expect(
      model.run({ signatureName: '', inputs: fromGoldenMap(first!.inputs), outputFilter: ['nothing'] }),
    ).rejects.toMatchObject({ reason: 'UNKNOWN_OUTPUT' });
  });

  it('stops a call when its time is up, and goes on', async () => {
    await using model = await loadTensorFlowModel(zoo('control_flow'));
    const run = (n: number, timeoutMs?: number) =>
      model.run({ signatureName: 'While_count', inputs: count(n), outputFilter: [], timeoutMs });
    await run(3);
    // More calls than there are threads: all would wait for ever if one was not stopped.
    const calls = Array.from({ length: 8 }, () => run(endless, 100));
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
    }
    expect((await run(3)).size).toBe(1);
  });

  it('rejects an aborted call at once, and stops it when the model is closed', async () => {
    const model = await loadTensorFlowModel(zoo('control_flow'));
    const controller = new AbortController();
    const call = model.run({
      signatureName: 'While_count',
      inputs: count(endless),
      outputFilter: [],
      signal: controller.signal,
    });
    await model.run({ signatureName: 'While_count', inputs: count(3), outputFilter: [] });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await model.run({ signatureName: 'While_count', inputs: count(3), outputFilter: [] })).size).toBe(1);
    await model.close();
    await expect(model.predict({ x: [1] })).rejects.toMatchObject({ reason: 'MODEL_CLOSED' });
  });

  it('passes on what TensorFlow says of values that do not fit', async () => {
    await using model = await loadTensorFlowModel(zoo('control_flow'));
    const inputs = new Map([['x', tensor([-1, 1], 'float32')]]);
    await expect(model.run({ signatureName: 'assert', inputs, outputFilter: [] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'TENSORFLOW_INVALID_ARGUMENT',
      message: expect.stringContaining('ssert') as string,
    });
  });

  it('refuses inputs that do not fit the signature before it runs', async () => {
    await using model = await loadTensorFlowModel(halfPlusTwo);
    await expect(model.predict({ x: new Tensor('float64', [1], new Float64Array(1)) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INPUT_DTYPE_MISMATCH',
    });
    await expect(model.predict({})).rejects.toMatchObject({ reason: 'MISSING_INPUT' });
    await expect(model.predict({ x: [1] }, { signature: 'nope' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'SIGNATURE_NOT_FOUND',
    });
  });

  it('refuses loads that are not wanted any more, bad options and directories without a model', async () => {
    const loads: [Parameters<typeof loadTensorFlowModel>, string][] = [
      [[halfPlusTwo, { signal: AbortSignal.abort() }], 'CANCELLED'],
      [[halfPlusTwo, { timeoutMs: 0 }], 'DEADLINE_EXCEEDED'],
      [[halfPlusTwo, { tags: ['train'] }], 'NOT_FOUND'],
      [[halfPlusTwo, { session: { intraOpThreads: -1 } }], 'INVALID_ARGUMENT'],
      [[zoo('nothing-here')], 'NOT_FOUND'],
    ];
    for (const [args, code] of loads) await expect(loadTensorFlowModel(...args)).rejects.toMatchObject({ code });
  });
});
