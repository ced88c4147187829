import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openObjectStore } from './open-object-store.js';
import type { ObjectStore } from './object-store.js';

/** A store whose answers never end: they break in the middle, or do not even begin. */
async function brokenStore(how: 'breaks' | 'stops' | 'is silent'): Promise<{ host: string; asked: Promise<void> }> {
  let note!: () => void;
  const asked = new Promise<void>((resolve) => (note = resolve));
  const server = createServer((request, response) => {
    if (how !== 'is silent') {
      response.setHeader('content-length', '1000');
      response.write(request.url!.includes('/storage/v1') ? '{"prefixes": ["m/1/"' : '<?xml version="1.0"?><List');
    }
    if (how === 'breaks') request.socket.destroy();
    note();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const stores: Readonly<Record<string, (host: string) => Promise<ObjectStore>>> = {
  'gs://models/m/': (host) => openObjectStore('gs://models/m', { gs: { endpoint: host } }, {}),
  's3://models/m/': (host) => openObjectStore('s3://models/m', { s3: { endpoint: host, anonymous: true } }, {}),
  'az://models/m': (host) => openObjectStore('az://models/m', { az: { endpoint: `${host}/account` } }, {}),
};

test.each([
  ['gs://models/m/', 'breaks'],
  ['gs://models/m/', 'stops'],
  ['gs://models/m/', 'is silent'],
  ['s3://models/m/', 'stops'],
  ['s3://models/m/', 'is silent'],
  ['az://models/m', 'stops'],
  ['az://models/m', 'is silent'],
] as const)('a listing of %s that %s has failed after ten seconds', async (base, how) => {
  const { host, asked } = await brokenStore(how);
  const store = await stores[base]!(host);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const listing = store.listVersions(new AbortController().signal).catch((error: unknown) => error);
  await asked;
  vi.advanceTimersByTime(10_000);
  expect(await listing).toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'STORE_SILENT',
    message: `Cannot list ${base}: no answer within 10 seconds`,
  });
});

test('a listing that is given up ends with the reason, however silent the store', async () => {
  const { host, asked } = await brokenStore('is silent');
  const store = await stores['gs://models/m/']!(host);
  const abort = new AbortController();
  const listing = store.listVersions(abort.signal);
  await asked;
  abort.abort(new Error('enough'));
  await expect(listing).rejects.toThrow('enough');
});
