import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { createRegistry, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type Logger, readTextProtoFile, ServingError } from '@servable/core';
import {
  BatchingParametersSchema,
  MonitoringConfigSchema,
  PlatformConfigMapSchema,
  SavedModelBundleSourceAdapterConfigSchema,
  type SessionBundleConfig,
  TfrtSavedModelSourceAdapterConfigSchema,
} from '@servable/protos/serving';
import { ConfigProtoSchema } from '@servable/protos/tensorflow';
import { accessFromFile } from '../security/access-file.js';
import { tlsFromSslConfig } from '../security/tls-files.js';
import type { EnginePlatformOptions } from '../platforms/engine-options.js';
import type { ServerOptions } from '../server-options.js';
import type { WarmupOptions } from '../warmup/warmup-options.js';
import { limitOptions } from './limit-flags.js';
import type { dropInFlags } from './drop-in-flags.js';
import { engineFlags } from './engine-flags.js';
import { type GpuOptions, gpuOptions, withGpuOptions } from './gpu-options.js';
import { observabilityOptions } from './observability-flags.js';
import type { ParsedFlags } from './parse-flags.js';

const engineFlagNames = { executionProviders: '--execution_providers', instances: '--instances' };

type Flags = ParsedFlags<typeof dropInFlags>;

/** What the flags come to. */
export interface DropInOptions {
  /** Without the platforms, which the next field is for. */
  readonly server: Omit<ServerOptions, 'platforms'>;
  readonly savedModel: EnginePlatformOptions & GpuOptions & { readonly tags: readonly string[] | undefined };
}

/**
 * Turns upstream's flags into options of the server: reads the files that they name, and refuses what upstream refuses,
 * in its order and words (upstream: `Server::BuildAndStart` in model_servers/server.cc).
 *
 * @throws ServingError INVALID_ARGUMENT and the codes of {@link readTextProtoFile}
 */
export async function dropInOptions({ values, given }: Flags, logger: Logger): Promise<DropInOptions> {
  const read = <D extends DescMessage>(schema: D, path: string): Promise<MessageShape<D>> =>
    readTextProtoFile(schema, path, { logger, registry: platformTypes });
  refuseCombinations(values);
  const models = modelSource(values, logger);
  const platform = values.platform_config_file
    ? platformConfig(await read(PlatformConfigMapSchema, values.platform_config_file))
    : await flaggedPlatform(values, read);
  const fraction = values.per_process_gpu_memory_fraction;
  const gpu = { ...platform.gpu, ...(fraction === 0 ? {} : { gpuMemoryFraction: fraction }) };
  const engine = engineFlags(values.execution_providers, values.instances, engineFlagNames);
  const sslConfig = (path: string) => (path === '' ? undefined : tlsFromSslConfig(path, logger));
  const grpcTls = await sslConfig(values.ssl_config_file);
  const restTls = await sslConfig(values.rest_ssl_config_file);
  const restPort = restPortOf(values, logger);
  const monitoring =
    values.monitoring_config_file === ''
      ? undefined
      : await read(MonitoringConfigSchema, values.monitoring_config_file);
  const prometheus = monitoring?.prometheusConfig;
  if (prometheus?.enable && restPort === undefined && values.admin_port === 0) {
    logger.warning(
      '--monitoring_config_file has no effect: metrics are served on the REST port or the admin port, and there is none',
    );
  }
  return {
    savedModel: { tags: platform.tags, engine: platform.engine, ...gpu },
    server: {
      ...models,
      ...engine,
      executionProviders: engine.executionProviders && withGpuOptions(engine.executionProviders, gpu),
      unavailableLabels: values.allow_version_labels_for_unavailable_models ? 'accept-new' : 'refuse',
      reloadOverGrpc: values.enable_reload_config_request,
      modelRoots: splitList(values.model_root),
      modelCacheDirectory: values.model_cache_dir === '' ? undefined : resolve(values.model_cache_dir),
      modelCacheBytes: values.model_cache_bytes,
      host: values.host,
      // Upstream binds REST to all interfaces of both families.
      restHost: given.has('host') ? values.host : '::',
      grpcPort: values.port === 0 ? undefined : values.port,
      grpcSocketPath: values.grpc_socket_path || undefined,
      grpcTls,
      restTls,
      access: values.access_file === '' ? undefined : await accessFromFile(resolve(values.access_file)),
      credentialsPollMs: Math.max(0, values.credentials_poll_wait_seconds * 1000),
      grpcChannelOptions: channelArguments(values.grpc_channel_arguments),
      restPort,
      adminPort: values.admin_port === 0 ? undefined : values.admin_port,
      adminHost: values.admin_host,
      ...limitOptions(values),
      ...observabilityOptions({ values, given }),
      waitForModels: true,
      pollIntervalMs: values.file_system_poll_wait_seconds * 1000,
      maxLoadRetries: Math.max(0, values.max_num_load_retries),
      loadRetryIntervalMs: Math.max(0, Number(values.load_retry_interval_micros) / 1000),
      // Upstream starts with four threads for each processor (model_servers/server_core.h).
      maxConcurrentInitialLoads: 4 * availableParallelism(),
      maxConcurrentLoads: Math.max(1, values.num_load_threads),
      maxConcurrentUnloads: Math.max(1, values.num_unload_threads),
      modelMemoryBudget: values.model_memory_budget || undefined,
      pinnedModels: splitList(values.pinned_models),
      isolatedModels: splitList(values.isolated_models),
      drainTimeoutMs: values.drain_timeout_seconds * 1000,
      restTimeoutMs: Math.max(0, values.rest_api_timeout_in_ms),
      restCors: values.rest_api_cors_origins
        ? splitList(values.rest_api_cors_origins)
        : values.rest_api_enable_cors_support,
      checkMethodNames: values.enable_signature_method_name_check,
      healthService: values.enable_grpc_healthcheck_service,
      tensorContent: values.enable_serialization_as_tensor_content,
      prometheus: prometheus?.enable ? { path: prometheus.path || undefined } : undefined,
      warmup: platform.warmup,
      warmupFromTraffic: trafficWarmup(values),
      logger,
      optionNames: {
        grpcPort: '--port',
        restPort: '--rest_api_port',
        modelRoots: '--model_root',
        requestLogRoots: '--request_log_root',
        reloadOverGrpc: '--enable_reload_config_request',
        adminPort: '--admin_port',
        modelCacheBytes: '--model_cache_bytes',
        modelMemoryBudget: '--model_memory_budget',
        ...engineFlagNames,
      },
    },
  };
}

