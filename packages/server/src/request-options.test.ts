import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type LogFields, silentLogger } from '@servable/core';
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

test('the list of models has labels and platforms', async () => {
  const directory = await modelDirectory('half/1/half_plus_two');
  cleanups.push(() => directory.remove());
  const basePath = join(directory.path, 'half');
  const server = await serve({ models: [{ name: 'half', basePath, versionLabels: { stable: 1n } }] });
  const { models } = (await (await page(server, '/v1/models')).json()) as { models: unknown };
  expect(models).toMatchObject([
    {
      name: 'half',
      versions: [{ version: '1', state: 'AVAILABLE', labels: ['stable'], platform: 'half_plus_two' }],
    },
  ]);
});

test('slow requests stand in the log with their id', async () => {
  const lines: string[] = [];
  const logger = {
    ...silentLogger,
    warning: (message: string, fields?: LogFields) => void lines.push(`${message} ${fields?.['request_id']}`),
  };
  const server = await serve({ slowRequestMs: 0.0001, logger });
  const headers = { 'x-request-id': 'abc' };
  await (await fetch(`http://127.0.0.1:${server.restPort}/v1/models/half`, { headers })).text();
  expect(lines).toEqual(['Slow request abc']);
});

test('a caller that takes too long to send its headers is cut off', async () => {
  const server = await serve({ limits: { headersTimeoutMs: 50 } });
  const socket = connect(server.restPort!, '127.0.0.1');
  socket.write('GET /v1/models HTTP/1.1\r\nhost: a\r\n');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
});

test('headers over the limit are refused', async () => {
  const server = await serve({ limits: { maxHeaderBytes: 2000 } });
  const headers = { 'x-long': 'a'.repeat(3000) };
  expect((await fetch(`http://127.0.0.1:${server.restPort}/v1/models`, { headers })).status).toBe(431);
  expect((await page(server, '/v1/models')).status).toBe(200);
});

test('inputs over the limit are refused on both ports', async () => {
  const server = await serve({ limits: { maxInputElements: 2 } });
  const caller = grpcCaller(server.grpcPort!);
  cleanups.push(() => caller.close());
  expect(await caller.predict('half', [1, 2])).toBe('1:2.5,3');
  const message = 'Input "x" is too large: expected at most 2 elements, given 3 in [3]';
  expect(await caller.predict('half', [1, 2, 3])).toBe(`RESOURCE_EXHAUSTED: ${message}`);
  expect(await restPredict(server.restPort!, 'half', [1, 2, 3])).toEqual([429, { error: message }]);
});

test.each<[Partial<ServerOptions>, string | RegExp]>([
  [
    { prometheus: { path: 'metrics' } },
    "prometheus.path must be a path that starts with / and has no query; got 'metrics'",
  ],
  [
    { prometheus: { nameStyle: 'plain' as never } },
    "prometheus.nameStyle must be 'upstream' or 'prometheus'; got 'plain'",
  ],
  [{ limits: { maxJsonDepth: 5 } }, 'limits.maxJsonDepth must be a whole number from 64 to 2147483647; got 5'],
  [{ limits: { maxDepth: 5 } as object }, /^Unknown option limits.maxDepth; known are maxHeaderBytes, /],
  [{ slowRequestMs: 0 }, 'slowRequestMs must be a number of milliseconds above 0; got 0'],
  [{ admission: { maxConcurrent: 0 } }, 'Bad option maxConcurrent: expected a whole number of at least 1, given 0'],
])('%o is refused', async (options, message) => {
  const models = [{ name: 'm', basePath: '/nowhere' }];
  await expect(createServer({ models, grpcPort: 0, ...options })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
  });
});
