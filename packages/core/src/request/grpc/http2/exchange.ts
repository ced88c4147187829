import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Metadata } from '@grpc/grpc-js';
import type { Connection } from './connection.js';
import { ACCEPTED_ENCODINGS, decompress, plainBytes } from './decompress.js';
import { Failure, type CallStatus } from './failure.js';
import {
  LONGEST_MESSAGE_BYTES,
  MessageReader,
  MessageTooLarge,
  PREFIX_BYTES,
  type FramedMessage,
  type PayloadFinder,
} from './message-reader.js';
import type { AuthContext } from './auth-context.js';
import type { CallHead } from './head-check.js';
import type { MessageMemory } from './message-memory.js';
import { statusMessage } from './status-message.js';
import { timeoutMs } from './timeout-header.js';

/** Longest delay of Node's timers. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Above this a message is written behind its prefix instead of copied. */
const COPIED_BYTES = 64 * 1024;

const RESPONSE_HEADERS = {
  [constants.HTTP2_HEADER_STATUS]: 200,
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
} as const;
const FIRST_HEADERS = {
  ...RESPONSE_HEADERS,
  'grpc-encoding': 'identity',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
} as const;

/** Headers of the protocol, which are not metadata. */
const PROTOCOL_HEADERS = [
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'accept-encoding',
  'te',
  'content-type',
];

/** Limits on one call. */
export interface ExchangeLimits {
  /** Bytes; -1 for no limit. */
  readonly maxReceiveBytes: number;
  /** Bytes; -1 for no limit. */
  readonly maxSendBytes: number;
  /** Milliseconds that a caller gets to send a request of one message; `undefined` for no limit. */
  readonly requestTimeoutMs?: number | undefined;
}

/** Who is told what comes in. */
export interface ExchangeListener {
  /**
   * @param release - lets other messages use the memory of this one, where that is possible
   * @returns whether more may come now; otherwise {@link Exchange.resume} lets it
   */
  onMessage(bytes: Buffer, release?: () => void): boolean;
  onEnd(): void;
  /** Once, whatever ended the call: its status was given away, the caller left or its deadline passed. */
  onClose(): void;
}

/**
 * One gRPC call on one HTTP/2 stream: messages in, messages out, one status, in the words of the protocol
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Texts of failures are those of grpc-js.
 */
