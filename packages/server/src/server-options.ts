import { availableParallelism } from 'node:os';
import { isAbsolute } from 'node:path';
import {
  AccessPolicy,
  type Clock,
  type CorsOrigins,
  isStoreUrl,
  type Logger,
  type ObjectStoreSettings,
  ServingError,
  silentLogger,
  systemClock,
  type UnavailableLabels,
} from '@servable/core';
import { type ListenerOptions, type ResolvedListenerOptions, resolveListenerOptions } from './listener-options.js';
import { byteSize } from './models/byte-size.js';
import { defaultModelCacheDirectory } from './models/remote-sources.js';
import { type ServedModel, type ServedModelInput, servedModels } from './models/served-model.js';
import { type ResolvedWarmupOptions, resolveWarmupOptions, type WarmupOptions } from './warmup/warmup-options.js';
import { resolveTrafficWarmup, type TrafficWarmup, type TrafficWarmupOptions } from './warmup/traffic-options.js';
import type { AccessOptions } from './security/access-file.js';
import { serverLogger } from './logging/server-logger.js';
import { nearestName } from './nearest-name.js';
import type { ModelEngineOptions } from './platforms/model-engine.js';
import { onnxPlatform } from './platforms/onnx.js';
import type { Platform } from './platforms/platform.js';
import { savedModelPlatform } from './platforms/savedmodel.js';
import { type PlatformChoice, platformChoice } from './platforms/tensorflow.js';
import { type RequestOptions, type ResolvedRequestOptions, resolveRequestOptions } from './request-options.js';

