import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const published = ['protos', 'tensor', 'savedmodel', 'runtime', 'core', 'client', 'server'];
const platform = `${process.platform}-${process.arch}`;
const run = promisify(execFile);

/** The environment without what npm tells the scripts it runs: the project under test configures itself. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

let project: string;
let packing: string;

/** Packs a package as it would be published: `@servable/runtime` with its platform packages as optional dependencies. */
async function pack(folder: string, manifestChanges: (manifest: Record<string, unknown>) => void): Promise<string> {
  const staged = join(packing, 'staged', folder.replaceAll('/', '-'));
  const source = join(root, 'packages', folder);
  await cp(source, staged, { recursive: true, filter: (path) => !/[/\\](src|npm|node_modules)$/.test(path) });
  const manifest = JSON.parse(await readFile(join(staged, 'package.json'), 'utf8')) as Record<string, unknown>;
  manifestChanges(manifest);
  await writeFile(join(staged, 'package.json'), JSON.stringify(manifest));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', packing], { cwd: staged, env });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(packing, filename);
}

beforeAll(async () => {
  packing = await mkdtemp(join(tmpdir(), 'servable-pack-'));
  project = await mkdtemp(join(tmpdir(), 'servable-project-'));
  const { fill } = (await import(join(root, 'packages/runtime/npm/fill.mjs'))) as {
    fill: (platform: string) => Promise<string[]>;
  };
  await fill(platform);
  await mkdir(join(packing, 'staged'), { recursive: true });
  const tarballs = await Promise.all([
    pack(`runtime/npm/${platform}`, () => undefined),
    ...published.map((name) =>
      pack(name, (manifest) => {
        if (name === 'runtime') manifest['optionalDependencies'] = { [`@servable/onnxruntime-${platform}`]: '0.1.0' };
      }),
    ),
  ]);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs];
  await run('npm', args, { cwd: project, env });
}, 300_000);

afterAll(async () => {
  await rm(packing, { recursive: true, force: true });
  await rm(project, { recursive: true, force: true });
});

const model = JSON.stringify(join(root, 'examples/models/half_plus_two/1'));

async function evaluate(file: string, source: string): Promise<string> {
  await writeFile(join(project, file), source);
  const { stdout } = await run(process.execPath, [file], { cwd: project, env });
  return stdout.trim();
}

