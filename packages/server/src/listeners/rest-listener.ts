import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ResolvedRequestLimits } from '../request-options.js';
import type { TlsOptions } from '../listener-options.js';
import { divertHttp2, type Http2Taker } from './divert-http2.js';
import { type BindAddress, bindError, type Listener } from './listener.js';

/** What callers may send and hold; see `RequestLimits`. */
export type RestListenerLimits = Pick<
  ResolvedRequestLimits,
  'maxHeaderBytes' | 'headersTimeoutMs' | 'requestTimeoutMs' | 'keepAliveTimeoutMs' | 'maxRestConnections'
>;

/** An open HTTP server. */
export interface RestListener extends Listener {
  /** Another key and certificate for the connections that come from now on; no effect without TLS. */
  updateTls(tls: TlsOptions): void;
}

/**
 * Binds an HTTP/1.1 server, with TLS where it is given. `::` falls back to all IPv4 interfaces where there is no IPv6, as upstream's does.
 *
 * @param http2 - takes the connections that speak HTTP/2; default: they are errors
 * @throws ServingError when the address cannot be bound
 */
export async function listenRest(
  handler: RequestListener,
  address: BindAddress,
  limits: Partial<RestListenerLimits> = {},
  tls?: TlsOptions,
  http2?: Http2Taker,
): Promise<RestListener> {
  let stopping = false;
  const { maxHeaderBytes, headersTimeoutMs = 60_000, requestTimeoutMs = 300_000, keepAliveTimeoutMs = 75_000 } = limits;
  const options = {
    // These bound how long a caller may take to send a request; how long the answer takes is for the model to say.
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(30_000, Math.ceil(Math.min(headersTimeoutMs, requestTimeoutMs) / 2)),
    ...(maxHeaderBytes === undefined ? {} : { maxHeaderSize: maxHeaderBytes }),
  };
  const listen: RequestListener = (request, response) => {
    // A client that keeps its connection alive would otherwise keep the server alive too.
    if (stopping) response.setHeader('Connection', 'close');
    response.once('close', () => {
      if (stopping) setImmediate(() => server.closeIdleConnections());
    });
    handler(request, response);
  };
  const server =
    tls === undefined
      ? createServer(options, listen)
      : createTlsServer(
          {
            ...options,
            ...contextOf(tls),
            handshakeTimeout: options.headersTimeout,
            ...clientsOf(tls),
            ...(http2 && { ALPNProtocols: ['h2', 'http/1.1'] }),
          },
          listen,
        );
  const undecided = http2 && divertHttp2(server, http2, options.headersTimeout);
  if (limits.maxRestConnections !== undefined) server.maxConnections = limits.maxRestConnections;
  const bind = (host: string): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: address.port }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  try {
    await bind(address.host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const noIpv6 = address.host === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL');
    if (!noIpv6) throw bindError(address, error as Error);
    const ipv4 = { ...address, host: '0.0.0.0' };
    await bind(ipv4.host).catch((cause: Error) => Promise.reject(bindError(ipv4, cause)));
  }
  return {
    port: (server.address() as AddressInfo).port,
    updateTls: (next) => {
      if ('setSecureContext' in server) server.setSecureContext(contextOf(next));
    },
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        server.close(() => resolve());
        server.closeIdleConnections();
        undecided?.cut();
      }),
    cut: () => {
      stopping = true;
      server.close();
      server.closeAllConnections();
      undecided?.cut();
    },
  };
}

function contextOf({ key, cert, ca }: TlsOptions) {
  return { key, cert, ca };
}

function clientsOf({ verifyClient = false }: TlsOptions) {
  return { requestCert: verifyClient, rejectUnauthorized: verifyClient };
}
