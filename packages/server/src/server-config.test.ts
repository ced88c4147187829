import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@servable/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, type Server } from './server.js';
import type { ServerOptions } from './server-options.js';
import { type Caller, grpcCaller, reloadConfig } from './testing/calls.js';
import { type HalfPlusTwo, halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { modelDirectory, type ModelDirectory } from './testing/model-directory.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let directory: ModelDirectory;
let platform: HalfPlusTwo;
let lines: string[];
/** How versions load and unload in the test that is running. */
let threads: Pick<ServerOptions, 'maxConcurrentLoads' | 'maxConcurrentUnloads'> = {};
beforeEach(async () => {
  directory = await modelDirectory('a/1/half_plus_two', 'a/2/half_plus_two', 'b/3/half_plus_two');
  platform = halfPlusTwoPlatform();
  lines = [];
  cleanups.push(() => directory.remove());
});

const path = (name: string): string => join(directory.path, name);

/** A model of the test platform in a configuration file. */
const model = (name: string, rest = '', basePath = path(name)): string =>
  `config { name: "${name}" base_path: "${basePath}" model_platform: "half_plus_two" ${rest} }`;

const list = (...models: string[]): string => `model_config_list { ${models.join('\n')} }`;

const all = 'model_version_policy { all {} }';
const label = (name: string, version: number): string => `version_labels { key: "${name}" value: ${version} }`;

/** Replaces the file at once, so that no reader sees half of it. */
async function writeConfig(text: string): Promise<string> {
  await writeFile(path('new.config'), text);
  await rename(path('new.config'), path('models.config'));
  return path('models.config');
}

async function start(options: ServerOptions): Promise<{ server: Server; caller: Caller }> {
  const note = (line: string): void => void lines.push(line);
  const logger: Logger = { ...silentLogger, info: note, warning: note, error: note };
  const platforms = [platform];
  const server = await createServer({ grpcPort: 0, pollIntervalMs: 5, logger, ...threads, ...options, platforms });
  const caller = grpcCaller(server.grpcPort!);
  cleanups.push(
    () => server.destroy(),
    () => caller.close(),
  );
  return { server, caller };
}

async function startFromFile(text: string, options: ServerOptions = {}) {
  return start({ modelConfigFile: await writeConfig(text), waitForModels: true, ...options });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

describe.each([
  ['one after the other', { maxConcurrentLoads: 1, maxConcurrentUnloads: 1 }],
  ['with pools', { maxConcurrentLoads: 4, maxConcurrentUnloads: 4 }],
] as const)('versions that load %s', (_, given) => {
  beforeEach(() => {
    threads = given;
  });

  describe('a configuration file', () => {
    test('testGoodModelConfig: two models from a file', async () => {
      const { server, caller } = await startFromFile(list(model('a'), model('b')));
      expect([await caller.predict('a', [2]), await caller.predict('b', [2])]).toEqual(['2:3', '3:3']);
      expect(server.models.map(({ name }) => name)).toEqual(['a', 'b']);
    });

    test('testBadModelConfig: the failure names the file, the log the place', async () => {
      const failure = startFromFile('improperly formatted file');
      await expect(failure).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `Invalid protobuf file: '${path('models.config')}'`,
      });
      expect(lines[0]).toContain('Error parsing text-format tensorflow.serving.ModelServerConfig: 1:1: ');
    });

    test('testModelConfigReload: a file that is polled swaps the models', async () => {
      const { caller } = await startFromFile(list(model('a')), { modelConfigFilePollMs: 5 });
      expect(await caller.predict('a', [2])).toBe('2:3');
      await writeConfig(list(model('b')));
      await until(async () => (await caller.predict('b', [2])) === '3:3');
      await until(async () => (await caller.predict('a', [2])).startsWith('NOT_FOUND'));
    });

    test('IllegalReconfigurationToCustomConfig and others: a polled file that goes bad is logged, and what was served goes on', async () => {
      const { caller } = await startFromFile(list(model('a')), { modelConfigFilePollMs: 5 });
      const file = path('models.config');
      for (const [text, line] of [
        ['no config', `Failed to read ModelServerConfig file: INVALID_ARGUMENT: Invalid protobuf file: '${file}'`],
        [
          list(model('a'), model('a')),
          'PollFilesystemAndReloadConfig failed to ReloadConfig: INVALID_ARGUMENT: Illegal to list model a multiple times in config list',
        ],
        [
          'custom_model_config { }',
          'PollFilesystemAndReloadConfig failed to ReloadConfig: FAILED_PRECONDITION: Cannot transition to requested config. ' +
            'It is only legal to transition from one ModelConfigList to another.',
        ],
        [
          '# blank',
          'PollFilesystemAndReloadConfig failed to ReloadConfig: FAILED_PRECONDITION: Cannot transition to requested config. ' +
            'It is only legal to transition from one ModelConfigList to another.',
        ],
      ] as const) {
        await writeConfig(text);
        await until(() => lines.includes(line));
      }
      await rm(file);
      await until(() => lines.some((line) => line.endsWith(`NOT_FOUND: ${file}; No such file or directory`)));
      expect(await caller.predict('a', [2])).toBe('2:3');
    });

    test('testModelConfigReloadWithZeroPollPeriod: without polling the file is read once', async () => {
      const { server } = await startFromFile(list(model('a')));
      await writeConfig(list(model('b')));
      // The file system was looked at several times meanwhile, the file was not.
      await directory.add('a/7/half_plus_two');
      await until(() => server.states.getVersionStates('a')[0]?.id.version === 7n);
      expect(server.models.map(({ name }) => name)).toEqual(['a']);
    });

    test('a blank file serves nothing, until a list comes', async () => {
      const { server, caller } = await startFromFile(' ', { modelRoots: [directory.path] });
      expect(lines).toContain('Taking no action for empty config.');
      expect([server.state, server.models]).toEqual(['ready', []]);
      expect(await reloadConfig(server.grpcPort!, list(model('a')))).toBe('OK');
      expect(await caller.predict('a', [2])).toBe('2:3');
    });

    test('UnknownModelPlatform, IllegalReconfigurationFromCustomConfig: neither an unknown platform nor a custom configuration starts', async () => {
      await expect(
        startFromFile(list(`config { name: "a" base_path: "/a" model_platform: "caffe" }`)),
      ).rejects.toMatchObject({ message: 'Model a requests unsupported platform caffe' });
      await expect(startFromFile('custom_model_config { }')).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        message: 'ModelServer does not yet support custom model config.',
      });
    });

    test('labels of the first configuration count when the server is up', async () => {
      const { caller } = await startFromFile(list(model('a', `${all} ${label('stable', 1)} ${label('canary', 2)}`)));
      await until(async () => (await caller.predict('a', [2], 'stable')) === '1:3');
      await until(async () => (await caller.predict('a', [2], 'canary')) === '2:3');
      expect(await caller.predict('a', [2], 'other')).toBe(
        'INVALID_ARGUMENT: Unrecognized servable version label: other',
      );
    });

    test('a label for a version that is not configured fails the start, unless that is allowed', async () => {
      const text = list(model('a', label('stable', 1)));
      await expect(startFromFile(text)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: 'Request to assign label to version 1 of model a, which is not currently available for inference',
      });
      const { caller } = await startFromFile(text, { unavailableLabels: 'accept-new' });
      expect(await caller.predict('a', [2], 'stable')).toBe(
        'NOT_FOUND: Servable not found for request: Specific(a, 1)',
      );
    });
  });

  describe('HandleReloadConfigRequest', () => {
    test('a new list counts when its new models are available, the old ones go', async () => {
      const { server, caller } = await startFromFile(list(model('a')));
      expect(await reloadConfig(server.grpcPort!, list(model('b'), model('c', '', path('a'))))).toBe('OK');
      expect([await caller.predict('b', [2]), await caller.predict('c', [2])]).toEqual(['3:3', '2:3']);
      await until(() => server.states.getVersionStates('a')[0]?.managerState === 'END');
      expect(await caller.predict('a', [2])).toBe('NOT_FOUND: Servable not found for request: Latest(a)');
    });

    test('a reload whose model cannot be loaded is refused, and everything goes on as it was', async () => {
      const { server, caller } = await startFromFile(list(model('a', all + label('stable', 1))), { maxLoadRetries: 0 });
      await directory.add('broken/1/nothing');
      expect(await reloadConfig(server.grpcPort!, list(model('broken'), model('a')))).toMatch(
        /^UNKNOWN: 1 model\(s\) did not become available: \{\{\{name: broken version: 1\} due to error: NOT_FOUND: /,
      );
      expect(server.models.map(({ name }) => name)).toEqual(['a']);
      expect(await caller.predict('a', [2], 'stable')).toBe('1:3');
      expect(platform.unloaded).toEqual([]);
    });

    test('ReloadConfigUnloadsModels and ReloadConfigHandlesLoadingAPreviouslyUnloadedModel', async () => {
      const { server, caller } = await startFromFile(list(model('a')));
      expect(await reloadConfig(server.grpcPort!, 'model_config_list {}')).toBe('OK');
      await until(() => server.states.getVersionStates('a')[0]?.managerState === 'END');
      expect(await reloadConfig(server.grpcPort!, list(model('a')))).toBe('OK');
      expect(await caller.predict('a', [2])).toBe('2:3');
    });

    test('ReloadConfigChangeModelBasePath: the versions of the other path come, and back', async () => {
      const { server, caller } = await startFromFile(list(model('a')));
      expect(await reloadConfig(server.grpcPort!, list(model('a', '', path('b'))))).toBe('OK');
      await until(async () => (await caller.predict('a', [2])) === '3:3');
      await until(() => server.states.getVersionStates('a').at(-1)?.managerState === 'END');
      expect(await reloadConfig(server.grpcPort!, list(model('a')))).toBe('OK');
      await until(async () => (await caller.predict('a', [2])) === '2:3');
    });

    test('the same configuration again is accepted and loads nothing', async () => {
      const text = list(model('a', all + label('stable', 1)), model('b'));
      const { server } = await startFromFile(text);
      const versions = [path('a/1'), path('a/2'), path('b/3')];
      await until(() => platform.loaded.length === 3);
      expect(await reloadConfig(server.grpcPort!, text)).toBe('OK');
      expect([[...platform.loaded].sort(), platform.unloaded]).toEqual([versions, []]);
    });

    test('labels move by a reload, and one that cannot be set refuses all', async () => {
      const { server, caller } = await startFromFile(list(model('a', all)));
      await until(() => platform.loaded.length === 2);
      const labelled = (...labels: string[]): Promise<string> =>
        reloadConfig(server.grpcPort!, list(model('a', all + labels.join(' '))));
      expect(await labelled(label('stable', 1))).toBe('OK');
      expect(await caller.predict('a', [2], 'stable')).toBe('1:3');
      expect(await labelled(label('stable', 2), label('canary', 9))).toBe(
        'FAILED_PRECONDITION: Request to assign label to version 9 of model a, which is not currently available for inference',
      );
      expect(await caller.predict('a', [2], 'stable')).toBe('1:3');
      expect(await labelled(label('stable', 2))).toBe('OK');
      expect(await caller.predict('a', [2], 'stable')).toBe('2:3');
      expect(await labelled()).toBe('OK');
      expect(await caller.predict('a', [2], 'stable')).toBe(
        'INVALID_ARGUMENT: Unrecognized servable version label: stable',
      );
    });

    test('a list is all that it takes', async () => {
      const { server } = await startFromFile(list(model('a')));
      const refused =
        'INVALID_ARGUMENT: ServerModelConfig type not supported by HandleReloadConfigRequest. ' +
        'Only ModelConfigList is currently supported';
      expect(await reloadConfig(server.grpcPort!, '')).toBe(refused);
      expect(await reloadConfig(server.grpcPort!, 'custom_model_config {}')).toBe(refused);
    });

    test('a path that nobody allowed is refused by the name of the option', async () => {
      const { server, caller } = await startFromFile(list(model('a')));
      for (const basePath of ['/elsewhere/m', `${path('a')}/../../secret`, directory.path.slice(0, -1)]) {
        expect(await reloadConfig(server.grpcPort!, list(model('m', '', basePath)))).toBe(
          `PERMISSION_DENIED: Base path ${basePath} of model m is under no directory that a client may name ` +
            `(${directory.path}); modelRoots allows another one`,
        );
      }
      expect(await caller.predict('a', [2])).toBe('2:3');
    });

    test('it can be switched off', async () => {
      const { server } = await startFromFile(list(model('a')), { reloadOverGrpc: false });
      expect(await reloadConfig(server.grpcPort!, list(model('b')))).toMatch(/^UNIMPLEMENTED: /);
    });

    test('a server that closes ends a reload that waits for a model which never comes', async () => {
      const { server } = await startFromFile(list(model('a')));
      const waiting = reloadConfig(server.grpcPort!, list(model('never')));
      await until(() => lines.includes(' (Re-)adding model: never'));
      await server.close();
      expect(await waiting).toBe('UNAVAILABLE: The server is shutting down');
    });
  });

  test('a model that never came keeps a server from being ready until it is configured no more', async () => {
    const { server } = await start({
      models: [
        { name: 'a', basePath: path('a') },
        { name: 'never', basePath: path('never') },
      ],
    });
    await until(() => server.states.getVersionStates('a')[0]?.managerState === 'AVAILABLE');
    expect(server.state).toBe('not-ready');
    await server.reload([{ name: 'a', basePath: path('a') }]);
    await server.waitUntilReady();
    expect(server.state).toBe('ready');
  });

  describe('several platforms', () => {
    const onTwo = (name: string): HalfPlusTwo => ({ ...platform, name });

    async function startBoth(text: string) {
      const server = await createServer({
        modelConfigFile: await writeConfig(text),
        waitForModels: true,
        grpcPort: 0,
        pollIntervalMs: 5,
        platforms: [onTwo('tensorflow'), onTwo('onnx')],
      });
      const caller = grpcCaller(server.grpcPort!);
      cleanups.push(
        () => server.destroy(),
        () => caller.close(),
      );
      return { server, caller };
    }

    const on = (name: string, kind: string): string => `config { name: "${name}" base_path: "${path(name)}" ${kind} }`;

    test('MultiplePlatforms and DeprecatedModelTypeConfig: each model on the one that it asks for', async () => {
      const { server, caller } = await startBoth(
        list(on('a', 'model_platform: "onnx"'), on('b', 'model_type: TENSORFLOW')),
      );
      expect([await caller.predict('a', [2]), await caller.predict('b', [2])]).toEqual(['2:3', '3:3']);
      expect(server.models.map(({ platform: name }) => name)).toEqual(['onnx', 'tensorflow']);
    });

    test('MultiplePlatformsWithConfigChange: one model is swapped for one of another platform', async () => {
      const { server, caller } = await startBoth(list(on('a', 'model_platform: "onnx"')));
      expect(await reloadConfig(server.grpcPort!, list(on('b', 'model_platform: "tensorflow"')))).toBe('OK');
      expect(await caller.predict('b', [2])).toBe('3:3');
      await until(async () => (await caller.predict('a', [2])).startsWith('NOT_FOUND'));
    });

    test('IllegalToChangeModelPlatform', async () => {
      const { server } = await startBoth(list(on('a', 'model_platform: "onnx"')));
      expect(await reloadConfig(server.grpcPort!, list(on('a', 'model_platform: "tensorflow"')))).toBe(
        "INVALID_ARGUMENT: Illegal to change a model's platform. For model a platform was onnx " +
          'and new platform requested is tensorflow',
      );
    });
  });

  test('the list of models over REST shows labels', async () => {
    const { server } = await startFromFile(list(model('a', all + label('stable', 1))), { restPort: 0 });
    await until(() => platform.loaded.length === 2);
    const response = await fetch(`http://127.0.0.1:${server.restPort}/v1/models`);
    expect(JSON.stringify(await response.json())).toContain('"labels":["stable"]');
  });

  test('a program reloads its own server, from a base path to a single directory', async () => {
    const { server, caller } = await start({ models: [{ name: 'a', basePath: path('a') }], waitForModels: true });
    await server.reload([
      { name: 'a', basePath: path('a'), versionLabels: { stable: 2n } },
      { name: 'one', directory: path('b/3'), version: 9n },
    ]);
    expect([await caller.predict('a', [2], 'stable'), await caller.predict('one', [2])]).toEqual(['2:3', '9:3']);
    await expect(server.reload([{ name: 'a', basePath: 'relative' }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await server.reload([{ name: 'one', directory: path('b/3'), version: 9n }]);
    await until(() => server.states.getVersionStates('a')[0]?.managerState === 'END');
  });
});

test.each<[ServerOptions, string]>([
  [{ models: [], modelConfigFile: '/m' }, 'Give either models or modelConfigFile; got both'],
  [{}, 'models must name at least one model; got none'],
  [{ modelConfigFile: '' }, "modelConfigFile must be a path; got ''"],
  [{ modelConfigFile: '/m', modelRoots: ['m'] }, "modelRoots must be absolute paths; got 'm'"],
  [
    { modelConfigFile: '/m', unavailableLabels: 'maybe' as never },
    "unavailableLabels must be 'refuse', 'accept-new' or 'accept'; got 'maybe'",
  ],
  [
    { modelConfigFile: '/m', maxConcurrentUnloads: 0 },
    'maxConcurrentUnloads must be a whole number from 1 to 2147483647; got 0',
  ],
])('%o is refused', async (options, message) => {
  await expect(start(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
});
