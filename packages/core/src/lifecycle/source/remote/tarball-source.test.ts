import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
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
let ranges: (string | undefined)[];
/** Bytes of the next answer before its connection breaks. */
let cutAfter: number | undefined;
let knowsRanges: boolean;
let knowsConditions: boolean;
let isDown: boolean;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-tarball-'));
  statuses = [];
  ranges = [];
  cutAfter = undefined;
  knowsRanges = true;
  knowsConditions = true;
  isDown = false;
  server = createServer((request, response) => {
    const etag = `"${createHash('md5').update(tarball).digest('hex')}"`;
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    const range = knowsRanges && isSame ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] : undefined;
    const body = tarball.subarray(Number(range ?? 0));
    const isKnown = knowsConditions && request.headers['if-none-match'] === etag;
    response.statusCode = isDown ? 503 : isKnown ? 304 : range === undefined ? 200 : 206;
    statuses.push(response.statusCode);
    ranges.push(request.headers.range);
    response.setHeader('etag', etag);
    if (isDown || isKnown) return response.end();
    if (range !== undefined)
      response.setHeader('content-range', `bytes ${range}-${tarball.length - 1}/${tarball.length}`);
    response.setHeader('content-length', body.length);
    if (cutAfter === undefined) return response.end(body);
    response.write(body.subarray(0, cutAfter), () => setImmediate(() => response.destroy()));
    cutAfter = undefined;
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
    retryMs: 0,
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

test.each([true, false])(
  'a server that answers again has no problem any more; conditional requests: %s',
  async (knows) => {
    knowsConditions = knows;
    tarball = await pack({ 'model/saved_model.pb': 'one' });
    const { source, told, until, clock, close } = setup();
    await until(() => told.length === 1 && clock.pending === 1);
    isDown = true;
    clock.advance(1250);
    await until(() => source.problemOf('m') !== undefined && clock.pending === 1);
    isDown = false;
    clock.advance(60_000);
    await until(() => statuses.length === 3 && clock.pending === 1);
    expect([source.problemOf('m'), statuses]).toEqual([undefined, [200, 503, knows ? 304 : 200]]);
    await close();
  },
);

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

/** Content that does not get smaller in a tarball. */
const noise = Array.from({ length: 30_000 }, (_, index) => createHash('md5').update(`${index}`).digest('hex')).join('');

test.each([
  ['by range', true, 206],
  ['by skipping what is there, from a server without ranges', false, 200],
])('a connection that breaks is gone on with %s', async (_how, given, status) => {
  tarball = await pack({ 'model/saved_model.pb': noise });
  knowsRanges = given;
  cutAfter = 100_000;
  const { told, until, close } = setup();
  await until(() => told.length === 1);
  const lease = await told[0]![0]!.data.acquire(signal);
  expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe(noise);
  expect(await readdir(join(lease.directory, '../..'))).not.toContain('tarball');
  expect([statuses, Number(/bytes=(\d+)-/.exec(ranges[1]!)![1])]).toEqual([
    [200, status],
    expect.toSatisfy((at) => at > 0),
  ]);
  await close();
});

test('what an earlier process had of a tarball is not asked for again', async () => {
  tarball = await pack({ 'model/saved_model.pb': noise });
  // The rest never comes.
  server.prependOnceListener('request', (_request, response) => {
    Object.assign(response, { end: (body: Buffer) => response.write(body.subarray(0, 100_000)) });
  });
  const first = setup();
  const isThere = async (): Promise<boolean> => {
    const path = (await readdir(directory, { recursive: true })).find((one) => one.endsWith('.partial/tarball'));
    return path !== undefined && (await stat(join(directory, path))).size === 100_000;
  };
  while (!(await isThere())) await new Promise<void>((resolve) => setImmediate(resolve));
  await first.close();
  const second = setup();
  await second.until(() => second.told.length === 1);
  const lease = await second.told[0]![0]!.data.acquire(signal);
  expect(await readFile(join(lease.directory, 'saved_model.pb'), 'utf8')).toBe(noise);
  expect(ranges.at(-1)).toBe('bytes=100000-');
  await second.close();
});

test('content that was not loaded before a restart does not take the place of content that was', async () => {
  const numbers = (told: { version: bigint }[][]) => told.map((versions) => versions.map(({ version }) => version));
  tarball = await pack({ 'model/saved_model.pb': 'one' });
  const first = setup();
  await first.until(() => first.told.length === 1 && first.clock.pending === 1);
  const loaded = first.told[0]![0]!.data;
  await loaded.loaded(await loaded.acquire(signal));
  tarball = await pack({ 'model/saved_model.pb': 'two' });
  first.clock.advance(2000);
  await first.until(() => first.told.length === 3);
  expect(numbers(first.told)).toEqual([[1n], [1n], [1n, 2n]]);
  await first.close();

  const second = setup();
  await second.until(() => second.told.length === 1);
  expect(numbers(second.told)).toEqual([[1n, 2n]]);
  const contents = second.told[0]!.map(async ({ data }) => {
    const { directory: at } = await data.acquire(signal);
    return readFile(join(at, 'saved_model.pb'), 'utf8');
  });
  expect(await Promise.all(contents)).toEqual(['one', 'two']);
  const next = second.told[0]![1]!.data;
  await next.loaded(await next.acquire(signal));
  expect(numbers(second.told)).toEqual([[1n, 2n], [2n]]);
  await second.close();
});
