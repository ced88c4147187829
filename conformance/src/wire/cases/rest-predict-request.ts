import type { RestCase, RestTopic } from '../wire-case.js';

const path = '/v1/models/wire:predict';
const from = 'rest.md §4';

function refused(name: string, send: string, error: string, status = 400): RestCase {
  return { name, from, path, send, status, error };
}

/** In the row format an error names its element, and its code is only a part of the text. */
function element(name: string, signature: string, instances: string, index: number, inner: string): RestCase {
  const error = `Failed to process element: ${index} of 'instances' list. Error: INVALID_ARGUMENT: ${inner}`;
  return refused(name, `{"signature_name": "${signature}", "instances": ${instances}}`, error);
}

function member(name: string, signature: string, instances: string, where: [number, string], inner: string): RestCase {
  const error = `Failed to process element: ${where[0]} key: ${where[1]} of 'instances' list. Error: INVALID_ARGUMENT: ${inner}`;
  return refused(name, `{"signature_name": "${signature}", "instances": ${instances}}`, error);
}

function column(name: string, signature: string, inputs: string, error: string, status = 400): RestCase {
  return refused(name, `{"signature_name": "${signature}", "inputs": ${inputs}}`, error, status);
}

function accepted(name: string, signature: string, body: string, json: unknown, why = from): RestCase {
  return { name, from: why, path, send: `{"signature_name": "${signature}", ${body}}`, status: 200, json };
}

const type = (value: string, kind: string, dtype: string): string =>
  `JSON Value: ${value} Type: ${kind} is not of expected type: ${dtype}`;
const hello = '{"b64": "aGVsbG8="}';
const row = '{"int_tensor": [1], "str_tensor": "a", "float_tensor": 1.0, "double_tensor": [NaN]}';