/** What a user may give to `createServer`. A value that makes no sense is refused, never bent. */
export interface ServerOptions extends RequestOptions, ListenerOptions, ModelEngineOptions {
  /** At least one model: a base path with version directories, or a single directory. Either this or `modelConfigFile`. */
  readonly models?: readonly ServedModelInput[] | undefined;
  /** Absolute path of a file with a `ModelServerConfig` in protobuf's text format. */
  readonly modelConfigFile?: string | undefined;
  /**
   * Milliseconds between looks at `modelConfigFile`, each of which applies it again, the first at once after the start.
   * Default 0, as any number that is not above it: the file is read once.
   */
  readonly modelConfigFilePollMs?: number | undefined;
  /** Which labels may point to versions that are not available; default `refuse`. */
  readonly unavailableLabels?: UnavailableLabels | undefined;
  /** Takes a new configuration over gRPC (HandleReloadConfigRequest). Default `true`, as upstream. */
  readonly reloadOverGrpc?: boolean | undefined;
  /**
   * Absolute paths of directories whose content a configuration that comes over gRPC may name, besides the parents of the
   * base paths that are configured here or in the file. Default none.
   */
  readonly modelRoots?: readonly string[] | undefined;
  /** Address to bind; default `127.0.0.1`: this machine only. */
  readonly host?: string | undefined;
  /** Address to bind for REST, where it is another one; default `host`. */
  readonly restHost?: string | undefined;
  /** 0 takes any free port; absent, there is no gRPC. */
  readonly grpcPort?: number | undefined;
  /** 0 takes any free port; absent, there is no REST. */
  readonly restPort?: number | undefined;
  /**
   * A port for gRPC and HTTP/1.1 that alone takes HandleReloadConfigRequest and `GET /v1/config`, beside status, health and
   * metrics; 0 takes any free one. The other ports then refuse these. Encrypted as the gRPC port is. Default: none.
   */
  readonly adminPort?: number | undefined;
  /** Address to bind for the admin port; default `127.0.0.1`, whatever `host` is. */
  readonly adminHost?: string | undefined;
  /**
   * Opens the ports only after every model has a version loaded, and fails if one cannot be loaded. Default `false`: the
   * ports open at once, and requests are answered UNAVAILABLE until their model is there.
   */
  readonly waitForModels?: boolean | undefined;
  /** Milliseconds between looks at the base paths; 0 looks once, a negative number never. Default 1000. */
  readonly pollIntervalMs?: number | undefined;
  /**
   * Absolute path of the directory that keeps versions of models in object stores and tarballs; default
   * `$XDG_CACHE_HOME/servable/models` or `~/.cache/servable/models`. Servers that share it do not disturb each other.
   */
  readonly modelCacheDirectory?: string | undefined;
  /** What it may take: bytes, or digits with K, M, G or T behind them. Default `16G`. */
  readonly modelCacheBytes?: number | string | undefined;
  /** Where object stores are and how to ask them; what is left out comes from the environment. */
  readonly objectStores?: ObjectStoreSettings | undefined;
  /** Attempts after a first failed load; default 5. */
  readonly maxLoadRetries?: number | undefined;
  /** Milliseconds between attempts; default 60 000. */
  readonly loadRetryIntervalMs?: number | undefined;
  /** Versions that load at the same time; default the number of CPUs. */
  readonly maxConcurrentLoads?: number | undefined;
  /** The same until the first models are available; default `maxConcurrentLoads`. */
  readonly maxConcurrentInitialLoads?: number | undefined;
  /** Versions that unload at the same time, once nobody uses them; default the number of CPUs. */
  readonly maxConcurrentUnloads?: number | undefined;
  /**
   * Bytes that all loaded versions may take together, or text such as `512M` and `2G`. With it, models are loaded when
   * they are first asked for, and those that were not used for longest are unloaded when others need the memory. Default:
   * none, and all models are loaded at once.
   */
  readonly modelMemoryBudget?: number | string | undefined;
  /** Names of models that stay in memory, besides those with `pinned` of their own. Default none. */
  readonly pinnedModels?: readonly string[] | undefined;
  /** Names of models whose versions run in processes of their own, besides those with `isolation`. Default none. */
  readonly isolatedModels?: readonly string[] | undefined;
  /** Replaying of recorded requests (`assets.extra/tf_serving_warmup_requests`) into new versions; on by default. */
  readonly warmup?: WarmupOptions | undefined;
  /**
   * Keeps a bounded sample of the live requests of each model and replays it into its new versions before they become
   * available. Default `false`.
   */
  readonly warmupFromTraffic?: boolean | TrafficWarmupOptions | undefined;
  /** Milliseconds that running requests get to end when the server closes; default 30 000. */
  readonly drainTimeoutMs?: number | undefined;
  /** Largest request in bytes, a gRPC message or a REST body; default 2 147 483 647. */
  readonly maxReceiveMessageBytes?: number | undefined;
  /** Whole milliseconds that the model may run for a REST call; 0 sets no limit. Default 30 000, as upstream. */
  readonly restTimeoutMs?: number | undefined;
  /** Who may call what; default: everybody may call everything. */
  readonly access?: AccessOptions | undefined;
  /** Milliseconds between looks at the files of certificates, tokens and access rules; 0: never. Default 10 000. */
  readonly credentialsPollMs?: number | undefined;
  /**
   * Lets the pages of any web site call REST, gRPC-Web and Connect (CORS), or those of the origins in a list, such as
   * `https://app.example.com`. Default `false`, as upstream.
   */
  readonly restCors?: CorsOrigins | undefined;
  /** Answers `grpc.health.v1.Health` on the gRPC port. Default `false`, as upstream. */
  readonly healthService?: boolean | undefined;
  /** Sends tensors as `tensor_content` instead of value fields. Default `false`, as upstream. */
  readonly tensorContent?: boolean | undefined;
  /** Refuses signatures whose `method_name` does not fit the call. Default `false`, as upstream. */
  readonly checkMethodNames?: boolean | undefined;
  /**
   * What SavedModels run on: `onnxruntime`, the built-in engine; `tensorflow`, TensorFlow's own library; default `auto`:
   * the built-in engine, and TensorFlow for what its compiler refuses, where the library is found.
   */
  readonly platform?: PlatformChoice | undefined;
  /** What can be served; default SavedModels and ONNX models. The first that accepts a directory runs it. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Default: what `log` says, and no log without it. */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** How the options are spelled where the user sees them, for messages; default the names of this interface. */
  readonly optionNames?: Partial<OptionNames> | undefined;
}

/** Options that messages name, as the user knows them. */
export interface OptionNames {
  readonly grpcPort: string;
  readonly restPort: string;
  readonly modelRoots: string;
  readonly requestLogRoots: string;
  readonly modelCacheBytes: string;
  readonly modelMemoryBudget: string;
  readonly executionProviders: string;
  readonly instances: string;
  readonly reloadOverGrpc: string;
  readonly adminPort: string;
}

