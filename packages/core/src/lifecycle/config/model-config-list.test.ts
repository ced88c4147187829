import { ModelServerConfigSchema } from '@servable/protos/serving';
import { expect, test } from 'vitest';
import { modelConfigList } from './model-config-list.js';
import type { ModelConfig } from './model-server-config.js';
import { parseTextProto } from './text-proto/parse-text-proto.js';

function read(configs: string): readonly ModelConfig[] {
  const { config } = parseTextProto(ModelServerConfigSchema, `model_config_list { ${configs} }`);
  if (config.case !== 'modelConfigList') throw new Error('no list');
  return modelConfigList(config.value, { platforms: ['tensorflow', 'onnx'] });
}

const model = (rest: string): ModelConfig =>
  read(`config { name: "m" base_path: "/models/m" model_platform: "tensorflow" ${rest} }`)[0]!;

test('names, paths, platforms and labels', () => {
  expect(
    read(`config { name: "a" base_path: "/a" model_type: TENSORFLOW }
          config { name: "b" base_path: "file:///b%20c" model_platform: "onnx" version_labels { key: "stable" value: 4 } }`),
  ).toEqual([
    {
      name: 'a',
      basePath: '/a',
      platform: 'tensorflow',
      versionPolicy: { kind: 'latest', numVersions: 1 },
      versionLabels: new Map(),
    },
    {
      name: 'b',
      basePath: '/b c',
      platform: 'onnx',
      versionPolicy: { kind: 'latest', numVersions: 1 },
      versionLabels: new Map([['stable', 4n]]),
    },
  ]);
});

test.each([
  ['', { kind: 'latest', numVersions: 1 }],
  ['model_version_policy {}', { kind: 'latest', numVersions: 1 }],
  ['model_version_policy { latest {} }', { kind: 'latest', numVersions: 1 }],
  ['model_version_policy { latest { num_versions: 3 } }', { kind: 'latest', numVersions: 3 }],
  ['model_version_policy { all {} }', { kind: 'all' }],
  ['model_version_policy { specific { versions: [1, 2] } }', { kind: 'specific', versions: [1n, 2n] }],
  ['model_version_policy { specific {} }', { kind: 'specific', versions: [] }],
])('policy %j', (text, policy) => {
  expect(model(text).versionPolicy).toEqual(policy);
});

test.each([
  [
    'IllegalConfigModelTypeAndPlatformSet',
    'base_path: "/m" model_type: TENSORFLOW model_platform: "tensorflow"',
    'Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, model name is m',
  ],
  [
    'no platform',
    'base_path: "/m"',
    'Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is m',
  ],
  ['model_type OTHER', 'base_path: "/m" model_type: OTHER', 'ModelServerConfig::model_type choice 2 not supported.'],
  ['UnknownModelPlatform', 'base_path: "/m" model_platform: "caffe"', 'Model m requests unsupported platform caffe'],
  [
    'RelativePathFails',
    'base_path: "m" model_platform: "tensorflow"',
    'Expected model m to have an absolute path or URI; got base_path()=m',
  ],
  [
    'AbsolutePathWithEmptyPathFails',
    'model_platform: "tensorflow"',
    'Expected model m to have an absolute path or URI; got base_path()=',
  ],
  [
    'an unknown log collector',
    'base_path: "/m" model_platform: "onnx" logging_config { log_collector_config { type: "kafka" } }',
    "Model m: expected 'tfrecord' as type of the log collector; got 'kafka'",
  ],
  [
    'a relative log prefix',
    'base_path: "/m" model_platform: "onnx" logging_config { log_collector_config { filename_prefix: "logs/m" } ' +
      'sampling_config { sampling_rate: 0.5 } }',
    "Model m: filename_prefix of the log must be an absolute path and the start of a file name; got 'logs/m'",
  ],
  [
    'a sampling rate above 1',
    'base_path: "/m" model_platform: "onnx" logging_config { log_collector_config { filename_prefix: "/logs/m" } ' +
      'sampling_config { sampling_rate: 1.5 } }',
    'Model m: sampling_rate of the log must be above 0 and at most 1; got 1.5',
  ],
  [
    'DuplicateModelNameInConfig',
    'base_path: "/m" } config { name: "m" base_path: "/n"',
    'Illegal to list model m multiple times in config list',
  ],
])('%s is refused', (_name, fields, message) => {
  expect(() => read(`config { name: "m" ${fields} }`)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  );
});

test('RequestLoggingOff and RequestLoggingOn: logging_config says where a sample of the requests is recorded; without a rate nothing is', () => {
  const model = (rate: string): string =>
    'config { name: "m" base_path: "/m" model_platform: "onnx" logging_config { log_collector_config ' +
    `{ type: "tfrecord" filename_prefix: "/logs/m" } ${rate} } }`;
  const sampled = read(model('sampling_config { sampling_rate: 0.5 }'));
  expect(sampled.map(({ logging }) => logging)).toEqual([{ filenamePrefix: '/logs/m', samplingRate: 0.5 }]);
  expect(read(model('')).map(({ logging }) => logging)).toEqual([undefined]);
});

test('MixedAbsoluteRelativeFails: one relative path refuses the whole list, AbsolutePathSucceeds', () => {
  const configs = (path: string): string =>
    `config { name: "a" base_path: "/a" model_platform: "onnx" } config { name: "b" base_path: "${path}" model_platform: "onnx" }`;
  expect(() => read(configs('b'))).toThrow('Expected model b to have an absolute path or URI; got base_path()=b');
  expect(read(configs('/b')).map(({ basePath }) => basePath)).toEqual(['/a', '/b']);
});

test('RelativePathWithOptions: a list of relative paths is read below a root directory', () => {
  const { config } = parseTextProto(
    ModelServerConfigSchema,
    'model_config_list { config { name: "m" base_path: "m" model_platform: "onnx" } }',
  );
  if (config.case !== 'modelConfigList') throw new Error('no list');
  const options = { platforms: ['onnx'], rootDirectory: '/models' };
  expect(modelConfigList(config.value, options).map(({ basePath }) => basePath)).toEqual(['/models/m']);
});

test('a path on a file system that is not there is refused by its scheme', () => {
  expect(() => read('config { name: "m" base_path: "hdfs://host/m" model_platform: "tensorflow" }')).toThrow(
    expect.objectContaining({
      code: 'UNIMPLEMENTED',
      message: "File system scheme 'hdfs' of model m is not implemented (file: 'hdfs://host/m')",
    }),
  );
});
