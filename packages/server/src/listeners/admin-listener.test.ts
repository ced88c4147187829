import { Agent as PlainAgent, get as plainGet, type IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer, type Server } from '../server.js';
import type { ServerOptions } from '../server-options.js';
import { reloadConfig } from '../testing/calls.js';
import { testAuthority } from '../testing/certificates.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';

const cleanups: (() => unknown)[] = [];
let directory: ModelDirectory;
beforeEach(async () => {
  directory = await modelDirectory('m/1/half_plus_two');
  cleanups.push(() => directory.remove());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: ServerOptions): Promise<Server> {
  const server = await createServer({
    models: [{ name: 'm', basePath: join(directory.path, 'm') }],
    platforms: [halfPlusTwoPlatform()],
    waitForModels: true,
    adminPort: 0,
    grpcPort: 0,
    ...options,
  });
  cleanups.push(() => server.destroy());
  return server;
}

const config = (): string =>
  `model_config_list { config { name: "new" base_path: "${join(directory.path, 'm')}" model_platform: "half_plus_two" } }`;

async function read(response: IncomingMessage): Promise<string> {
  let body = `${response.statusCode} `;
  for await (const chunk of response) body += String(chunk);
  return body;
}

test('the admin port answers gRPC and HTTP/1.1: configuration, states, metadata and metrics', async () => {
  const server = await serve({ restPort: 0, prometheus: {} });
  const admin = `http://127.0.0.1:${server.adminPort}`;
  const names = async (): Promise<string[]> => {
    const { models } = (await (await fetch(`${admin}/v1/config`)).json()) as { models: { name: string }[] };
    return models.map(({ name }) => name);
  };
  expect(await names()).toEqual(['m']);
  expect(await reloadConfig(server.adminPort!, config())).toBe('OK');
  expect(await names()).toEqual(['new']);
  expect(await (await fetch(`${admin}/v1/models/new`)).text()).toContain('"state": "AVAILABLE"');
  expect((await fetch(`${admin}/v1/models`)).status).toBe(200);
  expect((await fetch(`${admin}/v1/models/new/metadata`)).status).toBe(200);
  expect(await (await fetch(`${admin}/monitoring/prometheus/metrics`)).text()).toContain('# TYPE');
});

test('it does not run models, and the REST port does not tell the configuration', async () => {
  const server = await serve({ restPort: 0, optionNames: { adminPort: '--admin_port' } });
  const ask = async (port: number | undefined, path: string, body?: string): Promise<[number, unknown]> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, body === undefined ? {} : { method: 'POST', body });
    const text = await answer.text();
    return [answer.status, text.startsWith('{') ? (JSON.parse(text) as { error?: string }).error : 'page'];
  };
  const call = '{"instances": [2]}';
  expect(await ask(server.adminPort, '/v1/models/m:predict', call)).toEqual([
    403,
    'This port is for the configuration, states and metrics; models are called on the REST port',
  ]);
  expect(await ask(server.adminPort, '/v2/models/m/infer', '{}')).toEqual([404, 'page']);
  expect((await ask(server.restPort, '/v1/models/m:predict', call))[0]).toBe(200);
  expect(await ask(server.restPort, '/v1/config')).toEqual([
    403,
    'GET /v1/config is not taken on this port; it is on the one of --admin_port',
  ]);
});

test('with TLS, what was agreed on tells gRPC from HTTP/1.1', async () => {
  const authority = testAuthority('authority');
  const server = await serve({ grpcTls: authority.issue('server') });
  const ssl = credentials.createSsl(Buffer.from(authority.cert));
  expect(await reloadConfig(`localhost:${server.adminPort}`, config(), ssl)).toBe('OK');
  const agent = new Agent({ keepAlive: false });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { host: 'localhost', port: server.adminPort, path: '/v1/config', ca: authority.cert, agent };
    get(options, resolve).on('error', reject);
  });
  expect(await read(answer)).toMatch(/^200 \{[^]*"name": "new"/);
});

test('a first line that comes byte by byte is understood', async () => {
  const server = await serve({});
  const socket = connect(server.adminPort!, '127.0.0.1');
  for (const character of 'PUT /v1/models HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n') {
    await new Promise<unknown>((written) => socket.write(character, written));
  }
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*Malformed request: PUT/);
});

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.on('error', () => undefined).once('close', () => resolve()));

test('connections that say nothing are closed after the time for headers, and others go on', async () => {
  const server = await serve({ limits: { headersTimeoutMs: 500 } });
  for (const start of ['', 'PRI * HT']) {
    const socket = connect(server.adminPort!, '127.0.0.1');
    if (start !== '') socket.write(start);
    await closed(socket.resume());
  }
  expect(await reloadConfig(server.adminPort!, config())).toBe('OK');
});

test('a server that closes ends connections of every kind', async () => {
  const server = await serve({});
  const agent = new PlainAgent({ keepAlive: true });
  cleanups.push(() => agent.destroy());
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    plainGet({ port: server.adminPort, host: '127.0.0.1', path: '/v1/models', agent }, resolve).on('error', reject);
  });
  expect(await read(answer)).toMatch(/^200 /);
  const silent = connect(server.adminPort!, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  expect(await reloadConfig(server.adminPort!, config())).toBe('OK');
  const ended = closed(silent.resume());
  await server.close();
  await ended;
  expect(server.state).toBe('closed');
});
