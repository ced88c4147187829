import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import {
  Client,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import type { ChannelArguments } from './channel-arguments.js';
import { GrpcServer } from './grpc-server.js';

type Unary = ServerUnaryCall<Buffer, Uint8Array>;
type Answer = sendUnaryData<Uint8Array>;
const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Test/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const service = {
  one: method('one', false, false),
  list: method('list', false, true),
  sum: method('sum', true, false),
  chat: method('chat', true, true),
};
const echo: UntypedServiceImplementation = { one: (call: Unary, answer: Answer) => answer(null, call.request) };

async function serve(implementation: UntypedServiceImplementation = echo, settings: ChannelArguments = {}) {
  const server = new GrpcServer(settings);
  server.addService(service, implementation);
  const port = (await server.listen({ host: '127.0.0.1', port: 0 }))!;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.destroy();
  });
  const call = (request: Uint8Array, metadata = new Metadata(), deadline = Infinity): Promise<Buffer> =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest('/test.Test/one', same, same, request, metadata, { deadline }, (error, reply) =>
        error ? reject(error) : resolve(reply!),
      ),
    );
  return { server, port, client, call };
}

async function failure(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => Promise.reject(new Error('the call went well')),
    (error: ServiceError) => error,
  );
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A call in HTTP/2's own terms. */
async function post(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body: Uint8Array) {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/test.Test/one',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let head: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  stream.on('response', (received: Record<string, unknown>) => void (head = received));
  stream.on('trailers', (received: Record<string, unknown>) => void (trailers = received));
  stream.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { head, trailers, body: Buffer.concat(chunks) };
}
function open(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  return session;
}
function framed(bytes: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

test.each([0, 3, 16_384, 70_000, 5 * 2 ** 20])('answers a message of %d bytes', async (size) => {
  const { call } = await serve(echo, { 'grpc.max_receive_message_length': -1 });
  const request = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7) % 256));
  const client = await call(request).catch((error: ServiceError) => error);
  if (client instanceof Error) {
    // The client itself takes no more than 4 MiB.
    expect([size > 4 * 2 ** 20, client.code]).toEqual([true, 8]);
  } else expect(client.equals(request)).toBe(true);
});

test('metadata goes both ways, and the peer is known', async () => {
  const { client, port } = await serve({
    one: (call: Unary, answer: Answer) => {
      const header = new Metadata();
      header.set('echo', String(call.metadata.get('ask')[0]));
      call.sendMetadata(header);
      const trailer = new Metadata();
      trailer.set('data-bin', Buffer.from([0, 255]));
      const seen = [
        call.getPath(),
        call.getHost(),
        call.getPeer().replace(/\d+$/, 'n'),
        call.metadata.get('te').length,
      ];
      answer(null, Buffer.from(JSON.stringify(seen)), trailer);
    },
  });
  const metadata = new Metadata();
  metadata.set('ask', 'é'.normalize('NFD').slice(0, 1));
  const call = client.makeUnaryRequest('/test.Test/one', same, same, Buffer.alloc(1), metadata, (_, reply) => {
    received = String(reply);
  });
  let received = '';
  const events = await Promise.all([once(call, 'metadata'), once(call, 'status')]);
  const [[header], [status]] = events as [[Metadata], [{ metadata: Metadata }]];
  expect(header.get('echo')).toEqual(['e']);
  expect(status.metadata.get('data-bin')).toEqual([Buffer.from([0, 255])]);
  expect(JSON.parse(received)).toEqual(['/test.Test/one', `127.0.0.1:${port}`, '127.0.0.1:n', 0]);
});

test('an error of a handler becomes the status, its details percent-encoded', async () => {
  const metadata = new Metadata();
  metadata.set('why', 'because');
  const { call } = await serve({
    one: (_: Unary, answer: Answer) => answer({ code: 5, details: 'gone: 100 % \n é', metadata }),
  });
  const error = await failure(call(Buffer.alloc(1)));
  expect([error.code, error.details, error.metadata.get('why')]).toEqual([5, 'gone: 100 % \n é', ['because']]);
});