/** What the compiler says of a file in the project. */
async function typeCheck(file: string): Promise<string> {
  const compilerOptions = {
    ...{
      module: 'NodeNext',
      target: 'ES2022',
      lib: ['ES2024', 'ESNext.Disposable', 'DOM'],
      strict: true,
      noEmit: true,
    },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return run(process.execPath, [compiler, '-p', project], { env }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

test('a project that installed the packed packages, with no install script run, predicts', async () => {
  const source = `
    import { loadSavedModel } from '@servable/runtime';
    const model = await loadSavedModel(${model});
    const { outputs } = await model.predict({ x: [1, 2, 5] });
    console.log(JSON.stringify(outputs.y.toArray()));
    await model.close();`;
  expect(await evaluate('predict.mjs', source)).toBe('[2.5,3,4.5]');
});

test('require() loads the packages, which are ESM', async () => {
  const source = `
    const { tensor } = require('@servable/tensor');
    const { createServer } = require('@servable/server');
    const { createServingClient } = require('@servable/client');
    console.log(typeof createServer, typeof createServingClient, tensor([1, 2]).dtype);`;
  expect(await evaluate('load.cjs', source)).toBe('function function float32');
});

test('a project without the SDKs of object stores type-checks, the declarations of the packages included', async () => {
  for (const sdk of ['@aws-sdk', '@google-cloud', '@azure']) {
    await expect(access(join(project, 'node_modules', sdk))).rejects.toMatchObject({ code: 'ENOENT' });
  }
  await writeFile(
    join(project, 'stores.ts'),
    `import { ObjectStoreSource, type ObjectStoreSettings, TarballSource } from '@servable/core';
     import type { ServerOptions } from '@servable/server';
     const settings: ObjectStoreSettings = { s3: { endpoint: 'http://127.0.0.1:9000' }, gs: { anonymous: true }, az: {} };
     export const options: ServerOptions = { models: [{ name: 'm', basePath: 's3://b/m' }], objectStores: settings };
     export const sources = [ObjectStoreSource, TarballSource];
     // @ts-expect-error A region is text: the types are there.
     export const wrong: ObjectStoreSettings = { s3: { region: 1 } };`,
  );
  expect(await typeCheck('stores.ts')).toBe('');
}, 120_000);

test('what the README of the core shows serves a table, from the packed package alone', async () => {
  const readme = await readFile(join(root, 'packages/core/README.md'), 'utf8');
  const [, shown] = /^```js\n(.*?)^```/ms.exec(readme)!;
  await mkdir(join(project, 'prices/1'), { recursive: true });
  await writeFile(join(project, 'prices/1/table.json'), '{ "tea": 2 }');
  expect(await evaluate('table.mjs', shown!.replace('/data/prices', join(project, 'prices')))).toBe('2 1n');
});

/** The first snippet of an installed package's README, and the lines that its comments say it prints. */
async function firstSnippet(name: string): Promise<{ code: string; prints: string[] }> {
  const readme = await readFile(join(project, 'node_modules/@servable', name, 'README.md'), 'utf8');
  const [, code] = /^```js\n(.*?)^```/ms.exec(readme)!;
  return { code: code!, prints: [...code!.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line!) };
}

test.each(['protos', 'tensor', 'savedmodel', 'client', 'server'])(
  'what the README of %s shows prints what its comments say, from the packed packages',
  async (name) => {
    const { code, prints } = await firstSnippet(name);
    expect(prints).not.toEqual([]);
    const runs = code
      .replace('/models/half_plus_two', join(root, 'examples/models/half_plus_two'))
      .replace(/Port: 850\d/g, 'Port: 0')
      .replace("'localhost:8500'", "'127.0.0.1:' + server.grpcPort");
    const models = JSON.stringify([{ name: 'half_plus_two', basePath: join(root, 'examples/models/half_plus_two') }]);
    const served = `
      import { createServer } from '@servable/server';
      const server = await createServer({ models: ${models}, grpcPort: 0 });
      await server.waitUntilReady();
      ${runs}
      await server.close();`;
    expect(await evaluate(`readme-${name}.mjs`, name === 'client' ? served : runs)).toBe(prints.join('\n'));
  },
);

test('the examples of a lookup table and of two SavedModels as one version run outside of the repository', async () => {
  for (const example of ['lookup-table.mjs', 'composite.mjs']) {
    await cp(join(root, 'examples/quickstart', example), join(project, example));
  }
  const source = `
    import { mkdir, writeFile } from 'node:fs/promises';
    import { resolve } from 'node:path';
    import { createServer } from '@servable/server';
    import { compositePlatform } from './composite.mjs';
    import { publish, serveTables } from './lookup-table.mjs';
    await publish(resolve('tables'), 7, { tea: 2 });
    const tables = await serveTables(resolve('tables'));
    console.log(tables.lookUp('tea'));
    await tables.close();
    await mkdir('twice/1', { recursive: true });
    await writeFile('twice/1/composite.json', JSON.stringify({ models: [${model}, ${model}] }));
    const models = [{ name: 'twice', basePath: resolve('twice') }];
    const server = await createServer({ models, restPort: 0, platforms: [compositePlatform()] });
    await server.waitUntilReady();
    const url = 'http://127.0.0.1:' + server.restPort + '/v1/models/twice:predict';
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ instances: [2, 4] }) });
    console.log(JSON.stringify(await answer.json()));
    await server.close();`;
  expect(await evaluate('examples.mjs', source)).toBe('{ price: 2, version: 7n }\n{"predictions":[3.5,4]}');
});

test('a servable of one’s own type-checks against the declarations of the packed core', async () => {
  await writeFile(
    join(project, 'own.ts'),
    `import { AspiredVersionsManager, type Loader, sourceAdapter, sourceRouter, StaticSource, type Target } from '@servable/core';
     const loader = (text: string): Loader<ReadonlyMap<string, number>> => ({
       load: async ({ signal }) => (signal.throwIfAborted(), new Map([[text, 1]])),
       unload: async () => undefined,
     });
     const manager = new AspiredVersionsManager<ReadonlyMap<string, number>>();
     const target: Target<string> = sourceAdapter((_id, text: string) => loader(text)).adapt(manager);
     const source = new StaticSource<string>([{ id: { name: 'm', version: 1n }, data: 'a' }]);
     source.connect(sourceRouter<string, 'tables'>(() => 'tables').route({ tables: target }));
     const handle = manager.getServableHandle({ name: 'm', auto: 'earliest' });
     export const price: number | undefined = handle.servable.get('a');
     // @ts-expect-error A servable is what its loader makes.
     export const wrong: string = handle.servable;`,
  );
  expect(await typeCheck('own.ts')).toBe('');
}, 120_000);

test('the installed command serves a model', async () => {
  const source = `
    import { spawn } from 'node:child_process';
    const args = ['--no-install', 'servable', 'serve', ${model}, '--port', '0', '--rest-port', '0'];
    // A group of its own: npx may end without the program that it runs.
    const server = spawn('npx', args, { detached: true });
    let text = '';
    server.stderr.setEncoding('utf8').on('data', async (chunk) => {
      text += chunk;
      const port = /REST API at:localhost:(\\d+)/.exec(text)?.[1];
      if (port === undefined || !text.includes('Successfully loaded servable')) return;
      server.stderr.removeAllListeners('data');
      const reply = await fetch('http://127.0.0.1:' + port + '/v1/models/half_plus_two:predict', {
        method: 'POST',
        body: JSON.stringify({ instances: [1, 2, 5] }),
      });
      console.log(JSON.stringify(await reply.json()));
      process.kill(-server.pid, 'SIGTERM');
    });
    server.once('exit', () => process.exit(0));`;
  expect(await evaluate('serve.mjs', source)).toBe('{"predictions":[2.5,3,4.5]}');
});
