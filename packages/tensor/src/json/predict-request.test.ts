import { describe, expect, it } from 'vitest';
import type { DType } from '../dtype/dtype.js';
import { dtypeInfo } from '../dtype/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { parseExactPredictRequest } from './exact-predict-request.js';
import { readPlainPredictRequest } from './plain-predict-request.js';
import type { JsonPredictRequest } from './json-predict-request.js';
import { parsePredictRequestJson } from './predict-request.js';
import type { SignatureInputs } from './signature-inputs.js';

const encode = (text: string) => new TextEncoder().encode(text);
const signature = (inputs: Record<string, DType>): SignatureInputs =>
  Object.fromEntries(Object.entries(inputs).map(([alias, dtype]) => [alias, { dtype: dtypeInfo(dtype).enum }]));

/** Parses in both ways; the strict way must agree with the quick one wherever that gives an answer. */
function parse(body: string | Uint8Array, inputs: Record<string, DType>): JsonPredictRequest {
  const bytes = typeof body === 'string' ? encode(body) : body;
  const lookup = () => signature(inputs);
  const plain = readPlainPredictRequest(bytes, lookup);
  if (plain !== undefined) expect(parseExactPredictRequest(bytes, lookup)).toEqual(plain);
  return parsePredictRequestJson(bytes, lookup);
}

