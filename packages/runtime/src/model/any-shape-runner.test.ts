import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { SavedModelSchema, type NodeDefSchema, type TensorInfo } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import type { PlanRunner } from '../plan/plan-runner.js';
import { AnyShapeRunner } from './any-shape-runner.js';
import { loadSavedModel } from './load-saved-model.js';

const DT_FLOAT = 1;
const DT_INT32 = 3;
const open = { unknownRank: true, dim: [] };
const float = { T: { value: { case: 'type', value: DT_FLOAT } } } as const;

type NodeInit = MessageInitShape<typeof NodeDefSchema>;
const placeholder = (name: string): NodeInit => ({
  name,
  op: 'Placeholder',
  attr: { dtype: { value: { case: 'type', value: DT_FLOAT } }, shape: { value: { case: 'shape', value: open } } },
});
const info = (name: string, dims: readonly number[], dtype = DT_FLOAT) => ({
  encoding: { case: 'name' as const, value: `${name}:0` },
  dtype: dtype as TensorInfo['dtype'],
  tensorShape: { unknownRank: false, dim: dims.map((size) => ({ size: BigInt(size) })) },
});

/** Signatures that say less than their graph can take: `double = x + x`, `product = x · x`, and one with another dtype. */
const saved = create(SavedModelSchema, {
  savedModelSchemaVersion: 1n,
  metaGraphs: [
    {
      metaInfoDef: { tags: ['serve'] },
      graphDef: {
        node: [
          placeholder('x'),
          { name: 'double', op: 'AddV2', input: ['x', 'x'], attr: float },
          { name: 'product', op: 'MatMul', input: ['x', 'x'], attr: float },
        ],
      },
      signatureDef: {
        serving_default: {
          inputs: { x: info('x', [-1, 1]) },
          outputs: { double: info('double', [-1, 1]) },
          methodName: 'tensorflow/serving/predict',
        },
        square: {
          inputs: { x: info('x', [2, 2]) },
          outputs: { product: info('product', [2, 2]) },
          methodName: 'tensorflow/serving/predict',
        },
        integers: {
          inputs: { x: info('x', [-1], DT_INT32) },
          outputs: { double: info('double', [-1]) },
          methodName: 'tensorflow/serving/predict',
        },
      },
    },
  ],
});

let dir: string;
beforeAll(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'servable-shapes-')), '1');
  await mkdir(dir);
  await writeFile(join(dir, 'saved_model.pb'), toBinary(SavedModelSchema, saved));
});
afterAll(() => rm(join(dir, '..'), { recursive: true }));

const run = (signatureName: string, x: Tensor) => ({ signatureName, inputs: new Map([['x', x]]), outputFilter: [] });

it('inputs of other shapes than the signature tells are run where the graph can', async () => {
  await using model = await loadSavedModel(dir);
  const double = async (x: Tensor) => (await model.run(run('serving_default', x))).get('double');
  expect(await double(tensor([[1], [2]]))).toEqual(tensor([[2], [4]]));
  for (let again = 0; again < 2; again++) expect(await double(tensor([1, 2, 5]))).toEqual(tensor([2, 4, 10]));
  expect(await double(tensor(3))).toEqual(tensor(6));
  expect(await double(tensor([[1, 2, 3]]))).toEqual(tensor([[2, 4, 6]]));
  expect(await double(tensor([[[1]], [[2]]]))).toEqual(tensor([[[2]], [[4]]]));
});

it('what the graph cannot run is refused, before or in the run', async () => {
  await using model = await loadSavedModel(dir);
  const product = async (x: Tensor) => (await model.run(run('square', x))).get('product');
  expect(
    await product(
      tensor([
        [1, 2, 0],
        [0, 1, 0],
        [1, 0, 1],
      ]),
    ),
  ).toEqual(
    tensor([
      [1, 4, 0],
      [0, 1, 0],
      [2, 2, 1],
    ]),
  );
  await expect(product(tensor([1, 2]))).rejects.toMatchObject({ name: 'RuntimeError' });
  await expect(product(tensor([[1, 2, 3]]))).rejects.toMatchObject({ name: 'RuntimeError' });
  expect(
    await product(
      tensor([
        [1, 0],
        [0, 1],
      ]),
    ),
  ).toEqual(
    tensor([
      [1, 0],
      [0, 1],
    ]),
  );
});

it('a placeholder takes its own dtype, whatever the signature says', async () => {
  await using model = await loadSavedModel(dir);
  expect((await model.run(run('integers', tensor([1.5])))).get('double')).toEqual(tensor([3]));
  await expect(model.run(run('integers', tensor([1], 'int32')))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'INPUT_DTYPE_MISMATCH',
  });
});

const plan = {
  inputs: [
    { alias: 'a', dtype: 'float32', shape: [null, 2] },
    { alias: 'b', dtype: 'float32', shape: undefined },
  ],
} as unknown as PlanRunner['plan'];

function counting(more: { fails?: boolean } = {}) {
  const asked: string[] = [];
  let closed = 0;
  const runner = (): PlanRunner =>
    ({ plan, run: () => Promise.resolve(new Map()), close: () => Promise.resolve(void closed++) }) as never;
  const any = new AnyShapeRunner(runner(), (ranks) => {
    asked.push(JSON.stringify([...ranks]));
    return more.fails === true ? Promise.reject(new Error('no')) : Promise.resolve(runner());
  });
  const ofRank = (rank: number) =>
    any.forShapes(new Map([['a', tensor([1]).reshape(new Array<number>(rank).fill(1))]]));
  return { any, ofRank, asked, closed: () => closed };
}

it('a plan is made once for each rank, for so many at most, and closed', async () => {
  const { any, ofRank, asked, closed } = counting();
  for (const rank of [1, 3, 1, 0, 4, 5, 3]) expect((await ofRank(rank)) !== undefined).toBe(rank !== 5);
  expect(asked).toEqual(['[["a",1]]', '[["a",3]]', '[["a",0]]', '[["a",4]]']);
  await any.close();
  expect(closed()).toBe(5);
});

it('ranks that do not compile are not tried again', async () => {
  const { ofRank, asked } = counting({ fails: true });
  expect([await ofRank(1), await ofRank(1)]).toEqual([undefined, undefined]);
  expect(asked).toHaveLength(1);
});
