import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readConfigFile } from './config-file/read-config-file.js';
import { byteSize } from './models/byte-size.js';
import type { Platform } from './platforms/platform.js';
import { createServer, type Server } from './server.js';
import { resolveServerOptions, type ServerOptions } from './server-options.js';
import { type Caller, grpcCaller, restPredict } from './testing/calls.js';
import { type HalfPlusTwo, halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { modelDirectory, type ModelDirectory } from './testing/model-directory.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function directoryOf(...files: string[]): Promise<ModelDirectory> {
  const directory = await modelDirectory(...files);
  cleanups.push(() => directory.remove());
  return directory;
}

/** Half plus two whose versions take 1000 bytes each by their estimate. */
function sizedPlatform(half: HalfPlusTwo, bytes = 1000): Platform {
  return {
    name: half.name,
    accepts: (directory) => half.accepts(directory),
    createLoader: (directory) => ({
      ...half.createLoader(directory),
      estimateResources: async () => ({ ramBytes: bytes }),
    }),
  };
}

async function start(options: ServerOptions): Promise<{ readonly server: Server; readonly caller: Caller }> {
  const server = await createServer({ grpcPort: 0, restPort: 0, pollIntervalMs: 0, prometheus: {}, ...options });
  cleanups.push(() => server.destroy());
  const caller = grpcCaller(server.grpcPort!);
  cleanups.push(() => caller.close());
  return { server, caller };
}