export const restPredictRequest: RestTopic = {
  kind: 'rest',
  topic: 'REST predict requests',
  client: 'requests',
  cases: [
    refused(
      'a signature name that is a number',
      '{"signature_name": 5}',
      'JSON Value: {\n    "signature_name": 5\n} not formatted correctly. \'signature_name\' key must be a string value.',
    ),
    refused(
      'a signature name that is null',
      '{"signature_name": null, "instances": [1.0]}',
      'JSON Value: {\n    "signature_name": null,\n    "instances": [1.0]\n} not formatted correctly. \'signature_name\' key must be a string value.',
    ),
    accepted('an empty signature name is the default one', '', '"instances": [2.0]', { predictions: [3] }),
    accepted(
      'another shape than the signature tells, which the graph takes',
      '',
      '"instances": [[1.0], [2.0], [5.0]]',
      { predictions: [[2.5], [3], [4.5]] },
      'docs/differences.md',
    ),
    accepted(
      'one number where the signature tells a list, which the graph takes',
      '',
      '"inputs": 2.0',
      { outputs: 3 },
      'docs/differences.md',
    ),
    refused(
      'an unknown signature',
      '{"signature_name": "nope", "instances": [1.0]}',
      'Serving signature name: "nope" not found in signature def',
    ),
    refused(
      'a signature without inputs',
      '{"signature_name": "no_inputs", "instances": [1.0]}',
      'Failed to get input map for signature: no_inputs',
    ),
    refused(
      'instances and inputs',
      '{"instances": [1.0], "inputs": [1.0]}',
      'JSON Value: {\n    "instances": [1.0],\n    "inputs": [1.0]\n} Not formatted correctly expecting only one of \'inputs\' or \'instances\' keys to exist ',
    ),
    refused('neither', '{"foo": 1}', "Missing 'inputs' or 'instances' key"),
    refused('an empty object', '{}', "Missing 'inputs' or 'instances' key"),
    refused('instances in another case', '{"Instances": [1.0]}', "Missing 'inputs' or 'instances' key"),
    refused(
      'instances that are a number',
      '{"instances": 1}',
      'JSON Value: {\n    "instances": 1\n} Expecting \'instances\' to be an list/array',
    ),
    refused(
      'instances that are an object',
      '{"instances": {"x": 1}}',
      'JSON Value: {\n    "instances": {\n        "x": 1\n    }\n} Expecting \'instances\' to be an list/array',
    ),
    refused(
      'no instances',
      '{"instances": []}',
      'JSON Value: {\n    "instances": []\n} No values in \'instances\' array',
    ),
    refused(
      'the model is looked up after the signature name is read',
      '{"signature_name": 1, "instances": []}',
      'JSON Value: {\n    "signature_name": 1,\n    "instances": []\n} not formatted correctly. \'signature_name\' key must be a string value.',
    ),
    refused(
      'a plain list for several inputs',
      '{"signature_name": "named", "instances": [1, 2]}',
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    ),
    refused(
      'an object after a plain value',
      '{"signature_name": "same_string", "instances": ["a", {"value": "b"}]}',
      'Expecting value/list but got object at item 1 of input list',
    ),
    refused(
      'a list after an object',
      '{"signature_name": "same_int32", "instances": [{"value": 1}, [2]]}',
      'Expecting object but got list at item 1 of input list',
    ),
    refused(
      'a number after an object',
      '{"signature_name": "same_int32", "instances": [{"value": 1}, {"value": 2}, 3]}',
      'Expecting object but got list at item 2 of input list',
    ),
    refused(
      'an object with too few keys',
      '{"signature_name": "add", "instances": [{"a": 1.0}]}',
      'Failed to process element: 0 of \'instances\' list. JSON object: {\n    "a": 1.0\n} keys must be equal to: a,b',
    ),
    refused(
      'an object with an unknown key',
      '{"signature_name": "add", "instances": [{"a": 1.0, "b": 2.0}, {"a": 1.0, "c": 2.0}]}',
      "Failed to process element: 1 key: c of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: c",
    ),
    refused(
      'an empty object as an instance',
      '{"signature_name": "add", "instances": [{}]}',
      "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: a,b",
    ),
    accepted('rows of objects', 'add', '"instances": [{"a": 1.0, "b": 2.0}, {"b": 4, "a": 3}]', {
      predictions: [3, 7],
    }),
    accepted('rows of objects of one input', 'same_int32', '"instances": [{"value": 1}, {"value": 2}]', {
      predictions: [1, 2],
    }),
    accepted('columns by name', 'add', '"inputs": {"a": [1.0, 2.0], "b": [3, 4]}', { outputs: [4, 6] }),
    accepted('columns with a name too many', 'add', '"inputs": {"a": [1.0], "b": [3], "c": ["x"]}', { outputs: [4] }),
    column('columns with a name too few', 'add', '{"a": [1.0]}', "Missing named input: b in 'inputs' object."),
    column(
      'a plain list for several columns',
      'add',
      '[1.0]',
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    ),
    column(
      'a plain number for several columns',
      'add',
      '1.0',
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    ),
    column(
      'base64 for several columns',
      'named',
      hello,
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    ),
    accepted(
      'a column with its name and without',
      'same_int32',
      '"inputs": {"value": [[[1,2],[3,4],[5,6]]]}',
      {
        outputs: [
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
        ],
      },
      'rest.md §8, SingleUnnamedTensorColumnarFormat',
    ),
    accepted(
      'a column without its name',
      'same_int32',
      '"inputs": [[[1,2],[3,4],[5,6]]]',
      {
        outputs: [
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
        ],
      },
      'rest.md §8, SingleUnnamedTensorColumnarFormat',
    ),
    accepted('a scalar column', 'same_int32', '"inputs": 7', { outputs: 7 }),
    accepted('a scalar column of base64', 'same_string', `"inputs": ${hello}`, { outputs: 'hello' }),
    accepted('an empty column', 'same_float32', '"inputs": []', { outputs: [] }),
    accepted('columns of empty lists', 'same_float32', '"inputs": [[], []]', { outputs: [[], []] }),
    accepted('an empty batch', '', '"inputs": []', { outputs: [] }),
    accepted(
      'rows of two levels',
      'same_int32',
      '"instances": [[1,2],[3,4],[5,6]]',
      {
        predictions: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      'rest.md §8, SingleUnnamedTensor',
    ),
    accepted(
      'integers among floats',
      'same_float32',
      '"instances": [1, 2.0, 3, 4, 5.5, 0.25, 0.0]',
      { predictions: [1, 2, 3, 4, 5.5, 0.25, 0] },
      'rest.md §8, MixedInputForFloatTensor',
    ),
    accepted(
      'integers among doubles',
      'same_float64',
      '"instances": [1.0, 2, 3, 4, 0.662, 0, 0.0]',
      { predictions: [1, 2, 3, 4, 0.662, 0, 0] },
      'rest.md §8, MixedInputForDoubleTensor',
    ),
    accepted(
      'rows of base64',
      'same_string',
      '"instances": [{"b64":"aGVsbG8="},{"b64":"d29ybGQ="}]',
      { predictions: ['hello', 'world'] },
      'rest.md §8, SingleUnnamedTensorBase64Scalars',
    ),
    accepted(
      'rows of lists of base64',
      'same_string',
      '"instances": [[{"b64":"aGVsbG8="}],[{"b64":"d29ybGQ="}]]',
      { predictions: [['hello'], ['world']] },
      'rest.md §8, SingleUnnamedTensorBase64Lists',
    ),
    accepted(
      'named base64',
      'same_string',
      '"instances": [{"value": [[{"b64":"aGVsbG8="}],[{"b64":"d29ybGQ="}]]}]',
      { predictions: [[['hello'], ['world']]] },
      'rest.md §8, SingleNamedTensorBase64',
    ),
    accepted('base64 among text', 'same_string', `"instances": ["a", ${hello}]`, { predictions: ['a', 'hello'] }),
    accepted('base64 without padding', 'same_string', '"instances": [{"b64": "aGVsbG8"}]', { predictions: ['hello'] }),
    accepted('base64 with white space', 'same_string', '"instances": [{"b64": "aGVs bG8="}]', {
      predictions: ['hello'],
    }),
    accepted('base64 with dots for padding', 'same_string', '"instances": [{"b64": "aGVsbG8."}]', {
      predictions: ['hello'],
    }),
    accepted('base64 of nothing', 'same_string', '"instances": [{"b64": ""}]', { predictions: [''] }),
    element('base64 that is none', 'same_string', '[{"b64": "!"}]', 0, 'Unable to base64 decode'),
    element('base64 with wrong padding', 'same_string', '["x", {"b64": "aGVsbG8=="}]', 1, 'Unable to base64 decode'),
    column('base64 that is none, as a column', 'same_string', '{"b64": "!"}', 'Unable to base64 decode'),
    element('different counts', 'same_int32', '[[1,2],[3,4],[5,6,7]]', 2, 'Expecting tensor size: 2 but got: 3'),
    element('different shapes', 'same_int32', '[[1,2],[3,4],[[5,6]]]', 2, 'Expecting shape [2] but got: [1,2]'),
    element('a list after a scalar', 'same_int32', '[1,[1]]', 1, 'Expecting shape [] but got: [1]'),
    element('strings among integers', 'same_int32', '[[1,2],["a","b"]]', 1, type('"a"', 'String', 'int32')),
    member(
      'different counts of a named input',
      'add',
      '[{"a": [1.0], "b": [1.0]}, {"a": [1.0, 2.0], "b": [1.0]}]',
      [1, 'a'],
      'Expecting tensor size: 1 but got: 2',
    ),
    member(
      'different shapes of a named input',
      'add',
      '[{"a": [1.0], "b": [1.0]}, {"a": [[1.0]], "b": [1.0]}]',
      [1, 'a'],
      'Expecting shape [1] but got: [1,1]',
    ),
    member('a wrong type of a named input', 'add', '[{"a": "x", "b": 1.0}]', [0, 'a'], type('"x"', 'String', 'float')),
    column(
      'a list that is ragged',
      'same_int32',
      '[[1,2],[3]]',
      'Encountered list at unexpected size: 1 at level: 1 expected size: 2',
    ),
    column('a list that is too deep', 'same_int32', '[1, [2]]', 'Encountered list at unexpected level: 1 expected < 1'),
    column(
      'a value at the wrong depth',
      'same_int32',
      '[[1], 2]',
      'JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2',
    ),
    element(
      'an element that is ragged',
      'same_int32',
      '[[[1,2],[3]]]',
      0,
      'Encountered list at unexpected size: 1 at level: 1 expected size: 2',
    ),
    element('null', 'same_float32', '[null]', 0, type('null', 'Null', 'float')),
    column('null as a column', 'same_float32', '[null]', type('null', 'Null', 'float')),
    element('a string for a float', 'same_float32', '["1.0"]', 0, type('"1.0"', 'String', 'float')),
    element('true for a float', 'same_float32', '[true]', 0, type('true', 'True', 'float')),
    element('false for a double', 'same_float64', '[false]', 0, type('false', 'False', 'double')),
    element('a fraction for an int32', 'same_int32', '[1.5]', 0, type('1.5', 'Number', 'int32')),
    element('1.0 for an int32', 'same_int32', '[1.0]', 0, type('1.0', 'Number', 'int32')),
    element('1e3 for an int64', 'same_int64', '[1e3]', 0, type('1000.0', 'Number', 'int64')),
    element('an int32 out of range', 'same_int32', '[2147483648]', 0, type('2147483648', 'Number', 'int32')),
    element(
      'an int64 out of range',
      'same_int64',
      '[9223372036854775808]',
      0,
      type('9223372036854775808', 'Number', 'int64'),
    ),
    element('a uint32 out of range', 'same_uint32', '[4294967296]', 0, type('4294967296', 'Number', 'uint32')),
    element('a negative uint32', 'same_uint32', '[-1]', 0, type('-1', 'Number', 'uint32')),
    element('a negative uint64', 'same_uint64', '[-1]', 0, type('-1', 'Number', 'uint64')),
    element('an int8 beyond int32', 'same_int8', '[2147483648]', 0, type('2147483648', 'Number', 'int8')),
    element('true for an int16', 'same_int16', '[true]', 0, type('true', 'True', 'int16')),
    element('a string for a uint8', 'same_uint8', '["1"]', 0, type('"1"', 'String', 'uint8')),
    element('1 for a bool', 'same_bool', '[1]', 0, type('1', 'Number', 'bool')),
    element('a string for a bool', 'same_bool', '["true"]', 0, type('"true"', 'String', 'bool')),
    element('a number for a string', 'same_string', '[1]', 0, type('1', 'Number', 'string')),
    element('null for a string', 'same_string', '[null]', 0, type('null', 'Null', 'string')),
    element(
      'an object for a string that is not base64',
      'same_string',
      '[[{"b65": "x"}]]',
      0,
      'JSON Value: {\n    "b65": "x"\n} not formatted correctly for base64 data',
    ),
    accepted('values that do not fit an int8 wrap', 'same_int8', '"instances": [300, -129]', {
      predictions: [44, 127],
    }),
    accepted('values that do not fit a uint8 wrap', 'same_uint8', '"instances": [256, -1]', { predictions: [0, 255] }),
    accepted('values that do not fit an int16 wrap', 'same_int16', '"instances": [65537]', { predictions: [1] }),
    accepted('the ends of int32', 'same_int32', '"instances": [-2147483648, 2147483647]', {
      predictions: [-2147483648, 2147483647],
    }),
    accepted('the end of uint32', 'same_uint32', '"instances": [4294967295]', { predictions: [4294967295] }),
    accepted('bools', 'same_bool', '"instances": [true, false]', { predictions: [true, false] }),
    {
      name: 'floats beyond the largest are infinite',
      from: 'rest.md §8, FloatTensorThatExceedsMaxReturnsInf',
      path,
      send: '{"signature_name": "same_float32", "inputs": [1.7976931348623157e308, -1.7976931348623157e308]}',
      status: 200,
      body: '{\n    "outputs": [\n        Infinity,\n        -Infinity\n    ]\n}',
    },
    {
      name: 'floats below the smallest are zero',
      from: 'rest.md §8, FloatTensorThatExceedsMinReturnsZero',
      path,
      send: '{"signature_name": "same_float32", "instances": [2.2250738585072014e-308, -2.2250738585072014e-308]}',
      status: 200,
      body: '{\n    "predictions": [0.0, -0.0\n    ]\n}',
    },
    {
      name: 'integers that a float rounds',
      from: 'rest.md §8, FloatTensorWithPrecisionLoss',
      path,
      send: '{"signature_name": "same_float32", "instances": [1435774380, 1435774380.0]}',
      status: 200,
      body: '{\n    "predictions": [1.43577434e+09, 1.43577434e+09\n    ]\n}',
    },
    ...(['uint16', 'half', 'bfloat16', 'complex64'] as const).flatMap((dtype): RestCase[] => {
      const signature = dtype === 'half' ? 'same_float16' : `same_${dtype}`;
      return [
        column(`${dtype} as a column`, signature, '[1]', `Conversion of JSON Value: 1 to type: ${dtype}`, 501),
        refused(
          `${dtype} as a row`,
          `{"signature_name": "${signature}", "instances": [1]}`,
          `Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: Conversion of JSON Value: 1 to type: ${dtype}`,
        ),
      ];
    }),
    refused(
      'one object with all keys is not enough',
      `{"signature_name": "named", "instances": [${row}, {}]}`,
      "Failed to process element: 1 of 'instances' list. JSON object: {} keys must be equal to: double_tensor,float_tensor,int_tensor,str_tensor",
    ),
    {
      name: 'a shape that the signature refuses',
      from: 'behaviour.md §10 (the graph refuses it)',
      path: '/v1/models/digits:predict',
      send: '{"inputs": [[1.0]]}',
      status: 400,
    },
  ],
};
