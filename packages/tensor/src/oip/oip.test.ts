import { describe, expect, it } from 'vitest';
import { stringTensor, tensor } from '../tensor/build.js';
import { Tensor } from '../tensor/tensor.js';
import { dtypes } from '../dtype/dtype.js';
import { dtypeOfOip, oipDatatype } from './datatype.js';
import { parseOipInferRequest } from './infer-request.js';
import { formatOipInferResponse } from './infer-response.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const input = (members: object) => ({ name: 'x', shape: [2], datatype: 'FP32', ...members });
const parse = (request: object) => parseOipInferRequest(utf8(JSON.stringify(request)));
const parseInput = (members: object) => parse({ inputs: [input(members)] }).inputs.get('x')!;

/** JSON and binary data behind it. */
function withBinary(request: object, ...pieces: Uint8Array[]) {
  const header = utf8(JSON.stringify(request));
  return [Buffer.concat([header, ...pieces]), { headerLength: header.length }] as const;
}

describe('datatypes', () => {
  it('names every dtype, and finds it again', () => {
    expect(dtypes.map((dtype) => dtypeOfOip(oipDatatype(dtype)))).toEqual(dtypes);
    expect(
      ['float16', 'float32', 'float64', 'bfloat16', 'string', 'bool', 'uint8', 'int64'].map((d) =>
        oipDatatype(d as never),
      ),
    ).toEqual(['FP16', 'FP32', 'FP64', 'BF16', 'BYTES', 'BOOL', 'UINT8', 'INT64']);
  });

  it('refuses what is none', () => {
    expect(() => dtypeOfOip('float32')).toThrow(/Unknown datatype: expected one of BOOL, .*, given "float32"/);
  });
});

