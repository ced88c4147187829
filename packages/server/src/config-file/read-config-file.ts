import { dirname, extname, resolve } from 'node:path';
import { type AccessPolicyOptions, isStoreUrl, readWholeFile, ServingError } from '@servable/core';
import type { ExecutionProvider } from '@servable/runtime';
import type { ServedModelInput } from '../models/served-model.js';
import type { TlsOptions } from '../listener-options.js';
import { accessFromFile, type AccessOptions, accessPolicyOptions } from '../security/access-file.js';
import { tlsFromFiles } from '../security/tls-files.js';
import type { ServerOptions } from '../server-options.js';
import { ConfigFileError, type ConfigProblem } from './config-problem.js';
import { configShape } from './config-shape.js';
import type { Place } from './shape.js';
import { yamlTree } from './yaml-tree.js';

type FileConfig = NonNullable<ReturnType<typeof configShape.read>>;
type FileModel = NonNullable<FileConfig['models']>[number];

/** Whether a file of this name is YAML or JSON; every other one is a ModelServerConfig in text format. */
export function isYamlOrJson(path: string): boolean {
  return ['.yaml', '.yml', '.json'].includes(extname(path).toLowerCase());
}

/**
 * Reads a configuration file in YAML or JSON. Relative paths in it are relative to it.
 *
 * @param path - absolute
 * @returns the options that it gives, without defaults
 * @throws ConfigFileError with every problem and its place; ServingError NOT_FOUND and others for a file that cannot be
 * read
 */
export async function readConfigFile(path: string): Promise<ServerOptions> {
  const tree = await yamlTree(path, Buffer.from(await readWholeFile(path)).toString('utf8'));
  const problems: ConfigProblem[] = [];
  const place = (keys: readonly (string | number)[]): Place => ({
    path: keys,
    report: (message) => problems.push({ key: formatKey(keys), message, ...tree.placeOf(keys) }),
    child: (key) => place([...keys, key]),
  });
  const root = place([]);
  const config = configShape.read(tree.value ?? {}, root);
  if (!config || problems.length > 0) throw new ConfigFileError(path, problems);
  const at = (relative: string): string => resolve(dirname(path), relative);
  const models = config.models?.map((model, index) => servedModel(model, at, root.child('models').child(index)));
  if (config.models === undefined && config.modelConfigFile === undefined) {
    root.report('models is missing: expected a list of models, or modelConfigFile');
  }
  if (config.access !== undefined && config.accessFile !== undefined) {
    root.child('access').report('expected access or accessFile; got both');
  }
  if (problems.length > 0) throw new ConfigFileError(path, problems);
  const {
    grpcTls,
    restTls,
    accessFile,
    access,
    requestLog,
    modelRoots,
    modelConfigFile,
    grpcSocketPath,
    modelCacheDirectory,
    executionProviders,
    warmupFromTraffic,
    ...rest
  } = config;
  return {
    ...rest,
    models: models?.filter((model) => model !== undefined),
    modelConfigFile: modelConfigFile && at(modelConfigFile),
    modelRoots: modelRoots?.map((root) => (isStoreUrl(root) ? root : at(root))),
    ...providersAt(executionProviders, at),
    ...trafficAt(warmupFromTraffic, at),
    grpcSocketPath: grpcSocketPath && at(grpcSocketPath),
    modelCacheDirectory: modelCacheDirectory && at(modelCacheDirectory),
    grpcTls: grpcTls && (await readTls('grpcTls', grpcTls, at)),
    restTls: restTls && (await readTls('restTls', restTls, at)),
    requestLog: requestLog && { ...requestLog, roots: requestLog.roots?.map(at) },
    access: await readAccessOptions({ access, accessFile }, at),
  };
}

/** Rules in the file stay what they are; tokens in a file of their own are read anew. */
async function readAccessOptions(
  { access, accessFile }: { readonly [K in 'access' | 'accessFile']: FileConfig[K] | undefined },
  at: (path: string) => string,
): Promise<AccessOptions | undefined> {
  if (accessFile !== undefined) return accessFromFile(at(accessFile));
  if (access === undefined) return undefined;
  const reload = (): Promise<AccessPolicyOptions> => accessPolicyOptions(access, at);
  return { ...(await reload()), ...(access.tokensFile === undefined ? {} : { reload }) };
}

function servedModel(
  { basePath, directory, name = '', version, executionProviders, warmupFromTraffic, logging, ...others }: FileModel,
  at: (path: string) => string,
  place: Place,
): ServedModelInput | undefined {
  const { filenamePrefix = '', samplingRate = 0 } = logging ?? {};
  const rest = {
    ...others,
    ...providersAt(executionProviders, at),
    ...trafficAt(warmupFromTraffic, at),
    ...(logging === undefined ? {} : { logging: { filenamePrefix: at(filenamePrefix), samplingRate } }),
  };
  if ((basePath === undefined) === (directory === undefined)) {
    place.report('expected one of basePath and directory');
    return undefined;
  }
  if (directory !== undefined) {
    if (rest.versionPolicy) place.child('versionPolicy').report('a single directory has no version policy');
    const { versionPolicy: _none, ...single } = rest;
    return { name, ...single, directory: at(directory), version };
  }
  if (version !== undefined) place.child('version').report('the versions of a basePath are its directories');
  return { name, ...rest, basePath: isStoreUrl(basePath!) ? basePath! : at(basePath!) };
}

/** Paths of execution providers are relative to the file. */
function providersAt(
  providers: FileConfig['executionProviders'],
  at: (path: string) => string,
): Pick<ServerOptions, 'executionProviders'> {
  if (providers === undefined) return {};
  return {
    executionProviders: providers.map((provider) => {
      if (typeof provider === 'string') return provider;
      const { library, engineCacheDir, ...rest } = provider as ExecutionProvider;
      return {
        ...rest,
        ...(library === undefined ? {} : { library: at(library) }),
        ...(engineCacheDir === undefined ? {} : { engineCacheDir: at(engineCacheDir) }),
      };
    }),
  };
}

/** The directory of live requests is relative to the file. */
function trafficAt(
  given: FileConfig['warmupFromTraffic'],
  at: (path: string) => string,
): Pick<ServerOptions, 'warmupFromTraffic'> {
  if (given === undefined) return {};
  if (typeof given === 'boolean' || given.directory === undefined) return { warmupFromTraffic: given };
  return { warmupFromTraffic: { ...given, directory: at(given.directory) } };
}

async function readTls(
  key: string,
  { keyFile, certFile, caFile, verifyClient }: NonNullable<FileConfig['grpcTls']>,
  at: (path: string) => string,
): Promise<TlsOptions> {
  if (keyFile === undefined || certFile === undefined) {
    throw new ServingError('INVALID_ARGUMENT', 'TLS_INCOMPLETE', `${key} needs a keyFile and a certFile`);
  }
  return tlsFromFiles({ keyFile: at(keyFile), certFile: at(certFile), caFile: caFile && at(caFile), verifyClient });
}

function formatKey(keys: readonly (string | number)[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}