function trafficWarmup({
  warmup_from_traffic: isWanted,
  warmup_from_traffic_dir: directory,
}: Flags['values']): ServerOptions['warmupFromTraffic'] {
  if (directory === '') return isWanted;
  if (!isWanted) throw invalid('warmup_from_traffic_dir is set without setting warmup_from_traffic to true.');
  return { directory: resolve(directory) };
}

function refuseCombinations(values: Flags['values']): void {
  if (values.port === 0 && values.grpc_socket_path === '') {
    throw invalid('At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.');
  }
  if (values.use_alts_credentials && values.ssl_config_file !== '') {
    throw invalid('Either use_alts_credentials must be false or ssl_config_file must be empty.');
  }
  if (values.use_alts_credentials) {
    // Going on without would serve in the clear what was to be encrypted.
    throw new ServingError(
      'UNIMPLEMENTED',
      'ALTS_UNSUPPORTED',
      'ALTS credentials are not supported; use ssl_config_file for an encrypted port.',
    );
  }
  if (values.model_base_path === '' && values.model_config_file === '') {
    throw invalid('Both server_options.model_base_path and server_options.model_config_file are empty!');
  }
}

function modelSource(
  values: Flags['values'],
  logger: Logger,
): Pick<ServerOptions, 'models' | 'modelConfigFile' | 'modelConfigFilePollMs'> {
  if (values.model_config_file !== '') {
    return {
      modelConfigFile: values.model_config_file,
      modelConfigFilePollMs: values.model_config_file_poll_wait_seconds * 1000,
    };
  }
  const { model_name: name, model_base_path: basePath } = values;
  logger.info(`Building single TensorFlow model file config:  model_name: ${name} model_base_path: ${basePath}`);
  return { models: [{ name, basePath }] };
}

interface PlatformSettings extends EnginePlatformOptions {
  readonly gpu: GpuOptions;
  readonly tags: readonly string[] | undefined;
  readonly warmup: WarmupOptions;
}

