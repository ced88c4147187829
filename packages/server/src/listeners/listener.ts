import { ServingError } from '@servable/core';

/** One open port. */
export interface Listener {
  /** The port that was bound, also when any free one was asked for. */
  readonly port: number;
  /** Accepts no more connections and resolves when the ones that are open have ended. */
  stop(): Promise<void>;
  /** Ends every connection now. */
  cut(): void;
}

/** Where a listener binds, and the words of the options that change it. */
export interface BindAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What the port is for: `gRPC`, `REST`. */
  readonly what: string;
  /** The option that chooses the port, as it is spelled in this process. */
  readonly portOption: string;
}

/** `host:port` as in a URL: IPv6 addresses get their brackets. */
export function formatAddress({ host, port }: Pick<BindAddress, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Says which port could not be bound, why, and what to change. */
export function bindError(address: BindAddress, cause: Error): ServingError {
  const { what, portOption, port } = address;
  const at = formatAddress(address);
  if (cause.message.includes('EADDRINUSE')) {
    return new ServingError(
      'UNAVAILABLE',
      'PORT_IN_USE',
      `${what} port ${port} is already in use (EADDRINUSE at ${at}); choose another one with ${portOption}`,
      { cause },
    );
  }
  if (cause.message.includes('EACCES')) {
    return new ServingError(
      'PERMISSION_DENIED',
      'PORT_NOT_PERMITTED',
      `${what} port ${port} may not be bound by this user (EACCES at ${at}); choose one above 1023 with ${portOption}`,
      { cause },
    );
  }
  return new ServingError('UNAVAILABLE', 'BIND_FAILED', `${what} cannot listen at ${at}: ${cause.message}`, { cause });
}

/** Says which UNIX socket could not be bound, and why. */
export function socketError(path: string, cause: Error): ServingError {
  const reason = cause.message.includes('EADDRINUSE') ? 'SOCKET_IN_USE' : 'BIND_FAILED';
  return new ServingError('UNAVAILABLE', reason, `gRPC cannot listen at UNIX socket ${path}: ${cause.message}`, {
    cause,
  });
}
