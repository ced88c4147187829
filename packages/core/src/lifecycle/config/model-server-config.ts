import { isAbsolute, join } from 'node:path';
import { checkModelLogging, type ModelLogging } from '../../servable/model-logging.js';
import { ServingError } from '../../servable/serving-error.js';
import { isStoreUrl, parseStoreUrl } from '../source/store/store-url.js';
import { checkVersionPolicy, latestVersionPolicy, type ServableVersionPolicy } from './servable-version-policy.js';
import type { VersionLabels } from './version-labels.js';

/** One model to serve, as in `ModelConfig`. */
export interface ModelConfig {
  readonly name: string;
  /** Absolute path, or URL in a store, of the directory that holds one sub-directory per version. */
  readonly basePath: string;
  /** The platform that must load it; absent, each version directory's content decides. */
  readonly platform?: string | undefined;
  readonly versionPolicy: ServableVersionPolicy;
  readonly versionLabels: VersionLabels;
  /** Where memory is limited: loaded at once, and never unloaded for others. Default: loaded when it is asked for. */
  readonly pinned?: true | undefined;
  /** Records a sample of the requests; default: none. */
  readonly logging?: ModelLogging | undefined;
}

export interface ModelServerConfig {
  readonly models: readonly ModelConfig[];
}

/** What a user gives for one model; the rest has defaults. */
export interface ModelConfigInput {
  readonly name: string;
  readonly basePath: string;
  readonly platform?: string | undefined;
  /** Default: the latest version only. */
  readonly versionPolicy?: ServableVersionPolicy | undefined;
  /** Words that requests may use in place of a version; default none. */
  readonly versionLabels?: VersionLabels | Readonly<Record<string, bigint>> | undefined;
  /** With a memory budget: stays in memory. Default `false`: loaded when it is asked for. */
  readonly pinned?: boolean | undefined;
  /** Records a sample of the requests in TFRecord files; default: none. */
  readonly logging?: ModelLogging | undefined;
}

export interface ModelPathOptions {
  /**
   * Absolute path of the directory that relative base paths are relative to (upstream: `model_config_list_root_dir`).
   * Default none: base paths must be absolute.
   */
  readonly rootDirectory?: string | undefined;
}

/**
 * Checks a list of models and fills in the defaults.
 *
 * @throws ServingError INVALID_ARGUMENT with upstream's texts for a name listed twice and for a base path that is not
 * absolute (upstream: model_servers/server_core.cc)
 */
export function modelServerConfig(
  models: readonly ModelConfigInput[],
  { rootDirectory }: ModelPathOptions = {},
): ModelServerConfig {
  if (rootDirectory !== undefined && !isAbsolute(rootDirectory)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'ROOT_DIRECTORY_NOT_ABSOLUTE',
      `Expected non-empty absolute path or URI; got model_config_list_root_dir=${rootDirectory}`,
    );
  }
  const names = new Set<string>();
  const checked = models.map((input): ModelConfig => {
    const { name, platform, versionPolicy = latestVersionPolicy } = input;
    const isRelative = rootDirectory !== undefined && !isAbsolute(input.basePath);
    const basePath = isRelative ? join(rootDirectory, input.basePath) : input.basePath;
    if (name === '') {
      throw new ServingError('INVALID_ARGUMENT', 'MODEL_NAME_EMPTY', `The model at ${basePath} has an empty name`);
    }
    if (names.has(name)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'MODEL_NAME_DUPLICATE',
        `Illegal to list model ${name} multiple times in config list`,
      );
    }
    names.add(name);
    if (isStoreUrl(basePath)) parseStoreUrl(basePath);
    else if (!isAbsolute(basePath)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'BASE_PATH_NOT_ABSOLUTE',
        `Expected model ${name} to have an absolute path or URI; got base_path()=${basePath}`,
      );
    }
    checkVersionPolicy(name, versionPolicy);
    if (input.logging !== undefined) checkModelLogging(name, input.logging);
    const logging = input.logging === undefined ? {} : { logging: input.logging };
    const pinned = input.pinned === true ? { pinned: input.pinned } : {};
    return Object.freeze({
      name,
      basePath,
      platform,
      versionPolicy,
      versionLabels: versionLabels(input),
      ...pinned,
      ...logging,
    });
  });
  return Object.freeze({ models: Object.freeze(checked) });
}

function versionLabels({ name, versionLabels: given = new Map() }: ModelConfigInput): VersionLabels {
  const labels: VersionLabels = new Map(given instanceof Map ? given : Object.entries(given));
  for (const [label, version] of labels) {
    if (typeof version === 'bigint' && BigInt.asIntN(64, version) === version) continue;
    throw new ServingError(
      'INVALID_ARGUMENT',
      'VERSION_LABEL_INVALID',
      `Label ${label} of model ${name} must stand for a bigint in the range of int64; got ${String(version)}`,
    );
  }
  return labels;
}
