import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../../servable/testing/manual-clock.js';
import { ModelCache } from '../cache/model-cache.js';
import type { RemoteVersion } from './remote-version.js';
import { TarballSource } from './tarball-source.js';

let directory: string;
let server: Server;
let tarball: Buffer;
let statuses: number[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-tarball-'));
  statuses = [];
  server = createServer((request, response) => {
    const etag = `"${createHash('md5').update(tarball).digest('hex')}"`;
    response.statusCode = request.headers['if-none-match'] === etag ? 304 : 200;
    statuses.push(response.statusCode);
    response.setHeader('etag', etag);
    response.end(response.statusCode === 304 ? undefined : tarball);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

/** A gzipped tarball of files, by path and content. */
async function pack(files: Record<string, string>, link?: string): Promise<Buffer> {
  const from = await mkdtemp(join(directory, 'pack-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(from, path, '..'), { recursive: true });
    await writeFile(join(from, path), content);
  }
  if (link !== undefined) await symlink('/etc/passwd', join(from, link));
  const file = join(directory, 'packed.tgz');
  await create({ gzip: true, file, cwd: from }, ['.']);
  return readFile(file);
}

function setup(more: { fragment?: string; maxBytes?: number } = {}) {
  const clock = new ManualClock();
  const cache = ModelCache.open({ directory: join(directory, 'cache'), maxBytes: 1e6 });
  const basePath = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m.tar.gz${more.fragment ?? ''}`;
  const source = new TarballSource({
    servables: [{ name: 'm', basePath, versionPolicy: { kind: 'latest', numVersions: 1 } }],
    cache: () => cache,
    maxBytes: more.maxBytes ?? 1e6,
    clock,
  });
  const told: { version: bigint; data: RemoteVersion }[][] = [];
  source.connect({
    setAspiredVersions: (_name, versions) =>
      void told.push(versions.map(({ id, data }) => ({ version: id.version, data: data as RemoteVersion }))),
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const close = async (): Promise<void> => {
    await source.close();
    await (await cache).close();
  };
  return { clock, source, told, until, close };
}

const signal = new AbortController().signal;

test('one model is version 1, an unchanged tarball is not sent again, another content is the next version', async () => {
  tarball = await pack({ 'model/saved_model.pb': 'one' });
  const { told, until, clock, close } = setup();
  await until(() => told.length === 1 && clock.pending === 1);
  const lease = await told[0]![0]!.data.acquire(signal);
  expect([told[0]![0]!.version, await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')]).toEqual([1n, 'one']);
  clock.advance(1250);
  await until(() => statuses.length === 2 && clock.pending === 1);
  tarball = await pack({ 'model/saved_model.pb': 'two' });
  clock.advance(2000);
  await until(() => told.length === 2);
  expect([told[1]![0]!.version, statuses]).toEqual([2n, [200, 304, 200]]);
  await close();
});

test('version directories keep their numbers', async () => {
  tarball = await pack({ 'm/3/saved_model.pb': 'three', 'm/12/saved_model.pb': 'twelve' });
  const { told, until, close } = setup();
  await until(() => told.length === 1);
  const lease = await told[0]![0]!.data.acquire(signal);
  expect([told[0]![0]!.version, await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')]).toEqual([
    12n,
    'twelve',
  ]);
  await close();
});

test.each([
  [
    'another hash',
    () => pack({ a: 'x' }),
    { fragment: `#sha256=${'0'.repeat(64)}` },
    'DATA_LOSS',
    /sha256 is \w+, expected 0{64}/,
  ],
  ['a link', () => pack({ a: 'x' }, 'evil'), {}, 'INVALID_ARGUMENT', /an entry that is not taken: SymbolicLink/],
  [
    'too many bytes',
    () => pack({ a: 'x'.repeat(2000) }),
    { maxBytes: 1000 },
    'RESOURCE_EXHAUSTED',
    /more than 1000 bytes/,
  ],
  ['no tarball', async () => Buffer.from('hello'), {}, 'DATA_LOSS', /is no whole tarball/],
  [
    'half a tarball',
    async () => (await pack({ a: 'x'.repeat(9000) })).subarray(0, 60),
    {},
    'DATA_LOSS',
    /is no whole tarball/,
  ],
] as const)('%s is refused, and the problem says why', async (_what, make, more, code, why) => {
  tarball = await make();
  const { source, told, until, close } = setup(more);
  await until(() => source.problemOf('m') !== undefined);
  expect([told, source.problemOf('m')!.code]).toEqual([[], code]);
  expect(source.problemOf('m')!.message).toMatch(why);
  await close();
});
