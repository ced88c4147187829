import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { DataType } from '@servable/protos/tensorflow';
import { expect, onTestFinished, test } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { AccessControl } from '../access/access-control.js';
import { AccessPolicy } from '../access/access-policy.js';
import { AdmissionController } from '../execution/admission-controller.js';
import { InFlight } from '../execution/in-flight.js';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { nodeHttpListener } from './node-http-listener.js';
import type { RestOptions } from './rest-options.js';

const token = 'token-of-the-web-app';
const access = () =>
  new AccessControl(
    new AccessPolicy({
      tokens: [{ name: 'web', token }],
      rules: [{ callers: ['web'], methods: ['inference'], models: ['open'] }],
    }),
  );
const LENGTH = 100_000;
const body = `{"instances": [1.5]}`.padEnd(LENGTH);

/** A connection to a server, and what it has said so far. */
async function serve(options: Partial<RestOptions>) {
  const records: RequestRecord[] = [];
  const signature = signatureDef({ x: [DataType.DT_FLOAT, [-1]] }, { y: [DataType.DT_FLOAT, [-1]] });
  const same = new FakeServable(
    new Map([['serving_default', signature]]),
    ({ inputs }) => new Map([['y', inputs.get('x')!]]),
  );
  const provider = new FakeProvider().add('open', 1n, same).add('secret', 1n, same);
  const observers = [(record: RequestRecord) => void records.push(record)];
  const server = createServer(nodeHttpListener({ provider, states: provider, observers, ...options }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
  onTestFinished(() => {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { socket, records };
}

/** Asks with the headers alone, and gives the answer that comes all the same. */
async function ask(socket: Socket, target: string, headers: readonly string[] = [`Content-Length: ${LENGTH}`]) {
  const lines = [`POST ${target} HTTP/1.1`, 'Host: x', ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return answer(socket);
}

async function answer(socket: Socket) {
  let text = '';
  for (;;) {
    text += ((await once(socket, 'data')) as [string])[0];
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
    if (end !== -1 && text.length >= end + 4 + length) return { head: text.slice(0, end), body: text.slice(end + 4) };
  }
}

test.each(['/v1/models/open:predict', '/v1/models/open/versions/1:predict', '/v2/models/open/infer'])(
  'without credentials %s is 401 before the body is sent',
  async (target) => {
    const { socket, records } = await serve({ access: access() });
    const { head, body: text } = await ask(socket, target, [`Content-Length: ${LENGTH}`, 'X-Request-Id: abc']);
    expect(head).toMatch(/^HTTP\/1\.1 401 /);
    expect(head).toMatch(/www-authenticate: Bearer realm="servable"/i);
    expect(head).toMatch(/x-request-id: abc/i);
    expect(text).toContain('Predict on model open needs credentials that are allowed inference');
    expect(records).toMatchObject([
      { requestId: 'abc', method: 'Predict', modelName: 'open', code: 'UNAUTHENTICATED', requestBytes: 0 },
    ]);
  },
);

test('a model that no rule gives the caller is 403, with the name of the caller in the record', async () => {
  const { socket, records } = await serve({ access: access() });
  const headers = [`Content-Length: ${LENGTH}`, `Authorization: Bearer ${token}`];
  expect((await ask(socket, '/v1/models/secret:predict', headers)).head).toMatch(/^HTTP\/1\.1 403 /);
  expect(records).toMatchObject([{ caller: 'web', modelName: 'secret', code: 'PERMISSION_DENIED' }]);
});

test('a wrong token is 401, and names no model in the record', async () => {
  const { socket, records } = await serve({ access: access() });
  const headers = [`Content-Length: ${LENGTH}`, 'Authorization: Bearer guess-guess-guess'];
  expect((await ask(socket, '/v1/models/open:predict', headers)).head).toMatch(/^HTTP\/1\.1 401 /);
  expect(records).toMatchObject([{ method: '', modelName: '', reason: 'TOKEN_UNKNOWN' }]);
});

test('where there is no room it is 503, and the connection serves on once the body has come', async () => {
  const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 0 });
  const { socket } = await serve({ admission });
  const ticket = await admission.admit();
  const refused = await ask(socket, '/v1/models/open:predict');
  expect(refused.head).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused.head).not.toMatch(/connection: close/i);
  expect(refused.body).toMatch(/queue .* is full/);
  ticket.release();
  socket.write(body);
  socket.write(`POST /v1/models/open:predict HTTP/1.1\r\nHost: x\r\nContent-Length: ${LENGTH}\r\n\r\n${body}`);
  const served = await answer(socket);
  expect(served.head).toMatch(/^HTTP\/1\.1 200 /);
  expect(JSON.parse(served.body)).toEqual({ predictions: [1.5] });
});

test('a body of unknown length is refused by its headers too, and the connection ends', async () => {
  const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 0 });
  const { socket } = await serve({ admission });
  const ticket = await admission.admit();
  const { head } = await ask(socket, '/v1/models/open:predict', ['Transfer-Encoding: chunked']);
  expect(head).toMatch(/^HTTP\/1\.1 503 [^]*connection: close/i);
  ticket.release();
});

test('a draining server refuses by the headers', async () => {
  const inFlight = new InFlight();
  const { socket } = await serve({ inFlight });
  await inFlight.drain();
  const { head, body: text } = await ask(socket, '/v1/models/open:predict');
  expect(head).toMatch(/^HTTP\/1\.1 503 /);
  expect(text).toContain('The server is shutting down');
});
