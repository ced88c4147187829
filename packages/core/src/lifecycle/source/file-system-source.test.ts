import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../../servable/logger.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { settled } from '../../servable/testing/puppet-loader.js';
import { modelServerConfig } from '../config/model-server-config.js';
import { FileSystemSource } from './file-system-source.js';
import type { MonitoredServable } from './version-directories.js';

const model = (name: string, basePath = `/models/${name}`): MonitoredServable => ({
  name,
  basePath,
  versionPolicy: { kind: 'latest', numVersions: 1 },
});

/** A source over a file system made of a map, a clock moved by hand, and what the target and the logger were told. */
function setup(directories: Record<string, string[]>, servables = [model('m')], pollIntervalMs?: number) {
  const clock = new ManualClock();
  const told: string[] = [];
  const logged: string[] = [];
  const note = (level: string) => (message: string) => void logged.push(`${level}: ${message}`);
  const logger: Logger = { debug: note('D'), info: note('I'), warning: note('W'), error: note('E') };
  const source = new FileSystemSource({
    servables,
    pollIntervalMs,
    clock,
    logger,
    listChildren: async (path) => {
      const children = directories[path];
      if (!children) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      return children;
    },
  });
  const connect = async (): Promise<void> => {
    source.connect({
      setAspiredVersions: (name, versions) =>
        told.push(`${name}: ${versions.map(({ id, data }) => `${id.version}=${data}`).join(' ')}`),
    });
    await settled();
  };
  const poll = async (afterMs = 1000): Promise<void> => {
    clock.advance(afterMs);
    await settled();
  };
  return { source, directories, told, logged, clock, connect, poll };
}

test('the first poll comes at once, the next ones a second apart', async () => {
  const { connect, directories, told, poll } = setup({ '/models/m': ['1'] });
  await connect();
  expect(told).toEqual(['m: 1=/models/m/1']);
  directories['/models/m'] = ['1', '2'];
  await poll(999);
  expect(told).toHaveLength(1);
  await poll(1);
  expect(told).toEqual(['m: 1=/models/m/1', 'm: 2=/models/m/2']);
});

test('FilesAppearAfterStartup: a missing base path is logged and tells the target nothing', async () => {
  const { connect, directories, told, logged, poll } = setup({});
  await connect();
  expect(told).toEqual([]);
  expect(logged).toEqual([
    'E: FileSystemStoragePathSource encountered a filesystem access error: Could not find base path /models/m ' +
      'for servable m with error NOT_FOUND: /models/m not found',
  ]);
  directories['/models/m'] = ['3'];
  await poll();
  expect(told).toEqual(['m: 3=/models/m/3']);
});

test('NoVersionsAtStartup: a base path without versions is an empty list, a missing one tells nothing', async () => {
  const { connect, told } = setup({ '/models/a': ['readme'] }, [model('a'), model('b')]);
  await connect();
  expect(told).toEqual(['a: ']);
});

test('MultipleVersions and MultipleVersionsAtTheSameTime: the highest one, or all that are numbers', async () => {
  const children = ['non_numerical_child', '42', '17'];
  const { connect, told } = setup({ '/models/m': children, '/models/n': children }, [
    model('m'),
    { ...model('n'), versionPolicy: { kind: 'all' } },
  ]);
  await connect();
  expect(told).toEqual(['m: 42=/models/m/42', 'n: 17=/models/n/17 42=/models/n/42']);
});

test('MultipleServables: each stream is told of its own, those without versions too', async () => {
  const { connect, told } = setup({ '/models/a': ['42', '17'], '/models/b': [], '/models/c': ['3'] }, [
    model('a'),
    model('b'),
    model('c'),
  ]);
  await connect();
  expect(told).toEqual(['a: 42=/models/a/42', 'b: ', 'c: 3=/models/c/3']);
});

test('ParseTimestampedVersion: a time stamp is a version', async () => {
  const { connect, told } = setup({ '/models/m': ['20170111173521'] });
  await connect();
  expect(told).toEqual(['m: 20170111173521=/models/m/20170111173521']);
});

test('one missing base path holds back the news of its own stream only', async () => {
  const { connect, directories, told, logged, poll } = setup({ '/models/a': ['1'], '/models/b': ['1'] }, [
    model('a'),
    model('b'),
  ]);
  await connect();
  delete directories['/models/b'];
  directories['/models/a'] = ['1', '2'];
  await poll();
  expect(told).toEqual(['a: 1=/models/a/1', 'b: 1=/models/b/1', 'a: 2=/models/a/2']);
  expect(logged).toHaveLength(1);
});

test('LastVersionNotRemoved: an empty base path empties its stream and warns at each poll', async () => {
  const { connect, directories, told, logged, poll } = setup({ '/models/m': ['1'] });
  await connect();
  directories['/models/m'] = ['one'];
  await poll();
  await poll();
  expect(told).toEqual(['m: 1=/models/m/1', 'm: ', 'm: ']);
  const warning =
    'W: No versions of servable m found under base path /models/m. ' +
    "Did you forget to name your leaf directory as a number (eg. '/1/')?";
  expect(logged).toEqual([warning, warning]);
});

test('ServableVersionDirRenamed: a version whose directory is renamed to a word is gone at the next poll', async () => {
  const { connect, directories, told, poll } = setup({ '/models/m': ['1', '2'] });
  await connect();
  directories['/models/m'] = ['1', '2_hidden'];
  await poll();
  expect(told).toEqual(['m: 2=/models/m/2', 'm: 1=/models/m/1']);
});

