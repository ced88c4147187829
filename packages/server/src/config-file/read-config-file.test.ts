import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFileError } from './config-problem.js';
import { accessJsonSchema, type AccessOptions } from '../security/access-file.js';
import { configJsonSchema } from './config-shape.js';
import { readConfigFile } from './read-config-file.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'config-file-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function read(text: string, name = 'servable.yaml'): Promise<unknown> {
  const path = join(directory, name);
  await writeFile(path, text);
  return readConfigFile(path);
}

/** The problems of a file, without its name. */
async function problems(text: string, name?: string): Promise<string[]> {
  const error = await read(text, name).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigFileError)) throw new Error(`no problem was found: ${String(error)}`);
  return error.message.split('\n').map((line) => line.slice(error.path.length + 1));
}

const full = `
# Two models
host: 0.0.0.0
grpcPort: 8500
models:
  - name: resnet
    basePath: models/resnet
    platform: tensorflow
    versionPolicy: { specific: [3, "9223372036854775807"] }
    versionLabels: { stable: 3 }
  - name: one
    directory: /exported/one
    version: 7
warmup: { iterations: 2 }
prometheus: {}
modelRoots: [models]
`;

const options = (directory: string) => ({
  host: '0.0.0.0',
  grpcPort: 8500,
  models: [
    {
      name: 'resnet',
      basePath: join(directory, 'models/resnet'),
      platform: 'tensorflow',
      versionPolicy: { kind: 'specific', versions: [3n, 9223372036854775807n] },
      versionLabels: { stable: 3n },
    },
    { name: 'one', directory: '/exported/one', version: 7n },
  ],
  warmup: { iterations: 2 },
  prometheus: {},
  modelRoots: [join(directory, 'models')],
});

test('YAML gives the options of the server, its paths relative to the file', async () => {
  expect(await read(full)).toEqual(options(directory));
});

test('what models run on, their paths relative to the file', async () => {
  const text = `
executionProviders: [webgpu, cpu]
instances: per-device
models:
  - name: m
    directory: /m
    executionProviders: [{ name: tensorrt, deviceId: [0, 1], fp16: true, engineCacheDir: engines }, cuda]
  - { name: n, basePath: /n, executionProviders: [{ name: OpenVINO, library: ep.so, deviceType: npu }], instances: 2 }
`;
  expect(await read(text)).toEqual({
    executionProviders: ['webgpu', 'cpu'],
    instances: 'per-device',
    models: [
      {
        name: 'm',
        directory: '/m',
        executionProviders: [
          { name: 'tensorrt', deviceId: [0, 1], fp16: true, engineCacheDir: join(directory, 'engines') },
          'cuda',
        ],
      },
      {
        name: 'n',
        basePath: '/n',
        executionProviders: [{ name: 'OpenVINO', library: join(directory, 'ep.so'), deviceType: 'npu' }],
        instances: 2,
      },
    ],
  });
});

test('logs, traces, recorded requests and access rules in the file itself', async () => {
  await writeFile(join(directory, 'tokens'), 'web a-token-of-the-web-app\n');
  const { access, ...rest } = (await read(`
log: { format: json, level: warning }
tracing: true
slowRequestMs: 250
requestLog: { roots: [logs], maxFileAgeMs: 60000 }
models:
  - { name: m, basePath: /m, logging: { filenamePrefix: logs/m, samplingRate: 0.25 } }
access:
  tokensFile: tokens
  rules: [{ callers: [web], methods: [inference], models: [m] }]
`)) as { access: AccessOptions };
  expect(rest).toEqual({
    log: { format: 'json', level: 'warning' },
    tracing: true,
    slowRequestMs: 250,
    requestLog: { roots: [join(directory, 'logs')], maxFileAgeMs: 60_000 },
    models: [{ name: 'm', basePath: '/m', logging: { filenamePrefix: join(directory, 'logs/m'), samplingRate: 0.25 } }],
  });
  expect(access.rules).toEqual([{ callers: ['web'], methods: ['inference'], models: ['m'] }]);
  expect(access.tokens?.map(({ name }) => name)).toEqual(['web']);
  await writeFile(join(directory, 'tokens'), 'app another-token-of-an-app\n');
  expect((await access.reload!()).tokens?.map(({ name }) => name)).toEqual(['app']);
});

test('access rules are in the file or in one of their own, and mistakes in them have a place', async () => {
  const model = 'models: [{ name: m, basePath: /m }]\n';
  expect(await problems(`${model}accessFile: a.yaml\naccess: { rules: [] }`)).toEqual([
    '3:1: access: expected access or accessFile; got both',
  ]);
  expect(await problems(`${model}access:\n  rules: [{ callers: [web], methods: [infer] }]`)).toEqual([
    expect.stringMatching(/^3:\d+: access\.rules\[0\]\.methods\[0\]: expected inference or /),
  ]);
});