test('a handler that throws, and methods that are not there', async () => {
  const { call, client } = await serve({
    one: () => {
      throw new Error('secret');
    },
  });
  expect(await failure(call(Buffer.alloc(1)))).toMatchObject({ code: 2, details: 'Unknown error' });
  for (const path of ['/test.Test/list', '/nobody/knows']) {
    const error = await failure(
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(path, same, same, Buffer.alloc(1), (problem) =>
          problem ? reject(problem) : resolve(undefined),
        ),
      ),
    );
    expect(error).toMatchObject({ code: 12, details: `The server does not implement the method ${path}` });
  }
});

test('a passed deadline ends the call and tells the handler', async () => {
  const cancelled = deferred<Unary>();
  const { port } = await serve({
    one: (call: Unary) => call.once('cancelled', () => cancelled.resolve(call)),
  });
  const { head } = await post(open(port), { 'grpc-timeout': '20m' }, framed(Buffer.alloc(1)));
  expect(head).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'Deadline exceeded', ':status': 200 });
  const call = await cancelled.promise;
  expect(call.cancelled).toBe(true);
  expect(Number(call.getDeadline())).toBeLessThanOrEqual(Date.now());
});

test('a caller that leaves is noticed', async () => {
  const arrived = deferred<Unary>();
  const { client } = await serve({ one: (call: Unary) => arrived.resolve(call) });
  const pending = client.makeUnaryRequest('/test.Test/one', same, same, Buffer.alloc(1), () => undefined);
  const call = await arrived.promise;
  const left = once(call, 'cancelled');
  pending.cancel();
  await left;
  expect(call.cancelled).toBe(true);
});

test('compressed messages', async () => {
  const { port } = await serve(echo, { 'grpc.max_receive_message_length': 2000 });
  const session = open(port);
  const text = Buffer.from('again and '.repeat(100));
  const answer = async (encoding: string, bytes: Uint8Array, flags = 1) => {
    const { head, trailers, body } = await post(session, { 'grpc-encoding': encoding }, framed(bytes, flags));
    const { 'grpc-status': status, 'grpc-message': message } = { ...head, ...trailers } as Record<string, string>;
    return status === '0' ? String(body.subarray(5)) : `${status} ${message}`;
  };
  expect(await answer('gzip', gzipSync(text))).toBe(String(text));
  expect(await answer('deflate', deflateSync(text))).toBe(String(text));
  expect(await answer('gzip', text, 0)).toBe(String(text));
  expect(await answer('gzip', text)).toBe('13 Failed to decompress message');
  expect(await answer('snappy', text)).toBe('12 Received message compressed with unsupported encoding "snappy"');
  expect(await answer('gzip', gzipSync(Buffer.alloc(2001)))).toBe(
    '8 Received message that decompresses to a size larger than 2000',
  );
  expect(await answer('gzip', text, 7)).toBe('13 Received message with unknown flags 7');
});

test('messages over the limits', async () => {
  const { call, port } = await serve(
    { one: (request: Unary, answer: Answer) => answer(null, Buffer.alloc(Number(request.request.toString()))) },
    { 'grpc.max_receive_message_length': 100, 'grpc.max_send_message_length': 50 },
  );
  expect(await call(Buffer.from('50'))).toHaveLength(50);
  expect(await failure(call(Buffer.from('51')))).toMatchObject({
    code: 8,
    details: 'Sent message larger than max (51 vs. 50)',
  });
  expect(await failure(call(Buffer.alloc(101)))).toMatchObject({
    code: 8,
    details: 'Received message larger than max (101 vs 100)',
  });
  // Refused by what it claims, long before it is all there.
  const { head } = await post(open(port), {}, Buffer.concat([framed(Buffer.alloc(2 ** 20))]));
  expect(head).toMatchObject({ 'grpc-status': '8' });
});

test('requests that break the protocol', async () => {
  const { port } = await serve();
  const session = open(port);
  const text = (answer: { head: object; trailers: object }) => {
    const { 'grpc-status': status, 'grpc-message': message } = { ...answer.head, ...answer.trailers } as never;
    return `${String(status)} ${String(message)}`;
  };
  expect((await post(session, { 'content-type': 'text/plain' }, Buffer.alloc(0))).head[':status']).toBe(415);
  expect(text(await post(session, {}, Buffer.alloc(0)))).toBe(
    '12 Received no request message for method /test.Test/one, which takes one',
  );
  const twice = Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(1))]);
  expect(text(await post(session, {}, twice))).toBe(
    '12 Received a second request message for method /test.Test/one, which takes one',
  );
  expect(text(await post(session, { 'grpc-timeout': 'soon' }, framed(Buffer.alloc(1))))).toBe(
    '13 Invalid grpc-timeout value "soon"',
  );
  const get = session.request({ ':method': 'GET', ':path': '/test.Test/one', 'content-type': 'application/grpc' });
  expect((await once(get, 'response'))[0]).toMatchObject({ ':status': 405, allow: 'POST' });
  expect(text(await post(session, {}, framed(Buffer.from('ok'))))).toBe('0 OK');
});

