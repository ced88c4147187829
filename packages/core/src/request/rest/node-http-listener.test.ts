import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { DataType } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import { afterEach, expect, it } from 'vitest';
import type { InferenceCall } from '../../servable/inference-servable.js';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { nodeHttpListener } from './node-http-listener.js';
import type { RestOptions } from './rest-options.js';

const definition = signatureDef({ x: [DataType.DT_FLOAT, [-1]] }, { y: [DataType.DT_FLOAT, [-1]] });
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(
  answer: (call: InferenceCall) => ReadonlyMap<string, Tensor> | Promise<ReadonlyMap<string, Tensor>>,
  options: Partial<RestOptions> = {},
): Promise<{ port: number; url: string }> {
  const provider = new FakeProvider().add(
    'm',
    1n,
    new FakeServable(new Map([['serving_default', definition]]), answer),
  );
  const server = createServer(nodeHttpListener({ provider, states: provider, ...options }));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}
const echo = ({ inputs }: InferenceCall) => new Map([['y', inputs.get('x')!]]);

/** Sends bytes as they are and gives everything that comes back. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write(text);
  await once(socket, 'close');
  return received;
}

it('answers over sockets, also bodies of many packets', async () => {
  const { url } = await serve(echo);
  const values = Array.from({ length: 100_000 }, (_, k) => k + 0.5);
  const response = await fetch(`${url}/v1/models/m:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: values }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  const text = await response.text();
  expect(response.headers.get('content-length')).toBe(String(text.length));
  expect(JSON.parse(text)).toEqual({ predictions: values });
  expect((await fetch(`${url}/v1/models/none`)).status).toBe(404);
});

it('sees the path as it was sent', async () => {
  const { port } = await serve(echo);
  const end = 'Host: x\r\nConnection: close\r\n\r\n';
  expect(await raw(port, `GET /v1/models/../m HTTP/1.1\r\n${end}`)).toContain('Malformed request: GET /v1/models/../m');
  expect(await raw(port, `GET http://host:8501/v1/models/m HTTP/1.1\r\n${end}`)).toContain('AVAILABLE');
  expect(await raw(port, `TRACE /v1/models/m HTTP/1.1\r\n${end}`)).toMatch(/^HTTP\/1.1 501 /);
  expect(await raw(port, `HEAD /v1/models/m HTTP/1.1\r\n${end}`)).toMatch(/^HTTP\/1.1 400 (?!.*Malformed)/s);
});

it('keeps connections open between requests', async () => {
  const { port } = await serve(echo);
  const get = 'GET /v1/models/m HTTP/1.1\r\nHost: x\r\n';
  const received = await raw(port, `${get}\r\n${get}Connection: close\r\n\r\n`);
  expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
});

it('refuses a body that is announced or found to be too large, and says so', async () => {
  const { port, url } = await serve(echo, { limits: { maxBodyBytes: 1000 } });
  const announced = await fetch(`${url}/v1/models/m:predict`, { method: 'POST', body: 'x'.repeat(5_000_000) });
  expect(announced.status).toBe(413);
  expect(await announced.json()).toEqual({
    error: 'Request body is too large: expected at most 1000 bytes, given 5000000',
  });
  const head = 'POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
  const streamed = await raw(port, `${head}${chunk.repeat(3)}0\r\n\r\n`);
  expect(streamed).toMatch(/^HTTP\/1\.1 413 /);
  expect(streamed).toMatch(/connection: close/i);
  expect(streamed).toContain('expected at most 1000 bytes, given more');
});

it('aborts the run when the caller goes away', async () => {
  let started!: (signal: AbortSignal) => void;
  const running = new Promise<AbortSignal>((resolve) => (started = resolve));
  const { port } = await serve(({ signal }) => {
    started(signal!);
    return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
  });
  const call = httpRequest({ port, method: 'POST', path: '/v1/models/m:predict' });
  call.on('error', () => undefined);
  call.end('{"instances": [1]}');
  const signal = await running;
  expect(signal.aborted).toBe(false);
  const aborted = once(signal, 'abort');
  call.destroy();
  await aborted;
  expect(signal.aborted).toBe(true);
});

it('does not abort a run that was answered', async () => {
  let seen: AbortSignal | undefined;
  const { port } = await serve(({ signal }) => {
    seen = signal;
    return new Map([['y', tensor([1])]]);
  });
  const body = '{"instances": [1]}';
  await raw(
    port,
    `POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  expect(seen?.aborted).toBe(false);
});

it('refuses bodies that there is no room for beside those of other requests, until these are answered', async () => {
  const limits = { maxBodyBytes: 100, maxHeldBodyBytes: 100 };
  let finish!: () => void;
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let first = true;
  const { url } = await serve(
    (call) => {
      if (!first) return echo(call);
      first = false;
      begin();
      return new Promise((resolve) => (finish = () => resolve(echo(call))));
    },
    { limits },
  );
  const post = () =>
    fetch(`${url}/v1/models/m:predict`, { method: 'POST', body: `{"instances": [1]}${' '.repeat(50)}` });
  const held = post();
  await begun;
  const refused = await post();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toEqual({
    error: 'No room for the request body: at most 100 bytes of bodies are held at once, 68 are',
  });
  finish();
  expect((await held).status).toBe(200);
  expect((await post()).status).toBe(200);
});

it('counts what gzip makes of a body', async () => {
  const { url } = await serve(echo, { limits: { maxBodyBytes: 400, maxHeldBodyBytes: 400 } });
  const post = (spaces: number) =>
    fetch(`${url}/v1/models/m:predict`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(`{"instances": [1]}${' '.repeat(spaces)}`),
    });
  expect((await post(100)).status).toBe(200);
  expect((await post(500)).status).toBe(503);
  expect((await post(100)).status).toBe(200);
});

it('bounds the depth of JSON when told to', async () => {
  const { url } = await serve(echo, { limits: { maxJsonDepth: 64 } });
  const body = `{"instances": ${'['.repeat(200)}`;
  const response = await fetch(`${url}/v1/models/m:predict`, { method: 'POST', body });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: 'JSON is nested too deeply: expected at most 64 levels, given more at offset: 78',
  });
});
