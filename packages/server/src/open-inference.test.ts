import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createServer } from './server.js';
import { halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { modelDirectory } from './testing/model-directory.js';
import { version } from './version.js';

test('a server answers the Open Inference Protocol, its configuration and its OpenAPI document beside /v1', async () => {
  const directory = await modelDirectory('m/1/half_plus_two');
  onTestFinished(() => directory.remove());
  const platform = halfPlusTwoPlatform();
  let load!: () => void;
  platform.beforeLoad = () => new Promise<void>((resolve) => (load = resolve));
  const basePath = join(directory.path, 'm');
  const server = await createServer({
    models: [{ name: 'm', basePath }],
    restPort: 0,
    pollIntervalMs: 5,
    platforms: [platform],
  });
  onTestFinished(() => server.destroy());
  const ask = async (path: string, body?: object): Promise<[number, Record<string, unknown>]> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${server.restPort}${path}`, init);
    return [response.status, (await response.json()) as Record<string, unknown>];
  };

  expect(await ask('/v2')).toMatchObject([200, { name: 'servable', version }]);
  expect(await ask('/v2/health/live')).toEqual([200, { live: true }]);
  expect(await ask('/v2/health/ready')).toEqual([503, { ready: false }]);
  expect(await ask('/v2/models/m/ready')).toEqual([
    503,
    { error: expect.stringContaining('Model m is not ready') as string },
  ]);
  while (platform.loaded.length === 0) {
    if ((load as (() => void) | undefined) !== undefined) load();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await server.waitUntilReady();

  expect(await ask('/v2/health/ready')).toEqual([200, { ready: true }]);
  const inputs = [{ name: 'x', shape: [3], datatype: 'FP32', data: [1, 2, 5] }];
  expect(await ask('/v2/models/m/infer', { id: '7', inputs })).toEqual([
    200,
    {
      model_name: 'm',
      model_version: '1',
      id: '7',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [3], data: [2.5, 3, 4.5] }],
    },
  ]);
  expect(await ask('/v1/config')).toMatchObject([
    200,
    { version, models: [{ name: 'm', basePath }], options: { restPort: 0, pollIntervalMs: 5 } },
  ]);
  const [status, document] = await ask('/v1/openapi.json');
  expect([status, document['openapi']]).toEqual([200, '3.1.0']);
  expect(Object.keys(document['paths'] as object)).toContain('/v2/models/m/versions/1/infer');
});
