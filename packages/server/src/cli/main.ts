import { version } from '../version.js';
import type { CliIo } from './cli-io.js';
import { config } from './config.js';
import { dropIn } from './drop-in.js';
import { nearestName } from '../nearest-name.js';
import { StatusLine } from './status-line.js';
import { serve } from './serve.js';
import { warmup } from './warmup/warmup.js';
import { runNamedTool, toolNames } from './tools.js';

export type { CliIo } from './cli-io.js';

const commands = ['serve', 'config', 'warmup', ...toolNames, 'help', 'version'];

/**
 * The command line of `@servable/server`, one program under two names: a first argument that is a word is a sub-command
 * of `servable`; anything else is the command line of `tensorflow_model_server`.
 *
 * @param argv - the arguments, without the program's name
 * @returns the exit status, when the program is done
 */
export async function main(argv: readonly string[], given: CliIo): Promise<number> {
  const status = given.isTerminal === true ? new StatusLine(given.stderr, given.stderrColumns) : undefined;
  const io = status ? { ...given, stderr: status.print, showStatus: status.show } : given;
  const context = { io };
  const [command, ...rest] = argv;
  if (command === undefined) {
    io.stderr(help());
    return 2;
  }
  if (command.startsWith('-')) return dropIn(argv, context);
  switch (command) {
    case 'serve':
      return serve(rest, context);
    case 'config':
      return config(rest, context);
    case 'warmup':
      return warmup(rest, io);
    case 'help':
      io.stdout(help());
      return 0;
    case 'version':
      io.stdout(`servable ${version}\n`);
      return 0;
    default: {
      const status = await runNamedTool(command, rest, io);
      if (status !== undefined) return status;
      const nearest = nearestName(command, commands);
      const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
      io.stderr(`Unknown command: ${command}${hint}\n\n${help()}`);
      return 2;
    }
  }
}

/** The commands and what they do; `help` and every error that names no command print it. */
function help(): string {
  return `usage: servable serve DIR [flags]
       servable COMMAND [arguments]
       tensorflow_model_server --model_base_path=DIR [flags]

Commands:
  serve      serves a model, or a directory of models, over gRPC and REST
  inspect    shows signatures, whether and how they run, and the memory they take
  run        makes one prediction without a server
  compile    writes a signature as an ONNX model of its own
  import     makes a SavedModel of a frozen graph of TensorFlow 1
  config     checks a configuration, or compares it with a running server's
  warmup     makes, records and checks the requests of a warm-up
  doctor     looks at everything that serving needs on this machine
  version    prints the version

servable COMMAND --help tells what each of them takes. Flags without a command are those of tensorflow_model_server;
servable --help lists them.
`;
}