describe('a JSON request', () => {
  it.each([
    ['FP32', [0.1, -3], 'float32', [Math.fround(0.1), -3]],
    ['FP64', [0.1, 1e300], 'float64', [0.1, 1e300]],
    ['FP16', [0.1, 65504], 'float16', [0x2e66, 0x7bff]],
    ['BF16', [1.0, -2.5], 'bfloat16', [0x3f80, 0xc020]],
    ['INT8', [-128, 127], 'int8', [-128, 127]],
    ['INT16', [-32768, 32767], 'int16', [-32768, 32767]],
    ['INT32', [-5, 7], 'int32', [-5, 7]],
    ['UINT8', [0, 255], 'uint8', [0, 255]],
    ['UINT16', [0, 65535], 'uint16', [0, 65535]],
    ['UINT32', [0, 4294967295], 'uint32', [0, 4294967295]],
    ['INT64', [-1, 9007199254740991], 'int64', [-1n, 9007199254740991n]],
    ['UINT64', [0, 9007199254740991], 'uint64', [0n, 9007199254740991n]],
    ['BOOL', [true, false], 'bool', [1, 0]],
  ])('gives the values of %s', (datatype, data, dtype, values) => {
    const read = parseInput({ datatype, data });
    expect([read.dtype, read.shape, [...(read.data as Iterable<unknown>)]]).toEqual([dtype, [2], values]);
  });

  it('keeps integers over 2^53', () => {
    const body =
      '{"inputs":[{"name":"x","shape":[2],"datatype":"INT64","data":[9223372036854775807,-9223372036854775808]}]}';
    expect([...(parseOipInferRequest(utf8(body)).inputs.get('x')!.data as BigInt64Array)]).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
  });

  it('gives strings, escaped ones too', () => {
    expect(parseInput({ datatype: 'BYTES', data: ['a', 'é"\n'] }).toArray()).toEqual(['a', 'é"\n']);
  });

  it('takes values in one list or nested to the shape, and no other way', () => {
    const nested = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(parseInput({ shape: [2, 3], data: nested }).toArray()).toEqual(nested);
    expect(parseInput({ shape: [2, 3], data: nested.flat() }).toArray()).toEqual(nested);
    expect(parseInput({ shape: [], data: [7] }).toArray()).toBe(7);
    expect(parseInput({ shape: [0], data: [] }).size).toBe(0);
    expect(() => parseInput({ shape: [3, 2], data: nested })).toThrow(
      'Bad input "x": Wrong number of values: expected a list of 6, or lists nested to [3,2], given [2,3]',
    );
    expect(() => parseInput({ data: [1] })).toThrow('expected a list of 2, or lists nested to [2], given [1]');
  });

  it('has id, parameters and outputs', () => {
    const parameters = { a: 1, b: 'x', c: true, d: 1.5, e: null, f: [1] };
    const request = parse({
      id: '7',
      parameters,
      inputs: [],
      outputs: [{ name: 'y', parameters: { binary_data: true } }],
    });
    expect(request.id).toBe('7');
    expect(request.parameters).toEqual(
      new Map<string, unknown>([
        ['a', 1n],
        ['b', 'x'],
        ['c', true],
        ['d', 1.5],
      ]),
    );
    expect(request.outputs).toEqual([{ name: 'y', parameters: new Map([['binary_data', true]]) }]);
  });

  it.each([
    ['[]', 'Expected the body to be an object, given Array'],
    ['{', 'JSON Parse error: Missing a name for object member. at offset: 1'],
    ['{}', 'The request has no "inputs"'],
    ['{"inputs":{}}', 'Expected "inputs" to be an array, given Object'],
    ['{"inputs":[],"id":7}', 'Expected "id" to be a string, given Number'],
    ['{"inputs":[],"parameters":[]}', 'Expected "parameters" of the request to be an object, given Array'],
    ['{"inputs":[1]}', 'Expected "inputs"[0] to be an object, given Number'],
    ['{"inputs":[{"shape":[1]}]}', '"name" is missing in "inputs"[0]'],
    ['{"inputs":[],"outputs":[{"name":1}]}', 'Expected "name" of "outputs"[0] to be a string, given Number'],
    ['{"inputs":[{"name":"x","datatype":"FP32"}]}', '"shape" is missing in input "x"'],
    ['{"inputs":[{"name":"x","shape":[1],"data":[1]}]}', '"datatype" is missing in input "x"'],
  ])('%s is refused', (body, message) => {
    expect(() => parseOipInferRequest(utf8(body))).toThrow(message);
  });

  it.each([
    [{ datatype: 'FP99', data: [1, 2] }, 'Bad input "x": Unknown datatype'],
    [{ shape: [-1], data: [1, 2] }, 'Invalid shape of input "x": expected whole numbers of 0 or more'],
    [{ shape: [1.5], data: [1, 2] }, 'Invalid shape of input "x": expected whole numbers of 0 or more'],
    [{}, '"data" is missing in input "x"'],
    [{ data: ['a', 'b'] }, 'Bad input "x": JSON Value: "a" Type: String is not of expected type: FP32'],
    [{ datatype: 'INT32', data: [1, 1.5] }, 'JSON Value: 1.5 Type: Number is not of expected type: INT32'],
    [{ datatype: 'INT8', data: [1, 128] }, 'Value out of range: expected -128 to 127 for INT8, given 128'],
    [{ datatype: 'COMPLEX64', data: [1, 2] }, 'Values of COMPLEX64 have no JSON form; send them as binary data'],
    [{ shape: [1e9, 1e9], data: [1] }, 'Invalid shape: expected at most 2^53 - 1 elements'],
    [{ parameters: { shared_memory_region: 'r' } }, 'Shared memory is not supported; given for input "x"'],
  ])('input %j is refused', (members, message) => {
    expect(() => parseInput(members)).toThrow(message);
  });

  it('refuses an input that comes twice', () => {
    expect(() => parse({ inputs: [input({ data: [1, 2] }), input({ data: [1, 2] })] })).toThrow(
      'The request has input "x" twice',
    );
  });
});

