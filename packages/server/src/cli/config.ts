import { resolve } from 'node:path';
import { configDiff } from './config-diff.js';
import { configuredModels, describeProblems } from './configured-models.js';
import type { CommandContext } from './cli-io.js';
import { nearestName } from '../nearest-name.js';

export function configUsage(): string {
  return `usage: servable config check FILE
       servable config diff FILE --server HOST:PORT [--token-file FILE] [--json]

check: Checks a configuration without serving it: .yaml, .yml and .json files are those of servable serve --config, every other
one is a ModelServerConfig in text format. Exit status: 0 good, 1 bad, with one line for each problem, 2 wrong usage.

diff: Compares the models of such a configuration with those of a running server, by GET /v1/config on its REST port, and
prints what a reload would change. Exit status: 0 nothing, 1 something, 2 wrong usage, a bad file, or no answer.
`;
}

/** `servable config check FILE` and `servable config diff FILE`, for people and for CI. */
export async function config(argv: readonly string[], { io }: Pick<CommandContext, 'io'>): Promise<number> {
  const [action, file, ...rest] = argv;
  if (action === '--help') {
    io.stdout(configUsage());
    return 0;
  }
  if (action === 'diff') return configDiff(argv.slice(1), io, configUsage());
  if (action !== 'check' || file === undefined || rest.length > 0) {
    const nearest = action === undefined ? undefined : nearestName(action, ['check', 'diff']);
    const hint =
      action !== undefined && action !== 'check' && nearest !== undefined ? `; did you mean ${nearest}?` : '';
    const what =
      action === 'check'
        ? `servable config check takes one file; got ${argv.length - 1}`
        : `Unknown action: ${action ?? '(none)'}${hint}`;
    io.stderr(`${what}\n\n${configUsage()}`);
    return 2;
  }
  try {
    const models = await checkFile(file, resolve(io.cwd, file));
    io.stdout(`${file}: good: ${models.length} model(s)${models.length > 0 ? `: ${models.join(', ')}` : ''}\n`);
    return 0;
  } catch (error) {
    io.stderr(`${describeProblems(file, error)}\n`);
    return 1;
  }
}

/** @returns the names of the models */
async function checkFile(shown: string, path: string): Promise<readonly string[]> {
  return (await configuredModels(shown, path)).map(({ name }) => name);
}
