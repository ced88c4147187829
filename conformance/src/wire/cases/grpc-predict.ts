import type { GrpcCase, GrpcTopic } from '../wire-case.js';
import { answered, input, output, spec, tensor } from './grpc-texts.js';

const rpc = 'PredictionService/Predict';
const from = 'behaviour.md §10';
const half = 'half_plus_two';
const two = input('x', tensor('DT_FLOAT', [1], 'float_val: 2'));
const three = output('y', tensor('DT_FLOAT', [1], 'float_val: 3'));

function refused(name: string, request: string, code: string, details: string): GrpcCase {
  return { name, from, rpc, request, code, details };
}

/** A tensor goes in and comes out again, with its values in the typed fields. */
function same(dtype: string, name: string, given: string, shape: readonly number[], back = given): GrpcCase {
  return {
    name: `${name}, ${shape.length === 0 ? 'a scalar' : `shape [${shape.join(', ')}]`}${back === given ? '' : ', as content'}`,
    from: `${from}, protos-tensorflow.md TensorProto`,
    rpc,
    request: `${spec('wire', `signature_name: "same_${name}"`)} ${input('value', tensor(dtype, shape, given))}`,
    response: `${output('value', tensor(dtype, shape, back))} ${answered('wire', 1, `same_${name}`)}`,
  };
}

const versioned = (name: string, choice: string, version: number): GrpcCase => ({
  name,
  from: 'behaviour.md §3',
  rpc,
  request: `${spec(half, choice)} ${two}`,
  response: `${three} ${answered(half, version)}`,
});

