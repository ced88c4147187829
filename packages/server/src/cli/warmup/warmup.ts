import type { CliIo } from '../cli-io.js';
import { runTool } from '../tool.js';
import { checkWarmupTool } from './check-warmup.js';
import { makeWarmupTool } from './make-warmup.js';
import { recordWarmupTool } from './record-warmup.js';
import { nearestName } from '../../nearest-name.js';

const actions = {
  make: (argv: readonly string[], io: CliIo) => runTool(makeWarmupTool, argv, io),
  record: (argv: readonly string[], io: CliIo) => runTool(recordWarmupTool, argv, io),
  check: (argv: readonly string[], io: CliIo) => runTool(checkWarmupTool, argv, io),
} as const;

export function warmupUsage(): string {
  return [makeWarmupTool, recordWarmupTool, checkWarmupTool]
    .map(({ name, parameters }) => `usage: servable ${name} ${parameters}\n`)
    .join('');
}

/** `servable warmup make|record|check`: the requests that a version is warmed up with. */
export async function warmup(argv: readonly string[], io: CliIo): Promise<number> {
  const [action, ...rest] = argv;
  if (action === '--help') {
    io.stdout(warmupUsage());
    return 0;
  }
  if (action !== undefined && Object.hasOwn(actions, action)) return actions[action as keyof typeof actions](rest, io);
  const nearest = action === undefined ? undefined : nearestName(action, Object.keys(actions));
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  io.stderr(`Unknown action: ${action ?? '(none)'}${hint}\n\n${warmupUsage()}`);
  return 2;
}