/** {@link ServerOptions} with everything filled in; frozen. */
export interface ResolvedServerOptions extends ResolvedRequestOptions, ResolvedListenerOptions, ModelEngineOptions {
  readonly models: readonly ServedModel[];
  readonly modelConfigFile: string | undefined;
  readonly modelConfigFilePollMs: number;
  readonly unavailableLabels: UnavailableLabels;
  readonly reloadOverGrpc: boolean;
  readonly modelRoots: readonly string[];
  readonly host: string;
  readonly restHost: string;
  readonly grpcPort: number | undefined;
  readonly restPort: number | undefined;
  readonly adminPort: number | undefined;
  readonly adminHost: string;
  readonly waitForModels: boolean;
  readonly pollIntervalMs: number;
  readonly modelCacheDirectory: string;
  readonly modelCacheBytes: number;
  readonly objectStores: ObjectStoreSettings;
  readonly maxLoadRetries: number;
  readonly loadRetryIntervalMs: number;
  readonly maxConcurrentLoads: number;
  readonly maxConcurrentInitialLoads: number;
  readonly maxConcurrentUnloads: number;
  /** Bytes; `undefined` sets no limit. */
  readonly modelMemoryBudget: number | undefined;
  readonly pinnedModels: ReadonlySet<string>;
  readonly isolatedModels: ReadonlySet<string>;
  readonly warmup: ResolvedWarmupOptions;
  readonly warmupFromTraffic: TrafficWarmup;
  readonly drainTimeoutMs: number;
  readonly maxReceiveMessageBytes: number;
  readonly restTimeoutMs: number;
  readonly access: AccessOptions | undefined;
  readonly credentialsPollMs: number;
  readonly restCors: CorsOrigins;
  readonly healthService: boolean;
  readonly tensorContent: boolean;
  readonly checkMethodNames: boolean;
  readonly platforms: readonly Platform[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly optionNames: OptionNames;
}

const int32Max = 2 ** 31 - 1;

/** @throws ServingError INVALID_ARGUMENT that names the option, what it takes and what it was given */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkNames(options);
  if (options.platform !== undefined && options.platforms !== undefined) {
    throw refusal(
      'OPTION_AMBIGUOUS',
      'platform is for the platforms that are built in; give it or platforms, not both',
    );
  }
  const platform = platformChoice('platform', options.platform);
  const platforms = options.platforms ?? [savedModelPlatform({ platform, logger: options.logger }), onnxPlatform()];
  const warmupFromTraffic = resolveTrafficWarmup('warmupFromTraffic', options.warmupFromTraffic);
  const models = servedModels(
    options.models ?? [],
    platforms.map(({ name }) => name),
    { warmupFromTraffic },
  );
  const names = {
    grpcPort: 'grpcPort',
    restPort: 'restPort',
    modelRoots: 'modelRoots',
    requestLogRoots: 'requestLog.roots',
    modelCacheBytes: 'modelCacheBytes',
    modelMemoryBudget: 'modelMemoryBudget',
    executionProviders: 'executionProviders',
    instances: 'instances',
    reloadOverGrpc: 'reloadOverGrpc',
    adminPort: 'adminPort',
    ...options.optionNames,
  };
  const { modelMemoryBudget } = options;
  const resolved: ResolvedServerOptions = {
    models,
    modelConfigFile: options.modelConfigFile,
    modelConfigFilePollMs: options.modelConfigFilePollMs ?? 0,
    unavailableLabels: options.unavailableLabels ?? 'refuse',
    reloadOverGrpc: options.reloadOverGrpc ?? true,
    modelRoots: options.modelRoots ?? [],
    host: options.host ?? '127.0.0.1',
    restHost: options.restHost ?? options.host ?? '127.0.0.1',
    grpcPort: options.grpcPort,
    restPort: options.restPort,
    adminPort: options.adminPort,
    adminHost: options.adminHost ?? '127.0.0.1',
    waitForModels: options.waitForModels ?? false,
    pollIntervalMs: options.pollIntervalMs ?? 1000,
    modelCacheDirectory: options.modelCacheDirectory ?? defaultModelCacheDirectory(),
    modelCacheBytes: byteSize(
      options.optionNames?.modelCacheBytes ?? 'modelCacheBytes',
      options.modelCacheBytes ?? '16G',
    ),
    objectStores: options.objectStores ?? {},
    maxLoadRetries: options.maxLoadRetries ?? 5,
    loadRetryIntervalMs: options.loadRetryIntervalMs ?? 60_000,
    maxConcurrentLoads: options.maxConcurrentLoads ?? availableParallelism(),
    maxConcurrentInitialLoads:
      options.maxConcurrentInitialLoads ?? options.maxConcurrentLoads ?? availableParallelism(),
    maxConcurrentUnloads: options.maxConcurrentUnloads ?? availableParallelism(),
    modelMemoryBudget:
      modelMemoryBudget === undefined ? undefined : byteSize(names.modelMemoryBudget, modelMemoryBudget),
    pinnedModels: new Set(options.pinnedModels),
    isolatedModels: new Set(options.isolatedModels),
    warmup: resolveWarmupOptions(options.warmup),
    warmupFromTraffic,
    drainTimeoutMs: options.drainTimeoutMs ?? 30_000,
    maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? int32Max,
    restTimeoutMs: options.restTimeoutMs ?? 30_000,
    access: options.access,
    credentialsPollMs: options.credentialsPollMs ?? 10_000,
    restCors: options.restCors ?? false,
    healthService: options.healthService ?? false,
    tensorContent: options.tensorContent ?? false,
    checkMethodNames: options.checkMethodNames ?? false,
    executionProviders: options.executionProviders,
    instances: options.instances,
    ...resolveRequestOptions(options),
    ...resolveListenerOptions(options),
    platforms,
    logger: options.logger ?? (options.log === undefined ? silentLogger : serverLogger(options.log)),
    clock: options.clock ?? systemClock,
    optionNames: names,
  };
  checkConfigSource(options, resolved);
  // Refuses what makes no sense; the server makes the one that it uses.
  if (resolved.access !== undefined) new AccessPolicy(resolved.access);
  checkNumbers(resolved);
  for (const name of ['host', 'restHost', 'adminHost'] as const) {
    if (resolved[name] === '') throw refusal('OPTION_INVALID', `${name} must be an address or a host name; got ''`);
  }
  return Object.freeze(resolved);
}

