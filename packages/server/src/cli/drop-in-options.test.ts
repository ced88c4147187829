import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@servable/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testAuthority } from '../testing/certificates.js';
import { dropInFlags } from './drop-in-flags.js';
import { type DropInOptions, dropInOptions } from './drop-in-options.js';
import { parseFlags } from './parse-flags.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drop-in-'));
});
afterAll(() => rm(directory, { recursive: true }));

const logged: string[] = [];
const note = (line: string): void => void logged.push(line);
const logger = { ...silentLogger, warning: note, error: note };

/** The options that a command line comes to, with a model unless it names one. */
function options(...argv: string[]): Promise<DropInOptions> {
  logged.length = 0;
  return dropInOptions(parseFlags(['--model_base_path=/models/m', ...argv], dropInFlags), logger);
}

let files = 0;

/** A file with this text; returns its path. */
async function file(text: string): Promise<string> {
  files += 1;
  const path = join(directory, `${files}.config`);
  await writeFile(path, text);
  return path;
}

describe('what the flags come to', () => {
  test('execution providers get what is said of GPUs by flags and files', async () => {
    const session = await file('gpu_options { allow_growth: true visible_device_list: "1" }');
    const { server, savedModel } = await options(
      '--execution_providers=cuda,cpu',
      '--instances=2',
      '--per_process_gpu_memory_fraction=0.5',
      `--tensorflow_session_config_file=${session}`,
    );
    const cuda = { name: 'cuda', deviceId: [1], growth: 'as-needed', memoryFraction: 0.5 };
    expect([server.executionProviders, server.instances]).toEqual([[cuda, 'cpu'], 2]);
    expect(savedModel).toMatchObject({ gpuMemoryFraction: 0.5, gpuAllowGrowth: true, visibleDevices: [1] });
  });

  test('without flags, the defaults of upstream', async () => {
    const { server, savedModel } = await options();
    expect(savedModel).toEqual({ tags: ['serve'], engine: undefined });
    expect(server).toEqual({
      models: [{ name: 'default', basePath: '/models/m' }],
      requestLog: { roots: [] },
      unavailableLabels: 'refuse',
      reloadOverGrpc: true,
      modelRoots: [],
      modelCacheBytes: '16G',
      host: '0.0.0.0',
      restHost: '::',
      grpcPort: 8500,
      grpcSocketPath: undefined,
      grpcTls: undefined,
      restTls: undefined,
      access: undefined,
      credentialsPollMs: 10_000,
      adminPort: undefined,
      adminHost: '127.0.0.1',
      maxReceiveMessageBytes: undefined,
      limits: {},
      admission: undefined,
      grpcChannelOptions: undefined,
      restPort: undefined,
      waitForModels: true,
      pollIntervalMs: 1000,
      maxLoadRetries: 5,
      loadRetryIntervalMs: 60_000,
      maxConcurrentInitialLoads: 4 * availableParallelism(),
      maxConcurrentLoads: 1,
      maxConcurrentUnloads: 1,
      modelMemoryBudget: undefined,
      pinnedModels: [],
      isolatedModels: [],
      drainTimeoutMs: 30_000,
      restTimeoutMs: 30_000,
      restCors: false,
      checkMethodNames: false,
      healthService: false,
      tensorContent: false,
      prometheus: undefined,
      warmup: { enabled: true, iterations: 1 },
      warmupFromTraffic: false,
      logger,
      optionNames: {
        grpcPort: '--port',
        restPort: '--rest_api_port',
        modelRoots: '--model_root',
        requestLogRoots: '--request_log_root',
        modelCacheBytes: '--model_cache_bytes',
        reloadOverGrpc: '--enable_reload_config_request',
        adminPort: '--admin_port',
        modelMemoryBudget: '--model_memory_budget',
        executionProviders: '--execution_providers',
        instances: '--instances',
      },
    });
  });

  test.each<[string[], object]>([
    [['--port=0', '--grpc_socket_path=/run/s.sock'], { grpcPort: undefined, grpcSocketPath: '/run/s.sock' }],
    [['--host=127.0.0.1', '--rest_api_port=8501'], { host: '127.0.0.1', restHost: '127.0.0.1', restPort: 8501 }],
    [
      ['--model_config_file=/m.config', '--model_config_file_poll_wait_seconds=5'],
      { modelConfigFile: '/m.config', modelConfigFilePollMs: 5000 },
    ],
    [['--allow_version_labels_for_unavailable_models'], { unavailableLabels: 'accept-new' }],
    [
      ['--enable_reload_config_request=false', '--model_root=/a,/b'],
      { reloadOverGrpc: false, modelRoots: ['/a', '/b'] },
    ],
    [['--num_load_threads=4', '--num_unload_threads=2'], { maxConcurrentLoads: 4, maxConcurrentUnloads: 2 }],
    [['--max_num_load_retries=-1', '--load_retry_interval_micros=-1'], { maxLoadRetries: 0, loadRetryIntervalMs: 0 }],
    [['--load_retry_interval_micros=1500'], { loadRetryIntervalMs: 1.5 }],
    [
      ['--file_system_poll_wait_seconds=-1', '--drain_timeout_seconds=0.5'],
      { pollIntervalMs: -1000, drainTimeoutMs: 500 },
    ],
    [['--rest_api_timeout_in_ms=-5', '--rest_api_enable_cors_support'], { restTimeoutMs: 0, restCors: true }],
    [
      ['--admin_port=8600', '--admin_host=::1', '--credentials_poll_wait_seconds=0'],
      { adminPort: 8600, adminHost: '::1', credentialsPollMs: 0 },
    ],
    [
      [
        '--max_request_bytes=1000',
        '--max_header_bytes=2048',
        '--headers_timeout_in_ms=10',
        '--request_timeout_in_ms=20',
        '--keep_alive_timeout_in_ms=30',
        '--max_rest_connections=4',
        '--max_grpc_connections=5',
        '--max_concurrent_streams=6',
        '--max_held_body_bytes=8589934592',
        '--max_json_depth=70',
        '--max_input_elements=8',
      ],
      {
        maxReceiveMessageBytes: 1000,
        limits: {
          maxHeaderBytes: 2048,
          headersTimeoutMs: 10,
          requestTimeoutMs: 20,
          keepAliveTimeoutMs: 30,
          maxRestConnections: 4,
          maxGrpcConnections: 5,
          maxConcurrentStreams: 6,
          maxHeldBodyBytes: 2 ** 33,
          maxJsonDepth: 70,
          maxInputElements: 8,
        },
        admission: undefined,
      },
    ],
    [['--max_queued_requests=0'], { admission: { maxQueued: 0 } }],
    [
      ['--max_concurrent_requests=2', '--max_queue_wait_in_ms=50', '--max_requests_per_caller=1'],
      { admission: { maxConcurrent: 2, maxQueued: undefined, maxWaitMs: 50, maxPerCaller: 1 } },
    ],
    [['--rest_api_cors_origins=https://a.b,http://c:81'], { restCors: ['https://a.b', 'http://c:81'] }],
    [
      [
        '--enable_grpc_healthcheck_service',
        '--enable_serialization_as_tensor_content',
        '--enable_signature_method_name_check',
      ],
      { healthService: true, tensorContent: true, checkMethodNames: true },
    ],
    [['--enable_model_warmup=false'], { warmup: { enabled: false, iterations: 1 } }],
    [['--num_request_iterations_for_warmup=3'], { warmup: { enabled: true, iterations: 3 } }],
    [
      ['--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb,a=b=c,big=2147483648,n=-1'],
      {
        grpcChannelOptions: {
          'grpc.max_connection_age_ms': 2000,
          'grpc.lb_policy_name': 'grpclb',
          a: 'b',
          big: '2147483648',
          n: -1,
        },
      },
    ],
  ])('%j', async (argv, expected) => {
    expect((await options(...argv)).server).toMatchObject(expected);
  });

  test.each<[string[], object]>([
    [['--saved_model_tags=serve,gpu'], { tags: ['serve', 'gpu'], engine: undefined }],
    [['--saved_model_tags='], { tags: [] }],
    [['--tensorflow_session_parallelism=4'], { engine: { intraOpThreads: 4, interOpThreads: 4 } }],
    [['--tensorflow_intra_op_parallelism=3'], { engine: { intraOpThreads: 3 } }],
    [['--tensorflow_session_parallelism=4', '--tensorflow_inter_op_parallelism=2'], { engine: { interOpThreads: 2 } }],
  ])('%j reaches the platform', async (argv, expected) => {
    expect((await options(...argv)).savedModel).toMatchObject(expected);
  });

  test('the threads of a session configuration count where no flag gives them', async () => {
    const path = await file(
      'intra_op_parallelism_threads: 5 inter_op_parallelism_threads: 6 allow_soft_placement: true',
    );
    const flag = `--tensorflow_session_config_file=${path}`;
    expect((await options(flag)).savedModel.engine).toEqual({ intraOpThreads: 5, interOpThreads: 6 });
    expect((await options(flag, '--tensorflow_intra_op_parallelism=2')).savedModel.engine).toEqual({
      intraOpThreads: 2,
      interOpThreads: 6,
    });
  });

  test('an SSLConfig is TLS, and mutual TLS with client_verify', async () => {
    const { cert, key } = testAuthority('a');
    const quoted = (text: string): string => JSON.stringify(text);
    const path = await file(`server_key: ${quoted(key)} server_cert: ${quoted(cert)}`);
    expect((await options(`--rest_ssl_config_file=${path}`)).server).toMatchObject({
      restTls: { key, cert },
      grpcTls: undefined,
    });
    expect((await options(`--ssl_config_file=${path}`)).server.grpcTls).toMatchObject({
      key,
      cert,
      ca: undefined,
      verifyClient: false,
    });
    const mutual = await file(
      `server_key: ${quoted(key)} server_cert: ${quoted(cert)} custom_ca: ${quoted(cert)} client_verify: true`,
    );
    expect((await options(`--ssl_config_file=${mutual}`)).server.grpcTls).toMatchObject({
      ca: cert,
      verifyClient: true,
    });
  });

  test('a MonitoringConfig is a metrics page, if there is a REST port for it', async () => {
    const on = `--monitoring_config_file=${await file('prometheus_config { enable: true, path: "/metrics" }')}`;
    expect((await options(on, '--rest_api_port=8501')).server.prometheus).toEqual({ path: '/metrics' });
    expect(logged).toEqual([]);
    await options(on);
    expect(logged).toEqual([
      '--monitoring_config_file has no effect: metrics are served on the REST port or the admin port, and there is none',
    ]);
    const off = `--monitoring_config_file=${await file('prometheus_config { path: "/metrics" }')}`;
    expect((await options(off, '--rest_api_port=8501')).server.prometheus).toBeUndefined();
    const plain = `--monitoring_config_file=${await file('prometheus_config { enable: true }')}`;
    expect((await options(plain, '--rest_api_port=8501')).server.prometheus).toEqual({ path: undefined });
  });

  test('a PlatformConfigMap replaces the flags on tags, threads and warm-up', async () => {
    const path = await file(`platform_configs { key: "tensorflow" value { source_adapter_config {
      [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] { legacy_config {
        saved_model_tags: "serve" saved_model_tags: "tpu"
        session_config { intra_op_parallelism_threads: 7 }
        enable_model_warmup: true
        model_warmup_options { num_request_iterations { value: 2 } num_model_warmup_threads { value: 3 } } } } } } }`);
    const { savedModel, server } = await options(
      `--platform_config_file=${path}`,
      '--saved_model_tags=other',
      '--enable_model_warmup=false',
      '--batching_parameters_file=/not/read',
    );
    expect(savedModel).toEqual({ tags: ['serve', 'tpu'], engine: { intraOpThreads: 7 } });
    expect(server.warmup).toEqual({ enabled: true, iterations: 2, threads: 3 });
  });
});

