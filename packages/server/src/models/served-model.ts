import {
  type ModelConfig,
  type ModelConfigInput,
  type ModelLogging,
  modelServerConfig,
  ServingError,
  type VersionLabels,
} from '@servable/core';
import { resolveTrafficWarmup, type TrafficWarmup, type TrafficWarmupOptions } from '../warmup/traffic-options.js';
import { checkModelEngine, type ModelEngineOptions } from '../platforms/model-engine.js';

/** A model that is a single directory, with no version directories around it; it is never looked at again. */
export interface SingleVersionModel {
  readonly name: string;
  /** Absolute path of the directory with `saved_model.pb` or `model.onnx` in it. */
  readonly directory: string;
  /** The version it is served as; default 1. */
  readonly version?: bigint | undefined;
  readonly platform?: string | undefined;
  /** Words that requests may use in place of the version; default none. */
  readonly versionLabels?: VersionLabels | Readonly<Record<string, bigint>> | undefined;
  /** With a memory budget: stays in memory. Default `false`: loaded when it is asked for. */
  readonly pinned?: boolean | undefined;
  /** Records a sample of the requests in TFRecord files; default: none. */
  readonly logging?: ModelLogging | undefined;
}

/** What a user may give for one model on how its versions run and are warmed up. */
export interface ModelServingOptions extends ModelEngineOptions {
  /**
   * Keeps a sample of this model's live requests and replays it into its new versions; what is left out is as the
   * server's. Default: as the server's.
   */
  readonly warmupFromTraffic?: boolean | TrafficWarmupOptions | undefined;
  /**
   * `process` runs each version in a process of its own, so that native code that crashes takes down nothing else; it is
   * started again by itself. Calls are copied there and back. Default `none`.
   */
  readonly isolation?: Isolation | undefined;
}

/** Where the versions of a model run. */
export type Isolation = 'none' | 'process';

/** What a user may give for one model. */
export type ServedModelInput = (ModelConfigInput | SingleVersionModel) & ModelServingOptions;

/** A model with everything filled in; `fixed` is the only version of one that is a single directory. */
export interface ServedModel extends ModelConfig {
  readonly fixed?: { readonly directory: string; readonly version: bigint } | undefined;
  /** Where it differs from the server's. */
  readonly engine?: ModelEngineOptions | undefined;
  /** Where it differs from the server's; without `options` nothing is kept. */
  readonly warmupFromTraffic?: { readonly options: TrafficWarmup } | undefined;
  readonly isolation?: 'process' | undefined;
}

/**
 * Checks a list of models of both kinds and fills in the defaults.
 *
 * @param platforms - names of the platforms there are
 * @param defaults - what counts where a model says only a part
 * @throws ServingError INVALID_ARGUMENT that names the model
 */
export function servedModels(
  models: readonly ServedModelInput[],
  platforms: readonly string[],
  defaults: { readonly warmupFromTraffic?: TrafficWarmup } = {},
): readonly ServedModel[] {
  for (const model of models) checkModel(model, platforms);
  // One check for all: names must differ between both kinds of models too.
  const config = modelServerConfig(
    models.map(
      ({
        executionProviders: _providers,
        instances: _instances,
        warmupFromTraffic: _traffic,
        isolation: _isolation,
        ...model
      }) => ('directory' in model ? { ...model, basePath: model.directory } : model),
    ),
  );
  return config.models.map((model, index) => {
    const input = models[index]!;
    const { executionProviders, instances } = input;
    const fixed = 'directory' in input ? { directory: input.directory, version: input.version ?? 1n } : undefined;
    const isPlain = executionProviders === undefined && instances === undefined;
    const ownTraffic = input.warmupFromTraffic !== undefined;
    const isIsolated = checkIsolation(model.name, input.isolation);
    if (fixed === undefined && isPlain && !ownTraffic && !isIsolated) return model;
    const option = `model ${model.name}: warmupFromTraffic`;
    const traffic = resolveTrafficWarmup(option, input.warmupFromTraffic, defaults.warmupFromTraffic);
    return Object.freeze({
      ...model,
      ...(fixed && { fixed }),
      ...(isPlain ? {} : { engine: { executionProviders, instances } }),
      ...(ownTraffic ? { warmupFromTraffic: { options: traffic } } : {}),
      ...(isIsolated ? { isolation: 'process' as const } : {}),
    });
  });
}

/** @throws ServingError what {@link checkModelEngine} throws, with the name of the model */
export async function checkModelEngines(models: readonly ServedModel[]): Promise<void> {
  for (const { name, engine = {} } of models) {
    await checkModelEngine(engine, {
      executionProviders: `model ${name}: executionProviders`,
      instances: `model ${name}: instances`,
    });
  }
}

function checkModel(model: ServedModelInput, platforms: readonly string[]): void {
  const { name, platform, version } = model as Partial<SingleVersionModel>;
  if ('directory' in model && 'basePath' in model) {
    throw refusal('MODEL_AMBIGUOUS', `Model ${name} has both a basePath and a directory; give one of them`);
  }
  if (version !== undefined && (typeof version !== 'bigint' || BigInt.asIntN(64, version) !== version)) {
    throw refusal(
      'MODEL_VERSION_INVALID',
      `Version of model ${name} must be a bigint in the range of int64; got ${String(version)}`,
    );
  }
  if (platform !== undefined && !platforms.includes(platform)) {
    throw refusal('PLATFORM_UNKNOWN', `Model ${name} requests unsupported platform ${platform}`);
  }
}

function checkIsolation(name: string, isolation: Isolation = 'none'): boolean {
  if (isolation === 'none' || isolation === 'process') return isolation === 'process';
  throw refusal('OPTION_INVALID', `model ${name}: isolation must be none or process; got ${String(isolation)}`);
}

function refusal(reason: string, message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', reason, message);
}