const optionNames: Readonly<Record<keyof ServerOptions, true>> = {
  models: true,
  modelConfigFile: true,
  modelConfigFilePollMs: true,
  unavailableLabels: true,
  reloadOverGrpc: true,
  modelRoots: true,
  grpcSocketPath: true,
  grpcTls: true,
  restTls: true,
  access: true,
  credentialsPollMs: true,
  grpcChannelOptions: true,
  host: true,
  restHost: true,
  grpcPort: true,
  restPort: true,
  adminPort: true,
  adminHost: true,
  waitForModels: true,
  pollIntervalMs: true,
  modelCacheDirectory: true,
  modelCacheBytes: true,
  objectStores: true,
  maxLoadRetries: true,
  loadRetryIntervalMs: true,
  maxConcurrentLoads: true,
  maxConcurrentInitialLoads: true,
  maxConcurrentUnloads: true,
  modelMemoryBudget: true,
  pinnedModels: true,
  isolatedModels: true,
  warmup: true,
  warmupFromTraffic: true,
  drainTimeoutMs: true,
  maxReceiveMessageBytes: true,
  restTimeoutMs: true,
  restCors: true,
  healthService: true,
  tensorContent: true,
  checkMethodNames: true,
  prometheus: true,
  admission: true,
  limits: true,
  slowRequestMs: true,
  requestLog: true,
  log: true,
  tracing: true,
  executionProviders: true,
  instances: true,
  platform: true,
  platforms: true,
  logger: true,
  clock: true,
  optionNames: true,
};

