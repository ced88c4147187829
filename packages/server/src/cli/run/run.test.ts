import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeExample, encodeNpy, tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modelDirectory, type ModelDirectory } from '../../testing/model-directory.js';
import { testIo } from '../../testing/test-io.js';
import { main } from '../main.js';
import { decodeNpz, encodeNpz } from './npz.js';

const models = fileURLToPath(new URL('../../../../../examples/models', import.meta.url));
const halfPlusTwo = join(models, 'half_plus_two');

let directory: ModelDirectory;
beforeEach(async () => {
  directory = await modelDirectory();
});
afterEach(() => directory.remove());

const put = async (name: string, contents: Uint8Array | readonly Uint8Array[] | string) =>
  writeFile(join(directory.path, name), contents);

async function run(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const io = testIo({ cwd: directory.path });
  const status = await main(['run', ...argv], io);
  return { status, out: io.out.join(''), err: io.err.join('') };
}

test('prints outputs with their dtypes and shapes', async () => {
  expect(await run(halfPlusTwo, '--inputs', 'x=[1, 2, 5.2]')).toEqual({
    status: 0,
    out: 'y  float32 [3]\n[2.5, 3, 4.6]\n',
    err: '',
  });
});

test('takes arrays of .npy, .npz and JSON files', async () => {
  await put('x.npy', encodeNpy(tensor([1, 2, 5])));
  await put(
    'arrays.npz',
    encodeNpz([
      ['a', tensor([4])],
      ['x', tensor([8, 10])],
    ]),
  );
  await put('one.npz', encodeNpz([['arr_0', tensor([12])]]));
  await put('x.json', '[14, 16]');
  const answer = async (value: string) => (await run(halfPlusTwo, `--inputs=x=${value}`)).out.split('\n')[1];
  expect(await answer('x.npy')).toBe('[2.5, 3, 4.5]');
  expect(await answer('arrays.npz[a]')).toBe('[4]');
  expect(await answer('arrays.npz')).toBe('[6, 7]');
  expect(await answer('one.npz')).toBe('[8]');
  expect(await answer('@x.json')).toBe('[9, 10]');
});

test('the bytes of files are strings, and several files a batch', async () => {
  await put('two.bin', encodeExample({ x: [2] }));
  await put('six.bin', encodeExample({ x: [6] }));
  const argv = [halfPlusTwo, '--signature', 'regress_x_to_y', '--json', '--inputs'];
  const outputs = (values: number[]) =>
    `{"outputs":{"outputs":{"dtype":"float32","shape":[${values.length}],"values":[${values}]}}}\n`;
  expect((await run(...argv, 'inputs=two.bin')).out).toBe(outputs([3]));
  expect((await run(...argv, 'inputs=two.bin', 'inputs=six.bin')).out).toBe(outputs([3, 5]));
});

test('--out writes what --output-filter leaves', async () => {
  const inputs = ['--inputs', 'x=[1]'];
  expect((await run(halfPlusTwo, ...inputs, '--out=y.npz')).out).toBe('');
  const arrays = decodeNpz(await readFile(join(directory.path, 'y.npz')));
  expect([...arrays].map(([name, value]) => [name, value.dtype, value.toArray()])).toEqual([['y', 'float32', [2.5]]]);
  expect((await run(halfPlusTwo, ...inputs, '--out=y.npy', '--output-filter=y')).status).toBe(0);
  expect(await readFile(join(directory.path, 'y.npy'))).toEqual(Buffer.from(encodeNpy(tensor([2.5]))));
  expect((await run(halfPlusTwo, ...inputs, '--out=y.json')).status).toBe(0);
  expect(JSON.parse(await readFile(join(directory.path, 'y.json'), 'utf8'))).toEqual({
    outputs: { y: { dtype: 'float32', shape: [1], values: [2.5] } },
  });
});

test.each([
  [['--inputs', 'x=[1'], 1, 'Bad input x: '],
  [['--inputs', 'z=[1]'], 1, 'Bad input z: the signature has x'],
  [['--inputs', 'x=missing.npy'], 1, 'missing.npy does not exist'],
  [['--inputs', 'x=word'], 1, 'expected JSON, or a file that exists, given word'],
  [['--inputs', 'x=text.txt'], 1, 'only inputs of dtype string take the bytes of files, and it is float32'],
  [['--inputs', 'x=broken.npz'], 1, 'Malformed ZIP archive: it has no end record'],
  [['--inputs', 'x=["a"]'], 1, 'Bad input x: '],
  [[], 1, 'Missing input "x"'],
  [['--inputs', 'x=[1]', '--signature=nope'], 1, 'No signature nope: expected one of '],
  [['--inputs', 'x=[1]', '--output-filter=z'], 1, 'z'],
  [['--inputs'], 2, 'Flag --inputs needs one or more values of the form NAME=VALUE'],
  [['--inputs', 'x=[1]', '--out=y.csv'], 2, 'ends in .npz, .npy or .json; got y.csv'],
])('%j is refused', async (argv, status, message) => {
  await put('text.txt', 'text');
  await put('broken.npz', 'no archive at all, though longer than an end record');
  const result = await run(halfPlusTwo, ...argv);
  expect([result.status, result.out]).toEqual([status, '']);
  expect(result.err).toContain(message);
});
