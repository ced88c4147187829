import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openObjectStore } from './open-object-store.js';

let server: Server;
let host: string;
let asked: { readonly path: string; readonly range: string | undefined }[];
const signal = new AbortController().signal;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://fake');
    asked.push({ path: request.url!, range: request.headers.range });
    if (searchParams.get('alt') === 'media') {
      response.statusCode = 206;
      return response.end('cd');
    }
    response.setHeader('content-type', 'application/json');
    if (pathname !== '/storage/v1/b/models/o') {
      response.statusCode = 404;
      return response.end('{}');
    }
    const name = 'm/1/saved_model.pb';
    const item = { name, size: '4', generation: '7', updated: '2024-01-01T00:00:00Z', crc32c: 'AAAAAQ==' };
    response.end(JSON.stringify({ prefixes: ['m/1/'], items: searchParams.has('delimiter') ? [] : [item] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.each([
  ['host and port', () => host],
  ['a URL', () => `http://${host}`],
  ['a URL with a slash', () => `http://${host}/`],
  ['a URL with the path of the API', () => `http://${host}/storage/v1/`],
])('STORAGE_EMULATOR_HOST may be %s', async (_what, given) => {
  // The SDK reads it too, and would leave out the path of the API.
  vi.stubEnv('STORAGE_EMULATOR_HOST', given());
  const store = await openObjectStore('gs://models/m', {});
  expect(await store.listVersions(signal)).toEqual(['1']);
  expect(asked.map(({ path }) => path.replace(/\?.*/, ''))).toEqual(['/storage/v1/b/models/o']);
});

test('the endpoint of the settings wins over STORAGE_EMULATOR_HOST', async () => {
  vi.stubEnv('STORAGE_EMULATOR_HOST', 'http://127.0.0.1:1');
  const store = await openObjectStore('gs://models/m', { gs: { endpoint: `http://${host}` } });
  expect(await store.listVersions(signal)).toEqual(['1']);
});

test('a part is asked for by range and generation, with what the listing said of the checksums', async () => {
  const store = await openObjectStore('gs://models/m', { gs: { endpoint: `http://${host}` } }, {});
  const [object] = await store.listObjects('1', signal);
  expect(object).toEqual({ path: 'saved_model.pb', bytes: 4, etag: '7', modifiedMs: Date.UTC(2024, 0) });
  expect(await store.checksums('1', object!, signal)).toEqual({ md5: undefined, crc32c: '00000001' });
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read('1', object!, 2, signal)) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('cd');
  expect(asked.at(-1)).toEqual({
    path: '/storage/v1/b/models/o/m%2F1%2Fsaved_model.pb?alt=media&generation=7',
    range: 'bytes=2-',
  });
});

test('a read that is aborted before anybody reads ends with the reason', async () => {
  const store = await openObjectStore('gs://models/m', { gs: { endpoint: `http://${host}` } }, {});
  const [object] = await store.listObjects('1', signal);
  const chunks = await store.read('1', object!, 0, AbortSignal.abort(new Error('enough')));
  // Long enough for an error without a listener to end the process.
  await new Promise((resolve) => setImmediate(resolve));
  await expect(chunks[Symbol.asyncIterator]().next()).rejects.toThrow('enough');
});
