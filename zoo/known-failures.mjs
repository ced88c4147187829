// Runs the zoo and rewrites known-failures.json. Without a flag, what passes leaves the list, and nothing is added;
// `--all` takes up every failure there is (for new families).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const list = new URL('known-failures.json', import.meta.url);
const count = () => {
  try {
    return Object.keys(JSON.parse(readFileSync(list, 'utf8'))).length;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return 0;
  }
};
const [flag, ...others] = process.argv.slice(2);
if (others.length > 0 || (flag !== undefined && flag !== '--all')) {
  console.error('usage: node zoo/known-failures.mjs [--all]');
  process.exit(2);
}
const before = count();
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'zoo/zoo.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ZOO_KNOWN_FAILURES: flag === '--all' ? 'all' : 'remove' },
});
if (status !== 0) {
  console.error('The zoo did not run to its end; known-failures.json may be incomplete.');
  process.exit(1);
}
console.log(`known-failures.json: ${before} before, ${count()} now`);
