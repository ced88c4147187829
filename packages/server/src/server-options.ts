import { availableParallelism } from 'node:os';
import {
  type Clock,
  type Logger,
  type ModelConfig,
  type ModelConfigInput,
  modelServerConfig,
  ServingError,
  silentLogger,
  systemClock,
} from '@servable/core';
import { nearestName } from './nearest-name.js';
import { onnxPlatform } from './platforms/onnx.js';
import type { Platform } from './platforms/platform.js';
import { savedModelPlatform } from './platforms/savedmodel.js';
import { type RequestOptions, type ResolvedRequestOptions, resolveRequestOptions } from './request-options.js';

/** A model that is a single directory, with no version directories around it; it is never looked at again. */
export interface SingleVersionModel {
  readonly name: string;
  /** Absolute path of the directory with `saved_model.pb` or `model.onnx` in it. */
  readonly directory: string;
  /** The version it is served as; default 1. */
  readonly version?: bigint | undefined;
  readonly platform?: string | undefined;
}

/** What a user may give to `createServer`. A value that makes no sense is refused, never bent. */
export interface ServerOptions extends RequestOptions {
  /** At least one model: a base path with version directories, or a single directory. */
  readonly models: readonly (ModelConfigInput | SingleVersionModel)[];
  /** Address to bind; default `127.0.0.1`: this machine only. */
  readonly host?: string | undefined;
  /** Address to bind for REST, where it is another one; default `host`. */
  readonly restHost?: string | undefined;
  /** 0 takes any free port; absent, there is no gRPC. */
  readonly grpcPort?: number | undefined;
  /** 0 takes any free port; absent, there is no REST. */
  readonly restPort?: number | undefined;
  /**
   * Opens the ports only after every model has a version loaded, and fails if one cannot be loaded. Default `false`: the
   * ports open at once, and requests are answered UNAVAILABLE until their model is there.
   */
  readonly waitForModels?: boolean | undefined;
  /** Milliseconds between looks at the base paths; 0 looks once, a negative number never. Default 1000. */
  readonly pollIntervalMs?: number | undefined;
  /** Attempts after a first failed load; default 5. */
  readonly maxLoadRetries?: number | undefined;
  /** Milliseconds between attempts; default 60 000. */
  readonly loadRetryIntervalMs?: number | undefined;
  /** Versions that load at the same time; default the number of CPUs. */
  readonly maxConcurrentLoads?: number | undefined;
  /** Milliseconds that running requests get to end when the server closes; default 30 000. */
  readonly drainTimeoutMs?: number | undefined;
  /** Largest request in bytes, a gRPC message or a REST body; default 2 147 483 647. */
  readonly maxReceiveMessageBytes?: number | undefined;
  /** Whole milliseconds that the model may run for a REST call; 0 sets no limit. Default 30 000, as upstream. */
  readonly restTimeoutMs?: number | undefined;
  /** Lets the pages of any web site call the REST API (CORS). Default `false`, as upstream. */
  readonly restCors?: boolean | undefined;
  /** Answers `grpc.health.v1.Health` on the gRPC port. Default `false`, as upstream. */
  readonly healthService?: boolean | undefined;
  /** Sends tensors as `tensor_content` instead of value fields. Default `false`, as upstream. */
  readonly tensorContent?: boolean | undefined;
  /** Refuses signatures whose `method_name` does not fit the call. Default `false`, as upstream. */
  readonly checkMethodNames?: boolean | undefined;
  /** What can be served; default SavedModels and ONNX models. The first that accepts a directory runs it. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Default: no log. */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** How the options are spelled where the user sees them, for messages; default the names of this interface. */
  readonly optionNames?: { readonly grpcPort: string; readonly restPort: string } | undefined;
}

