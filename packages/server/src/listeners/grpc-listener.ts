import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import type { GrpcTlsOptions } from '../listener-options.js';
import { type BindAddress, bindError, formatAddress, type Listener, socketError } from './listener.js';

/** Where a gRPC server listens: a port, a UNIX socket, or both. */
export interface GrpcAddresses {
  readonly tcp: BindAddress | undefined;
  readonly socketPath: string | undefined;
  readonly tls: GrpcTlsOptions | undefined;
}

/** An open gRPC server; without a port when it only has a socket. */
export type GrpcListener = Omit<Listener, 'port'> & { readonly port: number | undefined };

/**
 * Binds a gRPC server whose services are registered.
 *
 * @throws ServingError when an address cannot be bound; the server is shut down then
 */
export async function listenGrpc(server: GrpcServer, { tcp, socketPath, tls }: GrpcAddresses): Promise<GrpcListener> {
  const bind = (address: string): Promise<number> =>
    new Promise((bound, failed) =>
      server.bindAsync(address, credentials(tls), (error, port) => (error ? failed(error) : bound(port))),
    );
  let port: number | undefined;
  try {
    if (tcp) port = await bind(formatAddress(tcp)).catch((error: Error) => Promise.reject(bindError(tcp, error)));
    if (socketPath !== undefined) {
      await removeStaleSocket(socketPath);
      await bind(`unix:${resolve(socketPath)}`).catch((error: Error) => Promise.reject(socketError(socketPath, error)));
    }
  } catch (error) {
    server.forceShutdown();
    throw error;
  }
  return {
    port,
    stop: () =>
      new Promise<void>((stopped, failed) => server.tryShutdown((problem) => (problem ? failed(problem) : stopped()))),
    cut: () => server.forceShutdown(),
  };
}

function credentials(tls: GrpcTlsOptions | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(
    tls.ca === undefined ? null : Buffer.from(tls.ca),
    [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }],
    tls.verifyClient ?? false,
  );
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