/** A misspelt option would otherwise be dropped in silence. */
function checkNames(options: ServerOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(optionNames, name)) continue;
    const nearest = nearestName(name, Object.keys(optionNames));
    throw refusal(
      'OPTION_UNKNOWN',
      `Unknown option ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
    );
  }
}

function checkConfigSource({ models }: ServerOptions, resolved: ResolvedServerOptions): void {
  const { modelConfigFile, unavailableLabels, modelRoots } = resolved;
  if (models !== undefined && modelConfigFile !== undefined) {
    throw refusal('CONFIG_AMBIGUOUS', 'Give either models or modelConfigFile; got both');
  }
  if (modelConfigFile === undefined && resolved.models.length === 0) {
    throw refusal('MODELS_EMPTY', 'models must name at least one model; got none');
  }
  if (modelConfigFile === '') throw refusal('OPTION_INVALID', `modelConfigFile must be a path; got ''`);
  if (!['refuse', 'accept-new', 'accept'].includes(unavailableLabels)) {
    throw refusal(
      'OPTION_INVALID',
      `unavailableLabels must be 'refuse', 'accept-new' or 'accept'; got '${unavailableLabels}'`,
    );
  }
  for (const origin of typeof resolved.restCors === 'boolean' ? [] : resolved.restCors) {
    if (/^https?:\/\/[^/\s]+$/.test(origin)) continue;
    throw refusal('OPTION_INVALID', `restCors must be origins such as https://app.example.com; got '${origin}'`);
  }
  if (!isAbsolute(resolved.modelCacheDirectory)) {
    throw refusal(
      'OPTION_INVALID',
      `modelCacheDirectory must be an absolute path; got '${resolved.modelCacheDirectory}'`,
    );
  }
  for (const root of modelRoots) {
    if (!isAbsolute(root) && !isStoreUrl(root))
      throw refusal('OPTION_INVALID', `modelRoots must be absolute paths; got '${root}'`);
  }
}

function checkNumbers(options: ResolvedServerOptions): void {
  const { grpcPort, restPort, optionNames } = options;
  if (grpcPort === undefined && restPort === undefined && options.grpcSocketPath === undefined) {
    throw refusal('PORTS_MISSING', `At least one of ${optionNames.grpcPort} and ${optionNames.restPort} must be set`);
  }
  requireWhole(optionNames.grpcPort, grpcPort, 0, 65_535);
  requireWhole(optionNames.restPort, restPort, 0, 65_535);
  requireWhole(optionNames.adminPort, options.adminPort, 0, 65_535);
  if (options.adminPort !== undefined && !options.reloadOverGrpc) {
    const message = `${optionNames.adminPort} is for configurations, and ${optionNames.reloadOverGrpc} lets none in`;
    throw refusal('OPTION_AMBIGUOUS', message);
  }
  if (grpcPort !== undefined && grpcPort !== 0 && grpcPort === restPort) {
    throw refusal(
      'PORTS_EQUAL',
      `${optionNames.grpcPort} and ${optionNames.restPort} must be two ports; both are ${grpcPort}`,
    );
  }
  requireWhole('maxLoadRetries', options.maxLoadRetries, 0, int32Max);
  for (const name of ['maxConcurrentLoads', 'maxConcurrentInitialLoads', 'maxConcurrentUnloads'] as const) {
    requireWhole(name, options[name], 1, int32Max);
  }
  requireMilliseconds('modelConfigFilePollMs', options.modelConfigFilePollMs, -Infinity);
  requireWhole('maxReceiveMessageBytes', options.maxReceiveMessageBytes, 1, int32Max);
  requireMilliseconds('credentialsPollMs', options.credentialsPollMs, 0);
  requireMilliseconds('pollIntervalMs', options.pollIntervalMs, -Infinity);
  requireMilliseconds('loadRetryIntervalMs', options.loadRetryIntervalMs, 0);
  requireMilliseconds('drainTimeoutMs', options.drainTimeoutMs, 0);
  requireWhole('restTimeoutMs', options.restTimeoutMs, 0, int32Max);
}

function requireWhole(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw refusal('OPTION_INVALID', `${name} must be a whole number from ${least} to ${most}; got ${value}`);
}

function requireMilliseconds(name: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  const bound = least === -Infinity ? '' : ` of at least ${least}`;
  throw refusal('OPTION_INVALID', `${name} must be a number of milliseconds${bound}; got ${value}`);
}

function refusal(reason: string, message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', reason, message);
}
