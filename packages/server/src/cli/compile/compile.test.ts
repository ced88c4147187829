import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '@servable/protos/onnx';
import { DataType, GraphDefSchema, type NodeDefSchema } from '@servable/protos/tensorflow';
import { loadOnnxModel, loadSavedModel } from '@servable/runtime';
import { compileSignature, readSavedModel } from '@servable/savedmodel';
import { tensor, tensorToProto, type Tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modelDirectory, type ModelDirectory } from '../../testing/model-directory.js';
import { testIo } from '../../testing/test-io.js';
import { main } from '../main.js';
import { wholeModel } from './whole-model.js';
import { writeOnnx } from './write-onnx.js';

const models = fileURLToPath(new URL('../../../../../examples/models', import.meta.url));

let directory: ModelDirectory;
beforeEach(async () => {
  directory = await modelDirectory();
});
afterEach(() => directory.remove());

async function cli(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const io = testIo({ cwd: directory.path });
  const status = await main(argv, io);
  return { status, out: io.out.join(''), err: io.err.join('') };
}

/** Makes a SavedModel of a graph, by importing it. */
async function savedModel(nodes: NodeInit[], inputs: string, outputs: string) {
  await writeFile(join(directory.path, 'graph.pb'), toBinary(GraphDefSchema, create(GraphDefSchema, { node: nodes })));
  const { err } = await cli('import', 'graph.pb', '--inputs', inputs, '--outputs', outputs, '-o', 'model');
  expect(err).toBe('');
}
type NodeInit = MessageInitShape<typeof NodeDefSchema>;
const float: NonNullable<NodeInit['attr']>[string] = { value: { case: 'type', value: DataType.DT_FLOAT } };
const placeholder = (name: string, size: bigint): NodeInit => ({
  name,
  op: 'Placeholder',
  attr: { dtype: float, shape: { value: { case: 'shape', value: { dim: [{ size: -1n }, { size }] } } } },
});
const constant = (name: string, value: Tensor): NodeInit => ({
  name,
  op: 'Const',
  attr: { dtype: float, value: { value: { case: 'tensor', value: tensorToProto(value, { content: true }) } } },
});

test('a compiled model answers as the SavedModel does', async () => {
  expect((await cli('compile', join(models, 'digits'), '-o', 'digits.onnx')).out).toMatch(
    /^Wrote .*digits\.onnx \([\d.]+ kB\)\n$/,
  );
  await using compiled = await loadOnnxModel(join(directory.path, 'digits.onnx'));
  await using original = await loadSavedModel(join(models, 'digits/1'));
  const image = tensor(
    Float32Array.from({ length: 3 * 64 }, (_, index) => (index * 7) % 17),
    'float32',
    [3, 8, 8, 1],
  );
  const [one, other] = [await compiled.predict({ image }), await original.predict({ image })];
  expect(one.outputs['probabilities']?.shape).toEqual([3, 10]);
  expect(one.outputs['probabilities']?.toArray()).toEqual(other.outputs['probabilities']?.toArray());
  expect(await readdir(directory.path)).toEqual(['digits.onnx']);
});

test('large weights stand in the file, or beside it with --external-data', async () => {
  const size = 200;
  const weights = tensor(
    Float32Array.from({ length: size * size }, (_, index) => (index % 11) - 5),
    'float32',
    [size, size],
  );
  const matmul = { name: 'product', op: 'MatMul', input: ['x', 'w'], attr: { T: float } };
  await savedModel([placeholder('x', BigInt(size)), constant('w', weights), matmul], 'x:0', 'product:0');
  const embedded = await cli('compile', 'model', '-o', 'embedded.onnx');
  const external = await cli('compile', 'model', '-o', 'external.onnx', '--external-data');
  expect([embedded.out.split('\n').length, external.out.split('\n').length]).toEqual([2, 3]);
  const bytes = async (name: string) => (await stat(join(directory.path, name))).size;
  expect(await bytes('external.onnx.data')).toBe(4 * size * size);
  expect(await bytes('external.onnx')).toBeLessThan(1000);
  expect((await bytes('embedded.onnx')) - 4 * size * size).toBeLessThan(1000);

  // One row that picks the rows 3 and 4 of the weights.
  const x = tensor(
    Float32Array.from({ length: size }, (_, index) => (index === 3 ? 1 : index === 4 ? 10 : 0)),
    'float32',
    [1, size],
  );
  const expected = Array.from(
    { length: size },
    (_, column) => weights.data[3 * size + column]! + 10 * weights.data[4 * size + column]!,
  );
  for (const name of ['embedded.onnx', 'external.onnx']) {
    await using model = await loadOnnxModel(join(directory.path, name));
    expect((await model.predict({ x })).outputs['product']?.toArray()).toEqual([expected]);
  }
});

