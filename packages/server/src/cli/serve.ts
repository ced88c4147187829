import { resolve } from 'node:path';
import { isStoreUrl, ServingError } from '@servable/core';
import { readConfigFile } from '../config-file/read-config-file.js';
import { onnxPlatform } from '../platforms/onnx.js';
import { savedModelPlatform } from '../platforms/savedmodel.js';
import { platformChoice } from '../platforms/tensorflow.js';
import type { ServerOptions } from '../server-options.js';
import type { CommandContext } from './cli-io.js';
import { findModels } from './find-models.js';
import { formatFlags } from './format-flags.js';
import { commandLogger } from './observability-flags.js';
import { FlagError, parseFlags, type ParsedFlags } from './parse-flags.js';
import { runServer } from './run-server.js';
import { serveFlags } from './serve-flags.js';
import { checkServeFlags, serveOptions } from './serve-options.js';

const synopsis = `usage: servable serve DIR [flags]
       servable serve --config FILE [flags]
`;

export function serveUsage(columns?: number): string {
  return `${synopsis}
Serves the models in DIR: a SavedModel or ONNX model directory, a directory of its versions (1/, 2/, ...), or a
directory of such models. DIR may also be s3://bucket/model, gs://bucket/model, az://container/model with
such versions in it, or https://host/model.tar.gz.

Flags:
${formatFlags(serveFlags, columns)}`;
}

/** `servable serve DIR`: opens its ports at once and answers as models become ready. */
export async function serve(argv: readonly string[], { io }: CommandContext): Promise<number> {
  let parsed: ParsedFlags<typeof serveFlags>;
  let directory: string | undefined;
  try {
    parsed = parseFlags(argv, serveFlags);
    if (parsed.values.help) {
      io.stdout(serveUsage(io.columns));
      return 0;
    }
    directory = parsed.rest[0];
    if (parsed.rest.length > 1 || (directory === undefined && parsed.values.config === '')) {
      throw new FlagError(`servable serve takes one directory; got ${parsed.rest.length}`);
    }
    if (directory !== undefined && parsed.values.config !== '') {
      throw new FlagError('servable serve takes either a directory or --config; got both');
    }
    checkServeFlags(parsed);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    io.stderr(`${error.message}\n\n${synopsis}\nservable serve --help lists the flags.\n`);
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
    const models: ServerOptions =
      file !== undefined || directory === undefined
        ? file!
        : isStoreUrl(directory)
          ? { models: [{ name: storeModelName(directory), basePath: directory }] }
          : { models: await findModels(resolve(io.cwd, directory), platforms) };
    return await runServer({ ...(await serveOptions(parsed, models, io.cwd)), platforms, logger }, io);
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
