import { lookup } from 'node:dns/promises';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { isIP, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type ChannelArguments, type ServerSettings, serverSettings } from './channel-arguments.js';
import { Connection } from './connection.js';
import { Exchange, type ExchangeLimits } from './exchange.js';
import { Failure } from './failure.js';
import { endUnfinished, keepConnection } from './keep-connection.js';
import { MessageMemory } from './message-memory.js';
import type { PayloadFinder } from './message-reader.js';
import { type Handler, runHandler } from './run-handler.js';

/** Keys and certificates as `node:tls` takes them. */
export type GrpcServerTls = Pick<SecureServerOptions, 'key' | 'cert' | 'ca' | 'ciphers' | 'requestCert'>;

/** Where a server listens: an address and a port, or a UNIX socket. */
export type GrpcServerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Bounds that channel arguments have no words for. */
export interface GrpcServerLimits {
  /** Most connections at one address; more are closed at once. Default: none. */
  readonly maxConnections?: number | undefined;
  /** Milliseconds in which a connection must have shaken hands, in TLS and in HTTP/2; others are closed. Default: none. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Milliseconds that a caller gets to send a request of one message, over which the call is DEADLINE_EXCEEDED. Default:
   * none.
   */
  readonly requestTimeoutMs?: number | undefined;
}

/** What services are registered with: this server, or grpc-js's. */
export interface ServiceRegistry {
  addService(
    service: ServiceDefinition,
    implementation: UntypedServiceImplementation,
    payloads?: Readonly<Record<string, PayloadFinder>>,
  ): void;
}

interface Method extends Handler {
  readonly findPayload: PayloadFinder | undefined;
}

/**
 * A gRPC server over `node:http2`, for handlers written for grpc-js's `Server`: it takes the same service definitions,
 * implementations and channel arguments. Messages are bytes; serializers of definitions are passed over.
 *
 * @example
 * ```ts
 * const server = new GrpcServer({ 'grpc.max_receive_message_length': -1 });
 * addPredictionServices(server, dependencies);
 * const port = await server.listen({ host: '127.0.0.1', port: 8500 });
 * // to stop: no new calls, the others end
 * await server.close();
 * ```
 */
export class GrpcServer implements ServiceRegistry, AsyncDisposable {
  readonly #settings: ServerSettings & ExchangeLimits;
  readonly #limits: GrpcServerLimits;
  readonly #methods = new Map<string, Method>();
  readonly #servers = new Set<Http2Server | Http2SecureServer>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #acceptor: Http2Server | Http2SecureServer | undefined;
  readonly #memory = new MessageMemory();
  #stopped = false;

  /** @throws ServingError INVALID_ARGUMENT `OPTION_INVALID` for a bad value of a channel argument */
  constructor(channelArguments: ChannelArguments = {}, limits: GrpcServerLimits = {}) {
    this.#settings = { ...serverSettings(channelArguments), requestTimeoutMs: limits.requestTimeoutMs };
    this.#limits = limits;
  }

