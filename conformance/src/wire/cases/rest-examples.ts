import type { RestCase, RestTopic } from '../wire-case.js';

const model = '/v1/models/wire';
const half = '/v1/models/half_plus_two';
const from = 'rest.md §6';

function refused(
  name: string,
  method: 'classify' | 'regress',
  body: string,
  error: string,
  signature = `${method}_${method === 'classify' ? 'both' : 'flat'}`,
): RestCase {
  const send = `{"signature_name": "${signature}"${body === '' ? '' : `, ${body}`}}`;
  return { name: `${method}: ${name}`, from, path: `${model}:${method}`, send, status: 400, error };
}

function feature(name: string, value: string, error: string): RestCase {
  return refused(name, 'classify', `"examples": [{"names": ${value}}]`, error);
}

function outcome(name: string, method: 'classify' | 'regress', signature: string, error: string): RestCase {
  return {
    name: `${method}: ${name}`,
    from: 'behaviour.md §11',
    path: `${model}:${method}`,
    send: `{"signature_name": "${signature}", "examples": [{}, {}]}`,
    status: 400,
    error,
  };
}

function answer(name: string, path: string, body: string, json: unknown, why = from): RestCase {
  return { name, from: why, path, send: body, status: 200, json };
}

export const restExamples: RestTopic = {
  kind: 'rest',
  topic: 'REST classify and regress',
  client: 'requests',
  cases: [
    {
      name: 'classify',
      from: 'testcases.md, testClassifyREST',
      path: `${half}:classify`,
      send: '{"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}',
      status: 200,
      body: '{\n    "results": [[["", 3.0]]\n    ]\n}',
    },
    {
      name: 'regress',
      from: 'testcases.md, testRegressREST',
      path: `${half}:regress`,
      send: '{"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}]}',
      status: 200,
      body: '{\n    "results": [3.0]\n}',
    },
    {
      name: 'regress of several on one line',
      from: 'rest.md §5',
      path: `${model}:regress`,
      send: '{"signature_name": "regress_flat", "examples": [{}, {}, {}]}',
      status: 200,
      body: '{\n    "results": [0.5, 1.5, 2.5]\n}',
    },
    {
      name: 'classify with labels and scores',
      from: 'rest.md §5',
      path: `${model}:classify`,
      send: '{"signature_name": "classify_both", "examples": [{}, {}]}',
      status: 200,
      body: '{\n    "results": [[["a0", 0.0], ["b", 0.5]], [["a1", 1.0], ["b", 1.5]]\n    ]\n}',
    },
    answer(
      'classify with labels alone',
      `${model}:classify`,
      '{"signature_name": "classify_classes", "examples": [{}]}',
      {
        results: [
          [
            ['a0', 0],
            ['b', 0],
          ],
        ],
      },
    ),
    answer(
      'classify with scores alone',
      `${model}:classify`,
      '{"signature_name": "classify_scores", "examples": [{}]}',
      {
        results: [
          [
            ['', 0],
            ['', 0.5],
          ],
        ],
      },
    ),
    answer('regress of a column', `${model}:regress`, '{"signature_name": "regress_column", "examples": [{}, {}]}', {
      results: [0.5, 1.5],
    }),
    answer(
      'a context for all examples',
      `${half}:regress`,
      '{"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{}, {"x": 4.0}]}',
      { results: [3, 4] },
    ),
    answer(
      'a feature that is a list of one',
      `${half}:regress`,
      '{"signature_name": "regress_x_to_y", "examples": [{"x": [2.0]}]}',
      { results: [3] },
    ),
    answer(
      'the last of several features of a name',
      `${half}:regress`,
      '{"signature_name": "regress_x_to_y", "examples": [{"x": 2.0, "x": 4.0}]}',
      { results: [4] },
      'rest.md §3',
    ),
    answer(
      'features that the model does not ask for',
      `${half}:regress`,
      '{"signature_name": "regress_x_to_y", "examples": [{"x": 2.0, "b": true, "s": ["a", {"b64": "YQ=="}], "i": [1, true, false], "e": []}]}',
      { results: [3] },
    ),
    {
      name: 'NaN and infinities',
      from: 'rest.md §8, JsonFromRegressionResultWithNonFinite',
      path: `${half}:regress`,
      send: '{"signature_name": "regress_x_to_y", "examples": [{"x": NaN}, {"x": Infinity}, {"x": -Infinity}]}',
      status: 200,
      body: '{\n    "results": [NaN, Infinity, -Infinity]\n}',
    },
    {
      name: '1 is an int64 feature, which a float feature refuses',
      from: 'rest.md §6 (1 and 1.0)',
      path: `${half}:regress`,
      send: '{"signature_name": "regress_x_to_y", "examples": [{"x": 1}]}',
      status: 400,
      holds: ['x', 'float'],
    },
    ...(['classify', 'regress'] as const).flatMap((method) => [
      refused(
        'no examples',
        method,
        '',
        `JSON Value: {\n    "signature_name": "${method}_${method === 'classify' ? 'both' : 'flat'}"\n} When method is classify, key 'examples' is expected and was not found`,
      ),
      refused(
        'examples that are an object',
        method,
        '"examples": {}',
        `JSON Value: {\n    "signature_name": "${method}_${method === 'classify' ? 'both' : 'flat'}",\n    "examples": {}\n} Expecting 'examples' value to be an list/array`,
      ),
      refused(
        'no example',
        method,
        '"examples": []',
        `JSON Value: {\n    "signature_name": "${method}_${method === 'classify' ? 'both' : 'flat'}",\n    "examples": []\n} 'examples' value is an empty array`,
      ),
      refused(
        'an example that is a list',
        method,
        '"examples": [[1]]',
        'Example must be JSON object but got JSON Array',
      ),
      refused(
        'an example that is a number',
        method,
        '"examples": [1]',
        'Example must be JSON object but got JSON Number',
      ),
      refused('an example that is null', method, '"examples": [null]', 'Example must be JSON object but got JSON Null'),
      refused(
        'a context that is a list',
        method,
        '"context": [], "examples": [{}]',
        'Example must be JSON object but got JSON Array',
      ),
      {
        name: `${method}: a signature name that is a list`,
        from: 'rest.md §8, JsonErrors',
        path: `${model}:${method}`,
        send: '{"signature_name": [], "examples": [{}]}',
        status: 400,
        holds: ["'signature_name' key must be a string"],
      },
      {
        name: `${method}: an empty body`,
        from: 'rest.md §3',
        path: `${model}:${method}`,
        method: 'POST',
        send: '',
        client: 'curl' as const,
        status: 400,
        error: 'JSON Parse error: The document is empty',
      },
      {
        name: `${method}: an unknown signature`,
        from: 'behaviour.md §11',
        path: `${model}:${method}`,
        send: '{"signature_name": "nope", "examples": [{}]}',
        status: 400,
        error: 'No signature was found with the name: nope',
      },
    ]),
    feature('null', '[null]', 'Feature: names has element with unexpected JSON type: Null'),
    feature('null that is no list', 'null', 'Feature: names has element with unexpected JSON type: Null'),
    feature('a list in a list', '[[10], 20]', 'Feature: names has element with unexpected JSON type: Array'),
    feature(
      'an object among numbers',
      '[10, {"test": 10}]',
      'Feature: names has element with unexpected JSON type: Object',
    ),
    feature('an object', '{"test": 10}', 'Feature: names has element with unexpected JSON type: Object'),
    feature('a float among integers', '[10, 10.0]', 'Unexpected element type in feature: names expecting type: int64'),
    feature('an integer among floats', '[10.0, 10]', 'Unexpected element type in feature: names expecting type: float'),
    feature('a number among strings', '["a", 1]', 'Unexpected element type in feature: names expecting type: bytes'),
    feature(
      'an integer beyond int64',
      '[20, 18446744073709551603]',
      'Feature: names has uint64_t element. Only int64_t is supported.',
    ),
    feature('base64 that is none', '[{"b64": "!"}]', 'Unable to base64 decode'),
    outcome('three outputs', 'classify', 'classify_three', 'Expected one or two output Tensors, found 3'),
    outcome('two inputs', 'classify', 'classify_two_inputs', 'Expected one input Tensor.'),
    outcome(
      'scores of rank 1',
      'classify',
      'classify_rank',
      'Expected Tensor shape: [batch_size num_classes] but got [2]',
    ),
    outcome(
      'scores that are doubles',
      'classify',
      'classify_scores_dtype',
      'Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE',
    ),
    outcome(
      'classes that are floats',
      'classify',
      'classify_classes_dtype',
      'Expected classes Tensor of DT_STRING. Got: DT_FLOAT',
    ),
    outcome(
      'scores of another batch',
      'classify',
      'classify_scores_batch',
      'Expected scores output batch size of 2. Got: 3',
    ),
    outcome(
      'classes of another batch',
      'classify',
      'classify_classes_batch',
      'Expected classes output batch size of 2. Got: 3',
    ),
    outcome(
      'more scores than classes',
      'classify',
      'classify_width',
      'Tensors class and score should match in dim_size(1). Got 2 vs. 3',
    ),
    outcome('two inputs', 'regress', 'regress_two_inputs', 'Expected one input Tensor.'),
    outcome('two outputs', 'regress', 'regress_two_outputs', 'Expected one output Tensor.'),
    outcome(
      'an output of two columns',
      'regress',
      'regress_wide',
      'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]',
    ),
    outcome(
      'an output of rank 3',
      'regress',
      'regress_rank3',
      'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,1,1]',
    ),
    outcome(
      'an output of another batch',
      'regress',
      'regress_batch',
      'Input batch size did not match output batch size: 2 vs. 3',
    ),
    outcome('an output of doubles', 'regress', 'regress_dtype', 'Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE'),
    ...(
      [
        ['another input name', 'classify', 'classify_alias', 'No classification inputs found in SignatureDef: '],
        [
          'neither classes nor scores',
          'classify',
          'classify_neither',
          'Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: ',
        ],
        ['another input name', 'regress', 'regress_alias', 'No regression inputs found in SignatureDef: '],
        ['another output name', 'regress', 'regress_out_alias', 'No regression outputs found in SignatureDef: '],
      ] as const
    ).map(([name, method, signature, text]) => ({
      name: `${method}: ${name}`,
      from: 'behaviour.md §11',
      path: `${model}:${method}`,
      send: `{"signature_name": "${signature}", "examples": [{}]}`,
      status: 400,
      holds: [JSON.stringify(text).slice(1, -1)],
    })),
    ...(['classify', 'regress'] as const).flatMap((method): RestCase[] => [
      {
        name: `${method}: a method name that is wrong does not matter without the check`,
        from: 'behaviour.md §11',
        path: `${model}:${method}`,
        send: `{"signature_name": "${method}_method", "examples": [{}]}`,
        status: 200,
        json: {
          results:
            method === 'classify'
              ? [
                  [
                    ['', 0],
                    ['', 0.5],
                  ],
                ]
              : [0.5],
        },
      },
      {
        name: `${method}: a method name that is wrong, with the check`,
        from: 'behaviour.md §11',
        server: 'checked',
        path: `${model}:${method}`,
        send: `{"signature_name": "${method}_method", "examples": [{}]}`,
        status: 400,
        error: `Expected ${method === 'classify' ? 'classification' : 'regression'} signature method_name to be tensorflow/serving/${method}. Was: wrong`,
      },
      {
        name: `${method}: a method name that is right, with the check`,
        from: 'behaviour.md §11',
        server: 'checked',
        path: `${half}:${method}`,
        send: `{"signature_name": "${method}_x_to_y", "examples": [{"x": 2.0}]}`,
        status: 200,
        json: { results: method === 'classify' ? [[['', 3]]] : [3] },
      },
    ]),
  ],
};
