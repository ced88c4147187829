import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { encodePredictRequest, tensor } from '@servable/tensor';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RequestLimits } from './request-options.js';
import { createServer, type Server } from './server.js';
import type { ServerOptions } from './server-options.js';
import { grpcCaller, restPredict } from './testing/calls.js';
import { type HalfPlusTwo, halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from './testing/model-directory.js';

const cleanups: (() => unknown)[] = [];
let directory: ModelDirectory;
let platform: HalfPlusTwo;
beforeEach(async () => {
  directory = await modelDirectory('m/1/half_plus_two');
  platform = halfPlusTwoPlatform();
  cleanups.push(() => directory.remove());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(limits: RequestLimits, more: ServerOptions = {}): Promise<{ grpc: number; rest: number }> {
  const server: Server = await createServer({
    models: [{ name: 'm', basePath: join(directory.path, 'm') }],
    platforms: [platform],
    waitForModels: true,
    grpcPort: 0,
    restPort: 0,
    limits,
    ...more,
  });
  cleanups.push(() => server.destroy());
  return { grpc: server.grpcPort!, rest: server.restPort! };
}

const ones = (count: number): number[] => new Array<number>(count).fill(1);

async function predict(port: number, x: readonly number[]): Promise<string> {
  const caller = grpcCaller(port);
  try {
    return await caller.predict('m', x);
  } finally {
    caller.close();
  }
}

/** Both ports answer a plain call: what one caller was refused did not hurt the next. */
async function expectHealthy({ grpc, rest }: { grpc: number; rest: number }): Promise<void> {
  expect(await predict(grpc, [2])).toBe('1:3');
  expect(await restPredict(rest, 'm', [2])).toEqual([200, { predictions: [3] }]);
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  return socket;
}

/** All that a server says until it hangs up. */
async function answerOf(socket: Socket): Promise<string> {
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function http2(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => undefined);
  cleanups.push(() => session.destroy());
  return session;
}

/** A Predict call by hand; its status is that of the response or the trailers. */
function call(session: ClientHttp2Session, headers: Record<string, string> = {}) {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/tensorflow.serving.PredictionService/Predict',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const status = new Promise<string | undefined>((resolve) => {
    const note = (fields: Record<string, unknown>): void => {
      if (typeof fields['grpc-status'] === 'string') resolve(fields['grpc-status']);
    };
    stream
      .on('response', note)
      .on('trailers', note)
      .on('error', () => undefined)
      .on('close', () => resolve(undefined))
      .resume();
  });
  return { stream, status };
}

function message(x: readonly number[]): Buffer {
  const body = encodePredictRequest({
    modelSpec: { name: 'm', signatureName: '' },
    inputs: new Map([['x', tensor([...x], 'float32')]]),
    outputFilter: [],
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

test('a request that is too large: 413 and RESOURCE_EXHAUSTED', async () => {
  const ports = await serve({}, { maxReceiveMessageBytes: 1000 });
  const [status, body] = await restPredict(ports.rest, 'm', ones(1000));
  expect([status, body]).toEqual([
    413,
    { error: expect.stringContaining('expected at most 1000 bytes, given ') as string },
  ]);
  expect(await predict(ports.grpc, ones(1000))).toMatch(/^RESOURCE_EXHAUSTED: .*1000/);
  await expectHealthy(ports);
});

test('headers that are too large: 431, and a call or connection of gRPC that ends', async () => {
  const ports = await serve({ maxHeaderBytes: 2048 });
  const socket = open(ports.rest);
  socket.write(`GET /v1/models/m HTTP/1.1\r\nHost: m\r\nX-Large: ${'x'.repeat(5000)}\r\n\r\n`);
  expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 431 /);
  const { stream, status } = call(http2(ports.grpc), { 'x-large': 'x'.repeat(200_000) });
  stream.end(message([2]));
  expect(await status).not.toBe('0');
  await expectHealthy(ports);
});

test('JSON that is too deep: 400 with the limit', async () => {
  const ports = await serve({ maxJsonDepth: 64 });
  const body = `{"instances": ${'['.repeat(100)}${']'.repeat(100)}}`;
  const answer = await fetch(`http://127.0.0.1:${ports.rest}/v1/models/m:predict`, { method: 'POST', body });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('64') as string]);
  await expectHealthy(ports);
});

test('an input of too many elements: RESOURCE_EXHAUSTED over both', async () => {
  const ports = await serve({ maxInputElements: 10 });
  const words = 'expected at most 10 elements, given 11';
  expect(await predict(ports.grpc, ones(11))).toMatch(new RegExp(`^RESOURCE_EXHAUSTED: .*${words}`));
  expect(await restPredict(ports.rest, 'm', ones(11))).toEqual([
    429,
    { error: expect.stringContaining(words) as string },
  ]);
  expect(await predict(ports.grpc, ones(10))).toMatch(/^1:/);
  await expectHealthy(ports);
});

test('more calls on a gRPC connection than allowed wait for the others', async () => {
  const ports = await serve({ maxConcurrentStreams: 2 });
  let running = 0;
  let most = 0;
  const releases: (() => void)[] = [];
  platform.beforeRun = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => releases.push(resolve));
    running--;
  };
  const session = http2(ports.grpc);
  await once(session, 'remoteSettings');
  expect(session.remoteSettings.maxConcurrentStreams).toBe(2);
  const calls = Array.from({ length: 5 }, () => call(session));
  for (const { stream } of calls) stream.end(message([2]));
  for (let done = 0; done < 5; done++) {
    while (releases.length === 0) await new Promise((resolve) => setImmediate(resolve));
    releases.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await Promise.all(calls.map(({ status }) => status))).toEqual(['0', '0', '0', '0', '0']);
  expect(most).toBe(2);
});

