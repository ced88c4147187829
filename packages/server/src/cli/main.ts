import { version } from '../version.js';
import type { CliIo } from './cli-io.js';
import { config, configUsage } from './config.js';
import { dropIn, dropInUsage } from './drop-in.js';
import { nearestName } from '../nearest-name.js';
import { StatusLine } from './status-line.js';
import { serve, serveUsage } from './serve.js';
import { warmup, warmupUsage } from './warmup/warmup.js';
import { runNamedTool, toolNames, toolsUsage } from './tools.js';

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
  const status = given.isTerminal === true ? new StatusLine(given.stderr) : undefined;
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

function help(): string {
  return `${serveUsage()}
${configUsage()}
${warmupUsage()}${toolsUsage()}
usage: servable version

As tensorflow_model_server, with flags and no command:

${dropInUsage()}`;
}
