import { ServingError } from '@servable/core';
import { version } from '../version.js';
import type { CommandContext } from './cli-io.js';
import { dropInFlags, unsupportedFlags } from './drop-in-flags.js';
import { FlagError, formatFlags, parseFlags, type ParsedFlags } from './parse-flags.js';
import { runServer } from './run-server.js';

/** What upstream's `main` returns as −1 (model_servers/main.cc). */
const failure = 255;

/** The usage text in upstream's layout. */
export function dropInUsage(): string {
  return `usage: tensorflow_model_server\nFlags:\n${formatFlags(dropInFlags)}`;
}

/**
 * `tensorflow_model_server`: upstream's flags, messages and exit codes. The ports open after the first load, however
 * long that takes to come.
 */
export async function dropIn(argv: readonly string[], { io, logger }: CommandContext): Promise<number> {
  let parsed: ParsedFlags<typeof dropInFlags>;
  try {
    refuseUnsupported(argv);
    parsed = parseFlags(argv, dropInFlags);
    if (parsed.rest.length > 0) throw new FlagError(`unknown argument: ${parsed.rest[0]}`);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    io.stderr(`${error.message}\n`);
    io.stdout(dropInUsage());
    return failure;
  }
  const { values } = parsed;
  if (values.version) {
    io.stdout(`TensorFlow ModelServer: ${version}+servable\nTensorFlow Library: none (Servable ${version})\n`);
    return 0;
  }
  if (values.help) {
    io.stdout(dropInUsage());
    return failure;
  }
  try {
    if (values.port === 0) {
      throw invalid('At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.');
    }
    if (values.model_base_path === '') {
      throw invalid('Both server_options.model_base_path and server_options.model_config_file are empty!');
    }
    const restPort = restPortOf(values.port, values.rest_api_port, logger.error);
    logger.info(
      'Building single TensorFlow model file config:  ' +
        `model_name: ${values.model_name} model_base_path: ${values.model_base_path}`,
    );
    return await runServer(
      {
        models: [{ name: values.model_name, basePath: values.model_base_path }],
        host: values.host,
        // Upstream binds REST to all interfaces of both families.
        restHost: parsed.given.has('host') ? values.host : '::',
        grpcPort: values.port,
        restPort,
        waitForModels: true,
        pollIntervalMs: values.file_system_poll_wait_seconds * 1000,
        maxLoadRetries: values.max_num_load_retries,
        loadRetryIntervalMs: Math.max(0, Number(values.load_retry_interval_micros) / 1000),
        restTimeoutMs: Math.max(0, values.rest_api_timeout_in_ms),
        restCors: values.rest_api_enable_cors_support,
        checkMethodNames: values.enable_signature_method_name_check,
        healthService: values.enable_grpc_healthcheck_service,
        tensorContent: values.enable_serialization_as_tensor_content,
        logger,
        optionNames: { grpcPort: '--port', restPort: '--rest_api_port' },
      },
      io,
    );
  } catch (error) {
    const { code, message } = ServingError.from(error);
    io.stdout(`Failed to start server. Error: ${code}: ${message}\n`);
    return failure;
  }
}

/** REST on the port of gRPC is left out with an error in the log and gRPC goes on (model_servers/server.cc). */
function restPortOf(port: number, restPort: number, logError: (message: string) => void): number | undefined {
  if (restPort === 0) return undefined;
  if (restPort !== port) return restPort;
  logError(
    'server_options.http_port cannot be same as grpc_port. Please use a different port for HTTP/REST API. ' +
      'Skipped exporting HTTP/REST API.',
  );
  return undefined;
}

function refuseUnsupported(argv: readonly string[]): void {
  for (const argument of argv) {
    if (argument === '--') return;
    const name = /^--([^=]+)/.exec(argument)?.[1];
    if (name === undefined || !unsupportedFlags.includes(name)) continue;
    throw new FlagError(`Flag --${name} of tensorflow_model_server is not supported yet`);
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'FLAGS_INVALID', message);
}
