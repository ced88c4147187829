import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { type BindAddress, bindError, formatAddress, type Listener } from './listener.js';

/**
 * Binds a gRPC server whose services are registered.
 *
 * @throws ServingError when the address cannot be bound; the server is shut down then
 */
export function listenGrpc(server: GrpcServer, address: BindAddress): Promise<Listener> {
  return new Promise((resolve, reject) => {
    server.bindAsync(formatAddress(address), ServerCredentials.createInsecure(), (error, port) => {
      if (error) {
        server.forceShutdown();
        reject(bindError(address, error));
        return;
      }
      resolve({
        port,
        stop: () =>
          new Promise<void>((stopped, failed) =>
            server.tryShutdown((problem) => (problem ? failed(problem) : stopped())),
          ),
        cut: () => server.forceShutdown(),
      });
    });
  });
}