async function get(server: Server, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${server.restPort!}${path}`)).text();
}

const names = ['a', 'b', 'c'];

describe('a server with a memory budget', () => {
  test('is ready without a load, answers every model over gRPC and REST, and keeps what was used last', async () => {
    const directory = await directoryOf(...names.map((name) => `${name}/1/half_plus_two`));
    const half = halfPlusTwoPlatform();
    const { server, caller } = await start({
      models: names.map((name) => ({ name, basePath: join(directory.path, name) })),
      modelMemoryBudget: 2000,
      waitForModels: true,
      platforms: [sizedPlatform(half)],
    });
    expect([server.state, half.loaded]).toEqual(['ready', []]);
    const status = JSON.parse(await get(server, '/v1/models/a')) as { model_version_status: unknown[] };
    expect(status.model_version_status).toEqual([
      { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ]);
    expect(await get(server, '/v1/models')).not.toContain('platform');
    expect(half.loaded).toEqual([]);

    expect(await Promise.all([1, 2, 3].map((x) => caller.predict('a', [x])))).toEqual(['1:2.5', '1:3', '1:3.5']);
    expect(await restPredict(server.restPort!, 'b', [2])).toEqual([200, { predictions: [3] }]);
    expect(await get(server, '/v1/models/c/metadata')).toContain('serving_default');
    const at = (name: string): string => join(directory.path, name, '1');
    expect([half.loaded, half.unloaded]).toEqual([[at('a'), at('b'), at('c')], [at('a')]]);

    const page = await get(server, '/monitoring/prometheus/metrics');
    expect(page).toContain(':servable:model_memory_bytes{} 2000\n');
    expect(page).toContain(':servable:model_memory_budget_bytes{} 2000\n');
    expect(page).toContain(':servable:models_in_memory{} 2\n');
    expect(page).toContain(':servable:model_loads_total{model_name="a",status="OK"} 1\n');
    expect(page).toContain(':servable:model_evictions_total{model_name="a"} 1\n');
  });

  test('pinned models are loaded at the start and stay', async () => {
    const directory = await directoryOf(...names.map((name) => `${name}/1/half_plus_two`));
    const half = halfPlusTwoPlatform();
    const { caller } = await start({
      models: names.map((name) => ({ name, basePath: join(directory.path, name), pinned: name === 'a' })),
      pinnedModels: ['b'],
      modelMemoryBudget: '3000',
      waitForModels: true,
      platforms: [sizedPlatform(half)],
    });
    expect([...half.loaded].sort()).toEqual(['a', 'b'].map((name) => join(directory.path, name, '1')));
    expect(await caller.predict('c', [2])).toBe('1:3');
    expect(half.unloaded).toEqual([]);
  });

  test('a model that does not fit is RESOURCE_EXHAUSTED with figures, 429 over REST', async () => {
    const directory = await directoryOf('a/1/half_plus_two');
    const { server, caller } = await start({
      models: [{ name: 'a', basePath: join(directory.path, 'a') }],
      modelMemoryBudget: 999,
      waitForModels: true,
      platforms: [sizedPlatform(halfPlusTwoPlatform())],
    });
    const message =
      'Servable {name: a version: 1} does not fit into memory: it needs 1000 bytes, and the budget is 999 bytes';
    expect(await caller.predict('a', [2])).toBe(`RESOURCE_EXHAUSTED: ${message}`);
    expect((await restPredict(server.restPort!, 'a', [2]))[1]).toEqual({ error: message });
  });

  test('a load that fails is UNAVAILABLE, and the status says why until one goes well', async () => {
    const directory = await directoryOf('a/1/half_plus_two');
    const half = halfPlusTwoPlatform();
    let now = 0;
    half.beforeLoad = () => Promise.reject(new Error('torn file'));
    const { server, caller } = await start({
      models: [{ name: 'a', basePath: join(directory.path, 'a') }],
      modelMemoryBudget: '1K',
      waitForModels: true,
      platforms: [sizedPlatform(half)],
      clock: { now: () => now, schedule: () => () => undefined },
    });
    expect(await caller.predict('a', [2])).toBe(
      'UNAVAILABLE: Servable {name: a version: 1} could not be loaded: INTERNAL: torn file',
    );
    const status = async (): Promise<unknown> =>
      (JSON.parse(await get(server, '/v1/models/a')) as { model_version_status: unknown[] }).model_version_status[0];
    expect(await status()).toEqual({
      version: '1',
      state: 'AVAILABLE',
      status: { error_code: 'INTERNAL', error_message: 'torn file' },
    });
    half.beforeLoad = async () => undefined;
    now += 1000;
    expect(await caller.predict('a', [2])).toBe('1:3');
    expect(await status()).toMatchObject({ status: { error_code: 'OK', error_message: '' } });
  });

  test('models and labels can be reloaded, and closing unloads what is in memory', async () => {
    const directory = await directoryOf(...names.map((name) => `${name}/1/half_plus_two`), 'a/2/half_plus_two');
    const half = halfPlusTwoPlatform();
    const model = (name: string) => ({ name, basePath: join(directory.path, name) });
    const { server, caller } = await start({
      models: [model('a')],
      modelMemoryBudget: 2000,
      waitForModels: true,
      platforms: [sizedPlatform(half)],
    });
    expect(await caller.predict('a', [2])).toBe('2:3');
    const all = { versionPolicy: { kind: 'all' as const } };
    await server.reload([{ ...model('a'), ...all }, model('b')]);
    await server.reload([{ ...model('a'), ...all, versionLabels: { stable: 2n } }, model('b')]);
    expect(await caller.predict('a', [2], 'stable')).toBe('2:3');
    expect(await caller.predict('b', [2])).toBe('1:3');
    await server.close();
    expect([...half.unloaded].sort()).toEqual([...half.loaded].sort());
  });
});

test('40 copies of a real model in the memory of a few: every one answers, and what is used stays below the budget', async () => {
  const real = fileURLToPath(new URL('../../../examples/models/half_plus_two/1', import.meta.url));
  const models = Array.from({ length: 40 }, (_, i) => ({ name: `model-${i}`, directory: real }));
  const { server, caller } = await start({ models, modelMemoryBudget: '8M', waitForModels: true });
  const figure = async (name: string): Promise<number> =>
    Number(new RegExp(`:servable:${name}\\{\\} (\\d+)`).exec(await get(server, '/monitoring/prometheus/metrics'))?.[1]);
  const budget = 8 * 2 ** 20;
  for (const { name } of [...models, ...models]) {
    const [one, other] = await Promise.all([caller.predict(name, [1, 2, 5]), caller.predict(name, [2])]);
    expect([one, other]).toEqual(['1:2.5,3,4.5', '1:3']);
    expect(await figure('model_memory_bytes')).toBeLessThanOrEqual(budget);
  }
  expect(await figure('models_in_memory')).toBeGreaterThan(0);
});

describe('the options of a memory budget', () => {
  test.each([
    ['1000', 1000],
    [1000, 1000],
    ['1k', 1024],
    ['1.5G', 1.5 * 2 ** 30],
    ['2Gi', 2 ** 31],
    ['512M', 2 ** 29],
  ])('%s is %d bytes', (value, bytes) => expect(byteSize('modelMemoryBudget', value)).toBe(bytes));

  test.each(['', '0', -1, '2GB', 'much', '1e3', 0.5, NaN])('%s is refused', (value) => {
    expect(() => resolveServerOptions({ models: [], grpcPort: 0, modelMemoryBudget: value })).toThrow(
      `modelMemoryBudget must be a number of bytes of at least 1, or one with K, M, G or T behind it; got '${value}'`,
    );
  });

  test('a configuration file takes them', async () => {
    const directory = await directoryOf();
    const file = join(directory.path, 'servable.yaml');
    await writeFile(
      file,
      'modelMemoryBudget: 2G\npinnedModels: [b]\nmodels:\n  - { name: a, basePath: a, pinned: true }\n',
    );
    const options = await readConfigFile(file);
    expect(options).toMatchObject({ modelMemoryBudget: '2G', pinnedModels: ['b'], models: [{ pinned: true }] });
    await writeFile(file, 'modelMemoryBudget: much\nmodels: []\n');
    await expect(readConfigFile(file)).rejects.toThrow(
      'modelMemoryBudget: expected a number of bytes, or a text such as 512M or 2G; got "much"',
    );
  });
});