test('a call that is over before its request has ended is not given to the handler', async () => {
  const ran: string[] = [];
  const { server, client, port, call } = await serve({
    one: ({ request }: Unary, answer: Answer) => {
      ran.push(String(request));
      answer(null, request);
    },
  });
  const begin = (session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}) => {
    const path = { ':method': 'POST', ':path': '/test.Test/one', 'content-type': 'application/grpc' };
    const stream = session.request({ ...path, ...headers }).on('error', () => undefined);
    stream.resume().write(framed(Buffer.from('half')));
    return stream;
  };
  const session = open(port);
  await once(begin(session, { 'grpc-timeout': '20m' }), 'close');
  // Behind the reset on the same connection, so that it has been heard of.
  await post(session, {}, framed(Buffer.from('behind')));
  begin(session);
  await call(Buffer.from('beside'));
  session.destroy();
  client.close();
  await server.close();
  expect(ran).toEqual(['behind', 'beside']);
});

test('streams of messages in, out and both ways', async () => {
  const { client } = await serve({
    list: (call: ServerWritableStream<Buffer, Uint8Array>) => {
      for (const byte of call.request) call.write(Buffer.alloc(100_000, byte));
      call.end();
    },
    sum: (call: ServerReadableStream<Buffer, Uint8Array>, answer: Answer) => {
      let bytes = 0;
      call.on('data', (chunk: Buffer) => (bytes += chunk.length));
      call.on('end', () => answer(null, Buffer.from(String(bytes))));
    },
    chat: (call: ServerDuplexStream<Buffer, Uint8Array>) => {
      call.on('data', (chunk: Buffer) => {
        if (chunk.length === 0) call.emit('error', { code: 3, details: 'nothing said' });
        else call.write(chunk);
      });
      call.on('end', () => call.end());
    },
  });
  const listed: [number, number][] = [];
  for await (const chunk of client.makeServerStreamRequest('/test.Test/list', same, same, Buffer.from([1, 2, 3]))) {
    listed.push([(chunk as Buffer).length, (chunk as Buffer)[99_999]!]);
  }
  expect(listed).toEqual([1, 2, 3].map((byte) => [100_000, byte]));
  const sum = await new Promise<string>((resolve, reject) => {
    const sending = client.makeClientStreamRequest('/test.Test/sum', same, same, (error, reply) =>
      error ? reject(error) : resolve(String(reply)),
    );
    for (let round = 0; round < 50; round++) sending.write(Buffer.alloc(50_000));
    sending.end();
  });
  expect(sum).toBe('2500000');
  const chat = client.makeBidiStreamRequest('/test.Test/chat', same, same);
  chat.write(Buffer.from('a'));
  expect(String((await once(chat, 'data'))[0])).toBe('a');
  chat.write(Buffer.alloc(0));
  const [error] = (await once(chat, 'error')) as [ServiceError];
  expect([error.code, error.details]).toEqual([3, 'nothing said']);
});

test('closing lets calls end and takes no more', async () => {
  const calls: { answer: Answer }[] = [];
  const arrived = deferred<void>();
  const { server, call } = await serve({
    one: (_: Unary, answer: Answer) => {
      calls.push({ answer });
      arrived.resolve();
    },
  });
  const pending = call(Buffer.from('x'));
  await arrived.promise;
  let closed = false;
  const closing = server.close().then(() => (closed = true));
  expect((await failure(call(Buffer.from('y')))).code).toBe(14);
  expect(closed).toBe(false);
  calls[0]!.answer(null, Buffer.from('late'));
  expect(String(await pending)).toBe('late');
  await closing;
  expect(calls).toHaveLength(1);
});

test('destroying ends calls', async () => {
  const arrived = deferred<void>();
  const { server, call } = await serve({ one: () => arrived.resolve() });
  const pending = failure(call(Buffer.from('x')));
  await arrived.promise;
  server.destroy();
  expect([1, 13, 14]).toContain((await pending).code);
});

