import { availableParallelism } from 'node:os';
import type { CliCase, CliTopic } from '../wire-case.js';

/** Flags of cli.md in their order: type, default as printed, and a value to give. */
const flags: readonly (readonly [name: string, type: string, standard: string, value: string])[] = [
  ['port', 'int32', '8500', '8600'],
  ['grpc_socket_path', 'string', '""', '/tmp/a.sock'],
  ['rest_api_port', 'int32', '0', '8601'],
  ['rest_api_num_threads', 'int32', String(4 * availableParallelism()), '8'],
  ['rest_api_timeout_in_ms', 'int32', '30000', '-1'],
  ['rest_api_enable_cors_support', 'bool', 'false', 'true'],
  ['enable_batching', 'bool', 'false', 'true'],
  ['allow_version_labels_for_unavailable_models', 'bool', 'false', 'true'],
  ['batching_parameters_file', 'string', '""', '/a'],
  ['enable_per_model_batching_parameters', 'bool', 'false', 'false'],
  ['model_config_file', 'string', '""', '/a'],
  ['model_config_file_poll_wait_seconds', 'int32', '0', '60'],
  ['model_name', 'string', '"default"', 'resnet'],
  ['model_base_path', 'string', '""', '/a=b'],
  ['num_load_threads', 'int32', '0', '4'],
  ['num_unload_threads', 'int32', '0', '4'],
  ['max_num_load_retries', 'int32', '5', '0'],
  ['load_retry_interval_micros', 'int64', '60000000', '-1'],
  ['file_system_poll_wait_seconds', 'int32', '1', '-1'],
  ['flush_filesystem_caches', 'bool', 'true', 'false'],
  ['tensorflow_session_parallelism', 'int64', '0', '9223372036854775807'],
  ['tensorflow_session_config_file', 'string', '""', '/a'],
  ['tensorflow_intra_op_parallelism', 'int64', '0', '2'],
  ['tensorflow_inter_op_parallelism', 'int64', '0', '2'],
  ['use_alts_credentials', 'bool', 'false', 'false'],
  ['ssl_config_file', 'string', '""', '/a'],
  ['platform_config_file', 'string', '""', '/a'],
  ['per_process_gpu_memory_fraction', 'float', '0.000000', '0.5'],
  ['saved_model_tags', 'string', '"serve"', 'serve,gpu'],
  ['grpc_channel_arguments', 'string', '""', 'grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb'],
  ['grpc_max_threads', 'int32', String(4 * availableParallelism()), '8'],
  ['enable_model_warmup', 'bool', 'true', 'false'],
  ['num_request_iterations_for_warmup', 'int32', '0', '3'],
  ['version', 'bool', 'false', 'true'],
  ['monitoring_config_file', 'string', '""', '/a'],
  ['remove_unused_fields_from_bundle_metagraph', 'bool', 'true', 'false'],
  ['prefer_tflite_model', 'bool', 'false', 'true'],
  ['num_tflite_pools', 'int32', String(availableParallelism()), '1'],
  ['num_tflite_interpreters_per_pool', 'int32', '1', '2'],
  ['enable_signature_method_name_check', 'bool', 'false', 'true'],
  ['xla_cpu_compilation_enabled', 'bool', 'false', 'true'],
  ['xla_gpu_compilation_enabled', 'bool', 'false', 'true'],
  ['enable_profiler', 'bool', 'true', 'false'],
  ['thread_pool_factory_config_file', 'string', '""', '/a'],
  ['mixed_precision', 'string', '""', 'bfloat16'],
  ['skip_initialize_tpu', 'bool', 'false', 'true'],
  ['enable_grpc_healthcheck_service', 'bool', 'false', 'true'],
  ['enable_serialization_as_tensor_content', 'bool', 'false', 'true'],
];

const from = 'cli.md, flags';
/** What --version prints, which comes after the flags are read and before anything else is done. */
const stdout = ['TensorFlow ModelServer: ', '\nTensorFlow Library: '];