test('JSON gives the same', async () => {
  const json = {
    host: '0.0.0.0',
    grpcPort: 8500,
    models: [
      {
        name: 'resnet',
        basePath: 'models/resnet',
        platform: 'tensorflow',
        versionPolicy: { specific: [3, '9223372036854775807'] },
        versionLabels: { stable: 3 },
      },
      { name: 'one', directory: '/exported/one', version: 7 },
    ],
    warmup: { iterations: 2 },
    prometheus: {},
    modelRoots: ['models'],
  };
  expect(await read(JSON.stringify(json, undefined, 2), 'servable.json')).toEqual(options(directory));
});

test.each([
  ['latest', { kind: 'latest', numVersions: 1 }],
  ['all', { kind: 'all' }],
  ['{ latest: 3 }', { kind: 'latest', numVersions: 3 }],
  ['{ specific: [] }', { kind: 'specific', versions: [] }],
])('versionPolicy: %s', async (text, policy) => {
  expect(await read(`models: [{ name: m, basePath: /m, versionPolicy: ${text} }]`)).toMatchObject({
    models: [{ versionPolicy: policy }],
  });
});

test('certificates are read from their files', async () => {
  await writeFile(join(directory, 'key.pem'), 'a key');
  await writeFile(join(directory, 'cert.pem'), 'a certificate');
  const text = 'models: []\ngrpcTls: { keyFile: key.pem, certFile: cert.pem, verifyClient: true }';
  expect(await read(text)).toMatchObject({ grpcTls: { key: 'a key', cert: 'a certificate', verifyClient: true } });
  await expect(read('models: []\ngrpcTls: { keyFile: none.pem, certFile: cert.pem }')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `${join(directory, 'none.pem')}; No such file or directory`,
  });
});

describe('every problem is told with its place and key', () => {
  test('several in one file', async () => {
    const text = `grpcPort: 70000
modles: []
models:
  - nme: m
    basePath: /m
  - name: n
    versionPolicy: newest
  - name: o
    basePath: /o
    directory: /p
    versionLabels:
      stable: one
`;
    expect(await problems(text)).toEqual([
      '1:1: grpcPort: expected a whole number from 0 to 65535; got 70000',
      '2:1: modles: unknown key; did you mean models?',
      '4:5: models[0].nme: unknown key; did you mean name?',
      '4:5: models[0]: name is missing',
      '7:5: models[1].versionPolicy: expected latest or all; got "newest"',
      '12:7: models[2].versionLabels.stable: expected a version, a whole number; one beyond 2^53 in quotes; got "one"',
    ]);
  });

  test.each([
    ['models: [{ name: m }]', '1:10: models[0]: expected one of basePath and directory'],
    ['models: [{ name: m, basePath: /m, directory: /n }]', '1:10: models[0]: expected one of basePath and directory'],
    [
      'models: [{ name: m, basePath: /m, version: 3 }]',
      '1:35: models[0].version: the versions of a basePath are its directories',
    ],
    [
      'models: [{ name: m, directory: /m, versionPolicy: all }]',
      '1:36: models[0].versionPolicy: a single directory has no version policy',
    ],
    [
      'models: [{ name: m, basePath: /m, versionPolicy: { latest: 1, specific: [1] } }]',
      '1:35: models[0].versionPolicy: expected latest, all, { latest: <count> } or { specific: [<version>, …] }',
    ],
    ['models: []\ninstances: all', '2:1: instances: expected per-device; got "all"'],
    [
      'models: []\nexecutionProviders: [{ name: cuda, fp16: 1 }]',
      '2:36: executionProviders[0].fp16: expected true or false; got 1',
    ],
    ['- models', '1:1: expected a map; got a list'],
    ['models: {}', '1:1: models: expected a list; got a map'],
    ['models: []\nwarmup: { enabled: yes please }', '2:11: warmup.enabled: expected true or false; got "yes please"'],
    ['models: []\ngrpcTls: { keyFile: k }', '2:1: grpcTls: certFile is missing'],
    ['', '1:1: models is missing: expected a list of models, or modelConfigFile'],
  ])('%j', async (text, problem) => {
    expect(await problems(text)).toEqual([problem]);
  });

  test('text that is no YAML, and text that is no JSON', async () => {
    expect((await problems('models: [\n  a: {')).length).toBeGreaterThan(0);
    expect((await problems('{ "models": [ }', 'broken.json')).length).toBeGreaterThan(0);
  });
});

test.each([
  ['servable-config.schema.json', configJsonSchema],
  ['servable-access.schema.json', accessJsonSchema],
])('docs/%s is the schema of the table; `npm run docs` in packages/server writes it anew', async (name, schema) => {
  const path = fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url));
  const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 });
  await expect(text).toMatchFileSnapshot(path);
});
