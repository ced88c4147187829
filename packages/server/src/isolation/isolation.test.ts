import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type InferenceServable, type Loader, ServingError, silentLogger, systemClock } from '@servable/core';
import { Tensor, tensor } from '@servable/tensor';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { onnxPlatform } from '../platforms/onnx.js';
import type { Platform } from '../platforms/platform.js';
import { servedModels } from '../models/served-model.js';
import { savedModelPlatform } from '../platforms/savedmodel.js';
import { isolatedLoader, type IsolatedLoaderOptions } from './isolated-loader.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const example = join(root, 'examples/models/half_plus_two');

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'isolation-'));
  // Within the checkout, where the packages that it imports are found.
  file = join(root, `node_modules/.cache/isolated-model-test/${process.pid}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL('isolated-model.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
  });
  const [version] = await readdir(example);
  await cp(join(example, version!), join(directory, 'model'), { recursive: true });
}, 60_000);
afterAll(async () => {
  await rm(directory, { recursive: true });
  await rm(file, { force: true });
});

const loaders: Loader<InferenceServable>[] = [];
afterEach(async () => {
  for (const loader of loaders.splice(0)) await loader.unload();
});

interface Started {
  readonly loader: Loader<InferenceServable>;
  readonly servable: InferenceServable;
  /** The process of the model that is there, or comes next after the one given. */
  readonly pid: (after?: number) => Promise<number>;
  readonly errors: string[];
}

async function start(
  platforms: readonly Platform[] = [savedModelPlatform(), onnxPlatform()],
  more: Partial<IsolatedLoaderOptions> = {},
): Promise<Started> {
  const pids: number[] = [];
  const errors: string[] = [];
  const logger = {
    ...silentLogger,
    info: (text: string) => {
      const [, pid] = /runs in process (\d+)/.exec(text) ?? [];
      if (pid !== undefined) pids.push(Number(pid));
    },
    warning: (text: string) => void errors.push(text),
    error: (text: string) => void errors.push(text),
  };
  const loader = isolatedLoader({
    id: { name: 'm', version: 1n },
    directory: join(directory, 'model'),
    platforms,
    platform: undefined,
    engine: {},
    clock: systemClock,
    logger,
    file,
    ...more,
  });
  const servable = await loader.load({ signal: new AbortController().signal });
  loaders.push(loader);
  return {
    loader,
    servable,
    errors,
    async pid(after) {
      for (;;) {
        const at = after === undefined ? pids.length - 1 : pids.indexOf(after) + 1;
        if (pids[at] !== undefined) return pids[at];
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const run = async (servable: InferenceServable, x: readonly number[], how: object = {}): Promise<unknown> => {
  const inputs = new Map([['x', tensor([...x])]]);
  const outputs = await servable.run({ signatureName: 'serving_default', inputs, outputFilter: [], ...how });
  return outputs.get('y')?.toArray();
};

test('a model in a process of its own answers as any other, and starts again after a native crash', async () => {
  const { servable, pid, errors } = await start();
  expect(servable.platform).toBe('tensorflow');
  expect([...servable.signatureDefs.keys()]).toContain('serving_default');
  expect(await run(servable, [1, 2, 5])).toEqual([2.5, 3, 4.5]);
  await expect(servable.run({ signatureName: 'none', inputs: new Map(), outputFilter: [] })).rejects.toMatchObject({
    name: 'ServingError',
  });
  let crashed = await pid();
  for (let crash = 0; crash < 2; crash += 1) {
    process.kill(crashed, 'SIGSEGV');
    const next = await pid(crashed);
    expect(next).not.toBe(crashed);
    expect(await run(servable, [1, 2, 5])).toEqual([2.5, 3, 4.5]);
    crashed = next;
  }
  expect(errors).toEqual([
    expect.stringContaining('ended by SIGSEGV; starting it again in 100 ms') as string,
    expect.stringContaining('ended by SIGSEGV; starting it again in 200 ms') as string,
  ]);
}, 60_000);

/** A platform of plain JavaScript whose model waits for its signal, or says how it was called. */
async function waitingPlatform(): Promise<Platform> {
  const module = join(directory, 'waiting.mjs');
  await mkdir(directory, { recursive: true });
  await writeFile(
    module,
    `export const createPlatform = ({ word }) => ({
      name: 'waiting',
      accepts: async () => true,
      createLoader: () => ({
        async load() {
          return {
            platform: word,
            signatureDefs: new Map(),
            run: ({ signatureName, inputs, signal, timeoutMs }) => {
              if (signatureName === 'wait') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
              if (signatureName === 'hang') for (;;);
              if (signatureName === 'crash') process.kill(process.pid, 'SIGSEGV');
              return Promise.resolve(new Map([...inputs, ['timeout', { dtype: 'float32', shape: [], data: Float32Array.of(timeoutMs ?? -1) }]]));
            },
          };
        },
        async unload() {},
        measureResources: async () => ({ ramBytes: 12345 }),
      }),
    });`,
  );
  return {
    name: 'waiting',
    isolated: { name: 'waiting', module: pathToFileURL(module).href, options: { word: 'given' } },
    accepts: () => Promise.resolve(true),
    createLoader: () => {
      throw new Error('not in this process');
    },
  };
}

const call = (signatureName: string, how: object = {}) => ({
  signatureName,
  inputs: new Map(),
  outputFilter: [],
  ...how,
});

test('calls that run in a crash are UNAVAILABLE, and so are those until it is back', async () => {
  const { loader, servable, pid } = await start([await waitingPlatform()]);
  expect(servable.platform).toBe('given');
  expect(await loader.measureResources?.()).toEqual({ ramBytes: 12345 });
  const first = await pid();
  const running = [servable.run(call('wait')), servable.run(call('wait'))];
  process.kill(first, 'SIGSEGV');
  for (const each of running) {
    await expect(each).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'ISOLATED_PROCESS_DIED',
      message: 'The process of the model ended by SIGSEGV; it is started again',
    });
  }
  await expect(servable.run(call('echo'))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'ISOLATED_PROCESS_DOWN',
  });
  await pid(first);
  expect((await servable.run(call('echo'))).get('timeout')?.toArray()).toBe(-1);
});

test('a process that was started again is warm before it gets calls', async () => {
  const warmings: { readonly down: unknown; readonly answer: unknown }[] = [];
  const { servable, pid, errors } = await start(undefined, {
    async warmAgain(fresh, signal) {
      signal.throwIfAborted();
      warmings.push({
        down: await run(servable, [1]).catch(({ reason }: { reason: string }) => reason),
        answer: [fresh.platform, [...fresh.signatureDefs.keys()].includes('serving_default'), await run(fresh, [4])],
      });
    },
  });
  // The first process is warmed up as part of the load.
  expect(warmings).toEqual([]);
  const first = await pid();
  process.kill(first, 'SIGSEGV');
  await pid(first);
  expect(warmings).toEqual([{ down: 'ISOLATED_PROCESS_DOWN', answer: ['tensorflow', true, [4]] }]);
  expect(await run(servable, [1])).toEqual([2.5]);
  expect(errors).toHaveLength(1);
}, 60_000);

test('a warm-up that fails keeps nobody from answers, one that ends its process is left out the next time', async () => {
  const hows = ['refuse', 'crash', 'not this time'];
  const { servable, pid, errors } = await start([await waitingPlatform()], {
    async warmAgain(fresh) {
      const how = hows.shift();
      if (how === 'refuse') throw new ServingError('INTERNAL', 'BAD', 'no such request');
      if (how === 'crash') await fresh.run(call('crash'));
    },
  });
  const first = await pid();
  process.kill(first, 'SIGSEGV');
  const second = await pid(first);
  expect((await servable.run(call('echo'))).get('timeout')?.toArray()).toBe(-1);
  process.kill(second, 'SIGSEGV');
  await pid(second);
  expect((await servable.run(call('echo'))).get('timeout')?.toArray()).toBe(-1);
  expect(hows).toEqual(['not this time']);
  expect(errors).toEqual([
    'The process of {name: m version: 1} ended by SIGSEGV; starting it again in 100 ms',
    'Warm-up of {name: m version: 1} failed after its process was started again: no such request',
    'The process of {name: m version: 1} ended by SIGSEGV; starting it again in 200 ms',
    'Could not start the process of {name: m version: 1} again; next in 400 ms: Its process ended by SIGSEGV in its warm-up',
    '{name: m version: 1} is not warmed up: its last process ended in its warm-up',
  ]);
}, 60_000);

test('values that are no tensor of their dtype fail their own call', async () => {
  const { servable } = await start([await waitingPlatform()]);
  const wrong = new Map([['b', new Tensor('bool', [2], Uint8Array.of(1, 7))]]);
  await expect(servable.run(call('echo', { inputs: wrong }))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'RAW_BOOL_INVALID',
  });
  expect((await servable.run(call('echo'))).get('timeout')?.toArray()).toBe(-1);
});

test('tensors of every kind, deadlines and cancellations pass through', async () => {
  const { servable, pid } = await start([await waitingPlatform()]);
  const inputs = new Map([
    ['strings', tensor(['a', 'ü'])],
    ['long', tensor([2n ** 62n, -1n])],
    ['bool', tensor([true, false])],
    // A view of a larger buffer.
    ['part', tensor(new Float32Array(16).fill(3).subarray(4, 6))],
  ]);
  const outputs = await servable.run(call('echo', { inputs, timeoutMs: 750 }));
  expect([...outputs].map(([alias, value]) => [alias, value.dtype, value.toArray()])).toEqual([
    ['strings', 'string', ['a', 'ü']],
    ['long', 'int64', [2n ** 62n, -1n]],
    ['bool', 'bool', [true, false]],
    ['part', 'float32', [3, 3]],
    ['timeout', 'float32', 750],
  ]);
  const abort = new AbortController();
  const cancelled = servable.run(call('wait', { signal: abort.signal }));
  abort.abort(new Error('nobody waits'));
  await expect(cancelled).rejects.toThrow('nobody waits');
  // Native code that does not come back cannot hold a caller beyond its deadline.
  await expect(servable.run(call('hang', { timeoutMs: 1 }))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  // What hangs in an endless loop does not unload either: it would be waited for.
  process.kill(await pid(), 'SIGKILL');
});

test('an unloaded model leaves no process', async () => {
  const { loader, servable, pid } = await start([await waitingPlatform()]);
  const own = await pid();
  loaders.pop();
  await loader.unload();
  expect(() => process.kill(own, 0)).toThrow('ESRCH');
  await expect(servable.run(call('echo'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a load that fails says why, and one that is given up ends', async () => {
  const options = {
    id: { name: 'm', version: 1n },
    directory: join(directory, 'empty'),
    platforms: [savedModelPlatform()],
    platform: undefined,
    engine: {},
    clock: systemClock,
    logger: silentLogger,
    file,
  };
  const failing = isolatedLoader(options);
  await expect(failing.load({ signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    reason: 'MODEL_FILES_NOT_FOUND',
  });
  const signal = AbortSignal.abort(new Error('not wanted any more'));
  await expect(isolatedLoader({ ...options, directory: join(directory, 'model') }).load({ signal })).rejects.toThrow(
    'not wanted any more',
  );
  const foreign = { name: 'mine', accepts: () => Promise.resolve(true), createLoader: () => failing };
  await expect(isolatedLoader({ ...options, platforms: [foreign] }).load({ signal })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'PLATFORM_NOT_ISOLATED',
  });
  await expect(isolatedLoader({ ...options, file: '/nowhere' }).load({ signal })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'ISOLATION_UNAVAILABLE',
  });
});

test('isolation is none or process', () => {
  const model = (isolation: string) => ({ name: 'm', basePath: '/m', isolation: isolation as never });
  expect(servedModels([model('process')], []).map(({ isolation }) => isolation)).toEqual(['process']);
  expect(servedModels([model('none')], [])[0]).not.toHaveProperty('isolation');
  expect(() => servedModels([model('thread')], [])).toThrow('model m: isolation must be none or process; got thread');
});
