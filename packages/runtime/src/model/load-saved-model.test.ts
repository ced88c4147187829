import { readFile } from 'node:fs/promises';
import { dtypeInfo, Tensor, tensor, type DType } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { loadSavedModel } from './load-saved-model.js';
import type { LoadedModel } from './loaded-model.js';

const models = new URL('../../../../examples/models/', import.meta.url);
const pathOf = (model: string) => new URL(model, models).pathname;

interface GoldenTensor {
  dtype: DType;
  shape: number[];
  data: string | string[];
}
interface Golden {
  cases: { signature: string; inputs: Record<string, GoldenTensor>; outputs: Record<string, GoldenTensor> }[];
}

/** Cases that TensorFlow answered. */
async function golden(model: string, signature: string) {
  const { cases } = JSON.parse(await readFile(pathOf(`${model}/golden.json`), 'utf8')) as Golden;
  const tensors = (side: Record<string, GoldenTensor>) =>
    new Map(Object.entries(side).map(([alias, value]) => [alias, decode(value)]));
  return cases
    .filter((entry) => entry.signature === signature)
    .map((entry) => ({ inputs: tensors(entry.inputs), outputs: tensors(entry.outputs) }));
}

function decode({ dtype, shape, data }: GoldenTensor): Tensor {
  if (typeof data !== 'string')
    return new Tensor(
      'string',
      shape,
      data.map((word) => new Uint8Array(Buffer.from(word, 'base64'))),
    );
  const { array: NumericArray } = dtypeInfo(dtype);
  if (NumericArray === undefined) throw new TypeError(`no numbers in ${dtype}`);
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  return new Tensor<DType>(
    dtype,
    shape,
    new NumericArray(bytes.buffer, 0, bytes.length / NumericArray.BYTES_PER_ELEMENT),
  );
}

describe('a SavedModel', () => {
  it.each(['half_plus_two/1', 'half_plus_two/2', 'digits/1'])('%s answers as TensorFlow did', async (path) => {
    await using model = await loadSavedModel(pathOf(path));
    const [name = '', version = ''] = path.split('/');
    expect([model.name, model.version]).toEqual([name, BigInt(version)]);
    const cases = await golden(name, 'serving_default');
    expect(cases.length).toBeGreaterThan(0);
    for (const { inputs, outputs } of cases) {
      const answer = await model.run({ signatureName: 'serving_default', inputs, outputFilter: [] });
      expect([...answer.keys()].sort()).toEqual([...outputs.keys()].sort());
      for (const [alias, expected] of outputs) {
        const given = answer.get(alias);
        expect([given?.dtype, given?.shape]).toEqual([expected.dtype, expected.shape]);
        const [a, b] = [given?.data as Float32Array, expected.data as Float32Array];
        a.forEach((value, i) => {
          const want = b[i] ?? NaN;
          if (Number.isFinite(want)) expect(Math.abs(value - want)).toBeLessThanOrEqual(1e-5 + 1e-5 * Math.abs(want));
          else expect(value).toBe(want);
        });
      }
    }
  });

  it('predicts from plain values', async () => {
    await using model = await loadSavedModel(pathOf('half_plus_two/1'));
    const { outputs, model: identity } = await model.predict({ x: [1, 2, 5] });
    expect(outputs['y']).toEqual(tensor([2.5, 3, 4.5]));
    expect(identity).toEqual({ name: 'half_plus_two', version: 1n });
  });

  it('returns the inputs of a signature that is one island, once it has been used', async () => {
    await using model = (await loadSavedModel(pathOf('half_plus_two/1'), { eager: [] })) as LoadedModel;
    expect(model.returnsInputs('serving_default')).toBe(false);
    await model.predict({ x: [2] });
    expect([model.returnsInputs('serving_default'), model.returnsInputs('none')]).toEqual([true, false]);
  });

  it('compiles the signatures that are asked for while it loads, and no load succeeds without', async () => {
    await using model = await loadSavedModel(pathOf('half_plus_two/1'), { eager: [] });
    expect((await model.predict({ x: [2] })).outputs['y']).toEqual(tensor([3]));
    await expect(loadSavedModel(pathOf('half_plus_two/1'), { eager: ['no_such'] })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'SIGNATURE_NOT_FOUND',
      message: expect.stringContaining('"no_such"') as string,
    });
  });

  it('says what is wrong with a directory, a tag or an option', async () => {
    await expect(loadSavedModel(pathOf('none/1'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(loadSavedModel(pathOf('half_plus_two/1'), { tags: ['train'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const session = { intraOpThreads: 0 };
    await expect(loadSavedModel(pathOf('half_plus_two/1'), { session })).rejects.toMatchObject({
      reason: 'BAD_OPTION',
    });
    await expect(loadSavedModel(pathOf('half_plus_two/1'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});
