import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, root, start, type Program } from './testing/program.js';

// Runs what README.md shows, as it stands there: only ports and paths of models are replaced.

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text!);
/** Command lines without their comments. */
const commands = blocks('sh').flatMap((block) =>
  block
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '')),
);
const serve = 'npx @servable/server serve ./models';
const dropIn = 'npx @servable/server --port=8500 --rest_api_port=8501 --model_name=m --model_base_path=/models/m';

/** Starts a command line of the README with some of its words replaced. */
function run(line: string, replaced: Readonly<Record<string, string>>, ...added: string[]): Program {
  const words = line.split(' ');
  for (const word of Object.keys(replaced)) expect(words).toContain(word);
  const [command, ...args] = words.map((word) => replaced[word] ?? word);
  return start(command!, [...args, ...added]);
}

async function predictOverRest(port: number | string, model: string): Promise<unknown> {
  const url = `http://127.0.0.1:${port}/v1/models/${model}:predict`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ instances: [1, 2, 5] }) });
  return response.json();
}

test('every command of the README is one that is tested here, or is how these tests are run', () => {
  expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test', serve, dropIn]);
  expect(readme).toContain('`npm start -- --port 9500\n--rest-port 9501`');
});

test('npm start serves the example models on the ports it is given', async () => {
  await using running = start('npm', ['start', '--', '--port', '0', '--rest-port', '0']);
  await running.printed(/Serving until Ctrl-C\./);
  const [, port] = await running.printed(/http:\/\/127\.0\.0\.1:(\d+) \(REST\)/);
  expect(await predictOverRest(port!, 'half_plus_two')).toEqual({ predictions: [2.5, 3, 4.5] });
  running.interrupt();
  await running.exit;
  expect(running.output()).toContain('SIGINT: draining');
}, 180_000);

test('the package table lists what is published', () => {
  const published = readdirSync(join(root, 'packages')).filter((folder) =>
    existsSync(join(root, 'packages', folder, 'package.json')),
  );
  const listed = [...readme.matchAll(/^\| `@servable\/([\w-]+)`/gm)].map(([, name]) => name!);
  expect(listed.toSorted()).toEqual(published.toSorted());
});

test('the links of every README lead to a file that is there, and to a heading of it', () => {
  const folders = readdirSync(join(root, 'packages')).map((folder) => join(root, 'packages', folder));
  const headings = (path: string): string[] =>
    [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
      text!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
  const broken = [root, ...folders].flatMap((folder) => {
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    return links
      .filter(([, path, anchor]) => {
        const file = join(folder, path || 'README.md');
        return !existsSync(file) || (anchor !== undefined && !headings(file).includes(anchor));
      })
      .map(([link]) => `${folder}: ${link}`);
  });
  expect(broken).toEqual([]);
});

describe('with a server', () => {
  let server: Program;
  let target: string;
  let folder: string;
  beforeAll(async () => {
    await mkdir(join(root, '.cache'), { recursive: true });
    // Inside the workspace, where our packages are found by their names.
    folder = await mkdtemp(join(root, '.cache', 'readme-'));
    server = run(serve, { './models': 'examples/models' }, '--port=0', '--rest-port=0');
    const [, address] = await server.printed(/Running gRPC ModelServer at (\S+) /);
    await server.printed(/Successfully loaded servable version \{name: half_plus_two version: 2\}/);
    target = address!;
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  /** Runs a snippet as a module and gives the lines it prints. */
  async function runSnippet(name: string, code: string): Promise<string[]> {
    const file = join(folder, `${name}.mjs`);
    await writeFile(file, code);
    await using running = start(process.execPath, [file]);
    const status = await running.exit;
    expect([status, running.output()]).toEqual([0, expect.any(String)]);
    return running.output().trimEnd().split('\n');
  }

  test('the serve command serves every model of a directory and ends with Ctrl-C', async () => {
    const [, port] = await server.printed(/Exporting HTTP\/REST API at:localhost:(\d+) /);
    expect(await predictOverRest(port!, 'half_plus_two')).toEqual({ predictions: [2.5, 3, 4.5] });
    for (const model of ['digits', 'wine']) {
      await server.printed(new RegExp(`Successfully loaded servable version \\{name: ${model} version: 1\\}`));
    }
    await using another = run(serve, { './models': 'examples/models/half_plus_two' }, '--port=0', '--rest-port=0');
    await another.printed(/Successfully loaded/);
    another.interrupt();
    await another.exit;
    expect(another.output()).toContain('Received SIGINT: draining');
    expect(another.output()).toContain('Done unloading servable version {name: half_plus_two version: 2}');
  });

  test('the client snippet prints what its comment says', async () => {
    const code = blocks('js').find((block) => block.includes('createServingClient'))!;
    expect(code).toContain("'localhost:8500'");
    const [, expected] = /^console\.log\(outputs.*?; \/\/ (.*)$/m.exec(code)!;
    const [first, ...rest] = await runSnippet('client', code.replace('localhost:8500', target));
    expect(first).toBe(expected);
    expect(expected).toBe("[ 2.5, 3, 4.5 ] { name: 'half_plus_two', version: 2n }");
    expect(rest.join('\n')).toContain('serving_default');
  });

  test('the runtime snippet prints half of x plus two', async () => {
    const code = blocks('js').find((block) => block.includes('loadSavedModel'))!;
    expect(await runSnippet('runtime', code)).toEqual(['[ 2.5, 3, 4.5 ]']);
  });
});

test('the tensorflow_model_server line serves the model it names', async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  await using running = run(dropIn, {
    '--port=8500': `--port=${port}`,
    '--rest_api_port=8501': `--rest_api_port=${restPort}`,
    '--model_base_path=/models/m': `--model_base_path=${join(root, 'examples/models/half_plus_two')}`,
  });
  await running.printed(/Exporting HTTP\/REST API/);
  expect(await predictOverRest(restPort, 'm')).toEqual({ predictions: [2.5, 3, 4.5] });
});
