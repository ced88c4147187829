import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@servable/core';
import { afterEach, describe, expect, test } from 'vitest';
import { createServer, type Server } from './server.js';
import type { ServerOptions } from './server-options.js';
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

async function start(platform: HalfPlusTwo, options: Partial<ServerOptions> & Pick<ServerOptions, 'models'>) {
  const server = await createServer({ grpcPort: 0, pollIntervalMs: 5, ...options, platforms: [platform] });
  cleanups.push(() => server.destroy());
  return server;
}

function callerOf(server: Server): Caller {
  const caller = grpcCaller(server.grpcPort!);
  cleanups.push(() => caller.close());
  return caller;
}

/** A promise and its resolver, for holding something up. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Resolves when the server's states fit. */
async function until(server: Server, name: string, states: string): Promise<void> {
  const now = (): string =>
    server.states
      .getVersionStates(name)
      .map(({ id, managerState }) => `${id.version} ${managerState}`)
      .join(', ');
  while (now() !== states) await new Promise((resolve) => setImmediate(resolve));
}

describe('a server with one model', () => {
  test('answers predictions with the latest version', async () => {
    const directory = await directoryOf('half_plus_two/1/half_plus_two', 'half_plus_two/00000123/half_plus_two');
    const platform = halfPlusTwoPlatform();
    const server = await start(platform, {
      models: [{ name: 'half_plus_two', basePath: join(directory.path, 'half_plus_two') }],
    });
    await server.waitUntilReady();
    expect(server.state).toBe('ready');
    expect(await callerOf(server).predict('half_plus_two', [1, 2, 5])).toBe('123:2.5,3,4.5');
    expect(platform.loaded).toEqual([join(directory.path, 'half_plus_two/00000123')]);
  });

  test('goes from one version to the next without a failed request', async () => {
    const directory = await directoryOf('m/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    const server = await start(platform, { models: [{ name: 'm', basePath: join(directory.path, 'm') }] });
    await server.waitUntilReady();
    const caller = callerOf(server);
    const answers = new Set<string>();
    let swapped = false;
    const asking = (async () => {
      while (!swapped) answers.add(await caller.predict('m', [2]));
    })();
    const loading = gate();
    platform.beforeLoad = () => loading.opened;
    await directory.add('m/2/half_plus_two');
    await until(server, 'm', '2 LOADING, 1 AVAILABLE');
    loading.open();
    await until(server, 'm', '2 AVAILABLE, 1 END');
    swapped = true;
    await asking;
    answers.add(await caller.predict('m', [2]));
    expect([...answers].sort()).toEqual(['1:3', '2:3']);
    expect(platform.unloaded).toEqual([join(directory.path, 'm/1')]);
  });

  test('serves a single directory under the version it is given', async () => {
    const directory = await directoryOf('exported/half_plus_two');
    const server = await start(halfPlusTwoPlatform(), {
      models: [{ name: 'm', directory: join(directory.path, 'exported'), version: 7n }],
    });
    await server.waitUntilReady();
    expect(await callerOf(server).predict('m', [2])).toBe('7:3');
  });

  test('a version that cannot be loaded fails the wait and is NOT_FOUND, with the reason in its state', async () => {
    const directory = await directoryOf('m/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    platform.beforeLoad = () => Promise.reject(new Error('out of luck'));
    const server = await start(platform, {
      models: [{ name: 'm', basePath: join(directory.path, 'm') }],
      maxLoadRetries: 0,
    });
    await expect(server.waitUntilReady()).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: '1 servable(s) did not become available: {{{name: m version: 1} due to error: INTERNAL: out of luck}, }',
    });
    expect(server.state).toBe('not-ready');
    expect(await callerOf(server).predict('m', [2])).toBe('NOT_FOUND: Servable not found for request: Latest(m)');
  });

  test('a directory without a model in it ends with the text of upstream', async () => {
    const directory = await directoryOf('m/1/something_else');
    const server = await start(halfPlusTwoPlatform(), {
      models: [{ name: 'm', basePath: join(directory.path, 'm') }],
      maxLoadRetries: 0,
    });
    await until(server, 'm', '1 END');
    expect(server.states.getVersionStates('m')[0]?.health).toMatchObject({
      code: 'NOT_FOUND',
      message:
        'Specified file path does not appear to contain a SavedModel bundle ' +
        `(should have a file called \`saved_model.pb\`)\nSpecified file path: ${join(directory.path, 'm/1')}`,
    });
  });
});

