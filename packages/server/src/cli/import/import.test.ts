import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSavedModel } from '@servable/savedmodel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modelDirectory, type ModelDirectory } from '../../testing/model-directory.js';
import { testIo } from '../../testing/test-io.js';
import { main } from '../main.js';

const fixtures = fileURLToPath(new URL('../../../fixtures', import.meta.url));
const frozen = join(fixtures, 'frozen.pb');

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

test('a frozen graph becomes a SavedModel that answers as the graph did', async () => {
  const imported = await cli(
    'import',
    frozen,
    '--inputs',
    'x:0',
    '--outputs',
    'probabilities:0,class=label:0',
    '-o',
    'm/1',
  );
  expect([imported.status, imported.err]).toEqual([0, '']);
  expect(await readdir(join(directory.path, 'm/1'))).toEqual(['saved_model.pb']);
  const { out } = await cli('run', 'm', '--inputs', 'x=[[1, 2, 3], [0, 4, 0]]');
  expect(out).toBe(
    'class  int64 [2]\n[0, 1]\nprobabilities  float32 [2,2]\n[[0.5, 0.5],\n [0.047425874, 0.95257413]]\n',
  );
});

test('the signature has the dtypes and shapes of the placeholders and of what is computed', async () => {
  await cli(
    'import',
    frozen,
    '--inputs=image=x:0',
    '--outputs=label',
    '-o=m',
    '--signature=classify',
    '--tags=serve,gpu',
  );
  await using model = await readSavedModel(join(directory.path, 'm'), { tags: ['gpu', 'serve'] });
  expect([...model.signatureDefs.keys()]).toEqual(['classify']);
  expect(model.signatureDefs.get('classify')).toMatchObject({
    methodName: 'tensorflow/serving/predict',
    inputs: { image: { encoding: { value: 'x:0' }, dtype: 1, tensorShape: { dim: [{ size: -1n }, { size: 3n }] } } },
    outputs: { label: { encoding: { value: 'label:0' }, dtype: 9, tensorShape: { dim: [{ size: -1n }] } } },
  });
});

const names = ['--inputs=x:0', '--outputs=label:0', '-o=m'];
test.each([
  [[frozen], 2, 'Its placeholders: x:0. Nodes that nothing reads: label:0'],
  [[frozen, ...names.slice(0, 2)], 2, 'Flag --output is needed: -o DIR'],
  [[frozen, '--inputs=y:0', ...names.slice(1)], 1, 'the graph has no node y. Its placeholders: x:0'],
  [[frozen, '--outputs=label:0:int', ...names.slice(0, 1), '-o=m'], 1, 'expected a dtype such as float32, given int'],
  [[frozen, '--outputs=a=b=c', ...names.slice(0, 1), '-o=m'], 1, 'expected NODE:0, ALIAS=NODE:0 or NODE:0:DTYPE'],
  [[join(fixtures, 'unfrozen.pb'), ...names], 1, 'is not frozen: expected constants, given the variables w, b'],
  [[join(fixtures, 'freeze.py'), ...names], 1, 'expected a binary GraphDef, given'],
  [[join(fixtures, 'python_function/1/saved_model.pb'), ...names], 1, 'given a SavedModel, which is served as it is'],
  [['missing.pb', ...names], 1, 'it does not exist'],
])('%j is refused, and nothing is written', async (argv, status, message) => {
  const result = await cli('import', ...argv);
  expect([result.status, result.out]).toEqual([status, '']);
  expect(result.err).toContain(message);
  expect(await readdir(directory.path)).toEqual([]);
});

test('a SavedModel that is there already is not replaced', async () => {
  expect((await cli('import', frozen, ...names)).status).toBe(0);
  const again = await cli('import', frozen, ...names);
  expect([again.status, again.err]).toEqual([1, expect.stringContaining('saved_model.pb exists already')]);
});

test('whoever serves a frozen graph is told the command', async () => {
  await cp(frozen, join(directory.path, 'graphs/inception.pb'));
  const hint = (path: string) => `servable import ${path} --inputs NAME:0 --outputs NAME:0 -o DIR`;
  expect((await cli('serve', frozen)).err).toContain(hint(frozen));
  for (const command of ['serve', 'inspect', 'run']) {
    const { status, err } = await cli(command, 'graphs');
    expect([status, err]).toEqual([1, expect.stringContaining(hint(join(directory.path, 'graphs/inception.pb')))]);
  }
});
