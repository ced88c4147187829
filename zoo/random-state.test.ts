import { loadSavedModel, type Model } from '@servable/runtime';
import { tensor, type Tensor } from '@servable/tensor';
import { afterAll, describe, expect, test } from 'vitest';

const loaded: Model[] = [];
const load = async () => {
  const model = await loadSavedModel(new URL('./models/random_state', import.meta.url).pathname);
  loaded.push(model);
  return model;
};
const run = (model: Model, signatureName: string, inputs: Record<string, Tensor> = {}, outputFilter: string[] = []) =>
  model.run({ signatureName, inputs: new Map(Object.entries(inputs)), outputFilter });
const textOf = (outputs: ReadonlyMap<string, Tensor>, name = 'y') => JSON.stringify(outputs.get(name)?.toArray());

afterAll(() => Promise.all(loaded.map((model) => model.close())));

describe('random numbers that have a state', () => {
  test('are of each call its own, whatever runs at the same time', async () => {
    const [one, other] = await Promise.all([load(), load()]);
    const inTurn: string[] = [];
    for (let i = 0; i < 12; i++) inTurn.push(textOf(await run(one, 'shared_uniform')));
    const atOnce = await Promise.all(Array.from({ length: 12 }, () => run(other, 'shared_uniform')));
    expect(new Set(inTurn).size).toBe(12);
    expect(atOnce.map((outputs) => textOf(outputs)).sort()).toEqual([...inTurn].sort());
  });

  test('start anew with every loaded version', async () => {
    const [one, other] = await Promise.all([load(), load()]);
    const n = tensor(4, 'int32');
    const first = textOf(await run(one, 'seeded_uniform', { n }));
    expect(textOf(await run(one, 'seeded_uniform', { n }))).not.toBe(first);
    expect(textOf(await run(other, 'seeded_uniform', { n }))).toBe(first);
  });

  test('go on through calls that ask for some of the outputs', async () => {
    const [one, other] = await Promise.all([load(), load()]);
    const n = tensor(3, 'int32');
    const inTurn = [await run(one, 'two_draws', { n }), await run(one, 'two_draws', { n })];
    const filtered = await run(other, 'two_draws', { n }, ['y0']);
    expect(textOf(filtered, 'y0')).toBe(textOf(inTurn[0]!, 'y0'));
    const both = await run(other, 'two_draws', { n });
    expect(textOf(both, 'y0')).toBe(textOf(inTurn[1]!, 'y0'));
    // Nobody had asked for the other one.
    expect(textOf(both, 'y1')).toBe(textOf(inTurn[0]!, 'y1'));
  });
});
