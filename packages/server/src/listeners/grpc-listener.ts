import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import type { GrpcServer, GrpcServerTls } from '@servable/core';
import type { TlsOptions } from '../listener-options.js';
import { type BindAddress, bindError, type Listener, socketError } from './listener.js';

/** Where a gRPC server listens: a port, a UNIX socket, or both. */
export interface GrpcAddresses {
  readonly tcp: BindAddress | undefined;
  readonly socketPath: string | undefined;
  readonly tls: TlsOptions | undefined;
}

/** An open gRPC server; without a port when it only has a socket. */
export type GrpcListener = Omit<Listener, 'port'> & {
  readonly port: number | undefined;
  /** Another key and certificate for the connections that come from now on; no effect without TLS. */
  updateTls(tls: TlsOptions): void;
};

/**
 * Opens the addresses of a gRPC server whose services are registered.
 *
 * @throws ServingError when an address cannot be bound; the server is destroyed then
 */
export async function listenGrpc(server: GrpcServer, { tcp, socketPath, tls }: GrpcAddresses): Promise<GrpcListener> {
  const serverTls = tls && tlsOf(tls);
  let port: number | undefined;
  try {
    if (tcp) {
      port = await server
        .listen({ host: tcp.host, port: tcp.port }, serverTls)
        .catch((error: Error) => Promise.reject(bindError(tcp, error)));
    }
    if (socketPath !== undefined) {
      await removeStaleSocket(socketPath);
      await server
        .listen({ path: resolve(socketPath) }, serverTls)
        .catch((error: Error) => Promise.reject(socketError(socketPath, error)));
    }
  } catch (error) {
    server.destroy();
    throw error;
  }
  return {
    port,
    stop: () => server.close(),
    cut: () => server.destroy(),
    updateTls: (next) => server.updateTls(tlsOf(next)),
  };
}

function tlsOf({ key, cert, ca, verifyClient }: TlsOptions): GrpcServerTls {
  return { key, cert, ca, requestCert: verifyClient ?? false };
}

/** A server that was killed leaves its socket behind; one that still answers keeps it. */
async function removeStaleSocket(path: string): Promise<void> {
  const isSocket = await lstat(path).then(
    (status) => status.isSocket(),
    () => false,
  );
  if (!isSocket) return;
  const answers = await new Promise<boolean>((settle) => {
    const probe = connect(path, () => {
      probe.destroy();
      settle(true);
    }).once('error', () => settle(false));
  });
  if (!answers) await unlink(path);
}
