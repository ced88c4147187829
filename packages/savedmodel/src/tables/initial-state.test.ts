import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { AttrValueSchema, DataType, NodeDefSchema, type NodeDef } from '@servable/protos/tensorflow';
import { tensor, tensorToProto } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/build-graph.js';
import { readSavedModel } from '../reader/read-saved-model.js';
import { SavedModel, type SavedModelParts } from '../reader/saved-model.js';
import { StoredNode } from '../reader/stored-node.js';
import { initialState } from './initial-state.js';

const directory = (name: string) => fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));

async function stateOf(model: SavedModel) {
  return initialState(model, new GraphBuilder(model));
}

/** The model in testdata/tf2 with more nodes in its graph, and another init op. */
async function withInitOp(initOp: string, nodes: readonly NodeDef[]): Promise<SavedModel> {
  const model = await readSavedModel(directory('tf2'));
  const added = nodes.map((node) => [node.name, new StoredNode(toBinary(NodeDefSchema, node))] as const);
  return changed(model, { initOp, nodes: new Map([...model.nodes, ...added]) });
}

function changed(model: SavedModel, changes: Partial<SavedModelParts>): SavedModel {
  const { dir, metaGraph, nodes, functions, assets, initOp } = model;
  const parts = { dir, metaGraph, nodes, functions, objectGraph: [], variables: undefined, assets, initOp };
  return new SavedModel({ ...parts, ...changes });
}

const type = (value: DataType) => create(AttrValueSchema, { value: { case: 'type', value } });
const int = (value: bigint) => create(AttrValueSchema, { value: { case: 'i', value } });
const ints = (values: readonly number[]) =>
  create(AttrValueSchema, { value: { case: 'tensor', value: tensorToProto(tensor([...values], 'int32')) } });
const node = (op: string, name: string, input: string[] = []) => create(NodeDefSchema, { op, name, input });
const table = create(NodeDefSchema, {
  op: 'HashTableV2',
  name: 'own_table',
  attr: { key_dtype: type(DataType.DT_STRING), value_dtype: type(DataType.DT_INT64) },
});

describe('the state before the first request', () => {
  it('has the tables that the init op fills', async () => {
    await using model = await readSavedModel(directory('tf2'));
    const { tables } = await stateOf(model);
    expect([...tables.values()].map((filled) => [filled.keyDtype, filled.size])).toEqual([['string', 3]]);
  });

  it('does not mind init ops that leave nothing behind', async () => {
    await using model = await readSavedModel(directory('tf1'));
    expect(model.initOp).toBeDefined();
    expect(await stateOf(model)).toEqual({ tables: new Map(), variables: new Map(), forests: new Map() });
  });

  it('refuses init ops that change variables in ways that are not worked out', async () => {
    const model = await withInitOp('init', [node('NoOp', 'init', ['^adds']), node('AssignAddVariableOp', 'adds')]);
    await expect(stateOf(model)).rejects.toMatchObject({ reason: 'UNSUPPORTED_INIT_OP', op: 'AssignAddVariableOp' });
  });

  it("gives variables TensorFlow's random numbers for their seeds", async () => {
    const model = await withInitOp('fill', [
      create(NodeDefSchema, {
        op: 'Const',
        name: 'size',
        attr: { dtype: type(DataType.DT_INT32), value: ints([2, 3]) },
      }),
      create(NodeDefSchema, {
        op: 'RandomUniform',
        name: 'drawn',
        input: ['size'],
        attr: { dtype: type(DataType.DT_FLOAT), T: type(DataType.DT_INT32), seed: int(7n), seed2: int(5n) },
      }),
      create(NodeDefSchema, {
        op: 'Add',
        name: 'twice',
        input: ['drawn', 'drawn'],
        attr: { T: type(DataType.DT_FLOAT) },
      }),
      create(NodeDefSchema, {
        op: 'VarHandleOp',
        name: 'kernel',
        attr: {
          dtype: type(DataType.DT_FLOAT),
          shape: create(AttrValueSchema, { value: { case: 'shape', value: {} } }),
        },
      }),
      node('AssignVariableOp', 'fill', ['kernel', 'twice']),
    ]);
    const { variables } = await stateOf(model);
    const kernel = variables.get('kernel');
    expect(kernel?.shape).toEqual([2, 3]);
    // Twice what tf.raw_ops.RandomUniform(shape=[2, 3], dtype=tf.float32, seed=7, seed2=5) gives.
    const expected = [1.7338621616363525, 0.004335165023803711, 1.8389039039611816, 0.8521950244903564];
    expect(Array.from(kernel?.data as Float32Array).slice(0, 4)).toEqual(expected);
  });

  it('is read once per model', async () => {
    await using model = await readSavedModel(directory('tf2'));
    expect(await stateOf(model)).toBe(await stateOf(model));
  });

  it('refuses by name what an init op does beside', async () => {
    const model = await withInitOp('init', [node('NoOp', 'init', ['^writes']), node('WriteFile', 'writes')]);
    await expect(stateOf(model)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      reason: 'UNSUPPORTED_INIT_OP',
      op: 'WriteFile',
      node: 'writes',
    });
  });

  it('refuses contents that are no constants', async () => {
    const model = await withInitOp('fill', [
      table,
      node('Placeholder', 'keys'),
      node('InitializeTableV2', 'fill', ['own_table', 'keys', 'keys']),
    ]);
    await expect(stateOf(model)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });

  it('is empty without an init op', async () => {
    const model = changed(await readSavedModel(directory('tf2')), { initOp: undefined });
    expect(await stateOf(model)).toEqual({ tables: new Map(), variables: new Map(), forests: new Map() });
  });

  it('can be tried again after a failure', async () => {
    const given = await readSavedModel(directory('tf2'));
    const moved = new Map([...given.assets].map(([tensor]) => [tensor, '/nowhere/words.txt'] as const));
    const model = changed(given, { assets: moved });
    await expect(stateOf(model)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(stateOf(model)).rejects.toMatchObject({ code: 'NOT_FOUND', file: '/nowhere/words.txt' });
  });
});