describe('a request with binary data', () => {
  const binary = (size: number) => ({ parameters: { binary_data_size: size } });

  it('takes the data of its inputs in their order', () => {
    const floats = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    const strings = utf8('\x01\0\0\0a\x02\0\0\0bc');
    const [body, options] = withBinary(
      {
        inputs: [
          input(binary(8)),
          input({ name: 's', datatype: 'BYTES', ...binary(11) }),
          input({ name: 'j', data: [3, 4] }),
        ],
      },
      floats,
      strings,
    );
    const { inputs } = parseOipInferRequest(body, options);
    expect([...inputs].map(([name, value]) => [name, value.dtype, value.toArray()])).toEqual([
      ['x', 'float32', [1.5, -2]],
      ['s', 'string', ['a', 'bc']],
      ['j', 'float32', [3, 4]],
    ]);
  });

  it.each([
    ['too little', binary(9), 8, 'Not enough binary data: input "x" is to have 9 bytes, the body has 8 left for it'],
    ['too much', binary(8), 9, 'Too much binary data: 1 bytes belong to no input'],
    ['a size that does not fit the shape', binary(4), 4, 'expected 8 bytes for float32 [2], given 4'],
    ['a size that is none', binary(-1), 0, '"binary_data_size" of input "x" must be a whole number of bytes, given -1'],
    [
      'JSON data as well',
      { ...binary(8), data: [1, 2] },
      8,
      'Expected either "data" or "binary_data_size" for input "x"',
    ],
  ])('is refused with %s', (_, members, size, message) => {
    const [body, options] = withBinary({ inputs: [input(members)] }, new Uint8Array(size));
    expect(() => parseOipInferRequest(body, options)).toThrow(message);
  });

  it('is refused when the JSON is to be longer than the body', () => {
    expect(() => parseOipInferRequest(utf8('{}'), { headerLength: 3 })).toThrow(
      'Inference-Header-Content-Length is 3, but the body has 2 bytes',
    );
  });
});

describe('a response', () => {
  const respond = (outputs: Record<string, Tensor>, isBinary?: (name: string) => boolean) => {
    const response = { modelName: 'm"', modelVersion: '3', id: 'i', outputs: new Map(Object.entries(outputs)) };
    const { body, headerLength } = formatOipInferResponse(response, isBinary);
    return { text: new TextDecoder().decode(body.subarray(0, headerLength)), body, headerLength };
  };

  it('lists values row by row', () => {
    const outputs = {
      f: tensor(
        [
          [0.1, -2],
          [3, 1e-7],
        ],
        'float32',
      ),
      d: tensor([0.1], 'float64'),
      h: new Tensor('float16', [2], Uint16Array.of(0x3c00, 0x2e66)),
      b: new Tensor('bfloat16', [], Uint16Array.of(0xc020)),
      l: tensor([2n ** 63n - 1n], 'int64'),
      u: tensor([65535], 'uint16'),
      t: tensor([true, false], 'bool'),
      s: stringTensor([2], ['a"', 'é']),
      e: tensor([], 'float32'),
    };
    const { text, headerLength } = respond(outputs);
    expect(headerLength).toBeUndefined();
    const parsed = JSON.parse(text) as {
      outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
    };
    expect({ ...parsed, outputs: [] }).toEqual({ model_name: 'm"', model_version: '3', id: 'i', outputs: [] });
    expect(parsed.outputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data])).toEqual([
      ['f', 'FP32', [2, 2], [0.1, -2, 3, 1e-7]],
      ['d', 'FP64', [1], [0.1]],
      ['h', 'FP16', [2], [1, 0.0999755859]],
      ['b', 'BF16', [], [-2.5]],
      ['l', 'INT64', [1], [2 ** 63]],
      ['u', 'UINT16', [1], [65535]],
      ['t', 'BOOL', [2], [true, false]],
      ['s', 'BYTES', [2], ['a"', 'é']],
      ['e', 'FP32', [0], []],
    ]);
    expect(text).toContain('[9223372036854775807]');
  });

  it('puts binary outputs behind the JSON', () => {
    const outputs = {
      s: stringTensor([1], [Uint8Array.of(0xff)]),
      j: tensor([1], 'int32'),
      f: tensor([0.5], 'float32'),
    };
    const { text, body, headerLength } = respond(outputs, (name) => name !== 'j');
    expect((JSON.parse(text) as { outputs: object[] }).outputs).toEqual([
      { name: 's', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } },
      { name: 'j', datatype: 'INT32', shape: [1], data: [1] },
      { name: 'f', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
    ]);
    expect([...body.subarray(headerLength)]).toEqual([1, 0, 0, 0, 0xff, 0, 0, 0, 0x3f]);
  });

  it('tells how to get what JSON cannot hold', () => {
    expect(() => respond({ s: stringTensor([1], [Uint8Array.of(0xff)]) })).toThrow(
      'Output "s" has bytes that are not UTF-8, which JSON cannot hold; ask for it with "binary_data": true',
    );
    const complex = new Tensor('complex64', [1], Float32Array.of(1, 2));
    expect(() => respond({ c: complex })).toThrow('Output "c" has values of COMPLEX64');
  });
});