/** {@link ServerOptions} with everything filled in; frozen. */
export interface ResolvedServerOptions extends ResolvedRequestOptions {
  readonly watchedModels: readonly ModelConfig[];
  readonly singleVersionModels: readonly {
    readonly name: string;
    readonly directory: string;
    readonly version: bigint;
  }[];
  readonly platformOf: ReadonlyMap<string, string | undefined>;
  readonly host: string;
  readonly restHost: string;
  readonly grpcPort: number | undefined;
  readonly restPort: number | undefined;
  readonly waitForModels: boolean;
  readonly pollIntervalMs: number;
  readonly maxLoadRetries: number;
  readonly loadRetryIntervalMs: number;
  readonly maxConcurrentLoads: number;
  readonly drainTimeoutMs: number;
  readonly maxReceiveMessageBytes: number;
  readonly restTimeoutMs: number;
  readonly restCors: boolean;
  readonly healthService: boolean;
  readonly tensorContent: boolean;
  readonly checkMethodNames: boolean;
  readonly platforms: readonly Platform[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly optionNames: { readonly grpcPort: string; readonly restPort: string };
}

const int32Max = 2 ** 31 - 1;

/** @throws ServingError INVALID_ARGUMENT that names the option, what it takes and what it was given */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkNames(options);
  const platforms = options.platforms ?? [savedModelPlatform(), onnxPlatform()];
  const models = options.models.map(checkModel);
  // One check for all: names must differ between both kinds of models too.
  const config = modelServerConfig(
    models.map((model) => ('directory' in model ? { name: model.name, basePath: model.directory } : model)),
  );
  const names = platforms.map(({ name }) => name);
  for (const { name, platform } of models) {
    if (platform === undefined || names.includes(platform)) continue;
    throw refusal('PLATFORM_UNKNOWN', `Model ${name} requests unsupported platform ${platform}`);
  }
  const resolved: ResolvedServerOptions = {
    watchedModels: config.models.filter((_, index) => !('directory' in models[index]!)),
    singleVersionModels: models.flatMap((model) =>
      'directory' in model ? [{ name: model.name, directory: model.directory, version: model.version ?? 1n }] : [],
    ),
    platformOf: new Map(models.map(({ name, platform }) => [name, platform])),
    host: options.host ?? '127.0.0.1',
    restHost: options.restHost ?? options.host ?? '127.0.0.1',
    grpcPort: options.grpcPort,
    restPort: options.restPort,
    waitForModels: options.waitForModels ?? false,
    pollIntervalMs: options.pollIntervalMs ?? 1000,
    maxLoadRetries: options.maxLoadRetries ?? 5,
    loadRetryIntervalMs: options.loadRetryIntervalMs ?? 60_000,
    maxConcurrentLoads: options.maxConcurrentLoads ?? availableParallelism(),
    drainTimeoutMs: options.drainTimeoutMs ?? 30_000,
    maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? int32Max,
    restTimeoutMs: options.restTimeoutMs ?? 30_000,
    restCors: options.restCors ?? false,
    healthService: options.healthService ?? false,
    tensorContent: options.tensorContent ?? false,
    checkMethodNames: options.checkMethodNames ?? false,
    ...resolveRequestOptions(options),
    platforms,
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    optionNames: options.optionNames ?? { grpcPort: 'grpcPort', restPort: 'restPort' },
  };
  if (models.length === 0) throw refusal('MODELS_EMPTY', 'models must name at least one model; got none');
  checkNumbers(resolved);
  for (const name of ['host', 'restHost'] as const) {
    if (resolved[name] === '') throw refusal('OPTION_INVALID', `${name} must be an address or a host name; got ''`);
  }
  return Object.freeze(resolved);
}

const optionNames: Readonly<Record<keyof ServerOptions, true>> = {
  models: true,
  host: true,
  restHost: true,
  grpcPort: true,
  restPort: true,
  waitForModels: true,
  pollIntervalMs: true,
  maxLoadRetries: true,
  loadRetryIntervalMs: true,
  maxConcurrentLoads: true,
  drainTimeoutMs: true,
  maxReceiveMessageBytes: true,
  restTimeoutMs: true,
  restCors: true,
  healthService: true,
  tensorContent: true,
  checkMethodNames: true,
  prometheus: true,
  admission: true,
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

function checkModel(model: ModelConfigInput | SingleVersionModel): ModelConfigInput | SingleVersionModel {
  const { version } = model as Partial<SingleVersionModel>;
  if ('directory' in model && 'basePath' in model) {
    throw refusal('MODEL_AMBIGUOUS', `Model ${model.name} has both a basePath and a directory; give one of them`);
  }
  if (version !== undefined && (typeof version !== 'bigint' || BigInt.asIntN(64, version) !== version)) {
    throw refusal(
      'MODEL_VERSION_INVALID',
      `Version of model ${model.name} must be a bigint in the range of int64; got ${String(version)}`,
    );
  }
  return model;
}

function checkNumbers(options: ResolvedServerOptions): void {
  const { grpcPort, restPort, optionNames } = options;
  if (grpcPort === undefined && restPort === undefined) {
    throw refusal('PORTS_MISSING', `At least one of ${optionNames.grpcPort} and ${optionNames.restPort} must be set`);
  }
  requireWhole(optionNames.grpcPort, grpcPort, 0, 65_535);
  requireWhole(optionNames.restPort, restPort, 0, 65_535);
  if (grpcPort !== undefined && grpcPort !== 0 && grpcPort === restPort) {
    throw refusal(
      'PORTS_EQUAL',
      `${optionNames.grpcPort} and ${optionNames.restPort} must be two ports; both are ${grpcPort}`,
    );
  }
  requireWhole('maxLoadRetries', options.maxLoadRetries, 0, int32Max);
  requireWhole('maxConcurrentLoads', options.maxConcurrentLoads, 1, int32Max);
  requireWhole('maxReceiveMessageBytes', options.maxReceiveMessageBytes, 1, int32Max);
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
