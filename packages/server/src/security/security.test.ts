import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { type LogLevel, type Logger, silentLogger } from '@servable/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createServer, type Server } from '../server.js';
import type { ServerOptions } from '../server-options.js';
import { grpcCaller, reloadConfig } from '../testing/calls.js';
import { testAuthority, type TestCertificate } from '../testing/certificates.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { modelDirectory, type ModelDirectory } from '../testing/model-directory.js';
import { accessFromFile } from './access-file.js';
import { tlsFromFiles } from './tls-files.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let directory: ModelDirectory;
let log: string[];
let logger: Logger;
beforeEach(async () => {
  directory = await modelDirectory('m/1/half_plus_two', 'other/1/half_plus_two');
  cleanups.push(() => directory.remove());
  log = [];
  const note = (level: LogLevel) => (message: string) => void log.push(`${level}: ${message}`);
  logger = { ...silentLogger, error: note('error'), warning: note('warning'), info: note('info') };
});

async function serve(options: ServerOptions): Promise<Server> {
  const server = await createServer({
    models: [
      { name: 'm', basePath: join(directory.path, 'm') },
      { name: 'other', basePath: join(directory.path, 'other') },
    ],
    platforms: [halfPlusTwoPlatform()],
    waitForModels: true,
    logger,
    credentialsPollMs: 5,
    ...options,
  });
  cleanups.push(() => server.destroy());
  return server;
}

interface HttpsAnswer {
  readonly status: number | undefined;
  readonly body: string;
  readonly certificate: PeerCertificate;
}

function askHttps(port: number, path: string, ca: string, client?: TestCertificate): Promise<HttpsAnswer> {
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  return new Promise((resolve, reject) => {
    get({ host: 'localhost', port, path, ca, agent, ...client }, (response) => {
      const certificate = (response.socket as TLSSocket).getPeerCertificate();
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode, body, certificate }));
    }).on('error', reject);
  });
}

