import { create, createRegistry } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  BatchingParametersSchema,
  LoggingConfigSchema,
  ModelServerConfigSchema,
  ModelType,
  MonitoringConfigSchema,
  PlatformConfigMapSchema,
  SavedModelBundleSourceAdapterConfigSchema,
  SSLConfigSchema,
} from '@servable/protos/serving';
import { BundleHeaderProtoSchema, ConfigProtoSchema, TensorProtoSchema } from '@servable/protos/tensorflow';
import { expect, test } from 'vitest';
import { parseTextProto } from './parse-text-proto.js';
import { TextProtoError } from './text-proto-error.js';

test('a configuration as upstream documents it', () => {
  const text = `
    # Two models.
    model_config_list: {
      config: {
        name: "half_plus_two",        # a comment
        base_path: "/models/half_plus_two";
        model_platform: 'tensorflow'
        model_version_policy: { specific: { versions: 42  versions: 43 } }
        version_labels { key: "stable" value: 42 }
        version_labels { key: 'canary', value: 43 }
      },
      config < name: "b" base_path: "/b" model_type: TENSORFLOW model_version_policy { all {} } >
    }`;
  expect(parseTextProto(ModelServerConfigSchema, text)).toEqual(
    create(ModelServerConfigSchema, {
      config: {
        case: 'modelConfigList',
        value: {
          config: [
            {
              name: 'half_plus_two',
              basePath: '/models/half_plus_two',
              modelPlatform: 'tensorflow',
              modelVersionPolicy: { policyChoice: { case: 'specific', value: { versions: [42n, 43n] } } },
              versionLabels: { stable: 42n, canary: 43n },
            },
            {
              name: 'b',
              basePath: '/b',
              modelType: ModelType.TENSORFLOW,
              modelVersionPolicy: { policyChoice: { case: 'all', value: {} } },
            },
          ],
        },
      },
    }),
  );
});

test.each(['', ' \n\t', '# nothing here', '\uFEFF# with a byte order mark\n'])('%j is the empty message', (text) => {
  expect(parseTextProto(ModelServerConfigSchema, text)).toEqual(create(ModelServerConfigSchema));
});

test('lists in brackets, of scalars and of messages, mixed with repeated fields', () => {
  expect(parseTextProto(BatchingParametersSchema, 'allowed_batch_sizes: [1, 2,3] allowed_batch_sizes: 4')).toEqual(
    create(BatchingParametersSchema, { allowedBatchSizes: [1n, 2n, 3n, 4n] }),
  );
  expect(parseTextProto(BatchingParametersSchema, 'allowed_batch_sizes: []').allowedBatchSizes).toEqual([]);
  const list = parseTextProto(
    ModelServerConfigSchema,
    'model_config_list { config: [{ name: "a" }, < name: "b" >] config [{ name: "c" }] }',
  );
  expect(list.config.case === 'modelConfigList' && list.config.value.config.map(({ name }) => name)).toEqual([
    'a',
    'b',
    'c',
  ]);
});

test('strings in parts with escapes, as text and as bytes', () => {
  const key = parseTextProto(
    SSLConfigSchema,
    String.raw`server_key: "one\n" 'two\t"\'' # and
      "\x41\102\u00e9\U0001F600\\\?"`,
  ).serverKey;
  expect(key).toBe('one\ntwo\t"\'ABé😀\\?');
  expect(parseTextProto(TensorProtoSchema, String.raw`tensor_content: "\377\x00é"`).tensorContent).toEqual(
    Uint8Array.of(255, 0, 0xc3, 0xa9),
  );
});

test('numbers: octal, hexadecimal, negative, the ends of the ranges, floats in all their forms', () => {
  const sampling = (text: string): number | undefined =>
    parseTextProto(LoggingConfigSchema, `sampling_config { sampling_rate: ${text} }`).samplingConfig?.samplingRate;
  expect(['.5', '5', '1e-1', '0.25f', '-2.', 'inf', '-inf', '-Infinity', 'nan'].map(sampling)).toEqual([
    0.5,
    5,
    0.1,
    0.25,
    -2,
    Infinity,
    -Infinity,
    -Infinity,
    NaN,
  ]);
  expect(
    parseTextProto(TensorProtoSchema, 'int64_val: [0x10, 010, -9223372036854775808] uint64_val: 18446744073709551615'),
  ).toMatchObject({ int64Val: [16n, 8n, -9223372036854775808n], uint64Val: [18446744073709551615n] });
  expect(parseTextProto(TensorProtoSchema, 'int_val: - 5 float_val: [0.1, 1e99] double_val: 0.1')).toMatchObject({
    intVal: [-5],
    floatVal: [Math.fround(0.1), Infinity],
    doubleVal: [0.1],
  });
});

