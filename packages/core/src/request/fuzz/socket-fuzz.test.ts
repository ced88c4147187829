import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { encodePredictRequest, tensor } from '@servable/tensor';
import { expect, onTestFinished, test } from 'vitest';
import { RawGrpc } from '../grpc/testing/raw-grpc.js';
import { nodeHttpListener } from '../rest/node-http-listener.js';
import { fuzzProvider } from './fuzz-model.js';
import { fuzzSettings, memorySlack, settledMemory } from './fuzz-settings.js';
import { Mutator, randomSource } from './mutate.js';

const { seed, timeoutMs } = fuzzSettings;
/** A connection costs more than a call. */
const connections = Math.ceil(fuzzSettings.cases / 20);
const parallel = 25;
const bytes = (value: string) => Buffer.from(value, 'latin1');

/** Sends bytes on a connection of their own, ends it, and waits until the server has closed it. */
async function throwAt(port: number, garbage: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.end(garbage);
  await once(socket, 'close');
}

test('garbage on the REST port', { timeout: timeoutMs }, async () => {
  const provider = fuzzProvider();
  const server = createServer(nodeHttpListener({ provider, states: provider })).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const body = '{"signature_name": "any", "instances": [1, 2]}';
  const seeds = [
    `POST /v1/models/m:predict HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    `POST /v1/models/m:predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"ins\r\n0\r\n\r\n`,
    'GET /v1/models/m HTTP/1.0\r\n\r\nGET /v1/models/m/metadata HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ].map(bytes);
  const tokens = [
    '\r\n',
    '\r\n\r\n',
    'Content-Length: 99999999999\r\n',
    'Expect: 100-continue\r\n',
    '\0',
    ' HTTP/9.9',
    'x: y\r\n'.repeat(500),
  ];
  const mutator = new Mutator(randomSource(seed), seeds, tokens.map(bytes));
  const alive = async () =>
    (await fetch(`http://127.0.0.1:${port}/v1/models/m`, { headers: { connection: 'close' } })).status;
  expect(await alive()).toBe(200);
  const before = settledMemory();
  for (let round = 0; round < connections; round += parallel) {
    await Promise.all(Array.from({ length: parallel }, () => throwAt(port, mutator.next())));
  }
  expect(await alive()).toBe(200);
  expect(settledMemory() - before).toBeLessThan(memorySlack);
  expect(provider.released).toBe(provider.acquired);
});

/** One HTTP/2 frame. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

test('garbage on the gRPC port', { timeout: timeoutMs }, async () => {
  const provider = fuzzProvider();
  // node:http2 leaves a connection half open that ended after a protocol error; keepalive finds those.
  const keepalive = { 'grpc.keepalive_time_ms': 200, 'grpc.keepalive_timeout_ms': 100 };
  await using server = await RawGrpc.serve({ provider, states: provider }, keepalive);
  const preface = bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  // Headers as HPACK literals without indexing: a zero byte, then length and text of name and value.
  const literal = (name: string, value: string) =>
    Buffer.concat([Buffer.of(0, name.length), bytes(name), Buffer.of(value.length), bytes(value)]);
  const headers = Buffer.concat([
    literal(':method', 'POST'),
    literal(':scheme', 'http'),
    literal(':path', '/tensorflow.serving.PredictionService/Predict'),
    literal(':authority', 'a'),
    literal('content-type', 'application/grpc'),
    literal('te', 'trailers'),
  ]);
  const request = encodePredictRequest({
    modelSpec: { name: 'm', signatureName: 'any' },
    inputs: new Map([['x', tensor([1], 'float32')]]),
    outputFilter: [],
  });
  const data = Buffer.concat([Buffer.of(0, 0, 0, 0, request.length), request]);
  const settings = frame(4, 0, 0, new Uint8Array());
  const goodbye = frame(7, 0, 0, new Uint8Array(8));
  const call = [preface, settings, frame(1, 4, 1, headers), frame(0, 1, 1, data)];
  const flood = Array.from({ length: 50 }, (_, index) => frame(1, 4, 2 * index + 1, headers));
  const seeds = [
    Buffer.concat([...call, goodbye]),
    Buffer.concat([preface, settings, ...flood, goodbye]),
    Buffer.concat([preface, settings, frame(6, 0, 0, new Uint8Array(8)), frame(3, 0, 1, new Uint8Array(4)), goodbye]),
  ];
  const tokens = [
    frame(9, 0, 1, headers),
    frame(8, 0, 0, Uint8Array.of(127, 255, 255, 255)),
    frame(4, 0, 0, new Uint8Array(6)),
    frame(0, 0, 1, data),
  ];
  const mutator = new Mutator(randomSource(seed), seeds, tokens);
  const alive = () => server.send('/tensorflow.serving.PredictionService/Predict', request);
  await alive();
  const before = settledMemory();
  for (let round = 0; round < connections; round += parallel) {
    await Promise.all(Array.from({ length: parallel }, () => throwAt(server.port, mutator.next())));
  }
  await alive();
  await server.inFlight.drain({ timeoutMs: 5000 });
  expect(settledMemory() - before).toBeLessThan(memorySlack);
  expect(provider.released).toBe(provider.acquired);
});
