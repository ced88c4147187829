// Regenerates src/gen into a temporary directory and compares: exits with 1 after a line for each file that differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));

function generateInto(directory) {
  // The committed template with nothing changed but the directory.
  const template = readFileSync(join(packageRoot, 'buf.gen.yaml'), 'utf8');
  const redirected = template.replace('out: src/gen', `out: ${JSON.stringify(join(directory, 'gen'))}`);
  if (redirected === template) throw new Error("buf.gen.yaml: expected a plugin with 'out: src/gen'");
  const templateFile = join(directory, 'buf.gen.yaml');
  writeFileSync(templateFile, redirected);
  execFileSync('npx', ['--no-install', 'buf', 'generate', '--template', templateFile], {
    cwd: packageRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  });
  return filesOf(join(directory, 'gen'));
}

/** Relative path to text, line ends unified. */
function filesOf(root) {
  return new Map(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [relative(root, file).split(sep).join('/'), readFileSync(file, 'utf8').replaceAll('\r\n', '\n')]),
  );
}

function differences(committed, fresh) {
  const lines = [];
  for (const [file, text] of fresh) {
    if (!committed.has(file)) lines.push(`missing: src/gen/${file}`);
    else if (committed.get(file) !== text) lines.push(`differs: src/gen/${file}`);
  }
  for (const file of committed.keys()) if (!fresh.has(file)) lines.push(`left over: src/gen/${file}`);
  return lines;
}

const directory = mkdtempSync(join(tmpdir(), 'servable-protos-'));
try {
  const lines = differences(filesOf(join(packageRoot, 'src', 'gen')), generateInto(directory));
  for (const line of lines) process.stderr.write(`${line}\n`);
  if (lines.length > 0) {
    process.stderr.write('Run: npm run generate -w @servable/protos\n');
    process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