/** Both forms in one start, as a flag may be given twice; a bool's name alone is its other form. */
function cases([name, type, , value]: (typeof flags)[number]): CliCase[] {
  // A value that begins with a dash is given after an equals sign.
  const separate = value.startsWith('-') ? [] : type === 'bool' ? [`--${name}`] : [`--${name}`, value];
  const args = [`--${name}=${value}`, ...separate];
  const accepted: CliCase[] = [{ name: args.join(' '), from, args: [...args, '--version'], exit: 0, stdout }];
  if (type === 'string') return accepted;
  const wrong = { int32: '8500x', int64: '1.5', float: 'half', bool: 'yes' }[type]!;
  return [
    ...accepted,
    {
      name: `--${name}=${wrong}`,
      from: 'cli.md, flag syntax',
      args: [`--${name}=${wrong}`],
      exit: 255,
      stdout: ['usage: ', '\nFlags:\n'],
      stderr: [`Couldn't interpret value ${type === 'bool' ? '=' : ''}${wrong} for flag ${name}.`],
    },
  ];
}

function unknown(name: string, argument: string, nearest: string): CliCase {
  return {
    name,
    from: 'docs/differences.md',
    args: [argument],
    exit: 255,
    stdout: ['usage: ', '\nFlags:\n'],
    stderr: [`unknown argument: ${argument}`, nearest],
  };
}

export const flagCases: CliTopic = {
  kind: 'cli',
  topic: 'flags',
  client: 'shell',
  cases: [
    ...flags.flatMap(cases),
    {
      name: '--help has every flag with its default and its type, and exits with 255',
      from: 'docs/differences.md',
      args: ['--help'],
      exit: 255,
      stdout: [
        'usage: ',
        '\nFlags:\n',
        ...flags.map(([name, type, standard]) => `\n  --${name}=${standard}  (${type})\n`),
      ],
    },
    unknown('an unknown flag', '--model_nam=x', 'did you mean --model_name?'),
    unknown('an unknown flag without a value', '--rest_api_prot', 'did you mean --rest_api_port?'),
    unknown('a letter too many in a flag', '--portt=1', 'did you mean --port?'),
    unknown('dashes for underscores', '--model-base-path=/a', 'did you mean --model_base_path?'),
    unknown('a flag with one dash', '-port=1', 'did you mean --port?'),
    unknown('there is no --no form of a bool', '--noenable_batching', 'did you mean --enable_batching?'),
    {
      name: 'a word that is no flag',
      from: 'docs/differences.md',
      args: ['--port=1', 'word'],
      exit: 255,
      stderr: ['unknown argument: word'],
    },
    {
      name: 'what stands after -- is unknown',
      from: 'cli.md, flag syntax',
      args: ['--port=1', '--', '--rest_api_port=2'],
      exit: 255,
      stderr: ['unknown argument: --rest_api_port=2'],
    },
    {
      name: 'an int32 out of range',
      from: 'cli.md, flag syntax',
      args: ['--port=2147483648'],
      exit: 255,
      stderr: ["Couldn't interpret value 2147483648 for flag port."],
    },
    {
      name: 'an empty number',
      from: 'cli.md, flag syntax',
      args: ['--port='],
      exit: 255,
      stderr: ["Couldn't interpret value  for flag port."],
    },
    {
      name: 'a bool of 1',
      from: 'cli.md, flag syntax',
      args: ['--enable_batching=1'],
      exit: 255,
      stderr: ["Couldn't interpret value =1 for flag enable_batching."],
    },
    {
      name: 'a bool with a capital',
      from: 'cli.md, flag syntax',
      args: ['--enable_batching=True'],
      exit: 255,
      stderr: ["Couldn't interpret value =True for flag enable_batching."],
    },
    { name: 'an empty string', from: 'cli.md, flag syntax', args: ['--model_name=', '--version'], exit: 0, stdout },
    {
      name: 'a flag without the value that it needs',
      from: 'docs/differences.md',
      args: ['--port'],
      exit: 255,
      stderr: ['port'],
    },
  ],
};
