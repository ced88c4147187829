import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a fake is for tests only, and so for no entry of a package
import { answer, type FakeS3, fakeS3 } from '../../core/src/lifecycle/source/testing/fake-s3.js';
import { buildProgram, type BuiltProgram } from '../../../tools/build-program.js';
import { createServer, type Server } from './server.js';
import type { ServerOptions } from './server-options.js';
import { halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';

// The SDK looks for credentials there, and on the network where there are none.
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' });

const root = fileURLToPath(new URL('../../..', import.meta.url));
const example = join(root, 'examples/models/half_plus_two/1');
let directory: string;
let s3: FakeS3;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-faults-'));
  s3 = await fakeS3(1000);
});
afterEach(async () => {
  await s3[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** A server over the fake, and its log by level. */
async function start(more: Partial<ServerOptions> = {}): Promise<Server & { readonly log: readonly string[] }> {
  const log: string[] = [];
  const note = (level: string) => (text: string) => void log.push(`${level} ${text}`);
  const server = await createServer({
    models: [{ name: 'm', basePath: 's3://bucket/models/m' }],
    platforms: [halfPlusTwoPlatform()],
    modelCacheDirectory: directory,
    objectStores: { s3: { endpoint: s3.endpoint } },
    restPort: 0,
    pollIntervalMs: 20,
    maxLoadRetries: 0,
    logger: { debug: note('D'), info: note('I'), warning: note('W'), error: note('E') },
    ...more,
  });
  return Object.assign(server, { log });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise<void>((resolve) => setImmediate(resolve));
}

const states = (server: Server): string =>
  server.states
    .getVersionStates('m')
    .map(({ id, managerState, health }) => [id.version, managerState, health?.code].filter(Boolean).join(' '))
    .join();

async function predict(port: number | undefined): Promise<unknown> {
  const body = JSON.stringify({ instances: [1] });
  return (await fetch(`http://127.0.0.1:${port}/v1/models/m:predict`, { method: 'POST', body })).json();
}

describe('a server that was killed', () => {
  let program: BuiltProgram;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    program = await buildProgram(new URL('testing/killable-server.ts', import.meta.url));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => program.remove());

  /**
   * A server in a process of its own, with version 1 loaded; it stops for good at `stopAt`.
   *
   * @param within - a command that runs the one behind it
   */
  async function killable(stopAt: string, within: readonly string[] = []) {
    s3.put('bucket/models/m/1/half_plus_two', 'one');
    const server = [process.execPath, program.file, s3.endpoint, directory, stopAt];
    const [command, ...args] = [...within, ...server] as [string, ...string[]];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    const says = (what: string): Promise<void> =>
      until(() => {
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${text}`);
        return text.includes(what);
      });
    await says('Successfully loaded servable version {name: m version: 1}');
    await says('port ');
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    return { says, kill, log: () => text, port: Number(/port (\d+)/.exec(text)![1]) };
  }

  test('while downloading serves the version before, and goes on where the download stopped', async () => {
    const { kill } = await killable('');
    const content = 'two'.repeat(100_000);
    s3.fault = (request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('/2/half')) return false;
      response.setHeader('content-length', content.length);
      response.write(content.slice(0, 100_000));
      return true;
    };
    s3.put('bucket/models/m/2/half_plus_two', content);
    await until(async () => {
      const path = (await readdir(directory, { recursive: true })).find((one) => one.endsWith('2/half_plus_two'));
      return path !== undefined && (await stat(join(directory, path))).size === 100_000;
    });
    await kill();

    s3.fault = (request, response) =>
      request.url!.includes('/2/half') ? (answer(response, 403, 'AccessDenied'), true) : false;
    {
      await using server = await start();
      await until(() => states(server) === '2 END PERMISSION_DENIED,1 AVAILABLE');
      expect(await predict(server.restPort)).toEqual({ predictions: [2.5] });
    }
    s3.fault = undefined;
    s3.requests.length = 0;
    await using server = await start();
    await until(() => states(server) === '2 AVAILABLE,1 END');
    expect(s3.requests.filter((line) => line.startsWith('GET'))).toEqual([
      'GET bucket/models/m/2/half_plus_two bytes=100000-',
    ]);
  });

  test('while loading serves the version before when the new one does not load, without downloading again', async () => {
    const { says, kill } = await killable('loading 2');
    s3.put('bucket/models/m/2/half_plus_two', 'two');
    await says('loading 2');
    await kill();
    s3.requests.length = 0;
    const platform = halfPlusTwoPlatform();
    platform.beforeLoad = async (path) => {
      if (path.endsWith('/2')) throw new Error('No luck with this one');
    };
    await using server = await start({ platforms: [platform] });
    await until(() => /^2 END \w+,1 AVAILABLE$/.test(states(server)));
    expect(await predict(server.restPort)).toEqual({ predictions: [2.5] });
    expect(s3.requests.filter((line) => line.startsWith('GET'))).toEqual([]);
  });

  test('while swapping serves the new version, which was loaded, even when the store is away', async () => {
    const { says, kill, port } = await killable('running');
    // A request that does not end keeps version 1 from leaving.
    const request = predict(port).catch(() => 'cut');
    await says('running');
    s3.put('bucket/models/m/2/half_plus_two', 'two');
    await says('Successfully loaded servable version {name: m version: 2}');
    await kill();
    expect(await request).toBe('cut');
    s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
    await using server = await start();
    await until(() => states(server) === '2 AVAILABLE');
    expect(await predict(server.restPort)).toEqual({ predictions: [2.5] });
  });

  test('on a full disk a version ends with what is wrong, the one before goes on, and room is used when there is some', async ({
    skip,
  }) => {
    // A disk of a MiB in a mount namespace of its own, which goes with the process.
    const isRoot = process.getuid?.() === 0;
    const namespace = ['unshare', '--mount', ...(isRoot ? [] : ['--user', '--map-root-user'])];
    const disk = [...namespace, 'sh', '-c', 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', directory];
    if (spawnSync(disk[0]!, [...disk.slice(1), 'true']).status !== 0) skip('mount namespaces cannot be made here');
    const { says, log, port, kill } = await killable('', disk);
    s3.put('bucket/models/m/2/half_plus_two', 'two'.repeat(1_000_000));
    await says('version: 2}: RESOURCE_EXHAUSTED: ');
    expect(log().match(/^Encountered an error for servable version .*$/gm)).toEqual([
      expect.stringMatching(
        /\{name: m version: 2\}: RESOURCE_EXHAUSTED: Cannot .*ENOSPC: no space left on device/,
      ) as string,
    ]);
    expect(await predict(port)).toEqual({ predictions: [2.5] });
    s3.put('bucket/models/m/3/half_plus_two', 'three');
    await says('Successfully loaded servable version {name: m version: 3}');
    expect(await predict(port)).toEqual({ predictions: [2.5] });
    await kill();
  }, 60_000);
});

test.each([
  [500, 'InternalError', 'UNAVAILABLE'],
  [403, 'AccessDenied', 'PERMISSION_DENIED'],
])(
  'a store that answers %i %s: the version stays, the log says why, and news come again after it',
  async (...given) => {
    const [status, name, code] = given;
    s3.put('bucket/models/m/1/half_plus_two', 'one');
    await using server = await start();
    await server.waitUntilReady();
    s3.fault = (_request, response) => (answer(response, status, name), true);
    await until(() => server.log.some((line) => line.startsWith('E')));
    expect(server.log.find((line) => line.startsWith('E'))).toBe(
      `E Could not list base path s3://bucket/models/m for servable m with error ${code}: ` +
        `Cannot list s3://bucket/models/m/: HTTP ${status}: No luck: ${name}`,
    );
    expect([states(server), await predict(server.restPort)]).toEqual(['1 AVAILABLE', { predictions: [2.5] }]);
    s3.fault = undefined;
    s3.put('bucket/models/m/2/half_plus_two', 'two');
    await until(() => states(server) === '2 AVAILABLE,1 END');
    expect(server.log).toContain('I s3://bucket/models/m answers again');
  },
);

test('a version that is truncated in the store ends with an error that says so, and the one before goes on', async () => {
  const put = async (version: number, change: (content: Buffer) => Buffer): Promise<void> => {
    for (const file of await readdir(example, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      const content = await readFile(path);
      const isGraph = file.name === 'saved_model.pb';
      s3.put(`bucket/models/m/${version}${path.slice(example.length)}`, isGraph ? change(content) : content);
    }
  };
  await put(1, (content) => content);
  await using server = await start({ platforms: undefined });
  await server.waitUntilReady();
  await put(2, (content) => content.subarray(0, content.length >> 1));
  await until(() => server.states.getVersionStates('m').some(({ health }) => health !== undefined));
  const [bad] = server.states.getVersionStates('m');
  expect([bad!.id.version, bad!.managerState, bad!.health!.message]).toEqual([
    2n,
    'END',
    expect.stringContaining('saved_model.pb'),
  ]);
  expect(server.log.filter((line) => line.startsWith('E')).join()).toContain('saved_model.pb');
  expect(await predict(server.restPort)).toEqual({ predictions: [2.5] });
});

test.each<readonly [string, () => string, string]>([
  ['is no directory', () => join(directory, 'file'), 'FAILED_PRECONDITION'],
  // Nobody, not even root, makes a directory there.
  ...(process.platform === 'linux'
    ? [['may not be written', () => '/sys/servable', 'PERMISSION_DENIED'] as const]
    : []),
])('a cache that %s is the error of the version, with the path', async (_what, where, code) => {
  s3.put('bucket/models/m/1/half_plus_two', 'one');
  await writeFile(join(directory, 'file'), '');
  const path = where();
  await using server = await start({ modelCacheDirectory: path });
  await until(() => states(server).includes('END'));
  const { health } = server.states.getVersionStates('m')[0]!;
  expect([health?.code, health?.message]).toEqual([code, expect.stringContaining(`Cannot use ${path} as a cache: `)]);
  expect(server.log.filter((line) => line.startsWith('E')).join()).toContain(`Cannot use ${path} as a cache`);
});
