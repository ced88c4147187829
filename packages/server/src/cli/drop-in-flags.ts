import { availableParallelism } from 'node:os';
import { flag, flagSpecs, inGroup, ownFlags } from './parse-flags.js';
import { executionProvidersHelp, instancesHelp } from './engine-flags.js';
import { limitFlags } from './limit-flags.js';
import { observabilityFlags } from './observability-flags.js';
import { platformHelp } from './platform-help.js';

const cpus = availableParallelism();

/**
 * The flags of `tensorflow_model_server` (model_servers/main.cc) and ours, by what they are about. A flag with `ignored`
 * is accepted and does nothing here; the word says why, in the log when it is given and in the list of options.
 */
export const dropInFlags = flagSpecs({
  ...inGroup('Models', {
    model_name: flag('string', 'default', 'Name of the model at --model_base_path.'),
    model_base_path: flag('string', '', 'Absolute path of the directory with the version directories.'),
    model_config_file: flag(
      'string',
      '',
      'File with a ModelServerConfig in text format; --model_name and --model_base_path then say nothing.',
    ),
    model_config_file_poll_wait_seconds: flag(
      'int32',
      0,
      'Seconds between looks at --model_config_file, each of which applies it again; from zero down it is read once.',
    ),
    allow_version_labels_for_unavailable_models: flag(
      'bool',
      false,
      'Let new labels point to versions that are not available yet.',
    ),
    file_system_poll_wait_seconds: flag(
      'int32',
      1,
      'Seconds between looks at the file system for versions; zero looks once for each configuration, a negative number ' +
        'never.',
    ),
    saved_model_tags: flag('string', 'serve', 'Tags of the MetaGraph to serve, separated by commas.'),
    enable_signature_method_name_check: flag(
      'bool',
      false,
      'Refuse signatures whose method_name does not fit the call.',
    ),
    prefer_tflite_model: flag('bool', false, 'Serve model.tflite where a version directory has one.', {
      ignored: 'TensorFlow Lite models are not served; the SavedModel is',
    }),
    num_tflite_pools: flag('int32', cpus, 'Pools of TensorFlow Lite interpreters.', {
      defaultText: 'CPUs',
      ignored: 'TensorFlow Lite models are not served',
    }),
    num_tflite_interpreters_per_pool: flag('int32', 1, 'TensorFlow Lite interpreters in a pool.', {
      ignored: 'TensorFlow Lite models are not served',
    }),
    remove_unused_fields_from_bundle_metagraph: flag(
      'bool',
      true,
      'Keep only the signatures of a MetaGraph in memory.',
      {
        ignored: 'graphs are compiled, and nothing else is kept of them',
      },
    ),
    ...ownFlags({
      model_root: flag(
        'string',
        '',
        'Absolute paths, separated by commas, of directories that HandleReloadConfigRequest may name, besides the ' +
          'parents of the base paths that are configured.',
      ),
      enable_reload_config_request: flag('bool', true, 'Take configurations by HandleReloadConfigRequest.'),
    }),
  }),
  ...inGroup('Ports', {
    port: flag('int32', 8500, 'TCP port for gRPC on all interfaces; zero opens none.'),
    grpc_socket_path: flag(
      'string',
      '',
      'Path of a UNIX socket to listen on for gRPC, beside the port or in its place.',
    ),
    rest_api_port: flag('int32', 0, 'Port for the HTTP/REST API; zero opens none. Must not be the one of gRPC.'),
    ...ownFlags({
      host: flag('string', '0.0.0.0', 'Address to listen on.'),
      admin_port: flag(
        'int32',
        0,
        'TCP port that alone takes new configurations and tells the one that counts, over gRPC and HTTP; zero opens none.',
      ),
      admin_host: flag('string', '127.0.0.1', 'Address to listen on for --admin_port.'),
      drain_timeout_seconds: flag('float', 30, 'Seconds that running requests get to end after SIGTERM.'),
    }),
  }),
  ...inGroup('REST', {
    rest_api_timeout_in_ms: flag(
      'int32',
      30_000,
      'Time limit of a HTTP/REST call in milliseconds; none from zero down.',
    ),
    rest_api_enable_cors_support: flag('bool', false, 'Add CORS headers to the answers of the HTTP/REST API.'),
    rest_api_num_threads: flag('int32', 4 * cpus, 'Threads that answer the HTTP/REST API.', {
      defaultText: '4 × CPUs',
      ignored: 'requests are decoded on the event loop and run on the threads of the engine',
    }),
    ...ownFlags({
      rest_api_cors_origins: flag(
        'string',
        '',
        'Origins, separated by commas, whose pages may call REST, gRPC-Web and Connect, in place of all with ' +
          '--rest_api_enable_cors_support.',
      ),
    }),
  }),
  ...inGroup('gRPC', {
    grpc_channel_arguments: flag('string', '', 'Channel arguments of gRPC: key=value, separated by commas.'),
    enable_grpc_healthcheck_service: flag('bool', false, 'Answer the standard gRPC health service.'),
    enable_serialization_as_tensor_content: flag('bool', false, 'Send Predict outputs as tensor_content.'),
    grpc_max_threads: flag('int32', 4 * cpus, 'Threads that answer gRPC.', {
      defaultText: '4 × CPUs',
      ignored: 'requests are decoded on the event loop and run on the threads of the engine',
    }),
    enable_profiler: flag('bool', true, 'Answer the profiler service of TensorFlow.', {
      ignored: 'there is no such service; the metrics page has the times of requests',
    }),
  }),
  ...inGroup('TLS and access', {
    ssl_config_file: flag('string', '', 'File with an SSLConfig in text format: TLS for gRPC.'),
    use_alts_credentials: flag(
      'bool',
      false,
      'Use ALTS credentials; refused here, as there are none outside of Google Cloud.',
    ),
    ...ownFlags({
      rest_ssl_config_file: flag(
        'string',
        '',
        'File with an SSLConfig in text format: TLS for REST, gRPC-Web and Connect.',
      ),
      access_file: flag(
        'string',
        '',
        'File in YAML or JSON with bearer tokens, client certificates and what their owners may call.',
      ),
      credentials_poll_wait_seconds: flag(
        'float',
        10,
        'Seconds between looks at the files of certificates, tokens and access rules; zero: never.',
      ),
    }),
  }),
  ...inGroup('Batching', {
    enable_batching: flag('bool', false, 'Put requests together into batches.', {
      ignored: 'every request runs on its own',
    }),
    batching_parameters_file: flag(
      'string',
      '',
      'File with BatchingParameters in text format; needs --enable_batching.',
      { ignored: 'every request runs on its own; the file is read and checked' },
    ),
    enable_per_model_batching_parameters: flag(
      'bool',
      false,
      'Take batching parameters from batching_params.pbtxt in each version directory.',
      { ignored: 'every request runs on its own' },
    ),
  }),
  ...inGroup('Loading and memory', {
    num_load_threads: flag(
      'int32',
      0,
      'Versions that load at the same time once the server is up; zero loads one after the other.',
    ),
    num_unload_threads: flag('int32', 0, 'Versions that unload at the same time; zero unloads one after the other.'),
    max_num_load_retries: flag('int32', 5, 'Attempts to load a version after the first one failed.'),
    load_retry_interval_micros: flag(
      'int64',
      60_000_000n,
      'Pause between attempts, in microseconds; none if negative.',
    ),
    flush_filesystem_caches: flag('bool', true, 'Empty the caches of the file system after loads.', {
      ignored: 'weights are mapped, and the system drops their pages when it needs the memory',
    }),
    ...ownFlags({
      model_memory_budget: flag(
        'string',
        '',
        'Bytes that all loaded models may take together, as 512M or 2G: models are loaded when they are first ' +
          'asked for, and those that were not used for longest are unloaded for others. Empty sets no limit.',
      ),
      pinned_models: flag('string', '', 'Names, separated by commas, of models that stay in memory.'),
      isolated_models: flag(
        'string',
        '',
        'Names, separated by commas, of models that run in processes of their own, which are started again when ' +
          'native code crashes.',
      ),
      model_cache_dir: flag('string', '', 'Directory that keeps versions of models in object stores and tarballs.', {
        defaultText: '~/.cache/servable/models',
      }),
      model_cache_bytes: flag(
        'string',
        '16G',
        'What --model_cache_dir may take: bytes, or digits with K, M, G or T behind them.',
      ),
    }),
  }),
  ...inGroup('Warm-up', {
    enable_model_warmup: flag(
      'bool',
      true,
      'Replay assets.extra/tf_serving_warmup_requests before a version becomes available.',
    ),
    num_request_iterations_for_warmup: flag(
      'int32',
      0,
      'How often each warm-up request is replayed; once from zero down.',
    ),
    ...ownFlags({
      warmup_from_traffic: flag(
        'bool',
        false,
        'Keep a sample of the live requests of each model and replay it into its new versions before they become ' +
          'available.',
      ),
      warmup_from_traffic_dir: flag(
        'string',
        '',
        'Directory that keeps such requests over restarts; empty keeps them in memory only.',
      ),
    }),
  }),
  ...inGroup('Engine, threads and devices', {
    tensorflow_session_parallelism: flag(
      'int64',
      0n,
      'Threads of the engine for one operator and for operators side by side; zero leaves it to the engine.',
    ),
    tensorflow_intra_op_parallelism: flag('int64', 0n, 'Threads of the engine that one operator is spread over.'),
    tensorflow_inter_op_parallelism: flag('int64', 0n, 'Threads of the engine that run operators side by side.'),
    tensorflow_session_config_file: flag(
      'string',
      '',
      'File with a tensorflow.ConfigProto in text format; its numbers of threads count where no flag gives them.',
    ),
    platform_config_file: flag(
      'string',
      '',
      'File with a PlatformConfigMap in text format, in place of the flags on tags, threads, batching and warm-up.',
    ),
    per_process_gpu_memory_fraction: flag(
      'float',
      0,
      'Share of the memory of a GPU for models that run on TensorFlow (see --platform) or on cuda (see ' +
        '--execution_providers); zero sets no limit.',
    ),
    xla_cpu_compilation_enabled: flag('bool', false, 'Compile with XLA for the processor.', {
      ignored: 'models are compiled for ONNX Runtime',
    }),
    xla_gpu_compilation_enabled: flag('bool', false, 'Compile with XLA for GPUs.', {
      ignored: 'models are compiled for ONNX Runtime',
    }),
    thread_pool_factory_config_file: flag('string', '', 'File with a ThreadPoolFactoryConfig in text format.', {
      ignored: 'the engine has its own threads',
    }),
    mixed_precision: flag('string', '', 'Precision of the computation: bfloat16.', {
      ignored: 'models run in the precision they were saved in',
    }),
    skip_initialize_tpu: flag('bool', false, 'Leave TPUs alone.', { ignored: 'there are no TPUs' }),
    ...ownFlags({
      platform: flag('string', 'auto', platformHelp),
      execution_providers: flag('string', '', executionProvidersHelp),
      instances: flag('string', '', instancesHelp),
    }),
  }),
  ...inGroup('Metrics', {
    monitoring_config_file: flag(
      'string',
      '',
      'File with a MonitoringConfig in text format: metrics on the REST port.',
    ),
  }),
  ...limitFlags,
  ...observabilityFlags,
  ...inGroup('Help', {
    version: flag('bool', false, 'Print the version and exit.'),
    help: flag('bool', false, 'Print this list and exit.'),
  }),
});
