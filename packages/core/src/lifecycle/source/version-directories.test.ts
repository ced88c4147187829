import { describe, expect, test } from 'vitest';
import type { ServableVersionPolicy } from '../config/servable-version-policy.js';
import { aspiredDirectories, parseVersionDirectory } from './version-directories.js';

const base = '/models/m';

function aspired(versionPolicy: ServableVersionPolicy, children: string[]): [string[], readonly string[]] {
  const { versions, warnings } = aspiredDirectories({ name: 'm', basePath: base, versionPolicy }, children);
  return [versions.map(({ id, data }) => `${id.version} at ${data}`), warnings];
}

const latest = (numVersions: number): ServableVersionPolicy => ({ kind: 'latest', numVersions });
const specific = (...versions: bigint[]): ServableVersionPolicy => ({ kind: 'specific', versions });
const noVersions =
  'No versions of servable m found under base path /models/m. ' +
  "Did you forget to name your leaf directory as a number (eg. '/1/')?";

describe('the name of a version directory', () => {
  test.each([
    ['1', 1n],
    ['0', 0n],
    ['00000123', 123n],
    ['20170111173521', 20170111173521n],
    ['-5', -5n],
    ['+5', 5n],
    [' 7 ', 7n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
  ])('%j is version %s', (name, version) => {
    expect(parseVersionDirectory(name)).toBe(version);
  });

  test.each([
    '',
    ' ',
    'a',
    '1a',
    '1.0',
    '0x1',
    '1_000',
    '--1',
    '- 1',
    '9223372036854775808',
    '-9223372036854775809',
    '١',
  ])('%j is no version', (name) => {
    expect(parseVersionDirectory(name)).toBeUndefined();
  });
});

describe('the versions a policy aspires', () => {
  test('MultipleVersions: the latest is the highest number, other names are ignored', () => {
    expect(aspired(latest(1), ['non_numerical_child', '42', '17', '9'])).toEqual([['42 at /models/m/42'], []]);
  });

  test('NLatestVersions: the highest three, from the highest down', () => {
    expect(aspired(latest(3), ['30', '17', '42', '33'])).toEqual([
      ['42 at /models/m/42', '33 at /models/m/33', '30 at /models/m/30'],
      [],
    ]);
  });

  test('all: every number', () => {
    expect(aspired({ kind: 'all' }, ['42', 'x', '17'])).toEqual([['17 at /models/m/17', '42 at /models/m/42'], []]);
  });

  test('SpecificVersionsLeadingZeros: those listed, whatever zeros their directories carry', () => {
    expect(aspired(specific(30n, 17n), ['00017', '0030', '42'])).toEqual([
      ['17 at /models/m/00017', '30 at /models/m/0030'],
      [],
    ]);
  });

  test('a listed version that is not there is warned of, the others are aspired', () => {
    const [versions, warnings] = aspired(specific(1n, 2n), ['1']);
    expect(versions).toEqual(['1 at /models/m/1']);
    expect(warnings).toEqual([
      "Version 2 of servable m, which was requested to be served as a 'specific' version in the servable's version " +
        'policy, was not found in the file system',
    ]);
  });

  test('SpecificVersionsEmpty: nothing listed, nothing aspired, a warning', () => {
    expect(aspired(specific(), ['1', '2'])).toEqual([[], [noVersions]]);
  });

  test('a base path without versions is an empty list and a warning', () => {
    expect(aspired(latest(1), ['notes', 'v1'])).toEqual([[], [noVersions]]);
  });

  test('DuplicateVersions: the last name in byte order wins, with a warning', () => {
    const [versions, warnings] = aspired(latest(2), ['001', '1', '00001', '2']);
    expect(versions).toEqual(['2 at /models/m/2', '1 at /models/m/1']);
    expect(warnings).toEqual([
      'Duplicate version directories detected. Version 1 will be loaded from 001, 00001 will be ignored.',
      'Duplicate version directories detected. Version 1 will be loaded from 1, 001 will be ignored.',
    ]);
  });

  test('duplicates under the policy all are passed on, first name in byte order first', () => {
    expect(aspired({ kind: 'all' }, ['1', '01'])).toEqual([['1 at /models/m/01', '1 at /models/m/1'], []]);
  });
});