function refusal(body: string, inputs: Record<string, DType>): string {
  try {
    parse(body, inputs);
  } catch (error) {
    expect(error).toMatchObject({ name: 'TensorError', code: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  throw new Error(`accepted: ${body}`);
}

const values = (tensor: Tensor | undefined) => ({
  dtype: tensor?.dtype,
  shape: tensor?.shape,
  data: tensor?.toArray(),
});
const only = (request: JsonPredictRequest) => values([...request.inputs.values()][0]);

describe('cases of util/json_tensor_test.cc', () => {
  it('SingleUnnamedTensor', () => {
    const request = parse('{"instances": [[1,2],[3,4],[5,6]]}', { x: 'int32' });
    expect(request).toMatchObject({ format: 'row', signatureName: '' });
    expect(only(request)).toEqual({
      dtype: 'int32',
      shape: [3, 2],
      data: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    });
  });

  it('DeeplyNestedWellFormed', () => {
    const deep = '['.repeat(500_000) + ']'.repeat(500_000);
    expect(only(parse(`{"instances": [1], "unrelated": ${deep}}`, { x: 'int32' })).data).toEqual([1]);
    expect(only(parse(`{"unrelated": ${deep}, "instances": [1]}`, { x: 'int32' })).data).toEqual([1]);
  });

  it('DeeplyNestedMalformed', () => {
    const deep = '['.repeat(500_000) + ']'.repeat(500_000);
    const message = refusal(`{"signature_name": ${deep}, "instances": [1]}`, { x: 'int32' });
    expect(message).toContain('key must be a string value');
    expect(message.length).toBeLessThan(500);
  });

  it('MixedInputForFloatTensor', () => {
    const request = parse('{"instances": [1, 2.0, 3, 4, 5.003, 0.007, 0.0]}', { x: 'float32' });
    expect(only(request).shape).toEqual([7]);
    expect(request.inputs.get('x')!.data).toEqual(new Float32Array([1, 2, 3, 4, 5.003, 0.007, 0]));
  });

  it('MixedInputForDoubleTensor', () => {
    const request = parse('{"instances": [1.0, 2, 3, 4, 0.662, 0, 0.0]}', { x: 'float64' });
    expect(only(request)).toEqual({ dtype: 'float64', shape: [7], data: [1, 2, 3, 4, 0.662, 0, 0] });
  });

  it('FloatTensorWithPrecisionLoss', () => {
    expect(only(parse('{"instances": [1435774380]}', { x: 'float32' })).data).toEqual([1435774336]);
    expect(only(parse('{"instances": [1435774380.0]}', { x: 'float32' })).data).toEqual([1435774336]);
  });

  it('FloatTensorThatExceedsMaxReturnsInf', () => {
    const body = '{"instances": [1.7976931348623157e+308, -1.7976931348623157e+308]}';
    expect(only(parse(body, { x: 'float32' })).data).toEqual([Infinity, -Infinity]);
  });

  it('FloatTensorThatExceedsMinReturnsZero', () => {
    const body = '{"instances": [2.2250738585072014e-308, -2.2250738585072014e-308]}';
    expect(only(parse(body, { x: 'float32' })).data).toEqual([0, -0]);
  });

  it('SingleUnnamedTensorWithSignature', () => {
    const body = encode('{"signature_name": "predict_images", "instances": [[1,2]]}');
    const asked: string[] = [];
    const request = parsePredictRequestJson(body, (name) => (asked.push(name), signature({ x: 'int32' })));
    expect(asked).toEqual(['predict_images']);
    expect(request.signatureName).toBe('predict_images');
    expect(only(request)).toEqual({ dtype: 'int32', shape: [1, 2], data: [[1, 2]] });
  });

  it('TensorFromNonNullTerminatedBuffer', () => {
    const bytes = encode('{"instances": [[1,2],[3,4]]}999,"]}');
    expect(only(parse(bytes.subarray(0, 28), { x: 'int32' })).data).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('SingleUnnamedTensorBase64Scalars', () => {
    const request = parse('{"instances": [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]}', { x: 'string' });
    expect(only(request)).toEqual({ dtype: 'string', shape: [2], data: ['hello', 'world'] });
  });

  it('SingleUnnamedTensorBase64Lists', () => {
    const request = parse('{"instances": [[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]}', { x: 'string' });
    expect(only(request)).toEqual({ dtype: 'string', shape: [2, 1], data: [['hello'], ['world']] });
  });

  it('SingleNamedTensorBase64', () => {
    const body = '{"instances": [{"default": [[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]}]}';
    expect(only(parse(body, { default: 'string' }))).toEqual({
      dtype: 'string',
      shape: [1, 2, 1],
      data: [[['hello'], ['world']]],
    });
  });

  it('MultipleNamedTensor', () => {
    const body = `{"instances": [
      {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"], "float_tensor": [1.0, NaN], "double_tensor": [NaN]},
      {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"], "float_tensor": [2.0, Infinity], "double_tensor": [2.0]}
    ]}`;
    const { inputs } = parse(body, {
      int_tensor: 'int32',
      str_tensor: 'string',
      float_tensor: 'float32',
      double_tensor: 'float64',
    });
    expect(values(inputs.get('int_tensor'))).toEqual({
      dtype: 'int32',
      shape: [2, 3, 2],
      data: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [
          [7, 8],
          [9, 0],
          [1, 2],
        ],
      ],
    });
    expect(values(inputs.get('str_tensor')).data).toEqual([
      ['foo', 'bar'],
      ['baz', 'bat'],
    ]);
    expect(values(inputs.get('float_tensor'))).toEqual({
      dtype: 'float32',
      shape: [2, 2],
      data: [
        [1, NaN],
        [2, Infinity],
      ],
    });
    expect(values(inputs.get('double_tensor'))).toEqual({ dtype: 'float64', shape: [2, 1], data: [[NaN], [2]] });
  });

  it('SingleUnnamedTensorColumnarFormat', () => {
    const named = parse('{"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]]}}', { int_tensor: 'int32' });
    expect(named.format).toBe('columnar');
    expect(only(named)).toEqual({
      dtype: 'int32',
      shape: [1, 3, 2],
      data: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ],
    });
    expect(parse('{"inputs": [[[1,2],[3,4],[5,6]]]}', { int_tensor: 'int32' })).toEqual(named);
  });

  it('MultipleNamedTensorColumnarFormat', () => {
    const body =
      '{"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]], "str_tensor": ["foo", "bar"], "bin": {"b64": "aGVsbG8="}}}';
    const { inputs } = parse(body, { int_tensor: 'int32', str_tensor: 'string', bin: 'string' });
    expect(values(inputs.get('int_tensor')).shape).toEqual([1, 3, 2]);
    expect(values(inputs.get('str_tensor')).data).toEqual(['foo', 'bar']);
    expect(values(inputs.get('bin'))).toEqual({ dtype: 'string', shape: [], data: 'hello' });
  });

  it('SingleUnnamedTensorErrors', () => {
    const refused = (body: string) => refusal(body, { x: 'int32' });
    expect(refused('')).toBe('JSON Parse error: The document is empty');
    expect(refused('{"signature_name": 5, "instances": [[1,2]]}')).toBe(
      'JSON Value: {\n    "signature_name": 5,\n    "instances": [[1, 2]]\n} not formatted correctly. ' +
        "'signature_name' key must be a string value.",
    );
    expect(refused('{"instances": [1], "inputs": [1]}')).toBe(
      'JSON Value: {\n    "instances": [1],\n    "inputs": [1]\n} Not formatted correctly expecting only one of ' +
        "'inputs' or 'instances' keys to exist ",
    );
    expect(refused('{"instances": [[1,2],[3,4],[5,6,7]]}')).toBe(
      "Failed to process element: 2 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 3",
    );
    expect(refused('{"instances": [[1,2],[3,4],[[5,6]]]}')).toBe(
      "Failed to process element: 2 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [2] but got: [1,2]",
    );
    expect(refused('{"instances": [1, [1]]}')).toBe(
      "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]",
    );
    expect(refused('{"instances": [[1,2],["a","b"]]}')).toBe(
      "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: " +
        'JSON Value: "a" Type: String is not of expected type: int32',
    );
  });

  it('MultipleNamedTensorErrors', () => {
    const inputs = { a: 'int32', b: 'string' } as const;
    expect(refusal('{"instances": [{"a": [[1]], "b": "x"}, {"a": [1], "b": "y"}]}', inputs)).toBe(
      "Failed to process element: 1 key: a of 'instances' list. Error: INVALID_ARGUMENT: " +
        'Expecting shape [1,1] but got: [1]',
    );
    expect(refusal('{"instances": [{"a": [1, 2], "b": "x"}, {"a": [1], "b": "y"}]}', inputs)).toBe(
      "Failed to process element: 1 key: a of 'instances' list. Error: INVALID_ARGUMENT: " +
        'Expecting tensor size: 2 but got: 1',
    );
    expect(refusal('{"instances": [{"a": 1, "b": "x"}, [1]]}', inputs)).toBe(
      'Expecting object but got list at item 1 of input list',
    );
    expect(refusal('{"instances": [["x"], {"b": ["y"]}]}', { b: 'string' })).toBe(
      'Expecting value/list but got object at item 1 of input list',
    );
  });
});

describe('the signature', () => {
  it('may be named after the data', () => {
    const signatures: Record<string, SignatureInputs> = {
      '': signature({ x: 'float32' }),
      ints: signature({ n: 'int64' }),
    };
    for (const body of [
      '{"instances": [1, 2], "signature_name": "ints"}',
      `{"instances": [1, 2], "other": "${'-'.repeat(1000)}", "signature_name": "ints"}`,
      `{"instances": [1, 2], "signature_name": "ints", "other": "${'-'.repeat(1000)}"}`,
      '{"instances": [1, 2], "signature\\u005fname": "ints"}',
    ]) {
      const request = parsePredictRequestJson(encode(body), (name) => signatures[name]!);
      expect(request.signatureName).toBe('ints');
      expect(only(request)).toEqual({ dtype: 'int64', shape: [2], data: [1n, 2n] });
    }
  });

  it('is not taken from deeper down', () => {
    const body = '{"instances": ["a"], "other": {"signature_name": "b"}}';
    expect(parse(body, { x: 'string' }).signatureName).toBe('');
    expect(only(parse('{"instances": ["signature_name\\": \\"ints"]}', { x: 'string' })).data).toEqual([
      'signature_name": "ints',
    ]);
  });

  it('is looked up only after the syntax was found good', () => {
    const missing = () => {
      throw new Error('no such model');
    };
    expect(() => parsePredictRequestJson(encode('{"instances": [1]}'), missing)).toThrow('no such model');
    expect(() => parsePredictRequestJson(encode('{"instances": [1]'), missing)).toThrow('JSON Parse error');
    expect(() => parsePredictRequestJson(encode('{"instances": 1}'), missing)).toThrow('no such model');
  });

  it('must have inputs', () => {
    expect(refusal('{"instances": [1]}', {})).toBe('Failed to get input map for signature: DEFAULT');
    expect(refusal('{"signature_name": "s", "instances": [1]}', {})).toBe('Failed to get input map for signature: s');
  });

  it('may have inputs named like members of Object', () => {
    const request = parse('{"inputs": {"__proto__": 1, "constructor": 2}}', {
      ['__proto__']: 'int32' as const,
      constructor: 'int32' as const,
    });
    expect(request.inputs.get('constructor')?.data).toEqual(new Int32Array([2]));
    expect(request.inputs.get('__proto__')?.data).toEqual(new Int32Array([1]));
  });
});

describe('a body without usable data', () => {
  it.each([
    ['{}', "Missing 'inputs' or 'instances' key"],
    ['{"Instances": [1]}', "Missing 'inputs' or 'instances' key"],
    ['{"instances": 1}', 'JSON Value: {\n    "instances": 1\n} Expecting \'instances\' to be an list/array'],
    ['{"instances": {}}', 'JSON Value: {\n    "instances": {}\n} Expecting \'instances\' to be an list/array'],
    ['{"instances": []}', 'JSON Value: {\n    "instances": []\n} No values in \'instances\' array'],
    ['[1]', 'JSON Value: [1] Is not object'],
    ['5', 'JSON Value: 5 Is not object'],
    ['"a"', 'JSON Value: "a" Is not object'],
  ])('%s', (body, message) => {
    expect(refusal(body, { x: 'float32' })).toBe(message);
  });

  it('is shown with numbers as they were understood, cut at the first token after 256 bytes', () => {
    const shown = (body: string) => refusal(body, { x: 'float32' }).split(' Is not object')[0];
    expect(shown('[1.0, 1e2, -0, -0.0, 1e30, 0.000001, 1e-7, 18446744073709551616, true, null, {}, []]')).toBe(
      'JSON Value: [1.0, 100.0, 0, -0.0, 1e30, 0.000001, 1e-7, 18446744073709552000.0, true, null, {}, []]',
    );
    expect(shown('["a\\u0001\\n\\"/\\u00e9", NaN, 1]')).toBe('JSON Value: ["a\\u0001\\n\\"/é", ');
    expect(shown(`["${'x'.repeat(300)}", 1]`)).toBe(`JSON Value: ["${'x'.repeat(300)}"`);
    expect(shown('['.repeat(1000) + ']'.repeat(1000))).toBe(`JSON Value: ${'['.repeat(256)}`);
    const indented = [
      '[{',
      '        "a": {',
      '            "b": [1, {',
      '                    "c": 2',
      '                }],',
    ];
    indented.push('            "d": 3', '        }', '    }]');
    expect(shown('[{"a": {"b": [1, {"c": 2}], "d": 3}}]')).toBe(`JSON Value: ${indented.join('\n')}`);
  });
});

describe('the row format', () => {
  it('tells objects of inputs from base64 objects by the first item', () => {
    expect(refusal('{"instances": [{"b64": "aGVsbG8="}, {"x": "a"}]}', { x: 'string' })).toBe(
      'Expecting value/list but got object at item 1 of input list',
    );
    expect(refusal('{"instances": [{"x": "a"}, {"b64": "aGVsbG8="}]}', { x: 'string' })).toBe(
      'Expecting object but got list at item 1 of input list',
    );
    expect(refusal('{"instances": [{"b64": "aGVsbG8="}]}', { x: 'float32' })).toBe(
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: " +
        'JSON Value: {\n    "b64": "aGVsbG8="\n} Type: Object is not of expected type: float',
    );
  });

  it('needs objects when there are several inputs', () => {
    expect(refusal('{"instances": [1, 2]}', { a: 'int32', b: 'int32' })).toBe(
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    );
  });

  it('needs exactly the names of the signature', () => {
    const inputs = { b: 'int32', a: 'int32' } as const;
    expect(refusal('{"instances": [{"a": 1, "b": 2}, {"a": 1}]}', inputs)).toBe(
      'Failed to process element: 1 of \'instances\' list. JSON object: {\n    "a": 1\n} keys must be equal to: a,b',
    );
    expect(refusal('{"instances": [{}]}', inputs)).toBe(
      "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: a,b",
    );
    expect(refusal('{"instances": [{"a": 1, "c": 1}]}', inputs)).toBe(
      "Failed to process element: 0 key: c of 'instances' list. Error: INVALID_ARGUMENT: " +
        'JSON object: does not have named input: c',
    );
  });

  it('takes names in any order', () => {
    const { inputs } = parse('{"instances": [{"a": 1, "b": 2}, {"b": 4, "a": 3}]}', { b: 'int32', a: 'int32' });
    expect(inputs.get('a')!.data).toEqual(new Int32Array([1, 3]));
    expect(inputs.get('b')!.data).toEqual(new Int32Array([2, 4]));
  });

  it('appends the values of a name that stands twice, which shifts later rows', () => {
    const { inputs } = parse('{"instances": [{"a": 1, "a": 2}, {"a": 3}]}', { a: 'int32' });
    expect(values(inputs.get('a'))).toEqual({ dtype: 'int32', shape: [2], data: [1, 2] });
  });

  it('keeps empty instances', () => {
    expect(only(parse('{"instances": [[], []]}', { x: 'float32' })).shape).toEqual([2, 0]);
    expect(only(parse('{"instances": [[[]], [[]]]}', { x: 'string' })).shape).toEqual([2, 1, 0]);
  });
});

describe('the columnar format', () => {
  it('has the shape of the value', () => {
    const shape = (value: string) => only(parse(`{"inputs": ${value}}`, { x: 'float32' })).shape;
    expect(shape('1.5')).toEqual([]);
    expect(shape('[]')).toEqual([0]);
    expect(shape('[[],[]]')).toEqual([2, 0]);
    expect(shape('[[[1], [2]]]')).toEqual([1, 2, 1]);
    expect(only(parse('{"inputs": {"b64": "aGVsbG8="}}', { x: 'string' })).data).toBe('hello');
  });

  it('ignores names that the signature does not have, and takes the first of two', () => {
    const { inputs } = parse('{"inputs": {"z": {"deep": [1]}, "x": 1, "x": [2]}}', { x: 'int32' });
    expect([...inputs.keys()]).toEqual(['x']);
    expect(only({ inputs, format: 'columnar', signatureName: '' }).data).toBe(1);
  });

  it('needs all inputs', () => {
    const inputs = { a: 'int32', b: 'int32' } as const;
    expect(refusal('{"inputs": {"b": 1}}', inputs)).toBe("Missing named input: a in 'inputs' object.");
    expect(refusal('{"inputs": [1]}', inputs)).toBe(
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    );
  });
});

describe('nested values', () => {
  const refused = (value: string, dtype: DType = 'int32') => refusal(`{"inputs": ${value}}`, { x: dtype });
  it.each([
    ['[[1], 2]', 'JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2'],
    ['[1, [2]]', 'Encountered list at unexpected level: 1 expected < 1'],
    ['[[1, 2], [3]]', 'Encountered list at unexpected size: 1 at level: 1 expected size: 2'],
    ['[[], [1]]', 'Encountered list at unexpected size: 1 at level: 1 expected size: 0'],
    ['[[1], []]', 'Encountered list at unexpected size: 0 at level: 1 expected size: 1'],
    ['[[1, 2], [3, 4, 5]]', 'Encountered list at unexpected size: 3 at level: 1 expected size: 2'],
    ['[[[1], [2]], [[3], [4], [5]]]', 'Encountered list at unexpected size: 3 at level: 1 expected size: 2'],
    ['[[[1], [2]], [[3]]]', 'Encountered list at unexpected size: 1 at level: 1 expected size: 2'],
    ['[[1, "a"], [3]]', 'JSON Value: "a" Type: String is not of expected type: int32'],
    ['[[1, 2], [3], ["a"]]', 'Encountered list at unexpected size: 1 at level: 1 expected size: 2'],
    ['[null]', 'JSON Value: null Type: Null is not of expected type: int32'],
    ['[{"a": 1}]', 'JSON Value: {\n    "a": 1\n} Type: Object is not of expected type: int32'],
  ])('%s', (value, message) => {
    expect(refused(value)).toBe(message);
  });

  it('may be nested deeper than tensors can be', () => {
    const deep = (depth: number) => '['.repeat(depth) + '1' + ']'.repeat(depth);
    expect(only(parse(`{"inputs": ${deep(200)}}`, { x: 'int32' })).shape).toEqual(new Array(200).fill(1));
    expect(refused(deep(100_000))).toBe('tensor parsing error: x');
  });
});

describe('values of a dtype', () => {
  const read = (value: string, dtype: DType) => only(parse(`{"inputs": ${value}}`, { x: dtype })).data;
  const refused = (value: string, dtype: DType) => refusal(`{"inputs": ${value}}`, { x: dtype });

  it.each(['float32', 'float64'] as const)('%s takes any number', (dtype) => {
    expect(read('[NaN, Inf, Infinity, -Inf, -Infinity, -0, -0.0, 0, -1, 1e2, 1E+2, 25e-1]', dtype)).toEqual([
      NaN,
      Infinity,
      Infinity,
      -Infinity,
      -Infinity,
      0,
      -0,
      0,
      -1,
      100,
      100,
      2.5,
    ]);
    for (const value of ['"1"', 'true', 'null', '[{}]']) {
      expect(refused(value, dtype)).toMatch(`is not of expected type: ${dtype === 'float32' ? 'float' : 'double'}`);
    }
  });

  it.each(['int32', 'int16', 'int8', 'uint8'] as const)('%s takes integers within int32', (dtype) => {
    expect(read('[0, -0, 1, 100]', dtype)).toEqual([0, 0, 1, 100]);
    const wrong: [value: string, shown: string, type: string][] = [
      ['2147483648', '2147483648', 'Number'],
      ['-2147483649', '-2147483649', 'Number'],
      ['1.0', '1.0', 'Number'],
      ['1e2', '100.0', 'Number'],
      ['true', 'true', 'True'],
      ['"1"', '"1"', 'String'],
      ['NaN', '', 'Number'],
    ];
    for (const [value, shown, type] of wrong) {
      expect(refused(value, dtype)).toBe(`JSON Value: ${shown} Type: ${type} is not of expected type: ${dtype}`);
    }
  });

  it('cuts integers to narrow dtypes', () => {
    expect(read('[300, -200, 2147483647, -2147483648]', 'int8')).toEqual([44, 56, -1, 0]);
    expect(read('[256, -1]', 'uint8')).toEqual([0, 255]);
    expect(read('[70000]', 'int16')).toEqual([4464]);
    expect(read('[2147483647, -2147483648]', 'int32')).toEqual([2147483647, -2147483648]);
  });

  it('uint32, int64 and uint64 take integers within their range', () => {
    expect(read('[0, 4294967295]', 'uint32')).toEqual([0, 4294967295]);
    expect(read('[-9223372036854775808, 9223372036854775807, 123456789012345678, -1]', 'int64')).toEqual([
      -(2n ** 63n),
      2n ** 63n - 1n,
      123456789012345678n,
      -1n,
    ]);
    expect(read('[18446744073709551615, 0]', 'uint64')).toEqual([2n ** 64n - 1n, 0n]);
    expect(refused('4294967296', 'uint32')).toMatch('4294967296 Type: Number is not of expected type: uint32');
    expect(refused('-1', 'uint32')).toMatch('-1 Type: Number is not of expected type: uint32');
    expect(refused('9223372036854775808', 'int64')).toMatch('is not of expected type: int64');
    expect(refused('-9223372036854775809', 'int64')).toMatch('-9223372036854776000.0 Type: Number');
    expect(refused('18446744073709551616', 'uint64')).toMatch('18446744073709552000.0 Type: Number');
    expect(refused('-1', 'uint64')).toMatch('is not of expected type: uint64');
    expect(refused('1.0', 'int64')).toMatch('1.0 Type: Number is not of expected type: int64');
  });

  it('bool takes true and false', () => {
    expect(read('[true, false , true]', 'bool')).toEqual([true, false, true]);
    expect(refused('1', 'bool')).toBe('JSON Value: 1 Type: Number is not of expected type: bool');
    expect(refused('"true"', 'bool')).toMatch('is not of expected type: bool');
  });

  it('string takes text as bytes and base64 objects', () => {
    const request = parse('{"inputs": ["é\\u00e9\\ud83d\\ude00\\n\\u0000", "\\udc00", {"b64": "/w=="}, ""]}', {
      x: 'string',
    });
    expect(request.inputs.get('x')!.data).toEqual([
      encode('éé😀\n\0'),
      new Uint8Array([0xed, 0xb0, 0x80]),
      new Uint8Array([0xff]),
      new Uint8Array(0),
    ]);
    const raw = new Uint8Array([...encode('{"inputs": "'), 0xff, 0xfe, ...encode('"}')]);
    expect(parse(raw, { x: 'string' }).inputs.get('x')!.data).toEqual([new Uint8Array([0xff, 0xfe])]);
    expect(refused('1', 'string')).toBe('JSON Value: 1 Type: Number is not of expected type: string');
    expect(refused('[{"b64": 5}]', 'string')).toBe(
      'JSON Value: {\n    "b64": 5\n} not formatted correctly for base64 data',
    );
    expect(refused('[{"b64": "aa", "c": 1}]', 'string')).toMatch('not formatted correctly for base64 data');
    expect(refused('[{"b64": "a"}]', 'string')).toBe('Unable to base64 decode');
  });

  it.each([
    ['float16', 'half'],
    ['bfloat16', 'bfloat16'],
    ['uint16', 'uint16'],
    ['complex64', 'complex64'],
    ['qint8', 'qint8'],
  ] as const)('%s is not taken', (dtype, name) => {
    const message = `Conversion of JSON Value: 1 to type: ${name}`;
    expect(() => parse('{"inputs": [1]}', { x: dtype })).toThrow(
      expect.objectContaining({ code: 'UNIMPLEMENTED', message }) as Error,
    );
    expect(refusal('{"instances": [1]}', { x: dtype })).toBe(
      `Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: ${message}`,
    );
    expect(only(parse('{"inputs": []}', { x: dtype })).shape).toEqual([0]);
  });

  it('a resource is not taken', () => {
    const lookup = () => ({ x: { dtype: 20 } });
    expect(() => parsePredictRequestJson(encode('{"inputs": 1}'), lookup)).toThrow(
      'Conversion of JSON Value: 1 to type: resource',
    );
    expect(() => parsePredictRequestJson(encode('{"inputs": []}'), lookup)).toThrow('tensor parsing error: x');
  });
});

describe('a body in a Buffer of Node', () => {
  it.each(['{"instances": ["text", "more"]}', '{"other": 1, "instances": ["text", "more"]}'])('%s', (body) => {
    const pool = Buffer.from(`xx${body}yy`);
    const bytes = pool.subarray(2, pool.length - 2);
    const { data } = parsePredictRequestJson(bytes, () => signature({ x: 'string' })).inputs.get('x')!;
    pool.fill(0);
    expect(data).toEqual([encode('text'), encode('more')]);
    expect(data[0]).not.toBeInstanceOf(Buffer);
  });
});

describe('white space and other freedoms', () => {
  it('allows white space everywhere, a byte order mark, and anything after the first value', () => {
    const body = '\ufeff \t\r\n{ "instances" :\n[ [ 1.5 , 2 ] ,\t[ 3 , 4 ] ] \r} trailing } garbage';
    expect(only(parse(body, { x: 'float32' })).data).toEqual([
      [1.5, 2],
      [3, 4],
    ]);
    expect(only(parse(' { "instances" : [ { "x" : [ 1 ] } , { "x" : [ 2 ] } ] } }', { x: 'int64' })).data).toEqual([
      [1n],
      [2n],
    ]);
    expect(only(parse('{"inputs" : [ [ true ] , [ false ] ] }', { x: 'bool' })).data).toEqual([[true], [false]]);
    expect(only(parse('{"inputs" : [ [ "a" , "b" ] , [ "c" , {"b64" : "ZA" } ] ] }', { x: 'string' })).data).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('uses the first of two top-level keys', () => {
    const request = parse('{"instances": [1], "instances": ["a"], "signature_name": "", "signature_name": 5}', {
      x: 'int32',
    });
    expect(only(request).data).toEqual([1]);
  });
});

it('may be bounded in its depth', () => {
  const nested = (depth: number) =>
    new TextEncoder().encode(`{"instances": ${'['.repeat(depth)}1${']'.repeat(depth)}}`);
  const parseNested = (depth: number) =>
    parsePredictRequestJson(nested(depth), () => ({ x: { dtype: 1 } }), { maxDepth: 100 });
  expect(parseNested(99).inputs.get('x')!.rank).toBe(99);
  expect(() => parseNested(100)).toThrow(
    'JSON is nested too deeply: expected at most 100 levels, given more at offset: 114',
  );
});
