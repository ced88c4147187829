import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createWebServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a fake is for tests only, and so for no entry of a package
import { answer, type FakeS3, fakeS3 } from '../../core/src/lifecycle/source/testing/fake-s3.js';
import { createServer } from './server.js';
import type { ServerOptions } from './server-options.js';
import { halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';

// The SDK looks for credentials there, and on the network where there are none.
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' });

let directory: string;
let s3: FakeS3;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-stores-'));
  s3 = await fakeS3();
});
afterEach(async () => {
  await s3[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function options(more: Partial<ServerOptions> = {}): ServerOptions {
  return {
    models: [{ name: 'm', basePath: 's3://bucket/models/m' }],
    platforms: [halfPlusTwoPlatform()],
    modelCacheDirectory: directory,
    objectStores: { s3: { endpoint: s3.endpoint } },
    restPort: 0,
    pollIntervalMs: 20,
    maxLoadRetries: 0,
    ...more,
  };
}

async function get(server: { restPort: number | undefined }, path: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${server.restPort}${path}`)).json();
}

async function predict(server: { restPort: number | undefined }): Promise<unknown> {
  const body = JSON.stringify({ instances: [1] });
  const reply = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/m:predict`, { method: 'POST', body });
  return reply.json();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}

test('a model in a bucket is served, a new version takes over, and the old one leaves', async () => {
  s3.put('bucket/models/m/1/half_plus_two', 'x');
  await using server = await createServer(options());
  await server.waitUntilReady();
  expect(await predict(server)).toEqual({ predictions: [2.5] });
  s3.put('bucket/models/m/2/half_plus_two', 'y');
  const states = (): string[] =>
    server.states.getVersionStates('m').map(({ id, managerState }) => `${id.version} ${managerState}`);
  await until(() => states().join() === '2 AVAILABLE,1 END');
  expect(await predict(server)).toEqual({ predictions: [2.5] });
});

test('a store that refuses is the answer to who asks for the status and for a prediction', async () => {
  s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
  await using server = await createServer(options());
  await until(() => server.states.problemOf?.('m') !== undefined || s3.requests.length > 1);
  const why =
    'Could not list base path s3://bucket/models/m for servable m with error PERMISSION_DENIED: ' +
    'Cannot list s3://bucket/models/m/: HTTP 403: No luck: AccessDenied';
  expect(await get(server, '/v1/models/m')).toEqual({ error: `Could not find any versions of model m: ${why}` });
  expect(await predict(server)).toEqual({ error: `Model m is not ready: ${why}` });
});

test('a version that cannot be read ends with the error that says so, and the one before goes on', async () => {
  s3.put('bucket/models/m/1/half_plus_two', 'x');
  await using server = await createServer(options());
  await server.waitUntilReady();
  s3.fault = (request, response) =>
    request.url!.includes('/2/half') ? (answer(response, 403, 'AccessDenied'), true) : false;
  s3.put('bucket/models/m/2/half_plus_two', 'y');
  await until(() => server.states.getVersionStates('m').some(({ health }) => health !== undefined));
  expect(await get(server, '/v1/models/m')).toEqual({
    model_version_status: [
      {
        version: '2',
        state: 'END',
        status: {
          error_code: 'PERMISSION_DENIED',
          error_message: 'Cannot look at s3://bucket/models/m/2/half_plus_two: HTTP 403: UnknownError',
        },
      },
      { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ],
  });
  expect(await predict(server)).toEqual({ predictions: [2.5] });
});

test('a server that starts again while the store is away serves what it had', async () => {
  s3.put('bucket/models/m/1/half_plus_two', 'x');
  {
    await using server = await createServer(options());
    await server.waitUntilReady();
  }
  s3.fault = (_request, response) => (answer(response, 403, 'AccessDenied'), true);
  await using server = await createServer(options());
  await server.waitUntilReady();
  expect(await predict(server)).toEqual({ predictions: [2.5] });
});

test('base paths that make no sense are refused', async () => {
  const start = (basePath: string) => createServer(options({ models: [{ name: 'm', basePath }] }));
  await expect(start('s3://bucket/../m')).rejects.toThrow('must not have empty segments, . or .. in it');
  await expect(start('https://host/model.zip')).rejects.toThrow('must end in .tar, .tar.gz or .tgz');
  await expect(start('ftp://host/model')).rejects.toThrow('to have an absolute path or URI');
});

test('half_plus_two comes as a tarball from a web server, is swapped for another one, and outlives the web server', async () => {
  const examples = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));
  const pack = async (version: string): Promise<Buffer> => {
    const file = join(directory, `${version}.tar.gz`);
    await create({ gzip: true, file, cwd: examples }, [version]);
    return readFile(file);
  };
  let tarball = await pack('1');
  const web = createWebServer((request, response) => {
    const etag = `"${createHash('md5').update(tarball).digest('hex')}"`;
    response.setHeader('etag', etag);
    response.statusCode = request.headers['if-none-match'] === etag ? 304 : 200;
    response.end(response.statusCode === 304 ? undefined : tarball);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const basePath = `http://127.0.0.1:${(web.address() as AddressInfo).port}/half_plus_two.tar.gz`;
  const given = options({ models: [{ name: 'm', basePath }], platforms: undefined });
  {
    await using server = await createServer(given);
    await server.waitUntilReady();
    expect(await predict(server)).toEqual({ predictions: [2.5] });
    tarball = await pack('2');
    const states = (): string[] =>
      server.states.getVersionStates('m').map(({ id, managerState }) => `${id.version} ${managerState}`);
    await until(() => states().join() === '2 AVAILABLE,1 END');
  }
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await using server = await createServer(given);
  await server.waitUntilReady();
  expect(await get(server, '/v1/models/m')).toMatchObject({
    model_version_status: [{ version: '2', state: 'AVAILABLE' }],
  });
  expect(await predict(server)).toHaveProperty('predictions');
});