test('booleans and enums by name and by number', () => {
  for (const [text, value] of [
    ['true', true],
    ['True', true],
    ['t', true],
    ['1', true],
    ['false', false],
    ['f', false],
    ['0', false],
  ] as const) {
    expect(parseTextProto(SSLConfigSchema, `client_verify: ${text}`).clientVerify).toBe(value);
  }
  expect(parseTextProto(BundleHeaderProtoSchema, 'endianness: BIG').endianness).toBe(1);
  expect(parseTextProto(BundleHeaderProtoSchema, 'endianness: 1').endianness).toBe(1);
});

test('wrapped numbers are numbers, unset ones are absent', () => {
  expect(parseTextProto(BatchingParametersSchema, 'max_batch_size { value: 128 } num_batch_threads {}')).toEqual(
    create(BatchingParametersSchema, { maxBatchSize: 128n, numBatchThreads: 0n }),
  );
});

test('maps: the last of equal keys wins, what is left out has its default', () => {
  const text = 'device_count { key: "CPU" value: 1 } device_count [{ value: 2, key: "CPU" }, { key: "GPU" }]';
  expect(parseTextProto(ConfigProtoSchema, text).deviceCount).toEqual({ CPU: 2, GPU: 0 });
});

test('an Any holds the types of the registry, written out or as bytes', () => {
  const registry = createRegistry(SavedModelBundleSourceAdapterConfigSchema);
  const text = `platform_configs { key: "tensorflow" value { source_adapter_config {
    [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] {
      legacy_config { saved_model_tags: "serve" } } } } }`;
  const any = parseTextProto(PlatformConfigMapSchema, text, { registry }).platformConfigs['tensorflow']!;
  expect(
    anyUnpack(any.sourceAdapterConfig!, SavedModelBundleSourceAdapterConfigSchema)?.legacyConfig?.savedModelTags,
  ).toEqual(['serve']);
  const raw = parseTextProto(ModelServerConfigSchema, 'custom_model_config { type_url: "a/b" value: "\\001" }');
  expect(raw.config.value).toMatchObject({ typeUrl: 'a/b', value: Uint8Array.of(1) });
});