export const grpcPredict: GrpcTopic = {
  kind: 'grpc',
  topic: 'gRPC Predict',
  client: 'grpcio',
  cases: [
    versioned('the latest version', '', 2),
    versioned('a version', 'version { value: 1 }', 1),
    versioned('a label', 'version_label: "stable"', 1),
    versioned('another label', 'version_label: "next"', 2),
    versioned('the signature by its name', 'signature_name: "serving_default"', 2),
    {
      name: 'an output filter',
      from: 'testcases.md, testPredictSavedModel',
      rpc,
      request: `${spec(half)} ${two} output_filter: "y"`,
      response: `${three} ${answered(half, 2)}`,
    },
    {
      name: 'an output filter leaves outputs out',
      from,
      rpc,
      request: `${spec('wire', 'signature_name: "two_outputs"')} ${input('a', tensor('DT_FLOAT', [1], 'float_val: 2'))} output_filter: "twice"`,
      response: `${output('twice', tensor('DT_FLOAT', [1], 'float_val: 4'))} ${answered('wire', 1, 'two_outputs')}`,
    },
    {
      name: 'all outputs without a filter',
      from,
      rpc,
      request: `${spec('wire', 'signature_name: "two_outputs"')} ${input('a', tensor('DT_FLOAT', [1], 'float_val: 2'))}`,
      response: `${output('half', tensor('DT_FLOAT', [1], 'float_val: 1'))} ${output('twice', tensor('DT_FLOAT', [1], 'float_val: 4'))} ${answered('wire', 1, 'two_outputs')}`,
    },
    {
      name: 'a signature for regress',
      from: 'testcases.md, PredictionWithNamedRegressionSignature',
      rpc,
      request: `${spec(half, 'signature_name: "regress_x2_to_y3"')} ${input('inputs', tensor('DT_FLOAT', [1], 'float_val: 2'))}`,
      response: `${output('outputs', tensor('DT_FLOAT', [1], 'float_val: 4'))} ${answered(half, 2, 'regress_x2_to_y3')}`,
    },
    {
      name: 'a signature without inputs',
      from: 'testcases.md, PredictionWithCustomizedSignatures',
      rpc,
      request: spec('wire', 'signature_name: "no_inputs"'),
      response: `${output('answer', tensor('DT_FLOAT', [1], 'float_val: 42'))} ${answered('wire', 1, 'no_inputs')}`,
    },
    {
      name: 'a signature whose method is not known',
      from: 'testcases.md, MethodNameCheck',
      rpc,
      request: `${spec('wire', 'signature_name: "odd_method"')} ${input('x', tensor('DT_FLOAT', [1], 'float_val: 2'))}`,
      response: `${output('y', tensor('DT_FLOAT', [1], 'float_val: 3'))} ${answered('wire', 1, 'odd_method')}`,
    },
    {
      name: 'a signature whose method is not known, with the check',
      from,
      server: 'checked',
      rpc,
      request: `${spec('wire', 'signature_name: "odd_method"')} ${input('x', tensor('DT_FLOAT', [1], 'float_val: 2'))}`,
      code: 'INTERNAL',
      details:
        'Expected prediction signature method_name to be one of {tensorflow/serving/predict, tensorflow/serving/classify, tensorflow/serving/regress}. Was: not/supported/method',
    },
    {
      name: 'outputs as tensor_content',
      from,
      server: 'checked',
      rpc,
      request: `${spec(half)} ${two}`,
      response: `${output('y', tensor('DT_FLOAT', [1], 'tensor_content: "\\000\\000@@"'))} ${answered(half, 2)}`,
    },
    {
      name: 'streaming fields are ignored',
      from,
      rpc,
      request: `${spec(half)} ${two} predict_streamed_options { request_state: SPLIT } client_id: "abc"`,
      response: `${three} ${answered(half, 2)}`,
    },
    ...(['gzip', 'deflate'] as const).map((compression) => ({
      name: `a request compressed with ${compression}`,
      from: 'behaviour.md §13 (gRPC)',
      rpc,
      compression,
      request: `${spec(half)} ${two}`,
      response: `${three} ${answered(half, 2)}`,
    })),
    {
      name: 'metadata that means nothing',
      from: 'behaviour.md §13 (gRPC)',
      rpc,
      metadata: { 'x-anything': 'at all' },
      request: `${spec(half)} ${two}`,
      response: `${three} ${answered(half, 2)}`,
    },
    same('DT_FLOAT', 'float32', 'float_val: [1.5, nan, inf, -inf]', [4]),
    same('DT_FLOAT', 'float32', 'float_val: 1.5', []),
    same('DT_FLOAT', 'float32', '', [0]),
    same('DT_FLOAT', 'float32', 'tensor_content: "\\000\\000\\300?"', [1], 'float_val: 1.5'),
    same('DT_DOUBLE', 'float64', 'double_val: [0.1, -1e300]', [2, 1]),
    same('DT_INT32', 'int32', 'int_val: [-2147483648, 2147483647]', [2]),
    same('DT_INT16', 'int16', 'int_val: [-32768, 32767]', [2]),
    same('DT_INT8', 'int8', 'int_val: [-128, 127]', [2]),
    same('DT_UINT8', 'uint8', 'int_val: [0, 255]', [2]),
    same('DT_UINT16', 'uint16', 'int_val: [0, 65535]', [2]),
    same('DT_INT64', 'int64', 'int64_val: [-9223372036854775808, 9223372036854775807]', [2]),
    same('DT_UINT32', 'uint32', 'uint32_val: [0, 4294967295]', [2]),
    same('DT_UINT64', 'uint64', 'uint64_val: [0, 18446744073709551615]', [2]),
    same('DT_BOOL', 'bool', 'bool_val: [true, false]', [2]),
    same('DT_STRING', 'string', 'string_val: ["a", "", "\\377\\000"]', [3]),
    same('DT_STRING', 'string', 'string_val: "a"', []),
    same('DT_HALF', 'float16', 'half_val: [15360, 31744]', [2]),
    same('DT_BFLOAT16', 'bfloat16', 'half_val: [16256, 32640]', [2]),
    same('DT_COMPLEX64', 'complex64', 'scomplex_val: [1, -2]', []),
    same('DT_FLOAT', 'float32', 'float_val: 7', [2, 2], 'float_val: [7, 7, 7, 7]'),
    same('DT_INT64', 'int64', 'int64_val: [1, 2]', [4], 'int64_val: [1, 2, 2, 2]'),
    refused('no model_spec', two, 'INVALID_ARGUMENT', 'Missing ModelSpec'),
    refused('nothing at all', '', 'INVALID_ARGUMENT', 'Missing ModelSpec'),
    refused('an empty name', `${spec('')} ${two}`, 'INVALID_ARGUMENT', 'ModelSpec has no name specified.'),
    refused('an unknown model', `${spec('nope')} ${two}`, 'NOT_FOUND', 'Servable not found for request: Latest(nope)'),
    refused(
      "what upstream's tests wait for",
      `${spec('intentionally_missing_model')} ${two}`,
      'NOT_FOUND',
      'Servable not found for request: Latest(intentionally_missing_model)',
    ),
    refused(
      'an unknown version',
      `${spec(half, 'version { value: 99 }')} ${two}`,
      'NOT_FOUND',
      'Servable not found for request: Specific(half_plus_two, 99)',
    ),
    refused(
      'version 0',
      `${spec(half, 'version { value: 0 }')} ${two}`,
      'NOT_FOUND',
      'Servable not found for request: Specific(half_plus_two, 0)',
    ),
    refused(
      'a negative version',
      `${spec(half, 'version { value: -1 }')} ${two}`,
      'NOT_FOUND',
      'Servable not found for request: Specific(half_plus_two, -1)',
    ),
    refused(
      'an unknown label',
      `${spec(half, 'version_label: "nope"')} ${two}`,
      'INVALID_ARGUMENT',
      'Unrecognized servable version label: nope',
    ),
    refused(
      'a label of a model without labels',
      `${spec('wine', 'version_label: "stable"')} ${two}`,
      'INVALID_ARGUMENT',
      'Unrecognized servable version label: stable',
    ),
    refused(
      'an unknown signature',
      `${spec(half, 'signature_name: "nope"')} ${two}`,
      'FAILED_PRECONDITION',
      'Serving signature key "nope" not found.',
    ),
    refused(
      'no inputs',
      spec(half),
      'INVALID_ARGUMENT',
      'input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.',
    ),
    refused(
      'too many inputs',
      `${spec(half)} ${two} ${input('z', tensor('DT_FLOAT', [], ''))}`,
      'INVALID_ARGUMENT',
      'input size does not match signature: 2!=1 len({x,z}) != len({x}). Sent extra: {z}. Missing but required: {}.',
    ),
    refused(
      'only wrong inputs',
      `${spec(half)} ${input('unknown_key1', tensor('DT_FLOAT', [], ''))} ${input('unknown_key2', tensor('DT_FLOAT', [], ''))}`,
      'INVALID_ARGUMENT',
      'input size does not match signature: 2!=1 len({unknown_key1,unknown_key2}) != len({x}). Sent extra: {unknown_key1,unknown_key2}. Missing but required: {x}.',
    ),
    {
      name: 'one wrong input of the right number',
      from,
      rpc,
      request: `${spec(half)} ${input('z', tensor('DT_FLOAT', [1], 'float_val: 2'))}`,
      code: 'INVALID_ARGUMENT',
      detailsHold: [
        'Signature input alias: x(feed name: ',
        ') not found in request and no default value provided. Inputs expected to be in the request {',
      ],
    },
    {
      name: 'an unknown output',
      from,
      rpc,
      request: `${spec(half)} ${two} output_filter: "z"`,
      code: 'INVALID_ARGUMENT',
      details: 'output tensor alias not found in signature: z Outputs expected to be in the set {y}.',
    },
    refused(
      'an output twice',
      `${spec(half)} ${two} output_filter: "y" output_filter: "y"`,
      'INVALID_ARGUMENT',
      'duplicate output tensor alias: y',
    ),
    refused(
      'a tensor with fewer bytes than its shape says',
      `${spec(half)} ${input('x', tensor('DT_FLOAT', [2], 'tensor_content: "abcd"'))}`,
      'INVALID_ARGUMENT',
      'tensor parsing error: x',
    ),
    {
      name: 'values beyond the shape are not looked at',
      from: 'rest.md §3 (surplus values are ignored when the tensor is decoded)',
      rpc,
      request: `${spec(half)} ${input('x', tensor('DT_FLOAT', [1], 'float_val: [2, 7]'))}`,
      response: `${three} ${answered(half, 2)}`,
    },
    refused(
      'a tensor without a dtype',
      `${spec(half)} ${input('x', 'tensor_shape { dim { size: 1 } } float_val: 2')}`,
      'INVALID_ARGUMENT',
      'tensor parsing error: x',
    ),
    refused(
      'a tensor of a negative size',
      `${spec(half)} ${input('x', tensor('DT_FLOAT', [-1], 'float_val: 2'))}`,
      'INVALID_ARGUMENT',
      'tensor parsing error: x',
    ),
    {
      name: 'a bool for a float',
      from: 'testcases.md, PredictionInvalidTensor',
      rpc,
      request: `${spec(half)} ${input('x', tensor('DT_BOOL', [], 'bool_val: false'))}`,
      code: 'INVALID_ARGUMENT',
      detailsHold: ['to be float but bool is provided'],
    },
    {
      name: 'a string for a float',
      from: 'testcases.md, InputTensorsHaveWrongType',
      rpc,
      request: `${spec(half)} ${input('x', tensor('DT_STRING', [], 'string_val: "a"'))}`,
      code: 'INVALID_ARGUMENT',
      detailsHold: ['to be float but string is provided'],
    },
    {
      name: 'a message over 1024 bytes is cut off',
      from: 'behaviour.md §10',
      rpc,
      request: `${spec('n'.repeat(2000))} ${two}`,
      code: 'NOT_FOUND',
      detailsHold: [`Servable not found for request: Latest(${'n'.repeat(900)}`, '...TRUNCATED'],
    },
  ],
};
