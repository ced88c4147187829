import { resolve } from 'node:path';
import { isStoreUrl, methodClasses } from '@servable/core';
import type { RequestOptions } from '../request-options.js';
import { accessFromFile, type AccessOptions, accessPolicyOptions } from '../security/access-file.js';
import { tlsFromFiles } from '../security/tls-files.js';
import type { ServerOptions } from '../server-options.js';
import { engineFlags } from './engine-flags.js';
import { unkebabbed } from './kebab-flags.js';
import { limitFlags, limitOptions } from './limit-flags.js';
import { FlagError, type ParsedFlags } from './parse-flags.js';
import type { serveFlags } from './serve-flags.js';

type Flags = ParsedFlags<typeof serveFlags>;

const engineFlagNames = { executionProviders: '--execution-providers', instances: '--instances' };

/** @throws FlagError for flags that do not go together */
export function checkServeFlags({ values, given }: Flags): void {
  if ((values['tls-cert'] === '') !== (values['tls-key'] === '')) {
    throw new FlagError('--tls-cert and --tls-key go together; got one of them');
  }
  if (values['tls-client-ca'] !== '' && values['tls-cert'] === '') {
    throw new FlagError('--tls-client-ca needs --tls-cert and --tls-key');
  }
  if (values['token-file'] !== '' && values['access-file'] !== '') {
    throw new FlagError('servable serve takes either --token-file or --access-file; got both');
  }
  if (given.has('admin-port') && !values['reload-over-grpc']) {
    throw new FlagError('--admin-port is for configurations, and --reload-over-grpc=false lets none in');
  }
}

/**
 * The options of a server that `servable serve` runs: flags that are given win over the file, what neither says has the
 * defaults of the command line.
 *
 * @param file - what the configuration file, or the directory of models, comes to
 * @param cwd - base of relative paths
 * @throws ServingError for files that cannot be read or make no sense
 */
export async function serveOptions(parsed: Flags, file: ServerOptions, cwd: string): Promise<ServerOptions> {
  const { values, given } = parsed;
  const at = (path: string): string => resolve(cwd, path);
  /** An option, where its flag is given and not empty. */
  const when = (name: keyof Flags['values'], option: () => ServerOptions): ServerOptions =>
    given.has(name) && values[name] !== '' ? option() : {};
  return {
    // Short, as somebody is watching: enough for files that are still being copied.
    loadRetryIntervalMs: 2000,
    healthService: true,
    grpcPort: values.port,
    restPort: values['rest-port'],
    ...file,
    ...when('port', () => ({ grpcPort: values.port })),
    ...when('rest-port', () => ({ restPort: values['rest-port'] })),
    ...when('host', () => ({ host: values.host })),
    ...when('grpc-socket', () => ({ grpcSocketPath: at(values['grpc-socket']) })),
    ...when('admin-port', () => ({ adminPort: values['admin-port'] || undefined })),
    ...when('admin-host', () => ({ adminHost: values['admin-host'] })),
    ...when('cors-origins', () => ({ restCors: corsOrigins(values['cors-origins']) })),
    ...when('metrics', () => ({ prometheus: values.metrics ? (file.prometheus ?? {}) : undefined })),
    ...when('drain-timeout-seconds', () => ({ drainTimeoutMs: values['drain-timeout-seconds'] * 1000 })),
    ...when('reload-over-grpc', () => ({ reloadOverGrpc: values['reload-over-grpc'] })),
    ...when('model-roots', () => ({
      modelRoots: splitList(values['model-roots']).map((root) => (isStoreUrl(root) ? root : at(root))),
    })),
    ...when('model-cache-dir', () => ({ modelCacheDirectory: at(values['model-cache-dir']) })),
    ...when('model-cache-bytes', () => ({ modelCacheBytes: values['model-cache-bytes'] })),
    ...when('model-memory-budget', () => ({ modelMemoryBudget: values['model-memory-budget'] })),
    ...when('warmup-from-traffic', () => ({ warmupFromTraffic: values['warmup-from-traffic'] })),
    ...when('warmup-from-traffic-dir', () => ({
      warmupFromTraffic: { directory: at(values['warmup-from-traffic-dir']) },
    })),
    ...when('slow-request-ms', () => ({ slowRequestMs: values['slow-request-ms'] || undefined })),
    ...when('tracing', () => ({ tracing: values.tracing })),
    ...engineFlags(values['execution-providers'], values.instances, engineFlagNames),
    ...(await tlsOptions(values, at)),
    ...(await accessOptions(values, at)),
    ...limits(parsed, file),
    optionNames: {
      grpcPort: '--port',
      restPort: '--rest-port',
      adminPort: '--admin-port',
      modelRoots: '--model-roots',
      reloadOverGrpc: '--reload-over-grpc',
      modelMemoryBudget: '--model-memory-budget',
      modelCacheBytes: '--model-cache-bytes',
      ...(given.has('execution-providers') ? { executionProviders: engineFlagNames.executionProviders } : {}),
      ...(given.has('instances') ? { instances: engineFlagNames.instances } : {}),
    },
  };
}

/** One certificate for all ports. */
async function tlsOptions(values: Flags['values'], at: (path: string) => string): Promise<ServerOptions> {
  if (values['tls-cert'] === '') return {};
  const ca = values['tls-client-ca'];
  const tls = await tlsFromFiles({
    keyFile: at(values['tls-key']),
    certFile: at(values['tls-cert']),
    ...(ca === '' ? {} : { caFile: at(ca), verifyClient: true }),
  });
  return { grpcTls: tls, restTls: tls };
}

/** A file of tokens alone lets each of their owners do everything. */
async function accessOptions(values: Flags['values'], at: (path: string) => string): Promise<ServerOptions> {
  if (values['access-file'] !== '') return { access: await accessFromFile(at(values['access-file'])) };
  if (values['token-file'] === '') return {};
  const rules = [{ callers: ['authenticated'], methods: methodClasses }];
  const reload = (): Promise<AccessOptions> => accessPolicyOptions({ tokensFile: values['token-file'], rules }, at);
  return { access: { ...(await reload()), reload } };
}

/** Limits whose flags are given, the file's otherwise. */
function limits(
  { values }: Flags,
  file: RequestOptions & Pick<ServerOptions, 'maxReceiveMessageBytes'>,
): ServerOptions {
  const flagged = limitOptions(unkebabbed(limitFlags, values));
  const { maxReceiveMessageBytes = file.maxReceiveMessageBytes } = flagged;
  return {
    maxReceiveMessageBytes,
    limits: { ...file.limits, ...defined(flagged.limits ?? {}) },
    admission: flagged.admission ? { ...file.admission, ...defined(flagged.admission) } : file.admission,
  };
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function corsOrigins(text: string): NonNullable<ServerOptions['restCors']> {
  return text === '*' ? true : splitList(text);
}

function splitList(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((entry) => entry.trim());
}