test('idle and old connections are ended with GOAWAY', async () => {
  const ended = async (settings: ChannelArguments): Promise<unknown> => {
    const { port } = await serve(echo, settings);
    const session = open(port);
    const gone = deferred<unknown>();
    session.on('goaway', (_code, _last, data) => gone.resolve(data === undefined ? 'goaway' : String(data)));
    session.on('close', () => gone.resolve('closed'));
    return gone.promise;
  };
  expect(await ended({ 'grpc.max_connection_age_ms': 5 })).toBe('max_age');
  expect(await ended({ 'grpc.max_connection_idle_ms': 5 })).toBe('goaway');
});

test('a UNIX socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grpc-'));
  const server = new GrpcServer();
  server.addService(service, { one: (call: Unary, answer: Answer) => answer(null, Buffer.from(call.getPeer())) });
  const path = join(folder, 'socket');
  expect(await server.listen({ path })).toBeUndefined();
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    server.destroy();
    await rm(folder, { recursive: true });
  });
  const reply = await new Promise<Buffer>((resolve, reject) =>
    client.makeUnaryRequest('/test.Test/one', same, same, Buffer.alloc(0), (error, value) =>
      error ? reject(error) : resolve(value!),
    ),
  );
  expect(String(reply)).toBe('unknown');
});

test('a name is bound at all of its addresses, a taken port is the error of the system', async () => {
  const { port } = await serve();
  await using other = new GrpcServer();
  await expect(other.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(await other.listen({ host: 'localhost', port: 0 })).toBeGreaterThan(0);
});

test('a connection that never says anything is closed', async () => {
  const server = new GrpcServer({}, { handshakeTimeoutMs: 20 });
  onTestFinished(() => server.destroy());
  const port = (await server.listen({ host: '127.0.0.1', port: 0 }))!;
  const silent = connectSocket(port, '127.0.0.1');
  silent.resume().on('error', () => undefined);
  await once(silent, 'close');
  expect(silent.destroyed).toBe(true);
});

test('a request whose message stalls ends, and the connection goes on', async () => {
  const server = new GrpcServer({}, { handshakeTimeoutMs: 5000, requestTimeoutMs: 50 });
  server.addService(service, echo);
  const port = (await server.listen({ host: '127.0.0.1', port: 0 }))!;
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => {
    session.destroy();
    server.destroy();
  });
  const headers = { ':method': 'POST', ':path': '/test.Test/one', 'content-type': 'application/grpc', te: 'trailers' };
  const stalled = session.request(headers);
  stalled.on('error', () => undefined);
  // Four bytes of the hundred that it promises.
  stalled.write(Buffer.from([0, 0, 0, 0, 100, 1, 2, 3, 4]));
  const [answer] = (await once(stalled, 'response')) as [Record<string, string>];
  expect([answer['grpc-status'], decodeURIComponent(answer['grpc-message']!)]).toEqual([
    '4',
    'The request was not complete within 50 ms',
  ]);
  const whole = await post(session, {}, Buffer.from([0, 0, 0, 0, 2, 7, 8]));
  expect(JSON.stringify(whole)).toContain('"grpc-status":"0"');
});

test('a stream of requests may pause for longer', async () => {
  const server = new GrpcServer({}, { requestTimeoutMs: 1 });
  const settled = deferred<number>();
  server.addService(service, {
    sum(call: ServerReadableStream<Buffer, Uint8Array>, answer: Answer) {
      let total = 0;
      call.on('data', (bytes: Buffer) => {
        total += bytes[0]!;
        if (total === 1) setTimeout(() => settled.resolve(total), 10);
      });
      call.on('end', () => answer(null, Buffer.from([total])));
    },
  });
  const port = (await server.listen({ host: '127.0.0.1', port: 0 }))!;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.destroy();
  });
  const reply = await new Promise<Buffer>((resolve, reject) => {
    const call = client.makeClientStreamRequest('/test.Test/sum', same, same, (error, bytes) =>
      error ? reject(error) : resolve(bytes!),
    );
    call.write(Buffer.from([1]));
    void settled.promise.then(() => call.end(Buffer.from([2])));
  });
  expect([...reply]).toEqual([3]);
});
