import { fileURLToPath } from 'node:url';
import { type ModelConfig as ModelConfigProto, type ModelConfigList, ModelType } from '@servable/protos/serving';
import type { ModelLogging } from '../../servable/model-logging.js';
import { ServingError } from '../../servable/serving-error.js';
import { isStoreUrl } from '../source/store/store-url.js';
import { type ModelConfig, modelServerConfig } from './model-server-config.js';
import type { ServableVersionPolicy } from './servable-version-policy.js';

/** What a server can do with a `ModelConfigList`. */
export interface ModelConfigListOptions {
  /** Names of the platforms there are. */
  readonly platforms: readonly string[];
  /** Absolute path of the directory that relative base paths are relative to; default none. */
  readonly rootDirectory?: string | undefined;
}

/**
 * The models of a `ModelConfigList`, from a file or from HandleReloadConfigRequest, checked in upstream's order
 * (upstream: `ValidateModelConfigList` and `GetPlatform` in model_servers/server_core.cc).
 *
 * @throws ServingError INVALID_ARGUMENT with upstream's texts; UNIMPLEMENTED for a base path that is on no local file
 * system and in no store that there is
 */
export function modelConfigList(
  { config }: ModelConfigList,
  { platforms, rootDirectory }: ModelConfigListOptions,
): readonly ModelConfig[] {
  const { models } = modelServerConfig(
    config.map((model) => ({
      name: model.name,
      basePath: localPath(model),
      versionPolicy: versionPolicy(model),
      versionLabels: model.versionLabels,
      logging: logging(model),
    })),
    { rootDirectory },
  );
  return models.map((model, index) => {
    const proto = config[index]!;
    const platform = platformOf(proto);
    if (!platforms.includes(platform)) {
      throw refusal('PLATFORM_UNKNOWN', `Model ${model.name} requests unsupported platform ${platform}`);
    }
    return Object.freeze({ ...model, platform });
  });
}

function platformOf({ name, modelType, modelPlatform }: ModelConfigProto): string {
  const hasType = modelType !== ModelType.MODEL_TYPE_UNSPECIFIED;
  const both = 'ModelServerConfig::model_type (deprecated)';
  if (hasType && modelPlatform !== '') {
    throw refusal(
      'MODEL_TYPE_AND_PLATFORM',
      `Illegal setting both ${both} and ModelServerConfig::model_platform, model name is ${name}`,
    );
  }
  if (hasType) {
    if (modelType === ModelType.TENSORFLOW) return 'tensorflow';
    throw refusal('MODEL_TYPE_UNKNOWN', `ModelServerConfig::model_type choice ${modelType} not supported.`);
  }
  if (modelPlatform !== '') return modelPlatform;
  throw refusal(
    'MODEL_PLATFORM_MISSING',
    `Illegal setting neither ${both} nor ModelServerConfig::model_platform, model name is ${name}`,
  );
}

function versionPolicy({ modelVersionPolicy }: ModelConfigProto): ServableVersionPolicy {
  const choice = modelVersionPolicy?.policyChoice;
  switch (choice?.case) {
    case 'all':
      return { kind: 'all' };
    case 'specific':
      return { kind: 'specific', versions: choice.value.versions };
    default:
      // No policy, and none of its kinds, is the latest one; so is `latest` without a number.
      return { kind: 'latest', numVersions: Math.max(1, choice?.case === 'latest' ? choice.value.numVersions : 1) };
  }
}

/** `logging_config`. A rate of 0, or none, records nothing, as in upstream's core/request_logger.cc. */
function logging({ name, loggingConfig }: ModelConfigProto): ModelLogging | undefined {
  if (loggingConfig === undefined) return undefined;
  const { logCollectorConfig, samplingConfig, customLoggingConfig } = loggingConfig;
  if (customLoggingConfig !== undefined) {
    throw new ServingError(
      'UNIMPLEMENTED',
      'CUSTOM_LOGGING',
      `Model ${name}: custom_logging_config is not supported; use log_collector_config and sampling_config`,
    );
  }
  const { type = '', filenamePrefix = '' } = logCollectorConfig ?? {};
  if (type !== '' && type !== 'tfrecord') {
    throw refusal(
      'LOG_COLLECTOR_UNKNOWN',
      `Model ${name}: expected 'tfrecord' as type of the log collector; got '${type}'`,
    );
  }
  const samplingRate = samplingConfig?.samplingRate ?? 0;
  return samplingRate === 0 ? undefined : { filenamePrefix, samplingRate };
}

function localPath({ name, basePath }: ModelConfigProto): string {
  if (isStoreUrl(basePath)) return basePath;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(basePath)?.[1]?.toLowerCase();
  if (scheme === undefined) return basePath;
  if (scheme === 'file') return fileURLToPath(basePath);
  throw new ServingError(
    'UNIMPLEMENTED',
    'FILE_SYSTEM_UNKNOWN',
    `File system scheme '${scheme}' of model ${name} is not implemented (file: '${basePath}')`,
  );
}

function refusal(reason: string, message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', reason, message);
}
