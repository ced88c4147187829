// `npm run conformance:optimizations`: builds the packages and the program in src/, and asks every model with the engine's
// optimizations and without. Arguments: parts of names, as those of run.mjs, and what src/optimizations.ts takes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = spawnSync(
  process.execPath,
  ['node_modules/nx/dist/bin/nx.js', 'run', '@servable/conformance:bundle', '--outputStyle=static'],
  { cwd: root, encoding: 'utf8', env: { ...process.env, NX_DAEMON: 'false' } },
);
if (build.status !== 0) {
  console.error(build.stdout + build.stderr);
  process.exit(1);
}
const { main } = await import('./dist/optimizations.js');
process.exit(await main(root, process.argv.slice(2)));
