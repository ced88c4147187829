import type { GrpcCase, GrpcTopic } from '../wire-case.js';
import { spec } from './grpc-texts.js';

const status = 'ModelService/GetModelStatus';
const reload = 'ModelService/HandleReloadConfigRequest';
const metadata = 'PredictionService/GetModelMetadata';
const half = 'half_plus_two';
const version = (number: number): string => `model_version_status { version: ${number} state: AVAILABLE status { } }`;

function refused(name: string, rpc: string, from: string, request: string, code: string, details: string): GrpcCase {
  return { name: `${rpc.split('/')[1]}: ${name}`, from, rpc, request, code, details };
}

const list = (...configs: string[]): string =>
  `config { model_config_list { ${configs.map((config) => `config { ${config} }`).join(' ')} } }`;
const at = (path: string, platform = 'model_platform: "tensorflow"'): string =>
  `name: "m" base_path: "${path}" ${platform}`;

/** The status in the answer mirrors that of the call, so what is refused shows in the call. */
function bad(name: string, request: string, code: string, details: string): GrpcCase {
  return refused(name, reload, 'behaviour.md §4', request, code, details);
}

export const grpcModels: GrpcTopic = {
  kind: 'grpc',
  topic: 'gRPC models',
  client: 'grpcio',
  cases: [
    {
      name: 'GetModelStatus: all versions, highest first',
      from: 'behaviour.md §1',
      rpc: status,
      request: spec(half),
      response: `${version(2)} ${version(1)}`,
    },
    {
      name: 'GetModelStatus: one version',
      from: 'behaviour.md §1',
      rpc: status,
      request: spec(half, 'version { value: 1 }'),
      response: version(1),
    },
    {
      name: 'GetModelStatus: label and signature are ignored',
      from: 'behaviour.md §1',
      rpc: status,
      request: spec(half, 'version_label: "nope" signature_name: "nope"'),
      response: `${version(2)} ${version(1)}`,
    },
    refused('no model_spec', status, 'behaviour.md §1', '', 'INVALID_ARGUMENT', 'Missing ModelSpec'),
    refused(
      'an unknown model',
      status,
      'behaviour.md §1',
      spec('nope'),
      'NOT_FOUND',
      'Could not find any versions of model nope',
    ),
    refused('an empty name', status, 'behaviour.md §1', spec(''), 'NOT_FOUND', 'Could not find any versions of model '),
    refused(
      'an unknown version',
      status,
      'behaviour.md §1',
      spec(half, 'version { value: 9 }'),
      'NOT_FOUND',
      'Could not find version 9 of model half_plus_two',
    ),
    {
      name: 'GetModelMetadata: the signatures',
      from: 'behaviour.md §12',
      rpc: metadata,
      request: `${spec(half)} metadata_field: "signature_def"`,
      holds: [
        'model_spec { name: "half_plus_two" version { value: 2 } }',
        'key: "signature_def"',
        '[type.googleapis.com/tensorflow.serving.SignatureDefMap]',
        'method_name: "tensorflow/serving/classify"',
        'tensor_shape { dim { size: -1 } dim { size: 1 } }',
      ],
    },
    {
      name: 'GetModelMetadata: a label',
      from: 'behaviour.md §3',
      rpc: metadata,
      request: `${spec(half, 'version_label: "stable"')} metadata_field: "signature_def"`,
      holds: ['model_spec { name: "half_plus_two" version { value: 1 } }'],
    },
    {
      name: 'GetModelMetadata: a field twice',
      from: 'behaviour.md §12',
      rpc: metadata,
      request: `${spec(half)} metadata_field: "signature_def" metadata_field: "signature_def"`,
      holds: ['key: "signature_def"'],
    },
    refused(
      'no model_spec',
      metadata,
      'behaviour.md §12',
      'metadata_field: "signature_def"',
      'INVALID_ARGUMENT',
      'Missing ModelSpec',
    ),
    refused(
      'no field',
      metadata,
      'behaviour.md §12',
      spec(half),
      'INVALID_ARGUMENT',
      'GetModelMetadataRequest must specify at least one metadata_field',
    ),
    refused(
      'an unknown field',
      metadata,
      'behaviour.md §12',
      `${spec(half)} metadata_field: "some_stuff"`,
      'INVALID_ARGUMENT',
      'Metadata field some_stuff is not supported',
    ),
    refused(
      'an empty name',
      metadata,
      'behaviour.md §3',
      `${spec('')} metadata_field: "signature_def"`,
      'INVALID_ARGUMENT',
      'ModelSpec has no name specified.',
    ),
    refused(
      'an unknown model',
      metadata,
      'behaviour.md §3',
      `${spec('nope')} metadata_field: "signature_def"`,
      'NOT_FOUND',
      'Servable not found for request: Latest(nope)',
    ),
    refused(
      'an unknown version',
      metadata,
      'behaviour.md §3',
      `${spec(half, 'version { value: 9 }')} metadata_field: "signature_def"`,
      'NOT_FOUND',
      'Servable not found for request: Specific(half_plus_two, 9)',
    ),
    bad(
      'no configuration',
      '',
      'INVALID_ARGUMENT',
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported',
    ),
    bad(
      'a custom configuration',
      'config { custom_model_config { } }',
      'INVALID_ARGUMENT',
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported',
    ),
    bad(
      'a model twice',
      list(at('/m'), at('/n')),
      'INVALID_ARGUMENT',
      'Illegal to list model m multiple times in config list',
    ),
    bad(
      'a relative base path',
      list(at('m')),
      'INVALID_ARGUMENT',
      'Expected model m to have an absolute path or URI; got base_path()=m',
    ),
    bad(
      'an empty base path',
      list(at('')),
      'INVALID_ARGUMENT',
      'Expected model m to have an absolute path or URI; got base_path()=',
    ),
    bad(
      'type and platform',
      list(at('/m', 'model_type: TENSORFLOW model_platform: "tensorflow"')),
      'INVALID_ARGUMENT',
      'Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, model name is m',
    ),
    bad(
      'neither type nor platform',
      list(at('/m', '')),
      'INVALID_ARGUMENT',
      'Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is m',
    ),
    bad(
      'the type OTHER',
      list(at('/m', 'model_type: OTHER')),
      'INVALID_ARGUMENT',
      'ModelServerConfig::model_type choice 2 not supported.',
    ),
    {
      name: 'HandleReloadConfigRequest: an unknown platform',
      from: 'behaviour.md §4',
      rpc: reload,
      request: list(at('{models}/half_plus_two', 'model_platform: "nope"')),
      code: 'INVALID_ARGUMENT',
      detailsHold: ['Model m requests unsupported platform nope'],
    },
    {
      name: 'HandleReloadConfigRequest: a path outside of the allowed roots',
      from: 'docs/differences.md',
      rpc: reload,
      request: list(at('/nowhere/at/all')),
      code: 'PERMISSION_DENIED',
      detailsHold: ['--model_root'],
    },
    {
      name: 'HandleReloadConfigRequest: a label of a version that is not there',
      from: 'behaviour.md §3',
      server: 'checked',
      rpc: reload,
      request: list(
        `name: "half_plus_two" base_path: "{models}/half_plus_two" model_platform: "tensorflow" version_labels { key: "a" value: 77 }`,
        `name: "wire" base_path: "{wire}" model_platform: "tensorflow"`,
      ),
      code: 'FAILED_PRECONDITION',
      details:
        'Request to assign label to version 77 of model half_plus_two, which is not currently available for inference',
    },
    {
      name: 'HandleReloadConfigRequest: another model comes',
      from: 'behaviour.md §4',
      server: 'checked',
      rpc: reload,
      request: list(
        `name: "half_plus_two" base_path: "{models}/half_plus_two" model_platform: "tensorflow" version_labels { key: "only" value: 2 }`,
        `name: "wire" base_path: "{wire}" model_platform: "tensorflow"`,
        `name: "wine" base_path: "{models}/wine" model_platform: "tensorflow"`,
      ),
      response: 'status { }',
    },
    {
      name: 'GetModelStatus: the model that came',
      from: 'behaviour.md §4',
      server: 'checked',
      rpc: status,
      request: spec('wine'),
      response: version(1),
    },
    {
      name: 'GetModelMetadata: the label that came',
      from: 'behaviour.md §3',
      server: 'checked',
      rpc: metadata,
      request: `${spec(half, 'version_label: "only"')} metadata_field: "signature_def"`,
      holds: ['version { value: 2 }'],
    },
    {
      name: 'HandleReloadConfigRequest: metrics asked for',
      from: 'behaviour.md §4',
      server: 'checked',
      rpc: reload,
      request: `${list(
        `name: "half_plus_two" base_path: "{models}/half_plus_two" model_platform: "tensorflow"`,
        `name: "wire" base_path: "{wire}" model_platform: "tensorflow"`,
      )} metric_names: "no/such/metric"`,
      response: 'status { } metric { name: "no/such/metric" int64_value_increase: 0 }',
    },
    {
      name: 'a label that went',
      from: 'behaviour.md §3',
      server: 'checked',
      rpc: metadata,
      request: `${spec(half, 'version_label: "only"')} metadata_field: "signature_def"`,
      code: 'INVALID_ARGUMENT',
      details: 'Unrecognized servable version label: only',
    },
    {
      name: 'SessionRun by alias',
      from: 'docs/differences.md',
      rpc: 'SessionService/SessionRun',
      request: `${spec(half)} feed { name: "x" tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1 } } float_val: 2 } } fetch: "y" tensor_name_is_alias: true`,
      holds: [
        'tensor { name: "y" tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1 } } float_val: 3.0 } }',
        'model_spec { name: "half_plus_two" version { value: 2 }',
      ],
    },
  ],
};