export class Exchange implements CallHead {
  readonly path: string;
  readonly connection: Connection;
  /** Milliseconds of `Date.now()`; `Infinity` without one. */
  readonly deadline: number;
  readonly headers: IncomingHttpHeaders;
  /** When the headers were there, by `performance.now()`. */
  readonly startedAt = performance.now();
  readonly #stream: ServerHttp2Stream;
  readonly #limits: ExchangeLimits;
  readonly #reader: MessageReader;
  readonly #encoding: string;
  #listener: ExchangeListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #requestTimer: NodeJS.Timeout | undefined;
  #metadata: Metadata | undefined;
  /** The last message that is being decompressed: those after it wait for their turn. */
  #decompressing: Promise<void> | undefined;
  /** How many messages are being decompressed. */
  #compressed = 0;
  #sentHeaders = false;
  #ended = false;
  #closed = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    connection: Connection,
    limits: ExchangeLimits,
    memory: MessageMemory,
    findPayload?: PayloadFinder,
  ) {
    this.path = String(headers[constants.HTTP2_HEADER_PATH] ?? '');
    this.headers = headers;
    this.connection = connection;
    this.#stream = stream;
    this.#limits = limits;
    this.#reader = new MessageReader(limits.maxReceiveBytes, memory, findPayload);
    this.#encoding = (headers['grpc-encoding'] as string | undefined) ?? 'identity';
    const timeout = headers['grpc-timeout'] as string | undefined;
    const left = timeout === undefined ? Infinity : timeoutMs(timeout);
    this.deadline = left === undefined ? Infinity : Date.now() + left;
    stream.on('close', () => this.#close());
    if (left === undefined) {
      this.finish(new Failure('INTERNAL', `Invalid grpc-timeout value "${timeout}"`));
    } else if (left <= LONGEST_TIMER_MS) {
      const expire = (): void => this.finish(new Failure('DEADLINE_EXCEEDED', 'Deadline exceeded'));
      this.#timer = setTimeout(expire, Math.max(0, left));
    }
  }

  get metadata(): Metadata {
    if (this.#metadata === undefined) {
      this.#metadata = Metadata.fromHttp2Headers(this.headers);
      for (const name of PROTOCOL_HEADERS) this.#metadata.remove(name);
    }
    return this.#metadata;
  }

  get host(): string {
    return String(this.headers[constants.HTTP2_HEADER_AUTHORITY] ?? this.headers.host ?? '');
  }

  getPeer(): string {
    return this.connection.peer;
  }

  getDeadline(): number {
    return this.deadline;
  }

  getAuthContext(): AuthContext {
    return this.connection.authContext;
  }

  /** Whether nothing can be sent any more; a stream may be gone before its `close` is heard. */
  get isOver(): boolean {
    return this.#ended || isGone(this.#stream);
  }

  /** Lets messages in. */
  start(listener: ExchangeListener): void {
    this.#listener = listener;
    if (this.#ended) {
      // Over before it began.
      if (this.#closed) listener.onClose();
      return;
    }
    this.#stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#stream.on('end', () => {
      clearTimeout(this.#requestTimer);
      // A stream that was reset ends too, and what came on it is no request.
      if (!isGone(this.#stream)) this.#inTurn(() => this.#listener?.onEnd());
    });
  }

  /** From now on the request, one message, has to come within the limit: a caller that stalls holds nothing for long. */
  awaitRequest(): void {
    const { requestTimeoutMs } = this.#limits;
    if (this.#ended || requestTimeoutMs === undefined) return;
    const text = `The request was not complete within ${requestTimeoutMs} ms`;
    this.#requestTimer = setTimeout(() => this.finish(new Failure('DEADLINE_EXCEEDED', text)), requestTimeoutMs);
  }

  /** Lets more messages in after the listener asked for a pause. */
  resume(): void {
    if (!this.#closed) this.#stream.resume();
  }

  sendHeaders(metadata: Metadata): void {
    if (this.isOver || this.#sentHeaders) return;
    this.#respond(metadata.toHttp2Headers());
  }

  /**
   * Sends a message. One over the limit ends the call.
   *
   * @param sent - called when more may be sent
   */
  send(message: Uint8Array, sent?: () => void): void {
    if (this.isOver) {
      sent?.();
      return;
    }
    const { maxSendBytes } = this.#limits;
    const limit = maxSendBytes === -1 ? LONGEST_MESSAGE_BYTES : maxSendBytes;
    if (message.length > limit) {
      const text = `Sent message larger than max (${message.length} vs. ${limit})`;
      this.finish(new Failure('RESOURCE_EXHAUSTED', text));
      sent?.();
      return;
    }
    if (!this.#sentHeaders) this.#respond({});
    const copied = message.length <= COPIED_BYTES;
    const head = Buffer.allocUnsafe(PREFIX_BYTES + (copied ? message.length : 0));
    head[0] = 0;
    head.writeUInt32BE(message.length, 1);
    if (copied) {
      head.set(message, PREFIX_BYTES);
      this.#stream.write(head, sent);
      return;
    }
    this.#stream.cork();
    this.#stream.write(head);
    this.#stream.write(message, sent);
    this.#stream.uncork();
  }

  /** Ends the call with its status; what comes later has no effect. */
  finish(status: CallStatus): void {
    if (this.#ended) return;
    this.#ended = true;
    const trailers: OutgoingHttpHeaders = {
      'grpc-status': status.code,
      'grpc-message': statusMessage(status.details),
      ...status.metadata?.toHttp2Headers(),
    };
    const stream = this.#stream;
    if (!isGone(stream)) {
      if (this.#sentHeaders) {
        stream.once('wantTrailers', () => stream.sendTrailers(trailers));
        stream.end();
      } else {
        stream.respond({ ...RESPONSE_HEADERS, ...trailers }, { endStream: true });
        // Asks a caller who is still sending to stop.
        if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
      }
    }
    this.#close();
  }

  #respond(headers: OutgoingHttpHeaders): void {
    this.#sentHeaders = true;
    this.#stream.respond({ ...FIRST_HEADERS, ...headers }, { waitForTrailers: true });
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    let messages: FramedMessage[];
    try {
      messages = this.#reader.push(chunk);
    } catch (error) {
      const text = error instanceof MessageTooLarge ? error.message : 'There is no memory for the message';
      this.finish(new Failure('RESOURCE_EXHAUSTED', text));
      return;
    }
    for (const message of messages) {
      const bytes = plainBytes(message, this.#encoding);
      if (bytes !== undefined) this.#inTurn(() => this.#deliver(bytes, message.release));
      else this.#deliverLater(message);
    }
  }

  /** @returns whether more may come now */
  #deliver(bytes: Buffer, release?: () => void): boolean {
    const isMoreWanted = this.#listener?.onMessage(bytes, release) !== false;
    if (!isMoreWanted) this.#stream.pause();
    return isMoreWanted;
  }

  /** What is compressed small may be large: nothing more is read until it is delivered. */
  #deliverLater(message: FramedMessage): void {
    const before = this.#decompressing;
    this.#compressed++;
    this.#stream.pause();
    const now = decompress(message, this.#encoding, this.#limits.maxReceiveBytes).then(
      async (bytes) => {
        message.release?.();
        await before;
        this.#compressed--;
        if (!this.#ended && this.#deliver(bytes) && this.#compressed === 0) this.#stream.resume();
      },
      (failure: Failure) => this.finish(failure),
    );
    this.#decompressing = now;
  }

  /** Does something after the messages that came before. */
  #inTurn(act: () => void): void {
    const unlessEnded = (): void => {
      if (!this.#ended) act();
    };
    if (this.#decompressing === undefined) unlessEnded();
    else this.#decompressing = this.#decompressing.then(unlessEnded);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#requestTimer);
    this.#reader.drop();
    // What the caller still sends is let pass.
    this.#stream.resume();
    this.#listener?.onClose();
  }
}

function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}
