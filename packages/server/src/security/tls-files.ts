import { type Logger, readTextProtoFile, readWholeFile } from '@servable/core';
import { SSLConfigSchema } from '@servable/protos/serving';
import type { TlsOptions } from '../listener-options.js';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
  readonly caFile?: string | undefined;
  readonly verifyClient?: boolean | undefined;
}

/**
 * Reads keys and certificates from PEM files.
 *
 * @returns options that read the files anew when they are asked to
 * @throws ServingError for a file that cannot be read
 */
export async function tlsFromFiles(files: TlsFiles): Promise<TlsOptions> {
  const text = async (path: string): Promise<string> => Buffer.from(await readWholeFile(path)).toString('utf8');
  return withReload(async () => ({
    key: await text(files.keyFile),
    cert: await text(files.certFile),
    ca: files.caFile === undefined ? undefined : await text(files.caFile),
    verifyClient: files.verifyClient,
  }));
}

/**
 * Reads upstream's `SSLConfig` in text format, which has keys and certificates in it.
 *
 * @returns options that read the file anew when they are asked to
 * @throws ServingError of `readTextProtoFile`
 */
export async function tlsFromSslConfig(path: string, logger?: Logger): Promise<TlsOptions> {
  return withReload(async () => {
    const { serverKey, serverCert, customCa, clientVerify } = await readTextProtoFile(SSLConfigSchema, path, {
      logger,
    });
    return { key: serverKey, cert: serverCert, ca: customCa || undefined, verifyClient: clientVerify };
  });
}

async function withReload(read: NonNullable<TlsOptions['reload']>): Promise<TlsOptions> {
  return { ...(await read()), reload: read };
}
