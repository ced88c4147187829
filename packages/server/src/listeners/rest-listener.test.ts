import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Listener } from './listener.js';
import { listenRest } from './rest-listener.js';

let listener: Listener | undefined;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterEach(() => listener?.cut());

const address = { host: '127.0.0.1', port: 0, what: 'REST', portOption: 'restPort' };

async function ask(): Promise<[string, string | undefined]> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port: listener!.port, host: '127.0.0.1', agent }, resolve).on('error', reject);
  });
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return [body, response.headers.connection];
}

test('a stop ends connections that are kept alive and idle', async () => {
  listener = await listenRest((_request, response) => void response.end('done'), address);
  expect(await ask()).toEqual(['done', 'keep-alive']);
  await listener.stop();
  await expect(ask()).rejects.toMatchObject({ code: expect.stringMatching(/^ECONN(REFUSED|RESET)$/) as string });
});

test('a stop waits for the running request, and its connection ends with it', async () => {
  let entered!: () => void;
  const running = new Promise<void>((resolve) => (entered = resolve));
  let answer!: () => void;
  listener = await listenRest((_request, response) => {
    answer = () => void response.end('late');
    entered();
  }, address);
  const asked = ask();
  await running;
  let stopped = false;
  const stopping = listener.stop().then(() => (stopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);
  answer();
  expect((await asked)[0]).toBe('late');
  await stopping;
});

test('a cut ends the running request', async () => {
  let entered!: () => void;
  const running = new Promise<void>((resolve) => (entered = resolve));
  listener = await listenRest(() => entered(), address);
  const asked = ask().catch((error: NodeJS.ErrnoException) => error.code);
  await running;
  listener.cut();
  expect(await asked).toBe('ECONNRESET');
});

test('all interfaces of both families include the IPv4 loopback', async () => {
  listener = await listenRest((_request, response) => void response.end('done'), { ...address, host: '::' });
  expect((await ask())[0]).toBe('done');
});

/** What a caller gets who sends this and then nothing more. */
async function sendAndStall(text: string): Promise<string> {
  const socket = connect(listener!.port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer.split('\r\n')[0]!;
}

test('headers and bodies that do not come in time end their connection with 408', async () => {
  const limits = { headersTimeoutMs: 20, requestTimeoutMs: 40 };
  listener = await listenRest(
    (request, response) => request.on('end', () => response.end('done')).resume(),
    address,
    limits,
  );
  expect(await sendAndStall('POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nX-Slow')).toBe(
    'HTTP/1.1 408 Request Timeout',
  );
  expect(await sendAndStall('POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: 9\r\n\r\n{')).toBe(
    'HTTP/1.1 408 Request Timeout',
  );
  expect((await ask())[0]).toBe('done');
});

test('headers over the limit are refused with 431, and connections over theirs are closed', async () => {
  const limits = { maxHeaderBytes: 1024, maxRestConnections: 1 };
  listener = await listenRest((_request, response) => void response.end('done'), address, limits);
  expect(await sendAndStall(`GET / HTTP/1.1\r\nHost: m\r\nX-Large: ${'x'.repeat(2000)}\r\n\r\n`)).toBe(
    'HTTP/1.1 431 Request Header Fields Too Large',
  );
  const first = connect(listener.port, '127.0.0.1');
  await once(first, 'connect');
  expect(await sendAndStall('')).toBe('');
  first.destroy();
});