test('several models are served side by side, and the server is ready when all are', async () => {
  const directory = await directoryOf('a/1/half_plus_two', 'b/1/half_plus_two');
  const platform = halfPlusTwoPlatform();
  const slow = gate();
  platform.beforeLoad = (path) => (path.includes(join('b', '1')) ? slow.opened : Promise.resolve());
  const server = await start(platform, {
    models: ['a', 'b'].map((name) => ({ name, basePath: join(directory.path, name) })),
  });
  await until(server, 'a', '1 AVAILABLE');
  await until(server, 'b', '1 LOADING');
  expect(server.state).toBe('not-ready');
  const caller = callerOf(server);
  expect(await caller.predict('a', [4])).toBe('1:4');
  expect(await caller.predict('b', [4])).toBe(
    'UNAVAILABLE: Model b is not ready: no version of it has been loaded yet',
  );
  expect(await caller.predict('c', [4])).toBe('NOT_FOUND: Servable not found for request: Latest(c)');
  slow.open();
  await server.waitUntilReady();
  expect([server.state, await caller.predict('b', [4])]).toEqual(['ready', '1:4']);
});

test('REST answers beside gRPC, and 503 while a model is not ready', async () => {
  const directory = await directoryOf('m/1/half_plus_two');
  const platform = halfPlusTwoPlatform();
  const slow = gate();
  platform.beforeLoad = () => slow.opened;
  const server = await start(platform, {
    models: [{ name: 'm', basePath: join(directory.path, 'm') }],
    restPort: 0,
  });
  const port = server.restPort!;
  expect(await restPredict(port, 'm', [1])).toEqual([
    503,
    { error: 'Model m is not ready: no version of it has been loaded yet' },
  ]);
  expect(await restPredict(port, 'other', [1])).toEqual([
    404,
    { error: 'Servable not found for request: Latest(other)' },
  ]);
  slow.open();
  await server.waitUntilReady();
  expect(await restPredict(port, 'm', [1, 2, 5])).toEqual([200, { predictions: [2.5, 3, 4.5] }]);
  const status = await fetch(`http://127.0.0.1:${port}/v1/models/m`);
  expect(await status.json()).toEqual({
    model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
  });
  expect(status.headers.get('access-control-allow-origin')).toBeNull();
});