async function flaggedPlatform(
  values: Flags['values'],
  read: <D extends DescMessage>(schema: D, path: string) => Promise<MessageShape<D>>,
): Promise<PlatformSettings> {
  if (values.enable_batching) {
    if (values.batching_parameters_file !== '') await read(BatchingParametersSchema, values.batching_parameters_file);
  } else if (values.batching_parameters_file !== '') {
    throw invalid(
      'server_options.batching_parameters_file is set without setting server_options.enable_batching to true.',
    );
  }
  const session =
    values.tensorflow_session_config_file === ''
      ? undefined
      : await read(ConfigProtoSchema, values.tensorflow_session_config_file);
  const intra = Number(values.tensorflow_intra_op_parallelism);
  const inter = Number(values.tensorflow_inter_op_parallelism);
  const both = Number(values.tensorflow_session_parallelism);
  if (intra > 0 && inter > 0 && both > 0) {
    throw invalid(
      'Either configure server_options.tensorflow_session_parallelism or ' +
        '(server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) separately. ' +
        'You cannot configure all.',
    );
  }
  const flagged = intra > 0 || inter > 0 ? [intra, inter] : [both, both];
  return {
    engine: engineThreads(
      flagged[0]! || session?.intraOpParallelismThreads,
      flagged[1]! || session?.interOpParallelismThreads,
    ),
    gpu: gpuOptions(session),
    tags: splitList(values.saved_model_tags),
    warmup: { enabled: values.enable_model_warmup, iterations: Math.max(1, values.num_request_iterations_for_warmup) },
  };
}

const platformTypes = createRegistry(
  SavedModelBundleSourceAdapterConfigSchema,
  TfrtSavedModelSourceAdapterConfigSchema,
);

/** The part of a PlatformConfigMap that this server can use: that of `tensorflow`. */
function platformConfig({ platformConfigs }: MessageShape<typeof PlatformConfigMapSchema>): PlatformSettings {
  const unknown = Object.keys(platformConfigs).find((name) => name !== 'tensorflow');
  if (unknown !== undefined)
    throw invalid(`Platform ${unknown} of platform_config_file is unknown; expected tensorflow.`);
  const any = platformConfigs['tensorflow']?.sourceAdapterConfig;
  const config = any && anyUnpack(any, SavedModelBundleSourceAdapterConfigSchema);
  if (!config) {
    throw invalid(
      'platform_config_file must have a SavedModelBundleSourceAdapterConfig for platform tensorflow; ' +
        `got ${any === undefined ? 'none' : any.typeUrl}.`,
    );
  }
  const bundle: Partial<SessionBundleConfig> = config.legacyConfig ?? {};
  const { sessionConfig, modelWarmupOptions } = bundle;
  return {
    engine: engineThreads(sessionConfig?.intraOpParallelismThreads, sessionConfig?.interOpParallelismThreads),
    gpu: gpuOptions(sessionConfig),
    tags: bundle.savedModelTags?.length ? bundle.savedModelTags : undefined,
    warmup: {
      enabled: bundle.enableModelWarmup ?? false,
      iterations: Math.max(1, modelWarmupOptions?.numRequestIterations ?? 1),
      threads: Math.max(1, modelWarmupOptions?.numModelWarmupThreads ?? 1),
    },
  };
}

/** From zero down the engine decides. */
function engineThreads(intra: number | undefined, inter: number | undefined): EnginePlatformOptions['engine'] {
  const count = (name: string, value = 0) => (value > 0 ? { [name]: value } : {});
  const threads = { ...count('intraOpThreads', intra), ...count('interOpThreads', inter) };
  return Object.keys(threads).length === 0 ? undefined : threads;
}

/** `key=value,key=value`; a value that reads as an int32 is one. What follows a second `=` is dropped, as upstream does. */
function channelArguments(text: string): Readonly<Record<string, string | number>> | undefined {
  if (text === '') return undefined;
  return Object.fromEntries(
    text.split(',').map((entry): [string, string | number] => {
      const [key, value] = entry.split('=');
      if (!key || value === undefined) {
        throw invalid(`grpc_channel_arguments must be key=value, separated by commas; got '${entry}'`);
      }
      const number = /^[+-]?\d+$/.test(value) ? Number(value) : NaN;
      return [key, number === (number | 0) ? number : value];
    }),
  );
}

/** REST on the port of gRPC is left out with an error in the log and gRPC goes on (model_servers/server.cc). */
function restPortOf({ port, rest_api_port: restPort }: Flags['values'], logger: Logger): number | undefined {
  if (restPort === 0) return undefined;
  if (restPort !== port) return restPort;
  logger.error(
    'server_options.http_port cannot be same as grpc_port. Please use a different port for HTTP/REST API. ' +
      'Skipped exporting HTTP/REST API.',
  );
  return undefined;
}

function splitList(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'FLAGS_INVALID', message);
}
