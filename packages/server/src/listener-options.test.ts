import { once } from 'node:events';
import { createServer as createNetServer } from 'node:net';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, type Server } from './server.js';
import type { ServerOptions } from './server-options.js';
import { grpcCaller } from './testing/calls.js';
import { testAuthority } from './testing/certificates.js';
import { halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { modelDirectory, type ModelDirectory } from './testing/model-directory.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let directory: ModelDirectory;
beforeEach(async () => {
  directory = await modelDirectory('m/1/half_plus_two');
  cleanups.push(() => directory.remove());
});

async function serve(options: ServerOptions): Promise<Server> {
  const server = await createServer({
    models: [{ name: 'm', basePath: join(directory.path, 'm') }],
    platforms: [halfPlusTwoPlatform()],
    waitForModels: true,
    ...options,
  });
  cleanups.push(() => server.destroy());
  return server;
}

async function ask(...target: Parameters<typeof grpcCaller>): Promise<string> {
  const caller = grpcCaller(...target);
  const answer = await caller.predict('m', [2]);
  caller.close();
  return answer;
}

describe('a UNIX socket', () => {
  test('testPredictUDS: answers beside the port', async () => {
    const socket = join(directory.path, 'tf-serving.sock');
    const server = await serve({ grpcPort: 0, grpcSocketPath: socket });
    expect([await ask(`unix:${socket}`), await ask(server.grpcPort!)]).toEqual(['1:3', '1:3']);
  });

  test('answers without any port, and is gone when the server has closed', async () => {
    const socket = join(directory.path, 'only.sock');
    const server = await serve({ grpcSocketPath: socket });
    expect([server.grpcPort, server.restPort]).toEqual([undefined, undefined]);
    expect(await ask(`unix:${socket}`)).toBe('1:3');
    await server.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('one that a killed server left behind is replaced, one that answers is not', async () => {
    const socket = join(directory.path, 'used.sock');
    const owner = createNetServer().listen(socket);
    await once(owner, 'listening');
    await expect(serve({ grpcSocketPath: socket })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'SOCKET_IN_USE',
      message: expect.stringContaining(`gRPC cannot listen at UNIX socket ${socket}: `) as string,
    });
    owner.close();
    await once(owner, 'close');
    // What a process that was killed leaves behind: a socket that nobody listens at.
    const { execFileSync } = await import('node:child_process');
    const leave = `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', leave], { stdio: 'ignore' })).toThrow();
    expect(existsSync(socket)).toBe(true);
    await serve({ grpcSocketPath: socket });
    expect(await ask(`unix:${socket}`)).toBe('1:3');
  });
});

describe('TLS', () => {
  test('the port speaks TLS with the certificate that it was given', async () => {
    const authority = testAuthority('authority');
    const server = await serve({ grpcPort: 0, grpcTls: authority.issue('server') });
    const trusting = credentials.createSsl(Buffer.from(authority.cert));
    expect(await ask(`localhost:${server.grpcPort}`, trusting)).toBe('1:3');
    expect(await ask(server.grpcPort!)).toMatch(/^UNAVAILABLE: /);
    const strange = credentials.createSsl(Buffer.from(testAuthority('other').cert));
    expect(await ask(`localhost:${server.grpcPort}`, strange)).toMatch(/^UNAVAILABLE: /);
  });

  test('with verifyClient, only clients whose certificate the authority has signed are answered', async () => {
    const [servers, clients] = [testAuthority('servers'), testAuthority('clients')];
    const server = await serve({
      grpcPort: 0,
      grpcTls: { ...servers.issue('server'), ca: clients.cert, verifyClient: true },
    });
    const as = (client?: { cert: string; key: string }): Promise<string> => {
      const [key, cert] = client ? [Buffer.from(client.key), Buffer.from(client.cert)] : [];
      return ask(`localhost:${server.grpcPort}`, credentials.createSsl(Buffer.from(servers.cert), key, cert));
    };
    expect(await as(clients.issue('client'))).toBe('1:3');
    expect(await as()).toMatch(/^UNAVAILABLE: /);
    expect(await as(testAuthority('others').issue('client'))).toMatch(/^UNAVAILABLE: /);
  });
});

const { cert, key } = testAuthority('a');

test.each<[ServerOptions, RegExp]>([
  [{ grpcSocketPath: '' }, /^grpcSocketPath must be a path; got ''$/],
  [{ grpcPort: 0, grpcTls: { key: '/key.pem', cert } }, /^grpcTls\.key must be PEM text with .* in it, not a path$/],
  [{ grpcPort: 0, grpcTls: { key, cert: '' } }, /^grpcTls\.cert must be PEM text/],
  [{ grpcPort: 0, grpcTls: { key, cert, ca: 'ca' } }, /^grpcTls\.ca must be PEM text/],
  [{ grpcPort: 0, grpcTls: { key: testAuthority('b').key, cert } }, /^grpcTls has a key and a certificate that do not/],
  [{ grpcPort: 0, grpcTls: { key, cert, verifyClient: 'yes' as never } }, /^grpcTls\.verifyClient must be a boolean/],
])('%o is refused', async (options, message) => {
  await expect(serve(options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message) as string,
  });
});
