import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { grpcCaller } from '../testing/calls.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';
import { type TestIo, testIo } from '../testing/test-io.js';
import { config } from './config.js';
import { serve } from './serve.js';

let directory: ModelDirectory;
let io: TestIo;
beforeEach(async () => {
  directory = await modelDirectory('models/a/1/half_plus_two', 'models/a/2/half_plus_two');
  io = testIo({ cwd: directory.path, platforms: [halfPlusTwoPlatform()] });
});
afterEach(() => directory.remove());

const file = (name: string, text: string): Promise<void> => writeFile(join(directory.path, name), text);

describe('servable config check', () => {
  test('a good file ends with 0 and the names of its models', async () => {
    await file('good.yaml', 'models: [{ name: a, basePath: models/a }, { name: b, directory: models/a/1 }]');
    expect(await config(['check', 'good.yaml'], { io })).toBe(0);
    expect(io.out).toEqual(['good.yaml: good: 2 model(s): a, b\n']);
    await file('good.config', 'model_config_list { config { name: "a" base_path: "/a" model_platform: "onnx" } }');
    expect(await config(['check', 'good.config'], { io })).toBe(0);
    expect(io.out[1]).toBe('good.config: good: 1 model(s): a\n');
  });

  test.each([
    [
      'bad.yaml',
      'models:\n  - name: a\n    bsePath: /a\n',
      'bad.yaml:3:5: models[0].bsePath: unknown key; did you mean basePath?\n',
    ],
    [
      'twice.yaml',
      'models: [{ name: a, basePath: /a }, { name: a, basePath: /b }]',
      'twice.yaml: Illegal to list model a multiple times in config list\n',
    ],
    [
      'bad.config',
      'model_config_list {\n  config { nme: "a" } }',
      'bad.config:2:12: model_config_list.config[0]: Message type "tensorflow.serving.ModelConfig" has no field named "nme".\n',
    ],
    [
      'platform.config',
      'model_config_list { config { name: "a" base_path: "/a" model_platform: "caffe" } }',
      'platform.config: Model a requests unsupported platform caffe\n',
    ],
    ['blank.config', '# nothing', 'blank.config: expected a model_config_list in blank.config; got none\n'],
  ])('%s ends with 1 and one line for each problem', async (name, text, line) => {
    await file(name, text);
    expect(await config(['check', name], { io })).toBe(1);
    expect([io.err, io.out]).toEqual([[line], []]);
  });

  test('a model list that a YAML file names is checked too, and its problems are its own', async () => {
    await file('servable.yaml', 'modelConfigFile: models.config');
    await file('models.config', 'model_config_list { config { name: "a" base_path: "/a" model_platform: "onnx" } }');
    expect(await config(['check', 'servable.yaml'], { io })).toBe(0);
    expect(io.out).toEqual(['servable.yaml: good: 1 model(s): a\n']);
    await file('models.config', 'models');
    expect(await config(['check', 'servable.yaml'], { io })).toBe(1);
    expect(io.err).toEqual([
      `${join(directory.path, 'models.config')}:1:1: Message type "tensorflow.serving.ModelServerConfig" has no field named "models".\n`,
    ]);
  });

  test('a missing file ends with 1', async () => {
    expect(await config(['check', 'none.yaml'], { io })).toBe(1);
    expect(io.err).toEqual([`none.yaml: ${join(directory.path, 'none.yaml')}; No such file or directory\n`]);
  });

  test.each([
    [[], 'Unknown action: (none)\n'],
    [['chek', 'file'], 'Unknown action: chek; did you mean check?\n'],
    [['check'], 'servable config check takes one file; got 0\n'],
    [['check', 'a', 'b'], 'servable config check takes one file; got 2\n'],
  ])('%j is wrong usage and ends with 2', async (argv, message) => {
    expect(await config(argv, { io })).toBe(2);
    expect(io.err.join('')).toContain(message);
    expect(io.err.join('')).toContain('usage: servable config check FILE');
  });
});