describe('what is refused, in the words of upstream', () => {
  test.each([
    [['--port=0'], 'At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.'],
    [
      ['--use_alts_credentials', '--ssl_config_file=/ssl'],
      'Either use_alts_credentials must be false or ssl_config_file must be empty.',
    ],
    [['--model_base_path='], 'Both server_options.model_base_path and server_options.model_config_file are empty!'],
    [
      ['--batching_parameters_file=/b'],
      'server_options.batching_parameters_file is set without setting server_options.enable_batching to true.',
    ],
    [
      [
        '--tensorflow_session_parallelism=1',
        '--tensorflow_intra_op_parallelism=1',
        '--tensorflow_inter_op_parallelism=1',
      ],
      'Either configure server_options.tensorflow_session_parallelism or (server_options.tensorflow_intra_op_parallelism, ' +
        'server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all.',
    ],
    [['--grpc_channel_arguments=a'], "grpc_channel_arguments must be key=value, separated by commas; got 'a'"],
  ])('%j', async (argv, message) => {
    await expect(options(...argv)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  });

  test('ALTS is refused, as an open port is not what was asked for', async () => {
    await expect(options('--use_alts_credentials')).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });

  test.each([
    'batching_parameters_file',
    'tensorflow_session_config_file',
    'ssl_config_file',
    'monitoring_config_file',
    'platform_config_file',
  ])('a bad --%s, by its path', async (flag) => {
    const path = await file('this is no message');
    await expect(options('--enable_batching', `--${flag}=${path}`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `Invalid protobuf file: '${path}'`,
    });
    expect(logged[0]).toMatch(/^Error parsing text-format tensorflow\.\S+: 1:1: Message type /);
    await expect(options('--enable_batching', `--${flag}=/missing`)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: '/missing; No such file or directory',
    });
  });

  test.each([
    ['platform_configs { key: "caffe" }', 'Platform caffe of platform_config_file is unknown; expected tensorflow.'],
    [
      '# none',
      'platform_config_file must have a SavedModelBundleSourceAdapterConfig for platform tensorflow; got none.',
    ],
  ])('a platform configuration %j', async (text, message) => {
    await expect(options(`--platform_config_file=${await file(text)}`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
  });
});