test('weights that a message cannot hold go to a file of their own without being asked to', async () => {
  const weights = tensor(
    Float32Array.from({ length: 2 * 32_768 }, (_, index) => index % 100),
    'float32',
    [2, 32_768],
  );
  const matmul = { name: 'product', op: 'MatMul', input: ['x', 'w'], attr: { T: float } };
  await savedModel([placeholder('x', 2n), constant('w', weights), matmul], 'x:0', 'product:0');
  await using source = await readSavedModel(join(directory.path, 'model'));
  const { model, weights: file } = wholeModel(await compileSignature(source, 'serving_default'));
  const path = join(directory.path, 'large.onnx');
  const held = await writeOnnx(path, model, file, false, 4 * weights.size);
  expect(held.weightFile).toBeUndefined();
  const split = await writeOnnx(path, model, file, false, 4 * weights.size - 1);
  expect(split).toMatchObject({ weightFile: `${path}.data`, weightBytes: 4 * weights.size });
  await using loaded = await loadOnnxModel(path);
  const { outputs } = await loaded.predict({ x: [[0, 2]] });
  expect(outputs['product']?.data).toEqual(weights.data.slice(32_768).map((value) => 2 * value));
});

test('inputs and outputs keep their aliases, also where they are the same value or nothing is computed', async () => {
  const add = { name: 'sum', op: 'AddV2', input: ['x', 'one'], attr: { T: float } };
  await savedModel(
    [placeholder('x', 2n), placeholder('unused', 3n), constant('one', tensor(1)), add],
    'a=x:0,unused:0',
    'sum:0,again=sum:0,a=x:0,fixed=one:0',
  );
  const { out } = await cli('compile', 'model', '-o', 'm.onnx');
  expect(out).toContain('Output a is called a_1: an ONNX model cannot have an input and an output of one name');
  const { graph } = fromBinary(ModelProtoSchema, await readFile(join(directory.path, 'm.onnx')));
  expect(graph?.input.map(({ name }) => name).sort()).toEqual(['a', 'unused']);
  await using model = await loadOnnxModel(join(directory.path, 'm.onnx'));
  const { outputs } = await model.predict({ a: [[1, 2]], unused: [[0, 0, 0]] });
  expect(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.toArray()]))).toEqual({
    sum: [[2, 3]],
    again: [[2, 3]],
    a_1: [[1, 2]],
    fixed: 1,
  });
});

test.each([
  [
    ['half_plus_two', '--signature', 'regress_x_to_y', '-o', 'm.onnx'],
    1,
    'run on the host: ParseExample at node ParseExample',
  ],
  [['half_plus_two', '--signature', 'nope', '-o', 'm.onnx'], 1, 'Serving signature key "nope" not found'],
  [['half_plus_two'], 2, 'Flag --output is needed: -o FILE.onnx'],
  [['half_plus_two', '-o', 'm.pb'], 2, 'needs a file that ends in .onnx; got m.pb'],
  [['half_plus_two', '-o', 'missing/m.onnx'], 1, 'ENOENT'],
])('%j is refused, and nothing is left behind', async ([model, ...argv], status, message) => {
  const result = await cli('compile', join(models, model!), ...argv);
  expect([result.status, result.out]).toEqual([status, '']);
  expect(result.err).toContain(message);
  expect(await readdir(directory.path)).toEqual([]);
});
