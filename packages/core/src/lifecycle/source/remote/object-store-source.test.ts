import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Logger } from '../../../servable/logger.js';
import type { ServableData } from '../../../servable/source.js';
import { ManualClock } from '../../../servable/testing/manual-clock.js';
import { openForDownload } from '../cache/download-file.js';
import { ModelCache } from '../cache/model-cache.js';
import { openObjectStore } from '../store/open-object-store.js';
import { answer, type FakeS3, fakeS3 } from '../testing/fake-s3.js';
import type { MonitoredServable } from '../version-directories.js';
import { ObjectStoreSource, type ObjectStoreSurroundings } from './object-store-source.js';
import type { RemoteVersion } from './remote-version.js';

let directory: string;
let s3: FakeS3;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-store-'));
  s3 = await fakeS3();
});
afterEach(async () => {
  await s3[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const model: MonitoredServable = {
  name: 'm',
  basePath: 's3://bucket/models/m',
  versionPolicy: { kind: 'latest', numVersions: 1 },
};
const signal = new AbortController().signal;
// The SDK looks for credentials there, and on the network where there are none.
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' });

interface Setup {
  readonly maxBytes?: number;
  readonly servable?: MonitoredServable;
  readonly surroundings?: ObjectStoreSurroundings;
}

/** A source over the fake, and what its target and its logger were told. */
function setup({ maxBytes = 1e6, servable = model, surroundings = {} }: Setup = {}) {
  const clock = new ManualClock();
  const logged: string[] = [];
  const note = (level: string) => (message: string) => void logged.push(`${level}: ${message}`);
  const logger: Logger = { debug: note('D'), info: note('I'), warning: note('W'), error: note('E') };
  let opened: Promise<ModelCache> | undefined;
  const cache = () => (opened ??= ModelCache.open({ directory, maxBytes, logger }));
  const source = new ObjectStoreSource(
    { servables: [servable], cache, clock, logger },
    {
      open: (basePath) => openObjectStore(basePath, { s3: { endpoint: s3.endpoint } }, {}),
      random: () => 0.5,
      retryMs: 0,
      settleMs: 0,
      ...surroundings,
    },
  );
  const told: (readonly ServableData<RemoteVersion>[])[] = [];
  const numbers = () => told.map((versions) => versions.map(({ id }) => Number(id.version)));
  /** Resolves when the condition holds. */
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const connect = (): void =>
    source.connect({
      setAspiredVersions: (_name, versions) => void told.push(versions),
    });
  const version = (number: number): RemoteVersion =>
    told.at(-1)!.find(({ id }) => id.version === BigInt(number))!.data as RemoteVersion;
  const close = async (): Promise<void> => {
    await source.close();
    await (await cache()).close();
  };
  return { source, clock, logged, told, numbers, connect, until, version, close, cache };
}

function putVersion(number: number, content = `model ${number}`): void {
  s3.put(`bucket/models/m/${number}/saved_model.pb`, content);
  s3.put(`bucket/models/m/${number}/variables/variables.index`, 'index');
  s3.put(`bucket/models/m/${number}/empty`, '');
}

test('the policy chooses among the folders that are numbers, over all pages of the listing', async () => {
  for (const number of [1, 2, 10, 9]) putVersion(number);
  s3.put('bucket/models/m/readme.txt', 'no version');
  s3.put('bucket/models/m/11_not', 'no version');
  s3.put('bucket/models/mm/12/saved_model.pb', 'of another model');
  const { connect, until, told, numbers, close } = setup({
    servable: { ...model, versionPolicy: { kind: 'latest', numVersions: 2 } },
  });
  connect();
  await until(() => told.length > 0);
  expect(numbers()).toEqual([[9, 10]]);
  await close();
});

test('a version comes with all its files, and looking again asks for nothing but the folders', async () => {
  putVersion(1);
  const { connect, until, told, version, close, clock, cache } = setup();
  connect();
  await until(() => told.length > 0);
  expect(await version(1).estimateBytes()).toBe('model 1index'.length);
  const lease = await version(1).acquire(signal);
  expect(lease.directory.endsWith('/1')).toBe(true);
  expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe('model 1');
  expect(await readFile(join(lease.directory, 'variables/variables.index'), 'utf8')).toBe('index');
  expect((await stat(join(lease.directory, 'empty'))).size).toBe(0);
  s3.requests.length = 0;
  clock.advance(1250);
  await until(() => told.length > 1);
  expect(s3.requests).toEqual(['LIST bucket/models/m/']);
  expect((await cache()).bytes).toBe('model 1index'.length);
  await close();
});

test('pauses grow while nothing changes and while the store fails, and are short again after news', async () => {
  putVersion(1);
  const { connect, until, told, clock, close, logged } = setup();
  connect();
  await until(() => told.length === 1);
  clock.advance(999);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  await until(() => told.length === 2 && clock.pending === 1);
  clock.advance(1249);
  expect(clock.pending).toBe(1);
  putVersion(2);
  clock.advance(1);
  await until(() => told.length === 3 && clock.pending === 1);
  s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
  clock.advance(1000);
  await until(() => logged.some((line) => line.startsWith('E:')) && clock.pending === 1);
  clock.advance(1999);
  expect([told.length, clock.pending]).toEqual([3, 1]);
  s3.fault = undefined;
  clock.advance(1);
  await until(() => told.length === 4);
  await close();
});

test('403 is an error in the log with what the store said, tells the target nothing, and stays as the problem', async () => {
  s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
  const { connect, until, told, logged, source, close } = setup();
  connect();
  await until(() => logged.length > 0);
  expect(told).toEqual([]);
  expect(logged[0]).toBe(
    'E: Could not list base path s3://bucket/models/m for servable m with error PERMISSION_DENIED: ' +
      'Cannot list s3://bucket/models/m/: HTTP 403: No luck: AccessDenied',
  );
  expect(source.problemOf('m')).toMatchObject({ code: 'PERMISSION_DENIED' });
  await close();
});

test('a store that has answered and then fails takes nothing away', async () => {
  putVersion(1);
  const { connect, until, told, logged, clock, close } = setup();
  connect();
  await until(() => told.length === 1);
  s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
  clock.advance(1000);
  await until(() => logged.length > 0);
  expect(told).toHaveLength(1);
  await close();
});

describe('downloads', () => {
  test('a connection that breaks is gone on with from where it stopped', async () => {
    const content = 'x'.repeat(300_000);
    putVersion(1, content);
    let cuts = 0;
    s3.fault = (request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('saved_model.pb') || cuts > 0) return false;
      cuts += 1;
      response.setHeader('content-length', content.length);
      response.write(content.slice(0, 100_000), () => setImmediate(() => response.destroy()));
      return true;
    };
    const { connect, until, told, version, close } = setup({ surroundings: { settleMs: 0 } });
    connect();
    await until(() => told.length > 0);
    const lease = await version(1).acquire(signal);
    expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe(content);
    const ranged = s3.requests.filter((line) => line.startsWith('GET bucket/models/m/1/saved_model.pb bytes='));
    expect(ranged).toHaveLength(1);
    expect(Number(/bytes=(\d+)-/.exec(ranged[0]!)![1])).toBeGreaterThan(0);
    await close();
  });

  test('what an earlier process had on disk is not asked for again', async () => {
    putVersion(1, 'abcdefgh');
    s3.fault = (request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('saved_model.pb')) return false;
      response.setHeader('content-length', 8);
      response.write('abcd', () => setImmediate(() => response.destroy()));
      s3.fault = (other, answered) =>
        other.url!.includes('saved_model.pb') ? (answer(answered, 403, 'AccessDenied'), true) : false;
      return true;
    };
    const first = setup();
    first.connect();
    await first.until(() => first.told.length > 0);
    await expect(first.version(1).acquire(signal)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await first.close();
    s3.fault = undefined;
    s3.requests.length = 0;
    const second = setup();
    second.connect();
    await second.until(() => second.told.length > 0);
    const lease = await second.version(1).acquire(signal);
    expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe('abcdefgh');
    expect(s3.requests).toContain('GET bucket/models/m/1/saved_model.pb bytes=4-');
    await second.close();
  });

  test('content that is not what the store says it is, twice, is DATA_LOSS', async () => {
    putVersion(1, 'good');
    s3.fault = (request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('saved_model.pb')) return false;
      response.setHeader('content-length', 4);
      response.end('evil');
      return true;
    };
    const { connect, until, told, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    await expect(version(1).acquire(signal)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringMatching(
        /saved_model.pb came twice with other content: md5 is \w{32}, and the store says/,
      ) as string,
    });
    await close();
  });

  test.each([
    ['ENOSPC', 'RESOURCE_EXHAUSTED', 'DISK_FULL'],
    ['EDQUOT', 'RESOURCE_EXHAUSTED', 'DISK_FULL'],
    ['EACCES', 'PERMISSION_DENIED', 'FILE_FORBIDDEN'],
    ['EROFS', 'PERMISSION_DENIED', 'FILE_FORBIDDEN'],
  ])('%s of the disk is %s with the path', async (errno, code, reason) => {
    putVersion(1, 'abcdefgh');
    const surroundings: ObjectStoreSurroundings = {
      openFile: async (path) => {
        const handle = await openForDownload(path);
        return new Proxy(handle, {
          get(target, name) {
            if (name === 'write') {
              return async () => {
                throw Object.assign(new Error(`${errno}: no luck, write`), { code: errno });
              };
            }
            const value = Reflect.get(target, name) as unknown;
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        });
      },
    };
    const { connect, until, told, version, close } = setup({ surroundings });
    connect();
    await until(() => told.length > 0);
    await expect(version(1).acquire(signal)).rejects.toMatchObject({
      code,
      reason,
      message: expect.stringMatching(new RegExp(`^Cannot write ${directory}.*/1/\\S+: ${errno}: no luck`)) as string,
    });
    await close();
  });

  test('a version that changes while it comes is taken as it is in the end', async () => {
    putVersion(1, 'old');
    let changed = false;
    s3.fault = (request) => {
      if (request.method === 'GET' && request.url!.includes('saved_model.pb') && !changed) {
        changed = true;
        putVersion(1, 'new and longer');
      }
      return false;
    };
    const { connect, until, told, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    const lease = await version(1).acquire(signal);
    expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe('new and longer');
    await close();
  });

  test('an abort ends it with the reason', async () => {
    putVersion(1, 'x'.repeat(1000));
    const controller = new AbortController();
    s3.fault = (request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('saved_model.pb')) return false;
      response.setHeader('content-length', 1000);
      response.write('x');
      controller.abort(new Error('enough'));
      return true;
    };
    const { connect, until, told, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    await expect(version(1).acquire(controller.signal)).rejects.toThrow('enough');
    await close();
  });

  test('keys that would leave the folder are refused', async () => {
    putVersion(1);
    s3.put('bucket/models/m/1/../../../evil', 'x');
    const { connect, until, told, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    await expect(version(1).acquire(signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Object "models/m/1/../../../evil" is no path of a file',
    });
    await close();
  });
});

describe('after a restart', () => {
  async function loadOnce(number: number): Promise<void> {
    const { connect, until, told, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    const lease = await version(number).acquire(signal);
    await version(number).loaded(lease);
    lease.release();
    await close();
  }

  test('a store that does not answer is stood in for by the cache', async () => {
    putVersion(1);
    await loadOnce(1);
    s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
    const { connect, until, told, numbers, logged, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    expect(numbers()).toEqual([[1]]);
    expect(logged).toContain('W: Serving m from the cache, as its base path does not answer');
    const lease = await version(1).acquire(signal);
    expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe('model 1');
    await close();
  });

  test('the version that was loaded before stays aspired until the new one is loaded', async () => {
    putVersion(1);
    await loadOnce(1);
    putVersion(2);
    const { connect, until, told, numbers, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    expect(numbers()).toEqual([[1, 2]]);
    const lease = await version(2).acquire(signal);
    await version(2).loaded(lease);
    await until(() => told.length > 1);
    expect(numbers()).toEqual([[1, 2], [2]]);
    await close();
  });

  test('a cached file that was cut short is found and comes again', async () => {
    putVersion(1);
    await loadOnce(1);
    const files = await readdir(directory, { recursive: true });
    await truncate(
      join(
        directory,
        files.find((file) => file.endsWith('saved_model.pb'))!,
      ),
      3,
    );
    const { connect, until, told, logged, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    const lease = await version(1).acquire(signal);
    expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe('model 1');
    expect(logged.find((line) => line.includes('damaged'))).toBe(
      'W: Cached version 1 of s3://bucket/models/m is damaged: saved_model.pb has 3 of 7 bytes',
    );
    await close();
  });

  test('after a crash content is read and compared, not its length alone', async () => {
    putVersion(1);
    await loadOnce(1);
    const files = await readdir(directory, { recursive: true });
    await writeFile(
      join(
        directory,
        files.find((file) => file.endsWith('saved_model.pb'))!,
      ),
      'garbage',
    );
    // The lock of a process that is gone.
    const lock = join(
      directory,
      files.find((file) => /^0\.lock\.\d+$/.test(file))!,
    );
    await rename(join(lock, 'released'), join(lock, 'owner'));
    const { connect, until, told, logged, version, close } = setup();
    connect();
    await until(() => told.length > 0);
    const lease = await version(1).acquire(signal);
    expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe('model 1');
    expect(logged.join('\n')).toMatch(/is damaged: saved_model.pb has other content: sha256 is/);
    await close();
  });
});

describe('the bound of the cache', () => {
  test('the least recently used version makes room, one that is in use does not', async () => {
    for (const number of [1, 2, 3]) putVersion(number, `model ${number}`.padEnd(95, '.'));
    const servable: MonitoredServable = { ...model, versionPolicy: { kind: 'all' } };
    const { connect, until, told, version, close, cache } = setup({ maxBytes: 250, servable });
    connect();
    await until(() => told.length > 0);
    const first = await version(1).acquire(signal);
    const second = await version(2).acquire(signal);
    await expect(version(3).acquire(signal)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'MODEL_CACHE_FULL',
      message:
        'Version 3 of s3://bucket/models/m takes 100 bytes and the cache holds 250 in all, of which 200 are in use',
    });
    second.release();
    const third = await version(3).acquire(signal);
    expect((await cache()).bytes).toBe(200);
    expect(await readFile(join(first.directory, 'saved_model.pb'), 'utf8')).toMatch(/^model 1/);
    await expect(stat(second.directory)).rejects.toMatchObject({ code: 'ENOENT' });
    third.release();
    await close();
  });

  test('a directory that cannot be written is an error of the version', async () => {
    putVersion(1);
    await writeFile(join(directory, 'file'), '');
    const source = new ObjectStoreSource(
      {
        servables: [model],
        cache: () => ModelCache.open({ directory: join(directory, 'file'), maxBytes: 1 }),
        pollIntervalMs: 0,
      },
      { open: (basePath) => openObjectStore(basePath, { s3: { endpoint: s3.endpoint } }, {}) },
    );
    const versions = await new Promise<readonly ServableData<RemoteVersion>[]>((resolve) =>
      source.connect({ setAspiredVersions: (_name, found) => resolve(found) }),
    );
    await expect(versions[0]!.data!.acquire(signal)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(`Cannot use ${join(directory, 'file')} as a cache: EEXIST`) as string,
    });
    await source.close();
  });
});

describe('a clock that jumps', () => {
  test('ahead by a year makes one look, not all those that were missed', async () => {
    putVersion(1);
    const { connect, until, told, clock, close } = setup();
    connect();
    await until(() => told.length === 1 && clock.pending === 1);
    s3.requests.length = 0;
    clock.advance(365 * 24 * 3600 * 1000);
    await until(() => told.length === 2 && clock.pending === 1);
    expect(s3.requests).toEqual(['LIST bucket/models/m/']);
    await close();
  });

  test('ahead during a download costs a request, not the version', async () => {
    putVersion(1, 'abcdefgh');
    const { connect, until, told, version, clock, close } = setup();
    connect();
    await until(() => told.length > 0 && clock.pending === 1);
    let stopped = 0;
    s3.fault = (request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('saved_model.pb') || stopped > 0) return false;
      response.setHeader('content-length', 8);
      response.write('abcd');
      stopped += 1;
      return true;
    };
    const leased = version(1).acquire(signal);
    const half = async (): Promise<boolean> => {
      const path = (await readdir(directory, { recursive: true })).find((one) => one.endsWith('1/saved_model.pb'));
      return path !== undefined && (await stat(join(directory, path))).size === 4;
    };
    while (!(await half())) await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(24 * 3600 * 1000);
    expect(await readFile(join((await leased).directory, 'saved_model.pb'), 'utf8')).toBe('abcdefgh');
    expect(s3.requests).toContain('GET bucket/models/m/1/saved_model.pb bytes=4-');
    await close();
  });

  test('back by a century leaves the versions in the order of their use, and what a start finds', async () => {
    for (const number of [1, 2, 3]) putVersion(number, `model ${number}`.padEnd(95, '.'));
    const given = { maxBytes: 250, servable: { ...model, versionPolicy: { kind: 'all' } } } as const;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2099, 0) });
    try {
      const first = setup(given);
      first.connect();
      await first.until(() => first.told.length > 0);
      const load = async (number: number): Promise<void> => {
        const lease = await first.version(number).acquire(signal);
        await first.version(number).loaded(lease);
        lease.release();
      };
      await load(1);
      vi.setSystemTime(Date.UTC(1999, 0));
      await load(2);
      // Makes room: version 1 was used before version 2, whatever the times of their files say.
      await load(3);
      await first.close();
      s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
      const second = setup(given);
      second.connect();
      await second.until(() => second.told.length > 0);
      expect(second.numbers()).toEqual([[2, 3]]);
      await second.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