  /**
   * Registers the methods of a service; those without an implementation answer UNIMPLEMENTED.
   *
   * @param payloads - by method, where the largest part of a request starts, given the first bytes of it: it is placed such
   * that a typed array can lie over it
   */
  addService(
    service: ServiceDefinition,
    implementation: UntypedServiceImplementation,
    payloads: Readonly<Record<string, PayloadFinder>> = {},
  ): void {
    for (const [name, { path, requestStream, responseStream, originalName }] of Object.entries(service)) {
      const handle = implementation[name] ?? implementation[originalName ?? name];
      if (handle === undefined) continue;
      if (this.#methods.has(path)) throw new Error(`Method handler for ${path} already provided.`);
      this.#methods.set(path, { requestStream, responseStream, handle, findPayload: payloads[name] });
    }
  }

  /**
   * Listens at one more address; a name may stand for several, of which one must do.
   *
   * @param tls - default: no encryption
   * @returns the port that was bound; `undefined` for a UNIX socket
   * @throws the system's error, such as EADDRINUSE
   */
  async listen(address: GrpcServerAddress, tls?: GrpcServerTls): Promise<number | undefined> {
    if ('path' in address) {
      await this.#bind(address, tls);
      return undefined;
    }
    const { host } = address;
    let { port } = address;
    const hosts = isIP(host) !== 0 ? [host] : (await lookup(host, { all: true })).map((found) => found.address);
    let failure: unknown;
    let bound: number | undefined;
    for (const each of hosts) {
      try {
        const server = await this.#bind({ host: each, port }, tls);
        port = bound = (server.address() as AddressInfo).port;
      } catch (error) {
        failure ??= error;
      }
    }
    if (bound === undefined) throw failure;
    return bound;
  }

  /** Takes a connection that another server has accepted, and decrypted, and that begins to speak HTTP/2 now. */
  accept(socket: Duplex): void {
    this.#acceptor ??= this.#http2Server(undefined);
    this.#acceptor.emit('connection', socket);
  }

  /** Takes a new certificate for the connections that come from now on. */
  updateTls(tls: GrpcServerTls): void {
    for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext(tls);
  }

  /** Accepts no more connections and calls, and resolves when the calls under way have ended. */
  async close(): Promise<void> {
    this.#stopped = true;
    const closed = [...this.#servers].map((server) => new Promise<void>((done) => server.close(() => done())));
    const ended = [...this.#sessions].map((session) => new Promise((done) => session.once('close', done)));
    for (const session of this.#sessions) if (!session.closed) session.close();
    await Promise.all([...closed, ...ended]);
  }

  /** Ends every connection now. */
  destroy(): void {
    this.#stopped = true;
    for (const server of this.#servers) server.close();
    for (const session of this.#sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #bind(address: GrpcServerAddress, tls: GrpcServerTls | undefined): Promise<Http2Server | Http2SecureServer> {
    const server = this.#http2Server(tls);
    return new Promise((bound, failed) => {
      server.once('error', failed);
      server.listen(address, () => {
        server.off('error', failed);
        this.#servers.add(server);
        bound(server);
      });
    });
  }

  #http2Server(tls: GrpcServerTls | undefined): Http2Server | Http2SecureServer {
    const { maxSessionMemory, maxConcurrentStreams, windowBytes } = this.#settings;
    const { maxConnections, handshakeTimeoutMs } = this.#limits;
    const options: ServerOptions = {
      maxSendHeaderBlockLength: Number.MAX_SAFE_INTEGER,
      maxSessionMemory,
      settings: {
        initialWindowSize: windowBytes,
        ...(maxConcurrentStreams !== undefined && { maxConcurrentStreams }),
      },
    };
    const server =
      tls === undefined
        ? createServer(options)
        : createSecureServer({
            ...options,
            ...tls,
            ...(handshakeTimeoutMs && { handshakeTimeout: handshakeTimeoutMs }),
          });
    if (maxConnections !== undefined) server.maxConnections = maxConnections;
    server.on('session', (session) => this.#open(session));
    // A connection that cannot be taken, for want of file descriptors, is lost; the others are not.
    server.on('error', () => undefined);
    // A caller who breaks off his handshake or the protocol is no error of ours.
    server.on('sessionError', () => undefined);
    server.on('secureConnection', (socket: NodeJS.EventEmitter) => socket.on('error', () => undefined));
    return server;
  }

  #open(session: ServerHttp2Session): void {
    if (this.#stopped) {
      session.destroy();
      return;
    }
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    session.setLocalWindowSize(this.#settings.windowBytes * 4);
    endUnfinished(session, this.#limits.handshakeTimeoutMs);
    keepConnection(session, this.#settings);
    const connection = new Connection(session);
    session.on('stream', (stream, headers) => this.#call(stream, headers, connection));
  }

  #call(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection): void {
    // Every error comes with a `close`, which ends the call.
    stream.on('error', () => undefined);
    const { [constants.HTTP2_HEADER_CONTENT_TYPE]: contentType, [constants.HTTP2_HEADER_PATH]: path = '' } = headers;
    if (headers[constants.HTTP2_HEADER_METHOD] !== 'POST') {
      stream.respond({ [constants.HTTP2_HEADER_STATUS]: 405, allow: 'POST' }, { endStream: true });
      return;
    }
    if (typeof contentType !== 'string' || !contentType.startsWith('application/grpc')) {
      stream.respond({ [constants.HTTP2_HEADER_STATUS]: 415 }, { endStream: true });
      return;
    }
    const method = this.#methods.get(String(path));
    const exchange = new Exchange(stream, headers, connection, this.#settings, this.#memory, method?.findPayload);
    if (method === undefined) {
      exchange.finish(new Failure('UNIMPLEMENTED', `The server does not implement the method ${String(path)}`));
    } else {
      runHandler(exchange, method);
    }
  }
}
