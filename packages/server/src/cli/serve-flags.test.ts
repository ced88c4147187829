import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { grpcCaller, restPredict } from '../testing/calls.js';
import { testAuthority, type TestCertificate } from '../testing/certificates.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';
import { type TestIo, testIo } from '../testing/test-io.js';
import { main } from './main.js';

const cleanups: (() => unknown)[] = [];
let directory: ModelDirectory;
let io: TestIo;
beforeEach(async () => {
  directory = await modelDirectory('m/1/half_plus_two');
  io = testIo({ cwd: directory.path, platforms: [halfPlusTwoPlatform()] });
  cleanups.push(() => directory.remove());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const file = (name: string, text: string): Promise<void> => writeFile(join(directory.path, name), text);

/** Starts `servable serve` on free ports and waits for the model. */
async function serve(...argv: string[]): Promise<{ readonly grpcPort: number; readonly restPort: number }> {
  const exit = main(['serve', ...argv, '--port=0', '--rest-port=0'], io);
  cleanups.push(async () => {
    io.send('SIGTERM');
    io.send('SIGTERM');
    await exit;
  });
  const [, grpcPort] = await io.untilLogged(/Running gRPC ModelServer at 127\.0\.0\.1:(\d+) /);
  const [, restPort] = await io.untilLogged(/Exporting HTTP\/REST API at:localhost:(\d+) /);
  await io.untilLogged(/Successfully loaded servable version/);
  return { grpcPort: Number(grpcPort), restPort: Number(restPort) };
}

/** The status of a GET over TLS; the error's code when there is none. */
function statusOver(port: number, path: string, ca: string, how: object = {}): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    get({ host: 'localhost', port, path, ca, agent: false, ...how }, (response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', () => resolve('refused'));
  });
}

test('--tls-cert and --tls-key encrypt every port, --token-file lets in who has a token', async () => {
  const authority = testAuthority('authority');
  const { cert, key } = authority.issue('server');
  await file('cert.pem', cert);
  await file('key.pem', key);
  await file('tokens', 'web the-token-of-the-web-app\n');
  const files = ['--tls-cert=cert.pem', '--tls-key=key.pem', '--token-file=tokens'];
  const { grpcPort, restPort } = await serve('m', ...files);
  const authorization = 'Bearer the-token-of-the-web-app';
  const path = '/v1/models/m';
  expect(await statusOver(restPort, path, authority.cert)).toBe(401);
  expect(await statusOver(restPort, path, authority.cert, { headers: { authorization } })).toBe(200);
  expect(await statusOver(restPort, '/v1/config', authority.cert, { headers: { authorization } })).toBe(200);
  const caller = grpcCaller(`localhost:${grpcPort}`, credentials.createSsl(Buffer.from(authority.cert)));
  expect(await caller.predict('m', [2])).toMatch(/^UNAUTHENTICATED: /);
  caller.close();
});

test('--tls-client-ca asks callers for a certificate', async () => {
  const [servers, clients] = [testAuthority('servers'), testAuthority('clients')];
  const { cert, key } = servers.issue('server');
  await file('cert.pem', cert);
  await file('key.pem', key);
  await file('clients.pem', clients.cert);
  const { restPort } = await serve('m', '--tls-cert=cert.pem', '--tls-key=key.pem', '--tls-client-ca=clients.pem');
  const as = (client: Partial<TestCertificate>) => statusOver(restPort, '/v1/models/m', servers.cert, client);
  expect(await as(clients.issue('client'))).toBe(200);
  expect(await as({})).toBe('refused');
});

test('limits, metrics and origins are flags; those that are given win over the file, limit by limit', async () => {
  await file(
    'servable.yaml',
    'models: [{ name: m, basePath: m }]\nlimits: { maxInputElements: 2, maxJsonDepth: 64 }\nprometheus: { path: /metrics }\n',
  );
  const flags = [
    '--max-input-elements=3',
    '--metrics',
    '--cors-origins=https://app.example.com',
    '--model-roots=/models',
  ];
  const { restPort } = await serve('--config=servable.yaml', ...flags);
  expect(await restPredict(restPort, 'm', [1, 2, 3])).toEqual([200, { predictions: [2.5, 3, 3.5] }]);
  expect((await restPredict(restPort, 'm', [1, 2, 3, 4]))[0]).toBe(429);
  const { options } = (await (await fetch(`http://127.0.0.1:${restPort}/v1/config`)).json()) as {
    options: { limits: object; restCors: unknown; prometheus: object; modelRoots: unknown };
  };
  expect(options.limits).toMatchObject({ maxInputElements: 3, maxJsonDepth: 64 });
  expect([options.restCors, options.modelRoots]).toEqual([['https://app.example.com'], ['/models']]);
  expect(options.prometheus).toMatchObject({ path: '/metrics' });
});

test.each([
  [['--tls-cert=a'], '--tls-cert and --tls-key go together; got one of them'],
  [['--tls-client-ca=a'], '--tls-client-ca needs --tls-cert and --tls-key'],
  [['--token-file=a', '--access-file=b'], 'takes either --token-file or --access-file; got both'],
  [['--admin-port=1', '--reload-over-grpc=false'], '--admin-port is for configurations'],
  [['--max-jsn-depth=64'], 'did you mean --max-json-depth?'],
])('%j are wrong usage, which the last line tells the way out of', async (argv, message) => {
  expect(await main(['serve', 'm', ...argv], io)).toBe(2);
  expect(io.err.join('')).toContain(message);
  expect(io.err.join('')).toMatch(/usage: servable serve DIR [^]*\nservable serve --help lists the flags\.\n$/);
});

test.each([
  [['--token-file=missing'], /missing/],
  [['--tls-cert=m', '--tls-key=m'], /m/],
  [['--max-json-depth=3'], /limits\.maxJsonDepth must be a whole number from 64/],
])('%j fails the start', async (argv, message) => {
  expect(await main(['serve', 'm', ...argv, '--port=0'], io)).toBe(1);
  expect(io.err.join('')).toMatch(message);
});