test('connections over the limit are closed, and their places are free again when others go', async () => {
  const ports = await serve({ maxRestConnections: 1, maxGrpcConnections: 1 });
  for (const port of [ports.rest, ports.grpc]) {
    const first = open(port);
    await once(first, 'connect');
    expect(await answerOf(open(port))).toBe('');
    first.destroy();
    await once(first, 'close');
  }
  // The server sees the end of a connection a moment later than we do.
  await expect.poll(() => predict(ports.grpc, [2])).toBe('1:3');
  await expect
    .poll(() => restPredict(ports.rest, 'm', [2]).catch(() => undefined))
    .toEqual([200, { predictions: [3] }]);
});

test('bodies over what may be held at once: UNAVAILABLE, and room again when the others are answered', async () => {
  const ports = await serve({ maxHeldBodyBytes: 2000 });
  const first = open(ports.rest);
  first.write(`POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: 1500\r\n\r\n${' '.repeat(1499)}`);
  await expect.poll(async () => (await restPredict(ports.rest, 'm', ones(400)))[0]).toBe(503);
  first.destroy();
  await expect.poll(async () => (await restPredict(ports.rest, 'm', ones(400)))[0]).toBe(200);
  await expectHealthy(ports);
});

describe('callers that are too slow', () => {
  const slow = { headersTimeoutMs: 500, requestTimeoutMs: 1000 };

  test('over REST: 408 for headers and bodies that do not come', async () => {
    const ports = await serve(slow);
    for (const start of [
      'POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nX-Slow',
      'POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\n{"instances"',
    ]) {
      const socket = open(ports.rest);
      socket.write(start);
      expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 408 /);
    }
    await expectHealthy(ports);
  });

  test('over gRPC: no handshake closes the connection, half a message ends the call', async () => {
    const ports = await serve(slow);
    const silent = open(ports.grpc);
    await once(silent.resume(), 'close');
    const { stream, status } = call(http2(ports.grpc));
    stream.write(message(ones(100)).subarray(0, 50));
    expect(await status).toBe('4');
    await expectHealthy(ports);
  });
});
