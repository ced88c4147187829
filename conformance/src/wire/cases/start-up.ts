import type { CliCase, CliTopic } from '../wire-case.js';

const half = '--model_base_path={models}/half_plus_two';
const port = '--port={port}';
const rest = '--rest_api_port={rest}';
const quick = ['--host=127.0.0.1', '--max_num_load_retries=0'];

/** A start that is refused, with the line that upstream prints. */
function refused(name: string, args: readonly string[], line: string, files?: Record<string, string>): CliCase {
  const stdout = [`Failed to start server. Error: ${line}`];
  return {
    name,
    from: 'cli.md, fatal combinations',
    args: [...args, '--host=127.0.0.1'],
    exit: 255,
    stdout,
    ...(files ? { files } : {}),
  };
}

/** A configuration file that is refused. */
function badConfig(name: string, config: string, line: string): CliCase {
  const file = { 'models.pbtxt': `model_config_list { ${config} }` };
  const args = [port, '--model_config_file={models.pbtxt}', '--max_num_load_retries=0'];
  return { ...refused(name, args, line, file), from: 'behaviour.md §4' };
}

const tensorflow = 'model_platform: "tensorflow"';
const status = '/v1/models/default';
const predict = '/v1/models/default:predict';
const rows = '{"instances": [2.0]}';
const three = '{\n    "predictions": [3.0\n    ]\n}';

function serves(name: string, args: readonly string[], more: Partial<CliCase>): CliCase {
  return { name, from: 'cli.md', args: [port, ...args, ...quick], ...more };
}

