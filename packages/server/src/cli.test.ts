import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram, type BuiltProgram } from '../../../tools/build-program.js';
import { version } from './version.js';

let program: BuiltProgram;

beforeAll(async () => {
  program = await buildProgram(new URL('cli.ts', import.meta.url));
});

afterAll(() => program.remove());

function start(...argv: string[]): { process: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [program.file, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
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
  const server = start('--port=8500', `--model_base_path=${program.directory}`);
  const closed = once(server.process, 'close');
  const warned = (async () => {
    while (!server.output().includes('No versions of servable default')) await once(server.process.stderr!, 'data');
  })();
  await Promise.race([warned, closed]);
  server.process.kill('SIGTERM');
  expect([await closed, server.output()]).toEqual([[0, null], expect.stringContaining('Received SIGTERM: draining')]);
});

test('a configuration file is checked from the command line', async () => {
  const path = join(program.directory, 'servable.yaml');
  await writeFile(path, 'models:\n  - name: m\n    basePth: /m\n');
  const { process: child, output } = start('config', 'check', path);
  const [status] = (await once(child, 'exit')) as [number];
  expect([status, output()]).toEqual([1, `${path}:3:5: models[0].basePth: unknown key; did you mean basePath?\n`]);
});
