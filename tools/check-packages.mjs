// `npm run check-packages`: packs every published package and has publint and arethetypeswrong look at the tarball.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'servable-packages-'));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const failures = [];

function run(name, args, cwd) {
  const { status, stdout, stderr } = spawnSync(name, args, { cwd, encoding: 'utf8' });
  return { ok: status === 0, stdout, text: `${stdout}${stderr}` };
}

try {
  for (const folder of readdirSync(join(root, 'packages'))) {
    const dir = join(root, 'packages', folder);
    if (!existsSync(join(dir, 'package.json'))) continue;
    const { name, private: isPrivate } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    if (isPrivate) continue;
    const packed = run('npm', ['pack', '--json', '--pack-destination', out], dir);
    const info = packed.ok ? JSON.parse(packed.stdout) : undefined;
    const tarball = info && join(out, info[0].filename);
    const checks = tarball
      ? [
          ['publint', run(bin('publint'), ['run', '--strict', tarball], dir)],
          // The packages are ESM; Node >= 20.19 lets require() load them, which node16-cjs does not know.
          ['attw', run(bin('attw'), [tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'], dir)],
        ]
      : [['npm pack', packed]];
    const failed = checks.filter(([, result]) => !result.ok);
    console.log(`${failed.length === 0 ? 'ok  ' : 'FAIL'} ${name}`);
    for (const [tool, result] of failed) failures.push(`${name}: ${tool}\n${result.text}`);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}

for (const failure of failures) console.log(failure);
process.exit(failures.length === 0 ? 0 : 1);