export const startUp: CliTopic = {
  kind: 'cli',
  topic: 'start-up',
  client: 'shell',
  cases: [
    refused(
      'no port and no socket',
      ['--port=0', half],
      'INVALID_ARGUMENT: At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.\n',
    ),
    refused(
      'no model',
      [port],
      'INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!\n',
    ),
    refused(
      'ALTS and TLS',
      [port, half, '--use_alts_credentials', '--ssl_config_file=/a'],
      'INVALID_ARGUMENT: Either use_alts_credentials must be false or ssl_config_file must be empty.\n',
    ),
    refused(
      'batching parameters without batching',
      [port, half, '--batching_parameters_file=/a'],
      'INVALID_ARGUMENT: server_options.batching_parameters_file is set without setting server_options.enable_batching to true.\n',
    ),
    refused(
      'all three kinds of parallelism',
      [
        port,
        half,
        '--tensorflow_session_parallelism=1',
        '--tensorflow_intra_op_parallelism=1',
        '--tensorflow_inter_op_parallelism=1',
      ],
      'INVALID_ARGUMENT: Either configure server_options.tensorflow_session_parallelism or (server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all.\n',
    ),
    refused('a configuration that is not there', [port, '--model_config_file={dir}/none'], 'NOT_FOUND: '),
    refused(
      'a configuration of zero bytes',
      [port, '--model_config_file={empty}'],
      'INVALID_ARGUMENT: {empty}; Invalid argument',
      { empty: '' },
    ),
    {
      ...refused(
        'a configuration that is prose',
        [port, '--model_config_file={prose}'],
        "INVALID_ARGUMENT: Invalid protobuf file: '{prose}'",
        { prose: 'this is no configuration at all' },
      ),
      stderr: ['Error parsing text-format tensorflow.serving.ModelServerConfig: 1:'],
    },
    refused(
      'batching parameters that are prose',
      [port, half, '--enable_batching', '--batching_parameters_file={prose}'],
      "INVALID_ARGUMENT: Invalid protobuf file: '{prose}'",
      { prose: 'this is none' },
    ),
    refused(
      'a session configuration that is prose',
      [port, half, '--tensorflow_session_config_file={prose}'],
      "INVALID_ARGUMENT: Invalid protobuf file: '{prose}'",
      { prose: 'this is none' },
    ),
    refused(
      'a platform configuration that is prose',
      [port, half, '--platform_config_file={prose}'],
      "INVALID_ARGUMENT: Invalid protobuf file: '{prose}'",
      { prose: 'this is none' },
    ),
    refused(
      'a monitoring configuration that is prose',
      [port, rest, half, '--monitoring_config_file={prose}'],
      "INVALID_ARGUMENT: Invalid protobuf file: '{prose}'",
      { prose: 'this is none' },
    ),
    refused('TLS that is prose', [port, half, '--ssl_config_file={prose}'], '', { prose: 'this is none' }),
    refused('TLS without a key', [port, half, '--ssl_config_file={ssl}'], '', { ssl: 'server_cert: "a"' }),
    refused(
      'a relative base path',
      [port, '--model_base_path=models'],
      'INVALID_ARGUMENT: Expected model default to have an absolute path or URI; got base_path()=models',
    ),
    badConfig(
      'a model twice',
      `config { name: "m" base_path: "/a" ${tensorflow} } config { name: "m" base_path: "/b" ${tensorflow} }`,
      'INVALID_ARGUMENT: Illegal to list model m multiple times in config list',
    ),
    badConfig(
      'type and platform',
      `config { name: "m" base_path: "/a" model_type: TENSORFLOW ${tensorflow} }`,
      'INVALID_ARGUMENT: Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, model name is m',
    ),
    badConfig(
      'neither type nor platform',
      'config { name: "m" base_path: "/a" }',
      'INVALID_ARGUMENT: Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is m',
    ),
    badConfig(
      'the type OTHER',
      'config { name: "m" base_path: "/a" model_type: OTHER }',
      'INVALID_ARGUMENT: ModelServerConfig::model_type choice 2 not supported.',
    ),
    badConfig(
      'an unknown platform',
      'config { name: "m" base_path: "/a" model_platform: "nope" }',
      'INVALID_ARGUMENT: Model m requests unsupported platform nope',
    ),
    badConfig(
      'an empty base path',
      `config { name: "m" ${tensorflow} }`,
      'INVALID_ARGUMENT: Expected model m to have an absolute path or URI; got base_path()=',
    ),
    {
      ...refused(
        'a version without a SavedModel',
        [port, '--model_config_file={models.pbtxt}', '--max_num_load_retries=0'],
        'UNKNOWN: 1 servable(s) did not become available: {{{name: m version: 5} due to error: ',
        {
          // A file called 5 is taken for a version, and then does not load.
          5: '',
          'models.pbtxt': `model_config_list { config { name: "m" base_path: "{dir}" ${tensorflow} } }`,
        },
      ),
      from: 'behaviour.md §2 and §4',
    },
    {
      name: 'custom_model_config',
      from: 'docs/differences.md',
      args: [port, '--model_config_file={custom}'],
      files: { custom: 'custom_model_config { }' },
      exit: 255,
      stdout: ['ModelServer does not yet support custom model config.'],
    },
    serves('the lines that users wait for', [rest, half], {
      from: 'cli.md, log lines',
      then: { path: predict, send: rows, status: 200, body: three },
      stderr: [
        'Building single TensorFlow model file config:  model_name: default model_base_path: {models}/half_plus_two',
        'Adding/updating models.',
        ' (Re-)adding model: default',
        'Successfully reserved resources to load servable {name: default version: 2}',
        'Approving load for servable version {name: default version: 2}',
        'Loading servable version {name: default version: 2}',
        'Successfully loaded servable version {name: default version: 2}',
        'Using InsecureServerCredentials',
        'Running gRPC ModelServer at 127.0.0.1:{port} ...',
        'Exporting HTTP/REST API at:localhost:{rest} ...',
      ],
    }),
    {
      name: 'all interfaces without --host',
      from: 'cli.md, log lines',
      args: [port, half],
      stderr: ['Running gRPC ModelServer at 0.0.0.0:{port} ...'],
    },
    serves('REST is off by default', [half], { stderrLacks: ['Exporting HTTP/REST API'] }),
    serves('REST on the port of gRPC is left out', ['--rest_api_port={port}', half], {
      from: 'cli.md, fatal combinations',
      stderr: [
        'server_options.http_port cannot be same as grpc_port. Please use a different port for HTTP/REST API. Skipped exporting HTTP/REST API.',
      ],
    }),
    {
      name: 'a socket in place of a port',
      from: 'cli.md',
      args: ['--port=0', '--grpc_socket_path={dir}/s', half, ...quick],
      stderr: ['Running gRPC ModelServer at UNIX socket {dir}/s ...'],
    },
    serves('a socket beside a port', ['--grpc_socket_path={dir}/s', half], {
      stderr: [
        'Running gRPC ModelServer at 127.0.0.1:{port} ...',
        'Running gRPC ModelServer at UNIX socket {dir}/s ...',
      ],
    }),
    serves('--model_name', [rest, half, '--model_name', 'other'], {
      then: { path: '/v1/models/other', status: 200, holds: ['"AVAILABLE"'] },
    }),
    serves('the last of a flag given twice', [rest, half, '--model_name=first', '--model_name=second'], {
      then: { path: '/v1/models/second', status: 200 },
    }),
    serves('the highest version only', [rest, half], {
      from: 'behaviour.md §2',
      then: { path: status, status: 200, holds: ['"version": "2"'], lacks: ['"version": "1"'] },
    }),
    serves('specific versions', [rest, '--model_config_file={c}'], {
      from: 'behaviour.md §2',
      files: {
        c: `model_config_list { config { name: "default" base_path: "{models}/half_plus_two" ${tensorflow} model_version_policy { specific { versions: 1 } } } }`,
      },
      then: { path: status, status: 200, holds: ['"version": "1"'], lacks: ['"version": "2"'] },
    }),
    serves('the latest two versions', [rest, '--model_config_file={c}'], {
      from: 'behaviour.md §2',
      files: {
        c: `model_config_list { config { name: "default" base_path: "{models}/half_plus_two" ${tensorflow} model_version_policy { latest { num_versions: 2 } } } }`,
      },
      then: { path: status, status: 200, holds: ['"version": "1"', '"version": "2"'] },
    }),
    serves('the deprecated model_type', [rest, '--model_config_file={c}'], {
      from: 'testcases.md, DeprecatedModelTypeConfig',
      files: {
        c: 'model_config_list { config { name: "default" base_path: "{models}/half_plus_two" model_type: TENSORFLOW } }',
      },
      then: { path: predict, send: rows, status: 200, body: three },
    }),
    serves(
      'a configuration makes --model_name and --model_base_path ignored',
      [rest, '--model_config_file={c}', '--model_name=x', '--model_base_path=/nowhere'],
      {
        files: {
          c: `model_config_list { config { name: "default" base_path: "{models}/half_plus_two" ${tensorflow} } }`,
        },
        then: { path: predict, send: rows, status: 200, body: three },
      },
    ),
    serves('a configuration of blanks and a comment is empty', [rest, '--model_config_file={c}'], {
      from: 'testcases.md, proto_util_test; behaviour.md §4',
      files: { c: ' # nothing\n' },
      then: { path: status, status: 404, error: 'Could not find any versions of model default' },
    }),
    serves('tensor_content', [rest, half, '--enable_serialization_as_tensor_content'], {
      then: { path: predict, send: rows, status: 200, body: three },
    }),
    serves('CORS', [rest, half, '--rest_api_enable_cors_support'], {
      then: { path: status, status: 200, header: { 'access-control-allow-origin': '*' } },
    }),
    serves('metrics at another path', [rest, half, '--monitoring_config_file={m}'], {
      from: 'behaviour.md §9',
      files: { m: 'prometheus_config { enable: true, path: "/metrics/here" }' },
      then: { path: '/metrics/here', status: 200, holds: ['# TYPE'] },
    }),
    serves('metrics that are not enabled', [rest, half, '--monitoring_config_file={m}'], {
      from: 'behaviour.md §9',
      files: { m: 'prometheus_config { enable: false }' },
      then: { path: '/monitoring/prometheus/metrics', status: 404 },
    }),
    serves(
      'channel arguments',
      [
        '--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb,grpc.so_reuseaddr=1',
        rest,
        half,
      ],
      {
        from: 'testcases.md, testGoodGrpcChannelArgs',
        then: { path: predict, send: rows, status: 200, body: three },
      },
    ),
    serves("the arguments of upstream's container", [rest, '--model_name=model', half], {
      from: 'cli.md, container entry point',
      then: { path: '/v1/models/model:predict', send: rows, status: 200, body: three },
    }),
    serves(
      'all flags on threads, polls and retries',
      [
        rest,
        half,
        ...[
          '--rest_api_num_threads=4',
          '--rest_api_timeout_in_ms=5000',
          '--num_load_threads=2',
          '--num_unload_threads=2',
        ],
        ...['--load_retry_interval_micros=-1', '--file_system_poll_wait_seconds=0', '--flush_filesystem_caches=false'],
        ...['--tensorflow_intra_op_parallelism=1', '--tensorflow_inter_op_parallelism=1', '--grpc_max_threads=8'],
        ...['--enable_model_warmup=false', '--num_request_iterations_for_warmup=2', '--saved_model_tags=serve'],
        ...[
          '--remove_unused_fields_from_bundle_metagraph=false',
          '--xla_cpu_compilation_enabled',
          '--enable_profiler=false',
        ],
      ],
      { then: { path: predict, send: rows, status: 200, body: three } },
    ),
    {
      ...refused(
        'tags that no MetaGraph has',
        [port, half, '--saved_model_tags=nope', '--max_num_load_retries=0'],
        'UNKNOWN: 1 servable(s) did not become available: {{{name: default version: 2} due to error: ',
      ),
      from: 'behaviour.md §5',
    },
  ],
};
