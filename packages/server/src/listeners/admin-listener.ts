import type { RequestListener } from 'node:http';
import type { GrpcServer } from '@servable/core';
import type { TlsOptions } from '../listener-options.js';
import type { BindAddress } from './listener.js';
import { listenRest, type RestListener, type RestListenerLimits } from './rest-listener.js';

/**
 * Opens a port for gRPC and HTTP/1.1 both, with or without TLS.
 *
 * @param server - answers what speaks HTTP/2
 * @param handler - answers the rest
 * @throws ServingError when the address cannot be bound
 */
export async function listenAdmin(
  server: GrpcServer,
  handler: RequestListener,
  address: BindAddress,
  limits: Partial<RestListenerLimits>,
  tls: TlsOptions | undefined,
): Promise<RestListener> {
  const http = await listenRest(handler, address, limits, tls, (socket) => server.accept(socket));
  return {
    port: http.port,
    updateTls: (next) => http.updateTls(next),
    stop: async () => {
      await Promise.all([http.stop(), server.close()]);
    },
    cut: () => {
      http.cut();
      server.destroy();
    },
  };
}