test.each([
  [
    'improperly formatted file',
    '1:1: Message type "tensorflow.serving.ModelServerConfig" has no field named "improperly".',
  ],
  [
    'model_config_list {\n  config { nme: "m" } }',
    '2:12: Message type "tensorflow.serving.ModelConfig" has no field named "nme". (in model_config_list.config[0])',
  ],
  [
    'model_config_list {\n\tconfig { name: 5 } }',
    '2:24: Expected string, got: 5 (in model_config_list.config[0].name)',
  ],
  [
    'model_config_list { config { name "m" } }',
    '1:35: Expected ":", found ""m"". (in model_config_list.config[0].name)',
  ],
  [
    'model_config_list { config { } config { version_labels { key: 1 } } }',
    '1:63: Expected string, got: 1 (in model_config_list.config[1].version_labels[0].key)',
  ],
  [
    'model_config_list { config { version_labels { kee: "a" } } }',
    '1:47: A map entry has no field named "kee": expected key or value. (in model_config_list.config[0].version_labels[0].kee)',
  ],
  [
    'model_config_list { config { version_labels { key: "a" key: "b" } } }',
    '1:56: Non-repeated field "key" is specified multiple times. (in model_config_list.config[0].version_labels[0].key)',
  ],
  ['model_config_list {', '1:20: Expected identifier, got: end of text (in model_config_list)'],
  ['model_config_list { config { } >', '1:32: Expected identifier, got: > (in model_config_list)'],
  ['}', '1:1: Expected identifier, got: }'],
  [
    'model_config_list {} model_config_list {}',
    '1:22: Non-repeated field "model_config_list" is specified multiple times. (in model_config_list)',
  ],
  [
    'model_config_list {} custom_model_config {}',
    '1:22: Field "custom_model_config" is specified along with field "model_config_list", another member of oneof "config". (in custom_model_config)',
  ],
  [
    'model_config_list { config { model_type: TENSORFLOU } }',
    '1:42: Unknown enumeration value of "TENSORFLOU" for field "model_type". (in model_config_list.config[0].model_type)',
  ],
  [
    'model_config_list { config { model_version_policy { latest { num_versions: -1 } } } }',
    '1:76: Integer out of range (-1) (in model_config_list.config[0].model_version_policy.latest.num_versions)',
  ],
  [
    'model_config_list { config { model_version_policy { latest { num_versions: 1.5 } } } }',
    '1:76: Expected integer, got: 1.5 (in model_config_list.config[0].model_version_policy.latest.num_versions)',
  ],
  [
    'model_config_list { config { name: "m } }',
    '1:36: String literals cannot cross line boundaries: the closing quote is missing (in model_config_list.config[0].name)',
  ],
  [
    'model_config_list { config { name: "\\q" } }',
    '1:36: Invalid escape sequence in string literal: \\q (in model_config_list.config[0].name)',
  ],
  [
    'model_config_list { config { name: "\\377" } }',
    '1:36: String field "name" contains bytes that are not UTF-8. (in model_config_list.config[0].name)',
  ],
  [
    'model_config_list { config { name: "m" } % }',
    '1:42: Invalid character in text: "%" (in model_config_list.config[0])',
  ],
  [
    '[some.extension]: 1',
    '1:1: Extension "some.extension" is not defined or is not an extension of "tensorflow.serving.ModelServerConfig".',
  ],
  [
    'custom_model_config { [type.googleapis.com/some.Type] {} }',
    '1:23: Could not find type "type.googleapis.com/some.Type" stored in google.protobuf.Any. (in custom_model_config)',
  ],
  [
    'model_config_list { config { version_labels { key: "a" value: 08 } } }',
    '1:63: Expected integer, got: 08 (in model_config_list.config[0].version_labels[0].value)',
  ],
  [
    'model_config_list { config { version_labels { key: "a" value: 1x } } }',
    '1:63: Need space between number and identifier: 1x (in model_config_list.config[0].version_labels[0].value)',
  ],
  ['model_config_list: [ { } ]', '1:20: Expected "{", found "[". (in model_config_list)'],
])('%j is refused with line, column and key', (text, message) => {
  expect(() => parseTextProto(ModelServerConfigSchema, text)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: `Error parsing text-format tensorflow.serving.ModelServerConfig: ${message}`,
    }),
  );
});

test('a boolean takes no other words', () => {
  expect(() => parseTextProto(MonitoringConfigSchema, 'prometheus_config { enable: yes }')).toThrow(
    'Invalid value for boolean field "enable". Value: "yes".',
  );
});

test('nesting is limited, so that no text overflows the stack', () => {
  const nested = (depth: number): string =>
    `${'dtype: DT_INVALID variant_val { tensors { '.repeat(depth)}${'} } '.repeat(depth)}`;
  expect(() => parseTextProto(TensorProtoSchema, nested(40))).not.toThrow();
  expect(() => parseTextProto(TensorProtoSchema, nested(100_000))).toThrow('recursion limit of 100');
});

test('damaged text is a message or an error with a place in the text, never anything else', () => {
  const good = `model_config_list: { # list
  config < name: "a\\n" 'b' base_path: "/a" model_version_policy { specific { versions: [1, 0x2, -03] } } >
  config { version_labels { key: "stable", value: 1 }; version_labels [{ key: "x" }] model_type: TENSORFLOW }
}`;
  const pieces = [
    '{',
    '}',
    '<',
    '>',
    '[',
    ']',
    ':',
    ',',
    ';',
    '"',
    "'",
    '\\',
    '-',
    '0',
    '9'.repeat(30),
    'inf',
    '#',
    '\n',
    '\0',
    '\ud800',
    '.',
  ];
  let state = 20_240_229;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const outcomes = { messages: 0, errors: 0 };
  for (let round = 0; round < 3000; round += 1) {
    let text = good;
    for (let change = 0; change <= random(3); change += 1) {
      const at = random(text.length);
      text = text.slice(0, at) + (random(3) === 0 ? '' : pieces[random(pieces.length)]!) + text.slice(at + random(4));
    }
    try {
      expect(parseTextProto(ModelServerConfigSchema, text).$typeName).toBe('tensorflow.serving.ModelServerConfig');
      outcomes.messages += 1;
    } catch (error) {
      if (!(error instanceof TextProtoError)) throw new Error(`for ${JSON.stringify(text)}`, { cause: error });
      expect(error.line).toBeLessThanOrEqual(text.split('\n').length);
      outcomes.errors += 1;
    }
  }
  expect(outcomes.messages).toBeGreaterThan(100);
  expect(outcomes.errors).toBeGreaterThan(1000);
});
