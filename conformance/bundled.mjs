import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds the packages and the programs in src/, and gives one of them. Ends the process when that fails, with the line that
 * the tests close with.
 *
 * @param {string} name - of a program: `main`, `wire`, `optimizations`
 */
export async function bundled(name) {
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
  return import(`./dist/${name}.js`);
}
