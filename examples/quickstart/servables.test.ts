import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ServableStateMonitor } from '@servable/core';
import { createServer, type Platform } from '@servable/server';
import { afterEach, beforeEach, expect, test } from 'vitest';

interface Tables {
  serveTables: (basePath: string) => Promise<{
    lookUp(key: string): { readonly price: number; readonly version: bigint };
    readonly states: ServableStateMonitor;
    close(): Promise<void>;
  }>;
  publish: (basePath: string, version: number, table: Record<string, number>) => Promise<void>;
}

const program = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(fileURLToPath(new URL(name, import.meta.url))).href)) as T;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servable-example-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a table of prices is served, and a new version takes over when it is there', async () => {
  const { serveTables, publish } = await program<Tables>('lookup-table.mjs');
  await publish(directory, 1, { tea: 2 });
  const tables = await serveTables(directory);
  expect(tables.lookUp('tea')).toEqual({ price: 2, version: 1n });
  const swapped = new Promise<void>((resolve) => {
    tables.states.subscribe(({ id, managerState }) => id.version === 1n && managerState === 'END' && resolve());
  });
  await publish(directory, 2, { tea: 3 });
  await swapped;
  expect(tables.lookUp('tea')).toEqual({ price: 3, version: 2n });
  await tables.close();
  expect(() => tables.lookUp('tea')).toThrow('Servable not found for request: Latest(prices)');
});

test('two SavedModels answer as one version', async () => {
  const { compositePlatform } = await program<{ compositePlatform: () => Platform }>('composite.mjs');
  const half = fileURLToPath(new URL('../models/half_plus_two/1', import.meta.url));
  for (const [version, models] of Object.entries({ 1: [half, half], 2: [half, join(directory, 'nothing')] })) {
    await mkdir(join(directory, 'twice', version), { recursive: true });
    await writeFile(join(directory, 'twice', version, 'composite.json'), JSON.stringify({ models }));
  }
  await using server = await createServer({
    models: [{ name: 'twice', basePath: join(directory, 'twice'), versionPolicy: { kind: 'all' } }],
    restPort: 0,
    maxLoadRetries: 0,
    platforms: [compositePlatform()],
  });
  await server.waitUntilReady();
  const response = await fetch(`http://127.0.0.1:${server.restPort!}/v1/models/twice/versions/1:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: [2, 4] }),
  });
  // x / 2 + 2, twice.
  expect(await response.json()).toEqual({ predictions: [3.5, 4] });
});