test('PollFilesystemOnlyOnce: an interval of 0 polls once, and once more when the streams change', async () => {
  const { connect, source, told, clock, directories } = setup({ '/models/m': ['1'] }, undefined, 0);
  await connect();
  expect(told).toEqual(['m: 1=/models/m/1']);
  expect(clock.pending).toBe(0);
  directories['/models/n'] = ['2'];
  source.update([model('n')]);
  await settled();
  expect(told.slice(1)).toEqual(['m: ', 'n: 2=/models/n/2']);
  expect(clock.pending).toBe(0);
});

test('a negative interval never polls', async () => {
  const { connect, told, clock } = setup({ '/models/m': ['1'] }, undefined, -1);
  await connect();
  expect([told, clock.pending]).toEqual([[], 0]);
});

describe('changing what is watched', () => {
  test('ChangeSetOfServables: a removed stream is emptied at once and only once, a new one is looked for without delay', async () => {
    const { connect, source, told, poll, clock } = setup(
      { '/models/a': ['1'], '/models/b': ['2'], '/models/c': ['3'] },
      [model('a'), model('b')],
    );
    await connect();
    told.length = 0;
    source.update([model('b'), model('c')]);
    expect(told).toEqual(['a: ']);
    await settled();
    expect(told).toEqual(['a: ', 'b: 2=/models/b/2', 'c: 3=/models/c/3']);
    await poll();
    expect(told.slice(3)).toEqual(['b: 2=/models/b/2', 'c: 3=/models/c/3']);
    expect(clock.pending).toBe(1);
  });

  test('a poll that was running during the change brings nothing back, and is followed by one of the new streams', async () => {
    const { source, told, connect, clock } = setup({ '/models/a': ['1'], '/models/b': ['2'] }, [model('a')]);
    const connecting = connect();
    source.update([model('b')]);
    await connecting;
    await settled();
    expect(told).toEqual(['a: ', 'b: 2=/models/b/2']);
    expect(clock.pending).toBe(1);
  });

  test('the same streams again, in whatever order, do not disturb a poll that is running', async () => {
    const { source, told, connect, clock } = setup({ '/models/a': ['1'], '/models/b': ['2'] }, [
      model('a'),
      model('b'),
    ]);
    const connecting = connect();
    source.update([model('b'), model('a')]);
    await connecting;
    await settled();
    expect(told).toEqual(['a: 1=/models/a/1', 'b: 2=/models/b/2']);
    source.update([model('a'), model('b')]);
    await settled();
    expect([told.length, clock.pending]).toEqual([2, 1]);
  });

  test('AttemptToChangePollingPeriod: an update brings other streams, and the interval stays what it was', async () => {
    const { connect, source, told, clock, poll } = setup({ '/models/m': ['1'], '/models/n': ['1'] });
    await connect();
    source.update([model('m'), model('n')]);
    await settled();
    told.length = 0;
    await poll(999);
    expect([told, clock.pending]).toEqual([[], 1]);
    await poll(1);
    expect(told).toEqual(['m: 1=/models/m/1', 'n: 1=/models/n/1']);
  });

  test('DefaultVersionPolicy and DefaultNumLatestVersions: the newest version only', async () => {
    const { models } = modelServerConfig([{ name: 'm', basePath: '/models/m' }]);
    const { connect, told } = setup({ '/models/m': ['1', '3', '2'] }, [...models]);
    await connect();
    expect(told).toEqual(['m: 3=/models/m/3']);
  });

  test('ChangeVersionPolicy: another policy counts at once', async () => {
    const { connect, source, told } = setup({ '/models/m': ['1', '2'] });
    await connect();
    source.update([{ ...model('m'), versionPolicy: { kind: 'all' } }]);
    await settled();
    expect(told).toEqual(['m: 2=/models/m/2', 'm: 1=/models/m/1 2=/models/m/2']);
  });
});

test('a closed source tells nothing more, not even of a poll that is running', async () => {
  const { source, told, connect, clock } = setup({ '/models/m': ['1'] });
  const connecting = connect();
  await source.close();
  await connecting;
  expect([told, clock.pending]).toEqual([[], 0]);
});

test('connecting twice is refused', async () => {
  const { source, connect } = setup({});
  await connect();
  expect(() => source.connect({ setAspiredVersions: () => undefined })).toThrow('connected to a target already');
});

test('an interval that is no number is refused', () => {
  expect(() => setup({}, [], Number.NaN)).toThrow('pollIntervalMs must be a finite number of milliseconds; got NaN');
});

test('it reads real directories', async () => {
  const base = await mkdtemp(join(tmpdir(), 'servable-source-'));
  try {
    await mkdir(join(base, '00000123'));
    await mkdir(join(base, 'not-a-version'));
    const source = new FileSystemSource({ servables: [model('m', base)], pollIntervalMs: 0 });
    const versions = await new Promise((resolve) =>
      source.connect({ setAspiredVersions: (_name, found) => resolve(found) }),
    );
    expect(versions).toEqual([{ id: { name: 'm', version: 123n }, data: join(base, '00000123') }]);
    await source.close();
  } finally {
    await rm(base, { recursive: true });
  }
});
