// `npm start`: builds what has changed, then serves the example models. Flags go to the example.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
console.log('Building (only what has changed) ...');
const build = spawnSync(
  process.execPath,
  ['node_modules/nx/dist/bin/nx.js', 'run-many', '-t', 'build', '--outputStyle=static'],
  { cwd: root, encoding: 'utf8', env: { ...process.env, NX_DAEMON: 'false' } },
);
if (build.status !== 0) {
  console.error(build.stdout + build.stderr);
  process.exit(1);
}
await import('../examples/quickstart/quickstart.mjs');
