import type { RestCase, RestTopic } from '../wire-case.js';

const path = '/v1/models/wire:predict';
const from = 'rest.md §5';

function printed(name: string, signature: string, request: string, body: string, status = 200): RestCase {
  return { name, from, path, send: `{"signature_name": "${signature}", ${request}}`, status, body };
}

/** Number formatting: a float and a double of the same literal. */
function number(dtype: 'float32' | 'float64', given: string, text: string): RestCase {
  return printed(
    `${dtype} ${given} is ${text}`,
    `same_${dtype}`,
    `"instances": [${given}]`,
    `{\n    "predictions": [${text}\n    ]\n}`,
  );
}

function refused(name: string, signature: string, request: string, error: string): RestCase {
  return { name, from, path, send: `{"signature_name": "${signature}", ${request}}`, status: 400, error };
}

/** In row mode several outputs come in any order: compared as JSON. */
function parsed(name: string, signature: string, request: string, json: unknown): RestCase {
  return { name, from, path, send: `{"signature_name": "${signature}", ${request}}`, status: 200, json };
}

export const restPredictResponse: RestTopic = {
  kind: 'rest',
  topic: 'REST predict responses',
  client: 'requests',
  cases: [
    number('float32', '1', '1.0'),
    number('float32', '9000000', '9e+06'),
    number('float32', '999999', '999999.0'),
    number('float32', '1000000', '1e+06'),
    number('float32', '0.5', '0.5'),
    number('float32', '0.0003', '0.0003'),
    number('float32', '0.00003', '3e-05'),
    number('float32', '555557.5', '555557.5'),
    number('float32', '3.1415927', '3.14159274'),
    number('float32', '0.1', '0.1'),
    number('float32', '16777216', '16777216.0'),
    number('float32', '123456789', '123456792.0'),
    number('float32', '1e20', '1e+20'),
    number('float32', '3.4028234663852886e38', '3.40282347e+38'),
    number('float32', '1.401298464324817e-45', '1.4013e-45'),
    number('float32', '-2.5', '-2.5'),
    number('float64', '1', '1.0'),
    number('float64', '0.1', '0.1'),
    number('float64', '1234567', '1234567.0'),
    number('float64', '0.3333333333333333', '0.33333333333333331'),
    number('float64', '0.30000000000000004', '0.30000000000000004'),
    number('float64', '1e300', '1e+300'),
    number('float64', '3.141592653589793', '3.1415926535897931'),
    number('float64', '100000', '100000.0'),
    number('float64', '0.0001', '0.0001'),
    number('float64', '0.00001', '1e-05'),
    number('float64', '123456.7', '123456.7'),
    number('float64', '1234567.8', '1234567.8'),
    number('float64', '-0.0', '-0.0'),
    printed(
      'rows that are lists stay on their line',
      'same_float32',
      '"instances": [[9000000, 999999, 0.5], [0.0003, 0.00003, 555557.5]]',
      '{\n    "predictions": [[9e+06, 999999.0, 0.5], [0.0003, 3e-05, 555557.5]\n    ]\n}',
    ),
    printed(
      'numbers that are not finite',
      'same_float32',
      '"instances": [[NaN, Infinity], [3, -Infinity]]',
      '{\n    "predictions": [[NaN, Infinity], [3.0, -Infinity]\n    ]\n}',
    ),
    printed(
      'columns are spread over lines',
      'same_int32',
      '"inputs": [[1, 2], [3, 4]]',
      '{\n    "outputs": [\n        [\n            1,\n            2\n        ],\n        [\n            3,\n            4\n        ]\n    ]\n}',
    ),
    printed('a scalar column', 'same_int32', '"inputs": 7', '{\n    "outputs": 7\n}'),
    printed('an empty column', 'same_float32', '"inputs": []', '{\n    "outputs": []\n}'),
    printed(
      'integers of 64 bits are not quoted',
      'same_int64',
      '"inputs": [9007199254740993]',
      '{\n    "outputs": [\n        9007199254740993\n    ]\n}',
    ),
    printed(
      'unsigned integers of 64 bits',
      'same_uint64',
      '"inputs": [18446744073709551615]',
      '{\n    "outputs": [\n        18446744073709551615\n    ]\n}',
    ),
    printed('integers', 'same_int32', '"instances": [1, 2, 3, 4, 5]', '{\n    "predictions": [1, 2, 3, 4, 5\n    ]\n}'),
    printed('int8', 'same_int8', '"instances": [-128, 127]', '{\n    "predictions": [-128, 127\n    ]\n}'),
    printed('uint8', 'same_uint8', '"instances": [0, 255]', '{\n    "predictions": [0, 255\n    ]\n}'),
    printed('int16', 'same_int16', '"instances": [-32768, 32767]', '{\n    "predictions": [-32768, 32767\n    ]\n}'),
    printed('uint32', 'same_uint32', '"instances": [4294967295]', '{\n    "predictions": [4294967295\n    ]\n}'),
    printed('bools', 'same_bool', '"instances": [[true, false]]', '{\n    "predictions": [[true, false]\n    ]\n}'),
    printed(
      'strings',
      'same_string',
      '"instances": [["a", "b"], ["c", ""]]',
      '{\n    "predictions": [["a", "b"], ["c", ""]\n    ]\n}',
    ),
    printed(
      'an output whose name ends in _bytes',
      'bytes',
      '"instances": ["hello", "world"]',
      '{\n    "predictions": [{\n            "b64": "aGVsbG8="\n        }, {\n            "b64": "d29ybGQ="\n        }\n    ]\n}',
    ),
    parsed('_bytes in lists', 'bytes', '"instances": [["hello"], ["w"]]', {
      predictions: [[{ b64: 'aGVsbG8=' }], [{ b64: 'dw==' }]],
    }),
    parsed('_bytes in columns', 'bytes', '"inputs": ["hello"]', { outputs: [{ b64: 'aGVsbG8=' }] }),
    parsed('a _bytes column that is a scalar', 'bytes', '"inputs": "hello"', { outputs: { b64: 'aGVsbG8=' } }),
    parsed('two outputs in rows', 'two_outputs', '"instances": [1, 2]', {
      predictions: [
        { half: 0.5, twice: 2 },
        { half: 1, twice: 4 },
      ],
    }),
    {
      name: 'rows of several outputs have a line for each key',
      from,
      path,
      send: '{"signature_name": "two_outputs", "instances": [1.0]}',
      status: 200,
      holds: ['{\n    "predictions": [\n        {\n            "', '": 0.5', '": 2.0', '\n        }\n    ]\n}'],
    },
    parsed('two outputs in columns', 'two_outputs', '"inputs": [1, 2]', { outputs: { half: [0.5, 1], twice: [2, 4] } }),
    parsed(
      'several inputs and outputs of several dtypes',
      'named',
      '"instances": [{"int_tensor": [[1,2],[3,4]], "str_tensor": ["foo", "bar"], "float_tensor": 1.0, "double_tensor": [2.5]}, {"int_tensor": [[5,6],[7,8]], "str_tensor": ["x", "y"], "float_tensor": 2, "double_tensor": [-1]}]',
      {
        predictions: [
          {
            ints: [
              [1, 2],
              [3, 4],
            ],
            strs: ['foo', 'bar'],
            floats: 1,
            doubles_bytes: [2.5],
          },
          {
            ints: [
              [5, 6],
              [7, 8],
            ],
            strs: ['x', 'y'],
            floats: 2,
            doubles_bytes: [-1],
          },
        ],
      },
    ),
    parsed(
      'columns of different batches',
      'named',
      '"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]], "str_tensor": ["a", "b"], "float_tensor": 1, "double_tensor": []}',
      {
        outputs: {
          ints: [
            [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
          ],
          strs: ['a', 'b'],
          floats: 1,
          doubles_bytes: [],
        },
      },
    ),
    refused(
      'a scalar output in row mode',
      'total',
      '"instances": [1.0, 2.0]',
      'Tensor name: total has no shape information ',
    ),
    printed('a scalar output in column mode', 'total', '"inputs": [1.0, 2.0]', '{\n    "outputs": 3.0\n}'),
    {
      name: 'outputs of different batches in row mode',
      from,
      path,
      send: '{"signature_name": "uneven", "instances": [1.0, 2.0]}',
      status: 400,
      holds: ['has inconsistent batch size: '],
    },
    parsed('outputs of different batches in column mode', 'uneven', '"inputs": [1.0, 2.0]', {
      outputs: { all: [1, 2], first: [1] },
    }),
    {
      name: 'a signature may be called whose method is not known',
      from: 'behaviour.md §10',
      path,
      send: '{"signature_name": "odd_method", "instances": [1.0]}',
      status: 200,
      json: { predictions: [2] },
    },
    {
      name: 'predict of a signature for regress',
      from: 'behaviour.md §10',
      path: '/v1/models/half_plus_two:predict',
      send: '{"signature_name": "regress_x2_to_y3", "instances": [2.0]}',
      status: 200,
      json: { predictions: [4] },
    },
  ],
};