describe('servable serve --config', () => {
  const run = (...argv: string[]): Promise<number> => serve(argv, { io });

  test('serves what the file says, and flags win over it', async () => {
    await file(
      'servable.yaml',
      'grpcPort: 1\nrestPort: 0\nmodels: [{ name: a, basePath: models/a, versionPolicy: all, versionLabels: { stable: 1 } }]',
    );
    const exit = run('--config', 'servable.yaml', '--port=0');
    const [, port] = await io.untilLogged(/Running gRPC ModelServer at 127\.0\.0\.1:(\d+) /);
    await io.untilLogged(/Successfully loaded servable version \{name: a version: 1\}/);
    await io.untilLogged(/Successfully loaded servable version \{name: a version: 2\}/);
    const caller = grpcCaller(Number(port));
    expect([await caller.predict('a', [2], 'stable'), await caller.predict('a', [2])]).toEqual(['1:3', '2:3']);
    caller.close();
    io.send('SIGTERM');
    expect(await exit).toBe(0);
  });

  test('a bad file ends with 1 and its problems', async () => {
    await file('bad.yaml', 'modles: []');
    expect(await run('--config=bad.yaml')).toBe(1);
    expect(io.err.join('')).toContain(
      `${join(directory.path, 'bad.yaml')}:1:1: modles: unknown key; did you mean models?`,
    );
  });

  test.each([
    [[], 'servable serve takes one directory; got 0'],
    [['models', '--config=f'], 'servable serve takes either a directory or --config; got both'],
  ])('%j is wrong usage', async (argv, message) => {
    expect(await run(...argv)).toBe(2);
    expect(io.err.join('')).toContain(message);
  });
});

describe('servable config diff', () => {
  const running = `models:
  - { name: a, basePath: models/a, versionPolicy: { specific: [1, 2] }, versionLabels: { stable: 1 } }
  - { name: b, directory: models/a/1 }
restPort: 0
grpcPort: 0
`;

  async function diff(text: string, ...flags: string[]): Promise<{ status: number; out: string; err: string }> {
    await file('running.yaml', running);
    const server = testIo({ cwd: directory.path, platforms: [halfPlusTwoPlatform()] });
    const ended = serve(['--config', 'running.yaml'], {
      io: server,
    });
    const [, port] = await server.untilLogged(/HTTP\/REST API at:localhost:(\d+)/);
    await file('new.yaml', text);
    const status = await config(['diff', 'new.yaml', '--server', `127.0.0.1:${port}`, ...flags], { io });
    server.send('SIGTERM');
    await ended;
    return { status, out: io.out.join(''), err: io.err.join('') };
  }

  test('the configuration that is running ends with 0, whatever its order', async () => {
    const same = `models:
  - { directory: models/a/1, name: b }
  - { versionLabels: { stable: 1 }, name: a, basePath: models/a, versionPolicy: { specific: [1, 2] } }
`;
    expect(await diff(same)).toEqual({ status: 0, out: 'new.yaml: no changes\n', err: '' });
  });

  test('models that come and go, paths, policies and labels end with 1', async () => {
    const text = `models:
  - { name: a, basePath: models/c, versionPolicy: all, versionLabels: { stable: 2, canary: 1 } }
  - { name: c, basePath: models/a }
`;
    const at = (path: string): string => join(directory.path, path);
    expect(await diff(text)).toEqual({
      status: 1,
      err: '',
      out: `~ a
    basePath: ${at('models/a')} -> ${at('models/c')}
    versionLabels: {"stable":"1"} -> {"stable":"2","canary":"1"}
    versionPolicy: {"kind":"specific","versions":["1","2"]} -> {"kind":"all"}
- b
    directory: ${at('models/a/1')}
    version: 1
    versionLabels: {}
    versionPolicy: {"kind":"latest","numVersions":1}
+ c
    basePath: ${at('models/a')}
    versionLabels: {}
    versionPolicy: {"kind":"latest","numVersions":1}
`,
    });
  });

  test('differences as JSON', async () => {
    const text = 'models: [{ name: b, directory: models/a/1, versionLabels: { now: 1 } }]';
    const { status, out } = await diff(text, '--json');
    expect(status).toBe(1);
    expect((JSON.parse(out) as { model: string; kind: string }[]).map(({ model, kind }) => [model, kind])).toEqual([
      ['a', 'removed'],
      ['b', 'changed'],
    ]);
  });

  test.each([
    [['nothing.yaml', '--server=127.0.0.1:1'], /nothing\.yaml/],
    [['good.yaml', '--server=127.0.0.1:1'], /http:\/\/127\.0\.0\.1:1\/v1\/config does not answer: /],
    [['good.yaml'], /servable config diff needs --server/],
    [['good.yaml', 'other', '--server=127.0.0.1:1'], /takes one file; got 2/],
    [['good.yaml', '--server=:::'], /Flag --server needs HOST:PORT or a URL; got :::/],
  ] as const)('%o ends with 2', async (argv, message) => {
    await file('good.yaml', running);
    expect(await config(['diff', ...argv], { io })).toBe(2);
    expect(io.err.join('')).toMatch(message);
  });
});
