import { resolve } from 'node:path';
import { isStoreUrl, ServingError } from '@servable/core';
import { readConfigFile } from '../config-file/read-config-file.js';
import { onnxPlatform } from '../platforms/onnx.js';
import { savedModelPlatform } from '../platforms/savedmodel.js';
import { platformChoice } from '../platforms/tensorflow.js';
import type { ServerOptions } from '../server-options.js';
import type { CommandContext } from './cli-io.js';
import { findModels } from './find-models.js';
import { flag, FlagError, flagSpecs, formatFlags, parseFlags, type ParsedFlags } from './parse-flags.js';
import { engineFlags, executionProvidersHelp, instancesHelp } from './engine-flags.js';
import { platformHelp } from './platform-help.js';
import { commandLogger, logFormatHelp, logLevelHelp, slowRequestHelp, tracingHelp } from './observability-flags.js';
import { runServer } from './run-server.js';

const serveFlags = flagSpecs({
  config: flag(
    'string',
    '',
    'YAML or JSON file with the models and everything else; flags that are given win over it.',
  ),
  port: flag('int32', 8500, 'Port for gRPC; 0 takes any free one.'),
  'rest-port': flag('int32', 8501, 'Port for HTTP/REST; 0 takes any free one.'),
  'model-cache-dir': flag('string', '', 'Directory that keeps models of object stores and tarballs.', {
    defaultText: '~/.cache/servable/models',
  }),
  'model-cache-bytes': flag('string', '16G', 'What it may take; K, M, G and T may follow the digits.'),
  host: flag('string', '127.0.0.1', 'Address to listen on; 0.0.0.0 or :: serves other machines too.'),
  platform: flag('string', 'auto', platformHelp),
  'model-memory-budget': flag(
    'string',
    '',
    'Bytes that all loaded models may take together, as 512M or 2G: they are loaded when they are asked for.',
  ),
  'warmup-from-traffic': flag('bool', false, 'Keep a sample of live requests and replay it into new versions.'),
  'warmup-from-traffic-dir': flag('string', '', 'Directory that keeps it over restarts; implies the flag above.'),
  'execution-providers': flag('string', '', executionProvidersHelp),
  instances: flag('string', '', instancesHelp),
  'log-format': flag('string', 'text', logFormatHelp),
  'log-level': flag('string', 'info', logLevelHelp),
  'slow-request-ms': flag('float', 0, slowRequestHelp),
  tracing: flag('bool', false, tracingHelp, { defaultText: 'with an SDK' }),
  help: flag('bool', false, 'Print this and exit.'),
});

const flagNames = { executionProviders: '--execution-providers', instances: '--instances' };

export function serveUsage(): string {
  return `usage: servable serve DIR [flags]
       servable serve --config FILE [flags]

Serves the models in DIR: a SavedModel or ONNX model directory, a directory of its versions (1/, 2/, ...), or a
directory of such models. DIR may also be s3://bucket/model, gs://bucket/model, az://container/model with
such versions in it, or https://host/model.tar.gz.

Flags:
${formatFlags(serveFlags)}`;
}

/** `servable serve DIR`: opens its ports at once and answers as models become ready. */
export async function serve(argv: readonly string[], { io }: CommandContext): Promise<number> {
  let parsed: ParsedFlags<typeof serveFlags>;
  let directory: string | undefined;
  try {
    parsed = parseFlags(argv, serveFlags);
    if (parsed.values.help) {
      io.stdout(serveUsage());
      return 0;
    }
    directory = parsed.rest[0];
    if (parsed.rest.length > 1 || (directory === undefined && parsed.values.config === '')) {
      throw new FlagError(`servable serve takes one directory; got ${parsed.rest.length}`);
    }
    if (directory !== undefined && parsed.values.config !== '') {
      throw new FlagError('servable serve takes either a directory or --config; got both');
    }
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    io.stderr(`${error.message}\n\n${serveUsage()}`);
    return 2;
  }
  const { values, given } = parsed;
  try {
    const file = directory === undefined ? await readConfigFile(resolve(io.cwd, values.config)) : undefined;
    const logged = {
      ...(given.has('log-format') ? { format: values['log-format'] } : {}),
      ...(given.has('log-level') ? { level: values['log-level'] } : {}),
    };
    const logger = commandLogger(io, logged, file?.log);
    const platforms = io.overrides?.platforms ?? [
      savedModelPlatform({ platform: platformChoice('--platform', values.platform), logger }),
      onnxPlatform(),
    ];
    const configured: ServerOptions =
      file !== undefined || directory === undefined
        ? file!
        : isStoreUrl(directory)
          ? { models: [{ name: storeModelName(directory), basePath: directory }] }
          : { models: await findModels(resolve(io.cwd, directory), platforms) };
    return await runServer(
      {
        // Short, as somebody is watching: enough for files that are still being copied.
        loadRetryIntervalMs: 2000,
        healthService: true,
        grpcPort: values.port,
        restPort: values['rest-port'],
        ...configured,
        ...(given.has('port') ? { grpcPort: values.port } : {}),
        ...(given.has('rest-port') ? { restPort: values['rest-port'] } : {}),
        ...(given.has('model-cache-dir') ? { modelCacheDirectory: resolve(io.cwd, values['model-cache-dir']) } : {}),
        ...(given.has('model-cache-bytes') ? { modelCacheBytes: values['model-cache-bytes'] } : {}),
        ...(given.has('host') ? { host: values.host } : {}),
        ...(given.has('model-memory-budget') ? { modelMemoryBudget: values['model-memory-budget'] } : {}),
        ...(given.has('warmup-from-traffic') ? { warmupFromTraffic: values['warmup-from-traffic'] } : {}),
        ...(values['warmup-from-traffic-dir'] === ''
          ? {}
          : { warmupFromTraffic: { directory: resolve(io.cwd, values['warmup-from-traffic-dir']) } }),
        ...(given.has('slow-request-ms') ? { slowRequestMs: values['slow-request-ms'] || undefined } : {}),
        ...(given.has('tracing') ? { tracing: values.tracing } : {}),
        ...engineFlags(values['execution-providers'], values.instances, flagNames),
        platforms,
        logger,
        optionNames: {
          grpcPort: '--port',
          restPort: '--rest-port',
          modelMemoryBudget: '--model-memory-budget',
          ...(given.has('execution-providers') ? { executionProviders: flagNames.executionProviders } : {}),
          ...(given.has('instances') ? { instances: flagNames.instances } : {}),
          modelCacheBytes: '--model-cache-bytes',
        },
      },
      io,
    );
  } catch (error) {
    io.stderr(`servable serve: ${ServingError.from(error).message}\n`);
    return 1;
  }
}

/** The last word of a URL, without the end that makes it a tarball. */
function storeModelName(url: string): string {
  const path = url.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.(tar|tar\.gz|tgz)$/, '') || 'model';
}