test('the limits of REST calls and their CORS headers are the ones that were asked for', async () => {
  const directory = await directoryOf('m/1/half_plus_two');
  const platform = halfPlusTwoPlatform();
  const server = await start(platform, {
    models: [{ name: 'm', basePath: join(directory.path, 'm') }],
    restPort: 0,
    restTimeoutMs: 7,
    restCors: true,
    maxReceiveMessageBytes: 1000,
  });
  await server.waitUntilReady();
  const limits: (number | undefined)[] = [];
  platform.beforeRun = async ({ timeoutMs }) => void limits.push(timeoutMs);
  expect((await restPredict(server.restPort!, 'm', [1]))[0]).toBe(200);
  expect(limits).toEqual([7]);
  const status = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/m`);
  expect(status.headers.get('access-control-allow-origin')).toBe('*');
  const large = Array.from({ length: 600 }, () => 1);
  expect((await restPredict(server.restPort!, 'm', large))[0]).toBe(413);
  expect(await callerOf(server).predict('m', large)).toMatch(/^RESOURCE_EXHAUSTED: /);
});

describe('waiting for the models before the ports open', () => {
  test('a model that cannot be loaded fails the start', async () => {
    const directory = await directoryOf('m/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    platform.beforeLoad = () => Promise.reject(new Error('out of luck'));
    const starting = start(platform, {
      models: [{ name: 'm', basePath: join(directory.path, 'm') }],
      maxLoadRetries: 0,
      waitForModels: true,
    });
    await expect(starting).rejects.toMatchObject({ code: 'UNKNOWN', reason: 'SERVABLES_NOT_AVAILABLE' });
  });

  test('the start waits for a version to appear, and a signal gives it up', async () => {
    const directory = await directoryOf();
    const controller = new AbortController();
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warning(line) {
        lines.push(line);
        controller.abort(new Error('given up'));
      },
    };
    const starting = createServer(
      {
        models: [{ name: 'm', basePath: directory.path }],
        grpcPort: 0,
        waitForModels: true,
        logger,
        platforms: [halfPlusTwoPlatform()],
      },
      { signal: controller.signal },
    );
    await expect(starting).rejects.toThrow('given up');
    expect(lines).toEqual([
      `No versions of servable m found under base path ${directory.path}. ` +
        "Did you forget to name your leaf directory as a number (eg. '/1/')?",
    ]);
  });
});

describe('closing', () => {
  async function withRunningCall(options: Partial<ServerOptions> = {}) {
    const directory = await directoryOf('m/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    const server = await start(platform, {
      models: [{ name: 'm', basePath: join(directory.path, 'm') }],
      ...options,
    });
    await server.waitUntilReady();
    const [entered, release] = [gate(), gate()];
    platform.beforeRun = () => {
      entered.open();
      return release.opened;
    };
    const caller = callerOf(server);
    const running = caller.predict('m', [2]);
    await entered.opened;
    return { server, platform, caller, running, release };
  }

  test('a drain lets the running request end and unloads the model after it', async () => {
    const { server, platform, running, release } = await withRunningCall();
    const closing = server.close();
    expect([server.state, platform.unloaded.length]).toEqual(['draining', 0]);
    release.open();
    expect(await running).toBe('1:3');
    await closing;
    expect([server.state, platform.unloaded.length]).toEqual(['closed', 1]);
    const late = grpcCaller(server.grpcPort!);
    expect(await late.predict('m', [2])).toContain('UNAVAILABLE: ');
    late.close();
  });

  test('a request that does not end in time is cut', async () => {
    const { server, platform, running } = await withRunningCall({ drainTimeoutMs: 1 });
    await server.close();
    expect(await running).toMatch(/^(UNAVAILABLE|CANCELLED|INTERNAL): /);
    expect([server.state, platform.unloaded.length]).toEqual(['closed', 1]);
  });

  test('destroy cuts a drain that is going on', async () => {
    const { server, platform, running } = await withRunningCall();
    const closing = server.close();
    await server.destroy();
    await closing;
    expect(await running).toMatch(/^(UNAVAILABLE|CANCELLED|INTERNAL): /);
    expect([server.state, platform.unloaded.length]).toEqual(['closed', 1]);
  });

  test('closing twice is closing once', async () => {
    const directory = await directoryOf('m/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    const server = await start(platform, { models: [{ name: 'm', basePath: join(directory.path, 'm') }] });
    await server.waitUntilReady();
    await Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()]);
    expect([server.state, platform.unloaded.length]).toEqual(['closed', 1]);
  });
});

describe('ports', () => {
  test('a taken gRPC port is an error that names the port and the option', async () => {
    const taken = createNetServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const models = [{ name: 'm', basePath: '/nowhere' }];
    const platform = halfPlusTwoPlatform();
    try {
      await expect(start(platform, { models, grpcPort: port })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        reason: 'PORT_IN_USE',
        message:
          `gRPC port ${port} is already in use (EADDRINUSE at 127.0.0.1:${port}); ` +
          'choose another one with grpcPort',
      });
      await expect(start(platform, { models, restPort: port })).rejects.toMatchObject({
        reason: 'PORT_IN_USE',
        message:
          `REST port ${port} is already in use (EADDRINUSE at 127.0.0.1:${port}); ` +
          'choose another one with restPort',
      });
    } finally {
      taken.close();
    }
  });

  test('what is not asked for is not opened', async () => {
    const server = await start(halfPlusTwoPlatform(), {
      models: [{ name: 'm', basePath: '/nowhere' }],
      grpcPort: undefined,
      restPort: 0,
    });
    expect(server.grpcPort).toBeUndefined();
    expect(server.restPort).toBeGreaterThan(0);
  });
});

test.each<[Partial<ServerOptions>, string]>([
  [{ grpcPort: undefined }, 'At least one of grpcPort and restPort must be set'],
  [{ grpcPort: 70_000 }, 'grpcPort must be a whole number from 0 to 65535; got 70000'],
  [{ grpcPort: 8500, restPort: 8500 }, 'grpcPort and restPort must be two ports; both are 8500'],
  [{ models: [] }, 'models must name at least one model; got none'],
  [
    { models: [{ name: 'm', basePath: 'relative' }] },
    'Expected model m to have an absolute path or URI; got base_path()=relative',
  ],
  [{ models: [{ name: 'm', basePath: '/m', platform: 'caffe' }] }, 'Model m requests unsupported platform caffe'],
  [
    {
      models: [
        { name: 'm', basePath: '/m' },
        { name: 'm', directory: '/n' },
      ],
    },
    'Illegal to list model m multiple times in config list',
  ],
  [{ drainTimeoutMs: -1 }, 'drainTimeoutMs must be a number of milliseconds of at least 0; got -1'],
  [{ pollIntervalMs: Number.NaN }, 'pollIntervalMs must be a number of milliseconds; got NaN'],
  [{ restHost: '' }, "restHost must be an address or a host name; got ''"],
  [{ grpcport: 0 } as object, 'Unknown option grpcport; did you mean grpcPort?'],
  [{ maxLoadRetries: 1.5 }, 'maxLoadRetries must be a whole number from 0 to 2147483647; got 1.5'],
])('%o is refused', async (options, message) => {
  await expect(
    start(halfPlusTwoPlatform(), { models: [{ name: 'm', basePath: '/nowhere' }], ...options }),
  ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
});
