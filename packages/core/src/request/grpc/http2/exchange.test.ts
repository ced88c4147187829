import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Connection } from './connection.js';
import { Exchange } from './exchange.js';
import { MessageMemory } from './message-memory.js';

/** A stream without a connection, which keeps what it is told to respond. */
class FakeStream extends PassThrough {
  readonly responses: Record<string, unknown>[] = [];

  constructor() {
    super({ autoDestroy: false });
  }

  respond(headers: Record<string, unknown>): void {
    this.responses.push(headers);
  }
  close(): void {
    this.end();
  }
}

function exchangeOn(stream: FakeStream, headers: Record<string, string> = {}): Exchange {
  const limits = { maxReceiveBytes: -1, maxSendBytes: -1 };
  return new Exchange(stream as unknown as ServerHttp2Stream, headers, {} as Connection, limits, new MessageMemory());
}

function framed(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([1, 0, 0, bytes.length >> 8, bytes.length & 255]), bytes]);
}

test('nothing more is read while messages are decompressed, which are delivered in order', async () => {
  const stream = new FakeStream();
  const exchange = exchangeOn(stream, { 'grpc-encoding': 'gzip' });
  const sizes: number[] = [];
  const ended = new Promise<void>((onEnd) =>
    exchange.start({ onMessage: ({ length }) => sizes.push(length) > 0, onEnd, onClose: () => undefined }),
  );
  const read = once(stream, 'data');
  stream.write(Buffer.concat([50_000, 1].map((size) => framed(gzipSync(Buffer.alloc(size))))));
  await read;
  expect([stream.isPaused(), sizes]).toEqual([true, []]);
  stream.end(framed(gzipSync(Buffer.alloc(7))));
  await ended;
  expect(sizes).toEqual([50_000, 1, 7]);
});

test('an answer that is longer than a message can be ends the call with RESOURCE_EXHAUSTED', () => {
  const stream = new FakeStream();
  const exchange = exchangeOn(stream);
  exchange.send({ length: 2 ** 32 } as Uint8Array);
  expect(stream.responses).toMatchObject([
    { 'grpc-status': 8, 'grpc-message': 'Sent message larger than max (4294967296 vs. 4294967295)' },
  ]);
});
