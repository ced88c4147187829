import { createSecureContext } from 'node:tls';
import { ServingError } from '@servable/core';

/** Certificates of a port, as PEM texts, not paths: what `SSLConfig` holds. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  /** Certificates of the authorities that clients' certificates are checked against; default the system's. */
  readonly ca?: string | undefined;
  /** Asks clients for a certificate and refuses those that have none, or a bad one. Default `false`. */
  readonly verifyClient?: boolean | undefined;
  /** Reads them anew; asked every `credentialsPollMs`. Default: they stay as they are. */
  readonly reload?: (() => Promise<TlsOptions>) | undefined;
}

/** Options on how the ports are opened, as a part of the server's options. */
export interface ListenerOptions {
  /** Path of a UNIX socket to listen on for gRPC, beside or in place of the port. */
  readonly grpcSocketPath?: string | undefined;
  /** Default: no encryption, as upstream. */
  readonly grpcTls?: TlsOptions | undefined;
  /** TLS for REST, gRPC-Web and Connect. Default: no encryption; upstream has none. */
  readonly restTls?: TlsOptions | undefined;
  /** Channel arguments by gRPC's names, such as `grpc.max_connection_age_ms`; those that are not known have no effect. */
  readonly grpcChannelOptions?: Readonly<Record<string, string | number>> | undefined;
}

/** {@link ListenerOptions}, checked. */
export type ResolvedListenerOptions = { readonly [K in keyof Required<ListenerOptions>]: ListenerOptions[K] };

/** @throws ServingError INVALID_ARGUMENT for a key or certificate that is none, or a path that is empty */
export function resolveListenerOptions(options: ListenerOptions): ResolvedListenerOptions {
  const { grpcSocketPath, grpcTls, restTls, grpcChannelOptions } = options;
  if (grpcSocketPath === '') throw refusal(`grpcSocketPath must be a path; got ''`);
  if (grpcTls) checkTls('grpcTls', grpcTls);
  if (restTls) checkTls('restTls', restTls);
  return { grpcSocketPath, grpcTls, restTls, grpcChannelOptions };
}

/** @throws ServingError INVALID_ARGUMENT for what is no key or certificate, or where the two do not fit */
export function checkTls(option: string, { key, cert, ca, verifyClient }: TlsOptions): void {
  if (verifyClient !== undefined && typeof verifyClient !== 'boolean') {
    throw refusal(`${option}.verifyClient must be a boolean; got ${String(verifyClient)}`);
  }
  for (const [name, pem, begin] of [
    ['key', key, 'PRIVATE KEY-----'],
    ['cert', cert, '-----BEGIN CERTIFICATE-----'],
    ['ca', ca ?? cert, '-----BEGIN CERTIFICATE-----'],
  ] as const) {
    if (typeof pem === 'string' && pem.includes(begin)) continue;
    throw refusal(`${option}.${name} must be PEM text with ${begin} in it, not a path`);
  }
  try {
    createSecureContext({ key, cert, ca });
  } catch (error) {
    throw refusal(
      `${option} has a key and a certificate that do not work together: ${(error as Error).message}`,
      error,
    );
  }
}

function refusal(message: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', message, { cause });
}
