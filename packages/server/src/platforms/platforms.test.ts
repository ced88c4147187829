import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';
import { diskEstimate } from './disk-estimate.js';
import type { EngineLoadOptions } from './model-engine.js';
import type { LoadedModel } from './model-loader.js';
import { onnxPlatform } from './onnx.js';
import { platformLoader } from './platform.js';
import { savedModelPlatform } from './savedmodel.js';

let directory: ModelDirectory | undefined;
afterEach(async () => {
  await directory?.remove();
  directory = undefined;
});

const neverAborted = { signal: new AbortController().signal };

function fakeModel(): LoadedModel & { closed: number } {
  const model = {
    closed: 0,
    signatureDefs: new Map(),
    run: async () => new Map(),
    close: async () => void (model.closed += 1),
  };
  return model;
}

/** Both platforms of the server over models that are not loaded for real, and what they were asked to load. */
function platforms() {
  const opened: string[] = [];
  const model = fakeModel();
  const load = async (path: string): Promise<LoadedModel> => {
    opened.push(path);
    return model;
  };
  return { opened, model, list: [savedModelPlatform({ load }), onnxPlatform({ load })] };
}

describe('choosing the platform of a version directory', () => {
  test.each([
    ['saved_model.pb', 'tensorflow', ''],
    ['model.onnx', 'onnx', '/model.onnx'],
  ])('%s is a model of platform %s', async (file, platform, loaded) => {
    directory = await modelDirectory(`1/${file}`);
    const { list, opened } = platforms();
    const version = join(directory.path, '1');
    const servable = await platformLoader(list, undefined, version).load(neverAborted);
    expect([servable.platform, opened]).toEqual([platform, [version + loaded]]);
  });

  test('a SavedModel goes before an ONNX model beside it, unless the config says otherwise', async () => {
    directory = await modelDirectory('1/saved_model.pb', '1/model.onnx');
    const { list } = platforms();
    const load = async (name?: string) =>
      (await platformLoader(list, name, join(directory!.path, '1')).load(neverAborted)).platform;
    expect([await load(), await load('onnx')]).toEqual(['tensorflow', 'onnx']);
  });

  test('a directory of neither is NOT_FOUND in the two lines of upstream', async () => {
    directory = await modelDirectory('1/model.onnx');
    const version = join(directory.path, '1');
    await expect(platformLoader(platforms().list, 'tensorflow', version).load(neverAborted)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message:
        'Specified file path does not appear to contain a SavedModel bundle ' +
        `(should have a file called \`saved_model.pb\`)\nSpecified file path: ${version}`,
    });
  });
});

test('a frozen graph in place of a SavedModel is answered with the command that makes one of it', async () => {
  directory = await modelDirectory('1/notes');
  const graph = join(directory.path, '1/frozen.pb');
  await copyFile(fileURLToPath(new URL('../../fixtures/frozen.pb', import.meta.url)), graph);
  await expect(
    platformLoader(platforms().list, undefined, join(directory.path, '1')).load(neverAborted),
  ).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(
      new RegExp(
        `^Specified file path does not .*\nSpecified file path: .*\n.*"servable import ${graph} --inputs NAME:0 `,
      ),
    ) as string,
  });
});

test('what a model runs on reaches its platform, and every instance counts for its memory', async () => {
  directory = await modelDirectory('1/model.onnx');
  await writeFile(join(directory.path, '1/model.onnx'), Buffer.alloc(100));
  const given: unknown[] = [];
  const load = async (_file: string, { executionProviders, instances }: EngineLoadOptions) => {
    given.push([executionProviders, instances]);
    return fakeModel();
  };
  const engine = { executionProviders: ['cuda'], instances: 3 } as const;
  const loader = platformLoader([onnxPlatform({ load })], undefined, join(directory.path, '1'), engine);
  await loader.load(neverAborted);
  expect(given).toEqual([[['cuda'], 3]]);
  expect((await loader.estimateResources!()).ramBytes).toBeCloseTo(3 * (120 + 704 * 1024), 3);
});

test('unloading closes the model once', async () => {
  directory = await modelDirectory('1/model.onnx');
  const { list, model } = platforms();
  const loader = platformLoader(list, undefined, join(directory.path, '1'));
  await loader.load(neverAborted);
  expect(model.closed).toBe(0);
  await loader.unload();
  expect(model.closed).toBe(1);
});

test('a load that is no longer wanted when it ends closes what it opened', async () => {
  directory = await modelDirectory('1/model.onnx');
  const { list, model } = platforms();
  const controller = new AbortController();
  controller.abort(new Error('not wanted'));
  const loading = platformLoader(list, undefined, join(directory.path, '1')).load({ signal: controller.signal });
  await expect(loading).rejects.toThrow('not wanted');
  expect(model.closed).toBe(1);
});

test('EstimateResourceFromPathUsingDiskState: 1.2 times the bytes of all files, a missing path fails', async () => {
  directory = await modelDirectory('1/model.onnx', '1/variables/data');
  await writeFile(join(directory.path, '1/model.onnx'), Buffer.alloc(70));
  await writeFile(join(directory.path, '1/variables/data'), Buffer.alloc(30));
  const version = join(directory.path, '1');
  expect((await diskEstimate(version)).ramBytes).toBeCloseTo(120, 9);
  expect((await platformLoader(platforms().list, undefined, version).estimateResources!()).ramBytes).toBeCloseTo(
    120 + 704 * 1024,
  );
  await expect(diskEstimate(join(directory.path, '2'))).rejects.toMatchObject({ code: 'ENOENT' });
});
