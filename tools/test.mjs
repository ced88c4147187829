// `npm test`: builds what the tests of packed packages and command lines need, runs every test, closes with one line.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (command, args) =>
  spawnSync(process.execPath, [command, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false' },
  });

const build = run('node_modules/nx/dist/bin/nx.js', ['run-many', '-t', 'build', '--outputStyle=static']);
if (build.status !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const report = `${root}/.cache/test-report.json`;
mkdirSync(`${root}/.cache`, { recursive: true });
rmSync(report, { force: true });
const tests = run('node_modules/vitest/vitest.mjs', [
  'run',
  ...process.argv.slice(2),
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]);

let passed = 0;
let failed = 1;
try {
  const summary = JSON.parse(readFileSync(report, 'utf8'));
  passed = summary.numPassedTests;
  // A file that does not even load counts as a failure although none of its tests ran.
  const broken = summary.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  failed = summary.numFailedTests + broken.length;
  if (tests.status !== 0 && failed === 0) failed = 1;
} catch {
  // No report: the runner itself failed, which the one failure above says.
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
