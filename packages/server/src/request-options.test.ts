import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createServer, type Server } from './server.js';
import type { ServerOptions } from './server-options.js';
import { grpcCaller, restPredict } from './testing/calls.js';
import { halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { modelDirectory } from './testing/model-directory.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of `half` with both ports. */
async function serve(options: Partial<ServerOptions>): Promise<Server> {
  const directory = await modelDirectory('half/1/half_plus_two');
  cleanups.push(() => directory.remove());
  const server = await createServer({
    models: [{ name: 'half', basePath: join(directory.path, 'half') }],
    grpcPort: 0,
    restPort: 0,
    platforms: [halfPlusTwoPlatform()],
    ...options,
  });
  cleanups.push(() => server.destroy());
  await server.waitUntilReady();
  return server;
}

const page = (server: Server, path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.restPort}${path}`);

test('the metrics page counts calls over both transports', async () => {
  const server = await serve({ prometheus: {} });
  const caller = grpcCaller(server.grpcPort!);
  cleanups.push(() => caller.close());
  expect(await caller.predict('half', [1])).toBe('1:2.5');
  expect(await caller.predict('none', [1])).toBe('NOT_FOUND: Servable not found for request: Latest(none)');
  expect((await restPredict(server.restPort!, 'half', [2]))[0]).toBe(200);
  const response = await page(server, '/monitoring/prometheus/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain');
  const lines = (await response.text()).split('\n');
  expect(lines).toContain(':tensorflow:serving:request_count{model_name="half",status="OK"} 2');
  expect(lines).toContain(':tensorflow:serving:request_count{model_name="none",status="NOT_FOUND"} 1');
  for (const labels of ['API="Predict",entrypoint="GRPC"', 'API="predict",entrypoint="REST"']) {
    expect(lines).toContain(`:tensorflow:serving:request_latency_count{model_name="half",${labels}} 1`);
  }
  expect(lines).toContain(':tensorflow:serving:runtime_latency_count{model_name="half",API="Predict",runtime="TF1"} 2');
  expect(lines).toContain(':servable:requests_in_flight{} 0');
});

test('the metrics page has the path and the names that were asked for', async () => {
  const server = await serve({ prometheus: { path: '/metrics', nameStyle: 'prometheus' } });
  expect((await page(server, '/monitoring/prometheus/metrics')).status).toBe(404);
  expect(await (await page(server, '/metrics')).text()).toContain('# TYPE tensorflow_serving_request_count counter\n');
});

test('without the option there is no metrics page', async () => {
  const server = await serve({});
  expect((await page(server, '/monitoring/prometheus/metrics')).status).toBe(404);
});

test.each<[Partial<ServerOptions>, string]>([
  [
    { prometheus: { path: 'metrics' } },
    "prometheus.path must be a path that starts with / and has no query; got 'metrics'",
  ],
  [
    { prometheus: { nameStyle: 'plain' as never } },
    "prometheus.nameStyle must be 'upstream' or 'prometheus'; got 'plain'",
  ],
  [{ admission: { maxConcurrent: 0 } }, 'Bad option maxConcurrent: expected a whole number of at least 1, given 0'],
])('%o is refused', async (options, message) => {
  const models = [{ name: 'm', basePath: '/nowhere' }];
  await expect(createServer({ models, grpcPort: 0, ...options })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message,
  });
});
