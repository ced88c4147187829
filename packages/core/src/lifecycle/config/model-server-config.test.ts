import { expect, test } from 'vitest';
import { type ModelConfigInput, modelServerConfig } from './model-server-config.js';

test('a model without a policy serves its latest version only', () => {
  expect(modelServerConfig([{ name: 'm', basePath: '/models/m' }]).models).toEqual([
    {
      name: 'm',
      basePath: '/models/m',
      platform: undefined,
      versionPolicy: { kind: 'latest', numVersions: 1 },
      versionLabels: new Map(),
    },
  ]);
});

test.each<[string, ModelConfigInput[], string]>([
  [
    'RelativePathFails',
    [{ name: 'm', basePath: 'models/m' }],
    'Expected model m to have an absolute path or URI; got base_path()=models/m',
  ],
  [
    'an empty path',
    [{ name: 'm', basePath: '' }],
    'Expected model m to have an absolute path or URI; got base_path()=',
  ],
  [
    'DuplicateModelNameInConfig',
    [
      { name: 'm', basePath: '/a' },
      { name: 'm', basePath: '/b' },
    ],
    'Illegal to list model m multiple times in config list',
  ],
  ['an empty name', [{ name: '', basePath: '/a' }], 'The model at /a has an empty name'],
  [
    'no versions to keep',
    [{ name: 'm', basePath: '/a', versionPolicy: { kind: 'latest', numVersions: 0 } }],
    'Version policy of model m: numVersions must be a whole number of at least 1; got 0',
  ],
  [
    'a version beyond int64',
    [{ name: 'm', basePath: '/a', versionPolicy: { kind: 'specific', versions: [1n << 63n] } }],
    'Version policy of model m: versions must be bigints in the range of int64; got 9223372036854775808',
  ],
  [
    'a label that is no version',
    [{ name: 'm', basePath: '/a', versionLabels: { stable: 1n << 64n } }],
    'Label stable of model m must stand for a bigint in the range of int64; got 18446744073709551616',
  ],
])('%s is refused', (_name, models, message) => {
  expect(() => modelServerConfig(models)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
});

test('RelativePathWithOptionsSucceeds, AbsoluteAndRelativePathsWithOptionsSucceed: relative paths are below the root directory, absolute ones stay', () => {
  const { models } = modelServerConfig(
    [
      { name: 'a', basePath: 'a/models' },
      { name: 'b', basePath: '/b' },
    ],
    { rootDirectory: '/srv' },
  );
  expect(models.map(({ basePath }) => basePath)).toEqual(['/srv/a/models', '/b']);
  expect(() => modelServerConfig([], { rootDirectory: 'srv' })).toThrow(
    'Expected non-empty absolute path or URI; got model_config_list_root_dir=srv',
  );
});
