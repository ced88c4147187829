import { fromBinary } from '@bufbuild/protobuf';
import { ExampleSchema } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { parseExampleRequestJson } from './example-request.js';
import { formatClassifyResponseJson, formatErrorJson, formatRegressResponseJson } from './example-response.js';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const parse = (body: string) => parseExampleRequestJson(encode(body));

function features(bytes: Uint8Array | undefined): Record<string, unknown> {
  const example = fromBinary(ExampleSchema, bytes!);
  return Object.fromEntries(
    Object.entries(example.features?.feature ?? {}).map(([name, { kind }]) => [
      name,
      kind.case === undefined ? null : { [kind.case]: kind.value.value },
    ]),
  );
}
const bytesList = (...values: string[]) => ({ bytesList: values.map(encode) });

function refusal(body: string): string {
  try {
    parse(body);
  } catch (error) {
    expect(error).toMatchObject({ name: 'TensorError', code: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  throw new Error(`accepted: ${body}`);
}

describe('cases of util/json_tensor_test.cc', () => {
  it('RequestNoContext', () => {
    const request = parse(`{"examples": [
      {"names": ["foo", "bar"], "ratings": [8.0, 9.0], "age": 20},
      {"names": ["baz"], "ratings": [6.0], "age": 30}
    ]}`);
    expect(request.signatureName).toBe('');
    expect(request.input.context).toBeUndefined();
    expect(request.input.examples.map(features)).toEqual([
      { names: bytesList('foo', 'bar'), ratings: { floatList: [8, 9] }, age: { int64List: [20n] } },
      { names: bytesList('baz'), ratings: { floatList: [6] }, age: { int64List: [30n] } },
    ]);
  });

  it('RequestWithContextAndSignature', () => {
    const { signatureName, input } = parse(`{
      "signature_name": "custom_signature",
      "context": {"query": "pizza", "location": ["sunnyvale", "s f"]},
      "examples": [
        {"names": ["foo", {"b64": "aGVsbG8="}], "ratings": [8.5, NaN, Infinity, -Infinity], "flags": [1, true, false]},
        {"names": "baz", "ratings": -Infinity}
      ]
    }`);
    expect(signatureName).toBe('custom_signature');
    expect(features(input.context)).toEqual({ query: bytesList('pizza'), location: bytesList('sunnyvale', 's f') });
    expect(input.examples.map(features)).toEqual([
      {
        names: bytesList('foo', 'hello'),
        ratings: { floatList: [8.5, NaN, Infinity, -Infinity] },
        flags: { int64List: [1n, 1n, 0n] },
      },
      { names: bytesList('baz'), ratings: { floatList: [-Infinity] } },
    ]);
  });

  it.each([
    ['{"signature_name": [], "examples": [{}]}', /'signature_name' key must be a string/],
    ['{"context": [], "examples": [{}]}', 'Example must be JSON object but got JSON Array'],
    ['{"examples": {}}', 'JSON Value: {\n    "examples": {}\n} Expecting \'examples\' value to be an list/array'],
    ['{"examples": [[]]}', 'Example must be JSON object but got JSON Array'],
    ['{"examples": [{"names": null}]}', 'Feature: names has element with unexpected JSON type: Null'],
    ['{"examples": [{"names": [10, null]}]}', 'Feature: names has element with unexpected JSON type: Null'],
    ['{"examples": [{"names": [10, 10.0]}]}', 'Unexpected element type in feature: names expecting type: int64'],
    ['{"examples": [{"names": [10, {"test": 10}]}]}', 'Feature: names has element with unexpected JSON type: Object'],
    ['{"examples": [{"names": [[10], 20]}]}', 'Feature: names has element with unexpected JSON type: Array'],
    [
      '{"examples": [{"names": [20, 18446744073709551603]}]}',
      'Feature: names has uint64_t element. Only int64_t is supported.',
    ],
  ])('JsonErrors %s', (body, message) => {
    expect(refusal(body)).toMatch(message);
  });

  it('JsonFromClassificationResult', () => {
    const classes = (...scores: number[]) => scores.map((score, k) => ({ label: 'abc'[k]!, score }));
    expect(decode(formatClassifyResponseJson([classes(0.5, 0.25, 0.2), classes(1, 0, 0.1)]))).toBe(
      '{\n    "results": [[["a", 0.5], ["b", 0.25], ["c", 0.2]], [["a", 1.0], ["b", 0.0], ["c", 0.1]]\n    ]\n}',
    );
  });

  it('JsonFromRegressionResult', () => {
    expect(decode(formatRegressResponseJson([0.2, 0.9, 1]))).toBe('{\n    "results": [0.2, 0.9, 1.0]\n}');
  });

  it('JsonFromRegressionResultWithNonFinite', () => {
    const values = new Float32Array([0.2, Infinity, 1, -Infinity, NaN]);
    expect(decode(formatRegressResponseJson(values))).toBe('{\n    "results": [0.2, Infinity, 1.0, -Infinity, NaN]\n}');
  });

  it('JsonFromResultErrors', () => {
    expect(() => formatClassifyResponseJson([])).toThrow('Cannot convert empty ClassificationResults to JSON');
    expect(() => formatRegressResponseJson([])).toThrow('Cannot convert empty RegressionResults to JSON');
  });

  it('StatusError', () => {
    expect(decode(formatErrorJson('Bad key: "key"'))).toBe('{\n    "error": "Bad key: \\"key\\""\n}');
    expect(JSON.parse(decode(formatErrorJson(`Bad key: 'key' \n é`)))).toEqual({ error: `Bad key: 'key' \n é` });
  });
});

describe('examples', () => {
  it('may be empty, and may have features without values', () => {
    expect(parse('{"examples": [{}]}').input.examples.map(features)).toEqual([{}]);
    expect(features(parse('{"examples": [{"a": []}]}').input.examples[0])).toEqual({ a: null });
  });

  it('must be there', () => {
    expect(refusal('{"instances": [1]}')).toBe(
      'JSON Value: {\n    "instances": [1]\n} When method is classify, key \'examples\' is expected and was not found',
    );
    expect(refusal('{"examples": []}')).toBe(
      'JSON Value: {\n    "examples": []\n} \'examples\' value is an empty array',
    );
    expect(refusal('')).toBe('JSON Parse error: The document is empty');
    expect(refusal('{"examples": [5]}')).toBe('Example must be JSON object but got JSON Number');
  });

  it('take the last of two features of a name', () => {
    expect(features(parse('{"examples": [{"a": 1, "a": ["x"]}]}').input.examples[0])).toEqual({ a: bytesList('x') });
  });

  it('hold the whole range of int64 and long lists', () => {
    const [example] = parse('{"examples": [{"a": [-9223372036854775808, 9223372036854775807, -1, 0]}]}').input.examples;
    expect(features(example)).toEqual({ a: { int64List: [-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n] } });
    const long = Array.from({ length: 1000 }, (_, k) => `${k}.5`);
    expect(features(parse(`{"examples": [{"a": [${long.join()}]}]}`).input.examples[0])).toEqual({
      a: { floatList: long.map(Number) },
    });
  });

  it('take integers beyond int64 and uint64 for floats', () => {
    expect(features(parse('{"examples": [{"a": 18446744073709551616}]}').input.examples[0])).toEqual({
      a: { floatList: [18446744073709552000] },
    });
  });

  it('tell bad base64', () => {
    expect(refusal('{"examples": [{"a": {"b64": "a"}}]}')).toBe('Unable to base64 decode');
    expect(refusal('{"examples": [{"a": [1, {"b64": "aa"}]}]}')).toBe(
      'Unexpected element type in feature: a expecting type: int64',
    );
  });
});
