import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { SavedModelSchema, type NodeDefSchema } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanRunner } from '../plan/plan-runner.js';
import { FilteringRunner } from './filtering-runner.js';
import { loadSavedModel } from './load-saved-model.js';

const DT_INT32 = 3;
const open = { unknownRank: false, dim: [{ size: -1n }] };

type NodeInit = MessageInitShape<typeof NodeDefSchema>;
const int32 = { T: { value: { case: 'type', value: DT_INT32 } } } as const;
const node = (name: string, op: string, input: string[]): NodeInit => ({ name, op, input, attr: int32 });
const info = (name: string) => ({
  encoding: { case: 'name' as const, value: `${name}:0` },
  dtype: DT_INT32,
  tensorShape: open,
});

/** `sum = x + x` and `remainder = (x * x) mod x`, which fails where an `x` is zero. */
const saved = create(SavedModelSchema, {
  savedModelSchemaVersion: 1n,
  metaGraphs: [
    {
      metaInfoDef: { tags: ['serve'] },
      graphDef: {
        node: [
          {
            name: 'x',
            op: 'Placeholder',
            attr: {
              dtype: { value: { case: 'type', value: DT_INT32 } },
              shape: { value: { case: 'shape', value: open } },
            },
          },
          node('sum', 'AddV2', ['x', 'x']),
          node('square', 'Mul', ['x', 'x']),
          node('remainder', 'FloorMod', ['square', 'x']),
        ],
      },
      signatureDef: {
        serving_default: {
          inputs: { x: info('x') },
          outputs: { sum: info('sum'), square: info('square'), remainder: info('remainder') },
          methodName: 'tensorflow/serving/predict',
        },
      },
    },
  ],
});

let dir: string;
beforeAll(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'servable-filter-')), '1');
  await mkdir(dir);
  await writeFile(join(dir, 'saved_model.pb'), toBinary(SavedModelSchema, saved));
});
afterAll(() => rm(join(dir, '..'), { recursive: true }));

describe('a signature of several outputs', () => {
  it('does not compute what a request does not ask for, and so does not fail by it', async () => {
    await using model = await loadSavedModel(dir);
    const zeros = { x: tensor([0, 3], 'int32') };
    await expect(model.predict(zeros)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (let again = 0; again < 3; again++) {
      const { outputs } = await model.predict(zeros, { outputFilter: ['sum'] });
      expect(outputs).toEqual({ sum: tensor([0, 6], 'int32') });
    }
    const both = await model.predict(zeros, { outputFilter: ['square', 'sum'] });
    expect(both.outputs).toEqual({ square: tensor([0, 9], 'int32'), sum: tensor([0, 6], 'int32') });
    for (const outputFilter of [['remainder'], ['sum', 'remainder']])
      await expect(model.predict(zeros, { outputFilter })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('answers filters and whole requests alike when they come at once', async () => {
    await using model = await loadSavedModel(dir);
    const x = tensor([2, 3], 'int32');
    const whole = { sum: tensor([4, 6], 'int32'), square: tensor([4, 9], 'int32'), remainder: tensor([0, 0], 'int32') };
    const filters = [
      [],
      ['sum'],
      ['square'],
      ['remainder'],
      ['remainder', 'sum'],
      ['sum'],
      [],
    ] as (keyof typeof whole)[][];
    const answers = await Promise.all(filters.map((outputFilter) => model.predict({ x }, { outputFilter })));
    answers.forEach(({ outputs }, i) => {
      const aliases = filters[i]?.length ? filters[i] : (Object.keys(whole) as (keyof typeof whole)[]);
      expect(outputs).toEqual(Object.fromEntries(aliases.map((alias) => [alias, whole[alias]])));
    });
  });
});

describe('plans for some of the outputs', () => {
  const never = () => Promise.reject<Map<string, Tensor>>(new RangeError('all of it fails'));
  const whole = (work: PlanRunner['plan']['work'], extra: object = {}) => {
    const outputs = ['a', 'b', 'c'].map((alias) => ({ alias }));
    return { plan: { outputs, work, ...extra }, run: never, close: () => Promise.resolve() } as unknown as PlanRunner;
  };
  const each = (amount: number, weightBytes = 0) =>
    ['a', 'b', 'c'].map((alias) => ({ outputs: [alias], amount, weightBytes }));
  const compiled = { a: tensor([1]) };
  const make = (runner: PlanRunner) => {
    const asked: string[] = [];
    let closed = 0;
    const filtering = new FilteringRunner(runner, (aliases) => {
      asked.push(aliases.join());
      const run = () => Promise.resolve(new Map<string, Tensor>(Object.entries(compiled)));
      return Promise.resolve({ plan: runner.plan, run, close: () => Promise.resolve(void closed++) });
    });
    return { filtering, asked, closed: () => closed };
  };

  it('are made once, and closed', async () => {
    const { filtering, asked, closed } = make(whole(each(1)));
    for (let again = 0; again < 3; again++)
      expect(await filtering.run(new Map(), ['a'])).toEqual(new Map(Object.entries(compiled)));
    expect(asked).toEqual(['a']);
    await filtering.close();
    expect(closed()).toBe(1);
  });

  it.each([
    ['little is spared', whole([{ outputs: ['a', 'b', 'c'], amount: 100, weightBytes: 0 }, ...each(5)])],
    ['they would hold many weights again', whole(each(1, 2 ** 28 + 1))],
    ['variables are written', whole(each(1), { variables: new Map([['v', undefined]]) })],
  ])('are not made where %s', async (_, runner) => {
    const { filtering, asked } = make(runner);
    await expect(filtering.run(new Map(), ['a'])).rejects.toThrow('all of it fails');
    expect(asked).toEqual([]);
    await filtering.close();
  });
});
