import { type Logger, ServingError } from '@servable/core';
import { version } from '../version.js';
import type { CommandContext } from './cli-io.js';
import { onnxPlatform } from '../platforms/onnx.js';
import { savedModelPlatform } from '../platforms/savedmodel.js';
import { platformChoice } from '../platforms/tensorflow.js';
import { dropInFlags } from './drop-in-flags.js';
import { dropInOptions } from './drop-in-options.js';
import { commandLogger } from './observability-flags.js';
import { formatFlags } from './format-flags.js';
import { FlagError, parseFlags, type ParsedFlags } from './parse-flags.js';
import { runServer } from './run-server.js';

/** What upstream's `main` returns as −1 (model_servers/main.cc). */
const failure = 255;

/** Begins as upstream's usage; the flags are grouped, where upstream lists them one after the other. */
export function dropInUsage(columns?: number): string {
  return `usage: tensorflow_model_server
Flags:
  --name=value or --name value; those with a * are not flags of TensorFlow Serving.
${formatFlags(dropInFlags, columns)}`;
}

/**
 * `tensorflow_model_server`: upstream's flags, messages and exit codes. The ports open after the first load, however
 * long that takes to come.
 */
export async function dropIn(argv: readonly string[], { io }: CommandContext): Promise<number> {
  let parsed: ParsedFlags<typeof dropInFlags>;
  try {
    parsed = parseFlags(argv, dropInFlags);
    if (parsed.rest.length > 0) throw new FlagError(`unknown argument: ${parsed.rest[0]}`);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    // The error comes last, where it is seen: the list is longer than a screen.
    io.stdout(dropInUsage(io.columns));
    io.stderr(`${error.message}\n`);
    return failure;
  }
  const { values } = parsed;
  if (values.version) {
    io.stdout(`TensorFlow ModelServer: ${version}+servable\nTensorFlow Library: none (Servable ${version})\n`);
    return 0;
  }
  if (values.help) {
    io.stdout(dropInUsage(io.columns));
    return failure;
  }
  let logger: Logger;
  try {
    logger = commandLogger(io, { format: values.log_format, level: values.log_level });
  } catch (error) {
    io.stderr(`--log_format or --log_level: ${ServingError.from(error).message}\n`);
    return failure;
  }
  for (const name of parsed.given) {
    const { ignored } = dropInFlags[name as keyof typeof dropInFlags];
    if (ignored !== undefined) logger.warning(`--${name} has no effect: ${ignored}`);
  }
  try {
    const { server, savedModel } = await dropInOptions(parsed, logger);
    const platforms = [
      savedModelPlatform({
        ...savedModel,
        platform: platformChoice('--platform', values.platform),
        logger,
      }),
      onnxPlatform({ engine: savedModel.engine }),
    ];
    return await runServer({ ...server, platforms }, io);
  } catch (error) {
    const { code, message } = ServingError.from(error);
    io.stdout(`Failed to start server. Error: ${code}: ${message}\n`);
    return failure;
  }
}
