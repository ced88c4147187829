import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from './version.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let directory: string;

// The program is built like the package's own, with our other packages in it, so that no build has to come first. It
// must lie inside the workspace to find its dependencies.
beforeAll(async () => {
  await mkdir(join(root, '.cache'), { recursive: true });
  directory = await mkdtemp(join(root, '.cache', 'server-cli-'));
  await build({
    entry: { cli: fileURLToPath(new URL('cli.ts', import.meta.url)) },
    format: 'esm',
    target: 'node20.19',
    platform: 'node',
    silent: true,
    config: false,
    outDir: directory,
    noExternal: [/^@servable\//],
    // All packages but ours; what begins like a path is none.
    external: [/^(?!@servable\/|[A-Za-z]:)[^./]/],
    tsconfig: join(root, 'tsconfig.json'),
  });
});

afterAll(() => rm(directory, { recursive: true }));

function start(...argv: string[]): { process: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(directory, 'cli.js'), ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  return { process: child, output: () => text };
}

test('the program answers, and its exit status is the one of the command', async () => {
  const asServer = start('--version');
  expect(await once(asServer.process, 'close')).toEqual([0, null]);
  expect(asServer.output()).toContain(`TensorFlow ModelServer: ${version}`);
  const wrong = start('--prot=1');
  expect(await once(wrong.process, 'close')).toEqual([255, null]);
  expect(wrong.output()).toContain('unknown argument: --prot=1; did you mean --port?');
});

test('SIGTERM ends a server that waits for its model with 0', async () => {
  const server = start('--port=8500', `--model_base_path=${directory}`);
  const closed = once(server.process, 'close');
  const warned = (async () => {
    while (!server.output().includes('No versions of servable default')) await once(server.process.stderr!, 'data');
  })();
  await Promise.race([warned, closed]);
  server.process.kill('SIGTERM');
  expect([await closed, server.output()]).toEqual([[0, null], expect.stringContaining('Received SIGTERM: draining')]);
});

test('a configuration file is checked from the command line', async () => {
  const path = join(directory, 'servable.yaml');
  await writeFile(path, 'models:\n  - name: m\n    basePth: /m\n');
  const { process: child, output } = start('config', 'check', path);
  const [status] = (await once(child, 'exit')) as [number];
  expect([status, output()]).toEqual([1, `${path}:3:5: models[0].basePth: unknown key; did you mean basePath?\n`]);
});
