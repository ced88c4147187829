// `npm run conformance:wire`: builds the packages and the program in ../src, and runs src/wire.ts.
// Arguments: parts of the names of topics, such as `rest` or `flags`; all topics without one.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = spawnSync(
  process.execPath,
  ['node_modules/nx/dist/bin/nx.js', 'run', '@servable/conformance:bundle', '--outputStyle=static'],
  { cwd: root, encoding: 'utf8', env: { ...process.env, NX_DAEMON: 'false' } },
);
if (build.status !== 0) {
  console.error(build.stdout + build.stderr);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const { wire } = await import('../dist/wire.js');
process.exit(await wire(root, process.argv.slice(2)));
