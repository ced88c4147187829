import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BindAddress, bindError, type Listener } from './listener.js';

/**
 * Binds an HTTP/1.1 server. `::` falls back to all IPv4 interfaces where there is no IPv6, as upstream's does.
 *
 * @throws ServingError when the address cannot be bound
 */
export async function listenRest(handler: RequestListener, address: BindAddress): Promise<Listener> {
  let stopping = false;
  // Unlimited like upstream's: how long a call may take is for the caller and the model to say.
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    // A client that keeps its connection alive would otherwise keep the server alive too.
    if (stopping) response.setHeader('Connection', 'close');
    response.once('close', () => {
      if (stopping) setImmediate(() => server.closeIdleConnections());
    });
    handler(request, response);
  });
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
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    cut: () => {
      stopping = true;
      server.close();
      server.closeAllConnections();
    },
  };
}