describe('TLS on REST', () => {
  test('the port speaks TLS, and nothing else', async () => {
    const authority = testAuthority('authority');
    const { restPort } = await serve({ restPort: 0, restTls: authority.issue('server') });
    const { status, certificate } = await askHttps(restPort!, '/v1/models/m', authority.cert);
    expect([status, certificate.subject.CN]).toEqual([200, 'server']);
    await expect(askHttps(restPort!, '/v1/models/m', testAuthority('other').cert)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${restPort}/v1/models/m`)).rejects.toThrow();
  });

  test('with verifyClient, a caller needs a certificate of the authority', async () => {
    const [servers, clients] = [testAuthority('servers'), testAuthority('clients')];
    const restTls = { ...servers.issue('server'), ca: clients.cert, verifyClient: true };
    const { restPort } = await serve({ restPort: 0, restTls });
    const as = (client?: TestCertificate) => askHttps(restPort!, '/v1/models/m', servers.cert, client);
    expect((await as(clients.issue('client'))).status).toBe(200);
    await expect(as()).rejects.toThrow();
    await expect(as(testAuthority('others').issue('client'))).rejects.toThrow();
  });
});

/** PEM files of a certificate. */
async function store({ cert, key }: TestCertificate): Promise<{ keyFile: string; certFile: string }> {
  const files = { keyFile: join(directory.path, 'key.pem'), certFile: join(directory.path, 'cert.pem') };
  await replace(files.keyFile, key);
  await replace(files.certFile, cert);
  return files;
}

test('a certificate whose files change is replaced on both ports; a bad one is not, and the log says so', async () => {
  const authority = testAuthority('authority');
  const files = await store(authority.issue('first'));
  const tls = await tlsFromFiles(files);
  const { restPort, grpcPort } = await serve({ restPort: 0, grpcPort: 0, restTls: tls, grpcTls: tls });
  const servedByGrpc = () =>
    new Promise<string | undefined>((resolve, reject) => {
      const socket = connect({ host: 'localhost', port: grpcPort!, ca: authority.cert, ALPNProtocols: ['h2'] }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      }).on('error', reject);
    });
  const served = async () => (await askHttps(restPort!, '/v1/models/m', authority.cert)).certificate.subject.CN;
  expect(await served()).toBe('first');
  await store(authority.issue('second'));
  await vi.waitFor(async () => expect(await served()).toBe('second'));
  await replace(files.certFile, 'no certificate');
  await vi.waitFor(() =>
    expect(log).toContain(
      'error: Keeping the old credentials, the certificate of restTls: ' +
        'restTls.cert must be PEM text with -----BEGIN CERTIFICATE----- in it, not a path',
    ),
  );
  expect(await served()).toBe('second');
  await store(authority.issue('third'));
  await vi.waitFor(async () => expect([await served(), await servedByGrpc()]).toEqual(['third', 'third']));
  const caller = grpcCaller(`localhost:${grpcPort}`, credentials.createSsl(Buffer.from(authority.cert)));
  expect(await caller.predict('m', [2])).toBe('1:3');
  caller.close();
});

/** As an operator should: a file that is half written is never seen. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

const web = 'token-of-the-web-app';
const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');

async function accessFile(tokens: string, rules: string): Promise<string> {
  const path = join(directory.path, 'access.yaml');
  await replace(join(directory.path, 'tokens'), tokens);
  await replace(path, `tokensFile: tokens\n${rules}`);
  return path;
}

async function statusOf(port: number, path: string, token?: string): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
}

describe('access rules', () => {
  test('tokens and rules come from files, and from changed files', async () => {
    const rules = 'rules: [{ callers: [web], methods: [status], models: [m] }]';
    const path = await accessFile(`web sha256:${sha256(web)}`, rules);
    const { restPort } = await serve({ restPort: 0, access: await accessFromFile(path) });
    const status = (model: string, token?: string) => statusOf(restPort!, `/v1/models/${model}`, token);
    expect(await Promise.all([status('m', web), status('other', web), status('m')])).toEqual([200, 403, 401]);
    await accessFile(
      `web sha256:${sha256(web)}`,
      'rules: [{ callers: [web, gone], methods: [status], models: [other] }]',
    );
    await vi.waitFor(async () => expect(await status('other', web)).toBe(200));
    expect(await status('m', web)).toBe(403);
    expect(log).toContain('warning: Access rules name callers that are not known: gone');
    await replace(join(directory.path, 'tokens'), 'web short');
    await vi.waitFor(() =>
      expect(log.join('\n')).toContain('Keeping the old credentials, the access rules and tokens: '),
    );
    expect(log.join('\n')).not.toContain('short');
    expect(await status('other', web)).toBe(200);
    await replace(join(directory.path, 'tokens'), '# revoked');
    await vi.waitFor(async () => expect(await status('other', web)).toBe(401));
  });

  test('a client certificate is a credential, over gRPC and REST', async () => {
    const [servers, clients] = [testAuthority('servers'), testAuthority('clients')];
    const tls = { ...servers.issue('server'), ca: clients.cert, verifyClient: true };
    const access = {
      certificates: [{ name: 'batch', subject: 'CN=batch' }],
      rules: [{ callers: ['batch'], methods: ['inference', 'status'] as const, models: ['m'] }],
    };
    const server = await serve({ grpcPort: 0, restPort: 0, grpcTls: tls, restTls: tls, access });
    const asGrpc = async (model: string, commonName: string) => {
      const { key, cert } = clients.issue(commonName);
      const how = credentials.createSsl(Buffer.from(servers.cert), Buffer.from(key), Buffer.from(cert));
      const caller = grpcCaller(`localhost:${server.grpcPort}`, how);
      const answer = await caller.predict(model, [2]);
      caller.close();
      return answer;
    };
    expect(await asGrpc('m', 'batch')).toBe('1:3');
    expect(await asGrpc('other', 'batch')).toMatch(
      /^PERMISSION_DENIED: Caller batch may not call Predict on model other/,
    );
    expect(await asGrpc('m', 'stranger')).toMatch(/^UNAUTHENTICATED: .*the client certificate is of CN=stranger/);
    const asRest = (model: string, commonName: string) =>
      askHttps(server.restPort!, `/v1/models/${model}`, servers.cert, clients.issue(commonName));
    expect((await asRest('m', 'batch')).status).toBe(200);
    expect((await asRest('other', 'batch')).status).toBe(403);
    expect((await asRest('m', 'stranger')).status).toBe(401);
  });

  test.each([
    ['rules: [{ callers: [web], methods: [write] }]', /access\.yaml.*rules/s],
    ['rules: [{ callers: [web] }]', /methods is missing/],
    ['rule: []', /unknown key; did you mean rules\?/],
    ['tokens: [{ name: web, sha256: abc }]\nrules: []', /The sha256 of token web must be 64 hexadecimal digits/],
  ])('%j is refused', async (text, message) => {
    const path = await accessFile('', text);
    const started = accessFromFile(path).then((access) => serve({ restPort: 0, access }));
    await expect(started).rejects.toThrow(message);
  });

  test('there must be rules that make sense', async () => {
    const access = { tokens: [{ name: 'anyone', token: web }], rules: [] };
    await expect(serve({ restPort: 0, access })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'ACCESS_INVALID',
    });
  });
});

test('connections over the limit are closed on the gRPC port', async () => {
  const { grpcPort } = await serve({ grpcPort: 0, limits: { maxGrpcConnections: 1 } });
  const first = grpcCaller(grpcPort!);
  expect(await first.predict('m', [2])).toBe('1:3');
  // Channels of one process to one address share a connection, so the other comes as plain TCP.
  const closed = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port: grpcPort! }).resume();
    socket.on('error', () => undefined).on('close', () => resolve(true));
  });
  expect([closed, await first.predict('m', [4])]).toEqual([true, '1:4']);
  first.close();
});

describe('HandleReloadConfigRequest', () => {
  const config = (): string =>
    `model_config_list { config { name: "new" base_path: "${join(directory.path, 'm')}" model_platform: "half_plus_two" } }`;

  test('is taken on the admin port alone, where there is one', async () => {
    const server = await serve({ grpcPort: 0, adminPort: 0 });
    expect(await reloadConfig(server.grpcPort!, config())).toBe(
      'PERMISSION_DENIED: HandleReloadConfigRequest is not taken on this port; it is on the one of adminPort',
    );
    expect(await reloadConfig(server.adminPort!, config())).toBe('OK');
    expect(server.models.map(({ name }) => name)).toEqual(['new']);
    const caller = grpcCaller(server.adminPort!);
    expect(await caller.predict('new', [2])).toMatch(/^UNIMPLEMENTED: /);
    caller.close();
  });

  test('switched off, its error names the option', async () => {
    const server = await serve({
      grpcPort: 0,
      reloadOverGrpc: false,
      optionNames: { reloadOverGrpc: '--enable_reload_config_request' },
    });
    expect(await reloadConfig(server.grpcPort!, config())).toBe(
      'UNIMPLEMENTED: HandleReloadConfigRequest is switched off here; --enable_reload_config_request switches it on',
    );
    await expect(serve({ grpcPort: 0, adminPort: 0, reloadOverGrpc: false })).rejects.toMatchObject({
      reason: 'OPTION_AMBIGUOUS',
    });
  });
});
