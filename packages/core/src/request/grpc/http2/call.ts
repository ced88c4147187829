import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import type { Metadata } from '@grpc/grpc-js';
import type { AuthContext } from './auth-context.js';
import type { Exchange } from './exchange.js';
import { type CallStatus, OK, statusOf } from './failure.js';

/** A call with one request, as handlers know it from grpc-js (`ServerUnaryCall`). */
export class UnaryCall extends EventEmitter {
  cancelled = false;

  constructor(
    readonly exchange: Exchange,
    readonly request: Buffer,
    /** To be called when nothing refers to the request's memory any more: other requests may then use it. */
    readonly releaseRequest?: () => void,
  ) {
    super();
  }

  /** When its headers were there, by `performance.now()`. */
  get startedAt(): number {
    return this.exchange.startedAt;
  }

  get metadata(): Metadata {
    return this.exchange.metadata;
  }

  getPeer(): string {
    return this.exchange.connection.peer;
  }

  getPath(): string {
    return this.exchange.path;
  }

  getHost(): string {
    return this.exchange.host;
  }

  getDeadline(): number {
    return this.exchange.deadline;
  }

  getAuthContext(): AuthContext {
    return this.exchange.connection.authContext;
  }

  sendMetadata(metadata: Metadata): void {
    this.exchange.sendHeaders(metadata);
  }
}

/**
 * A call with a stream of messages in or out, as handlers know it from grpc-js (`ServerWritableStream`,
 * `ServerReadableStream`, `ServerDuplexStream`): an `error` that is emitted on it becomes its status.
 */
export class StreamingCall extends Duplex {
  cancelled = false;
  /** The one request of a call that only answers with a stream. */
  request: Buffer | undefined;
  readonly exchange: Exchange;
  #status: CallStatus = OK;

  constructor(exchange: Exchange, request?: Buffer) {
    super({ objectMode: true, emitClose: false });
    this.exchange = exchange;
    this.request = request;
    this.on('error', (error: unknown) => {
      this.#status = statusOf(error);
      if (this.destroyed || this.writableFinished) exchange.finish(this.#status);
      else super.end();
    });
  }

  get metadata(): Metadata {
    return this.exchange.metadata;
  }

  getPeer(): string {
    return this.exchange.connection.peer;
  }

  getPath(): string {
    return this.exchange.path;
  }

  getHost(): string {
    return this.exchange.host;
  }

  getDeadline(): number {
    return this.exchange.deadline;
  }

  getAuthContext(): AuthContext {
    return this.exchange.connection.authContext;
  }

  sendMetadata(metadata: Metadata): void {
    this.exchange.sendHeaders(metadata);
  }

  override _read(): void {
    this.exchange.resume();
  }

  override _write(message: Uint8Array, _encoding: string, written: (error?: Error | null) => void): void {
    this.exchange.send(message, () => written());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.exchange.finish(this.#status);
    done();
  }
}
