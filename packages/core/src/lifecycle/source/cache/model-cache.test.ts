import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServingError } from '../../../servable/serving-error.js';
import { type CacheFill, type CacheKey, type CacheLease, ModelCache } from './model-cache.js';

let directory: string;
let cache: ModelCache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-cache-'));
  cache = await ModelCache.open({ directory, maxBytes: 100 });
});
afterEach(async () => {
  await cache.close();
  await rm(directory, { recursive: true, force: true });
});

const signal = new AbortController().signal;

function key(source: string, bytes: number): CacheKey {
  return { source, folder: source, version: '1', fingerprint: `${source}-print`, bytes };
}

/** Writes one file of so many bytes. */
function filled(bytes: number): CacheFill {
  return async (into) => {
    await writeFile(join(into, 'model'), new Uint8Array(bytes));
    return { files: [{ path: 'model', bytes, sha256: '' }] };
  };
}

const isThere = ({ directory: at }: CacheLease): Promise<boolean> =>
  access(join(at, 'model')).then(
    () => true,
    () => false,
  );
const reasonOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    ({ reason }: ServingError) => reason,
  );

test('what is leased is not pushed out by what is filled at the same time', async () => {
  for (const source of ['a', 'b']) (await cache.acquire(key(source, 40), signal, filled(40))).release();
  // Room for it is had by pushing both out, of which one is asked for again.
  const [b, c] = await Promise.allSettled([
    cache.acquire(key('b', 40), signal),
    cache.acquire(key('c', 90), signal, filled(90)),
  ]);
  if (b.status === 'rejected') expect.fail(String(b.reason));
  expect([await isThere(b.value), c.status]).toEqual([true, 'rejected']);
  b.value.release();
  const later = await cache.acquire(key('c', 90), signal, filled(90));
  expect([await isThere(later), cache.bytes]).toEqual([true, 90]);
});

test('what takes more than was said of it makes room for all of it, or is refused', async () => {
  (await cache.acquire(key('a', 40), signal, filled(40))).release();
  const lease = await cache.acquire(key('b', 10), signal, filled(90));
  expect([await isThere(lease), cache.bytes]).toEqual([true, 90]);
  expect(await reasonOf(cache.acquire(key('a', 40), signal))).toBe('VERSION_NOT_CACHED');
  lease.release();
  expect(await reasonOf(cache.acquire(key('c', 10), signal, filled(101)))).toBe('MODEL_CACHE_FULL');
});

test('on a full disk parts are taken away, so that others have room; after other failures they stay to be gone on with', async () => {
  const failing =
    (code: string): CacheFill =>
    async (into) => {
      await writeFile(join(into, 'model'), new Uint8Array(20));
      throw Object.assign(new Error(code), { code });
    };
  const parts = async (): Promise<string[]> =>
    (await readdir(directory, { recursive: true })).filter((path) => path.endsWith('.partial')).sort();
  expect(await reasonOf(cache.acquire(key('a', 20), signal, failing('ECONNRESET')))).not.toBe('OK');
  expect([await parts(), cache.bytes]).toEqual([['0/a/.a-print.partial'], 20]);
  expect(await reasonOf(cache.acquire(key('b', 20), signal, failing('ENOSPC')))).toBe('DISK_FULL');
  expect([await parts(), cache.bytes]).toEqual([[], 0]);
});
