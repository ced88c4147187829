import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';
import { findModels } from './find-models.js';

let directory: ModelDirectory | undefined;
afterEach(async () => {
  await directory?.remove();
  directory = undefined;
});

async function found(files: string[], at = ''): Promise<unknown> {
  directory = await modelDirectory(...files);
  return findModels(join(directory.path, at), [halfPlusTwoPlatform()]);
}

const path = (...parts: string[]): string => join(directory!.path, ...parts);

test('a directory with a model in it is that model, named like the directory', async () => {
  expect(await found(['resnet/half_plus_two'], 'resnet')).toEqual([{ name: 'resnet', directory: path('resnet') }]);
});

test('a version directory keeps its number and has the name of the directory above', async () => {
  expect(await found(['resnet/0003/half_plus_two'], 'resnet/0003')).toEqual([
    { name: 'resnet', directory: path('resnet/0003'), version: 3n },
  ]);
});

test('a directory with version directories is a base path', async () => {
  expect(await found(['resnet/1/half_plus_two', 'resnet/notes/readme'], 'resnet')).toEqual([
    { name: 'resnet', basePath: path('resnet') },
  ]);
});

test('a directory of models has one model for each child that is one, in the order of their names', async () => {
  const files = ['b/1/half_plus_two', 'a/half_plus_two', 'notes/readme', 'file'];
  expect(await found(files)).toEqual([
    { name: 'a', directory: path('a') },
    { name: 'b', basePath: path('b') },
  ]);
});

test('a directory without a model is an error that names the path', async () => {
  directory = await modelDirectory('notes/readme');
  await expect(findModels(path(), [halfPlusTwoPlatform()])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(`No model found in ${path()}: expected`) as string,
  });
});

test('a path that is not there, or is no directory, is an error that names the path', async () => {
  directory = await modelDirectory('file');
  const at = (name: string): Promise<unknown> => findModels(path(name), [halfPlusTwoPlatform()]);
  await expect(at('missing')).rejects.toThrow(`Cannot serve ${path('missing')}: does not exist`);
  await expect(at('file')).rejects.toThrow(`Cannot serve ${path('file')}: ENOTDIR`);
});
