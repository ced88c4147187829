import { describe, expect, it } from 'vitest';
import { stringTensor, tensor } from '../tensor/build.js';
import { Tensor } from '../tensor/tensor.js';
import { formatPredictResponseJson } from './predict-response.js';

type Format = 'row' | 'columnar';
const format = (outputs: Record<string, Tensor>, kind: Format) =>
  new TextDecoder('utf-8', { fatal: true }).decode(formatPredictResponseJson(new Map(Object.entries(outputs)), kind));
const parsed = (outputs: Record<string, Tensor>, kind: Format): unknown => JSON.parse(format(outputs, kind));
const refusal = (outputs: Record<string, Tensor>, kind: Format) => expect(() => format(outputs, kind));
const invalid = (message: string) => expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error;

const ints = tensor(
  [
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
  'int32',
);

describe('cases of util/json_tensor_test.cc', () => {
  it('FromJsonSingleTensor', () => {
    expect(parsed({ y: ints }, 'row')).toEqual({ predictions: ints.toArray() });
    expect(parsed({ y: ints }, 'columnar')).toEqual({ outputs: ints.toArray() });
  });

  it('FromJsonSingleScalarTensor', () => {
    const y = tensor([1, 2, 3, 4, 5], 'int32');
    expect(format({ y }, 'row')).toBe('{\n    "predictions": [1, 2, 3, 4, 5\n    ]\n}');
    expect(parsed({ y }, 'columnar')).toEqual({ outputs: [1, 2, 3, 4, 5] });
  });

  it('FromJsonSingleBytesTensor', () => {
    const y = stringTensor([2, 2], ['hello', 'world', 'ab', '']);
    const expected = [
      [{ b64: 'aGVsbG8=' }, { b64: 'd29ybGQ=' }],
      [{ b64: 'YWI=' }, { b64: '' }],
    ];
    expect(parsed({ str_tensor_bytes: y }, 'row')).toEqual({ predictions: expected });
    expect(parsed({ str_tensor_bytes: y }, 'columnar')).toEqual({ outputs: expected });
  });

  it('FromJsonSingleFloatTensorSixDigitPrecision', () => {
    const y = tensor(
      [
        [9000000, 999999, 0.5],
        [0.0003, 0.00003, 555557.5],
      ],
      'float32',
    );
    expect(format({ y }, 'row')).toBe(
      '{\n    "predictions": [[9e+06, 999999.0, 0.5], [0.0003, 3e-05, 555557.5]\n    ]\n}',
    );
  });

  it('FromJsonSingleFloatTensorNonFinite', () => {
    const y = tensor(
      [
        [NaN, Infinity],
        [3, -Infinity],
      ],
      'float32',
    );
    expect(format({ y }, 'row')).toBe('{\n    "predictions": [[NaN, Infinity], [3.0, -Infinity]\n    ]\n}');
  });

  it('FromJsonSingleTensorErrors', () => {
    refusal({}, 'row').toThrow(invalid('Cannot convert empty tensor map to JSON'));
    refusal({ y: new Tensor('complex64', [1], new Float32Array(2)) }, 'row').toThrow(
      invalid('Failed to write JSON value for tensor type: complex64'),
    );
    refusal({ y: tensor(1) }, 'row').toThrow(invalid('Tensor name: y has no shape information '));
  });

  it('FromJsonMultipleNamedTensors', () => {
    const outputs = {
      int_tensor: ints,
      str_tensor: stringTensor([2, 2], ['foo', 'bar', 'baz', 'bat']),
      float_tensor: tensor([[1], [2.5]], 'float32'),
      double_tensor: tensor([1, 2.5], 'float64'),
      bin_bytes: stringTensor([2, 2], ['a', 'b', 'c', 'd']),
    };
    const bin = [
      [{ b64: 'YQ==' }, { b64: 'Yg==' }],
      [{ b64: 'Yw==' }, { b64: 'ZA==' }],
    ];
    expect(parsed(outputs, 'row')).toEqual({
      predictions: [
        {
          int_tensor: [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          str_tensor: ['foo', 'bar'],
          float_tensor: [1],
          double_tensor: 1,
          bin_bytes: bin[0],
        },
        {
          int_tensor: [
            [7, 8],
            [9, 0],
            [1, 2],
          ],
          str_tensor: ['baz', 'bat'],
          float_tensor: [2.5],
          double_tensor: 2.5,
          bin_bytes: bin[1],
        },
      ],
    });
    expect(parsed(outputs, 'columnar')).toEqual({
      outputs: {
        int_tensor: ints.toArray(),
        str_tensor: [
          ['foo', 'bar'],
          ['baz', 'bat'],
        ],
        float_tensor: [[1], [2.5]],
        double_tensor: [1, 2.5],
        bin_bytes: bin,
      },
    });
  });

  it('FromJsonMultipleNamedTensorsErrors', () => {
    refusal({ a: tensor([1, 2]), b: tensor([1]) }, 'row').toThrow(
      invalid('Tensor name: b has inconsistent batch size: 1 expecting: 2'),
    );
  });

  it('FromJsonSingleZeroBatchTensor', () => {
    const y = new Tensor('float32', [0, 2], new Float32Array(0));
    expect(format({ y }, 'row')).toBe('{\n    "predictions": []\n}');
    expect(format({ y }, 'columnar')).toBe('{\n    "outputs": []\n}');
  });

  it('FromJsonMultipleZeroBatchTensors', () => {
    const a = new Tensor('int32', [0, 1, 2], new Int32Array(0));
    const b = new Tensor('int32', [0, 3, 4], new Int32Array(0));
    expect(format({ a, b }, 'row')).toBe('{\n    "predictions": []\n}');
  });

  it('FromJsonMultipleZeroBatchTensorsErrors', () => {
    const a = new Tensor('int32', [0, 2], new Int32Array(0));
    refusal({ a, b: tensor([[1, 2]], 'int32') }, 'row').toThrow(
      invalid('Tensor name: b has inconsistent batch size: 1 expecting: 0'),
    );
  });
});

describe('white space', () => {
  it('puts the objects of a row format on lines of their own', () => {
    const outputs = {
      a: tensor(
        [
          [1, 2],
          [3, 4],
        ],
        'int32',
      ),
      b: tensor([0.5, 2]),
    };
    expect(format(outputs, 'row')).toBe(
      [
        '{',
        '    "predictions": [',
        '        {',
        '            "a": [1, 2],',
        '            "b": 0.5',
        '        },',
        '        {',
        '            "a": [3, 4],',
        '            "b": 2.0',
        '        }',
        '    ]',
        '}',
      ].join('\n'),
    );
  });

  it('puts every item of the columnar format on a line of its own', () => {
    expect(format({ a: tensor([[1], [2]], 'int32') }, 'columnar')).toBe(
      [
        '{',
        '    "outputs": [',
        '        [',
        '            1',
        '        ],',
        '        [',
        '            2',
        '        ]',
        '    ]',
        '}',
      ].join('\n'),
    );
    expect(format({ a: tensor(1.5), b: tensor(true) }, 'columnar')).toBe(
      ['{', '    "outputs": {', '        "a": 1.5,', '        "b": true', '    }', '}'].join('\n'),
    );
    expect(format({ a: tensor(7, 'int64') }, 'columnar')).toBe('{\n    "outputs": 7\n}');
  });

  it('opens base64 objects with a new line', () => {
    expect(format({ a_bytes: stringTensor([2], ['a', 'b']) }, 'row')).toBe(
      '{\n    "predictions": [{\n            "b64": "YQ=="\n        }, {\n            "b64": "Yg=="\n        }\n    ]\n}',
    );
  });
});

describe('values', () => {
  it('of integers and bools are bare', () => {
    const y = new Tensor('uint64', [1, 2], new BigUint64Array([2n ** 64n - 1n, 0n]));
    expect(format({ y }, 'row')).toBe('{\n    "predictions": [[18446744073709551615, 0]\n    ]\n}');
    expect(parsed({ y: tensor([[-128, 127]], 'int8') }, 'row')).toEqual({ predictions: [[-128, 127]] });
    expect(parsed({ y: tensor([[true, false]]) }, 'row')).toEqual({ predictions: [[true, false]] });
    expect(parsed({ y: tensor([-5n]) }, 'row')).toEqual({ predictions: [-5] });
  });

  it('of strings are escaped as little as can be', () => {
    const y = stringTensor([1], ['"\\/\b\f\n\r\t\u0001\u001f\u007fé😀']);
    expect(format({ y }, 'row')).toBe(
      '{\n    "predictions": ["\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\u007fé😀"\n    ]\n}',
    );
  });

  it('of strings keep bytes that are not UTF-8', () => {
    const bytes = formatPredictResponseJson(new Map([['y', stringTensor([1], [new Uint8Array([0xff, 0x80])])]]), 'row');
    const at = bytes.indexOf(0xff);
    expect([...bytes.subarray(at - 1, at + 3)]).toEqual([0x22, 0xff, 0x80, 0x22]);
  });

  it.each(['float16', 'bfloat16', 'uint16'] as const)('of %s are refused', (dtype) => {
    const name = dtype === 'float16' ? 'half' : dtype;
    refusal({ y: new Tensor(dtype, [1], new Uint16Array(1)) }, 'row').toThrow(
      invalid(`Failed to write JSON value for tensor type: ${name}`),
    );
    expect(parsed({ y: new Tensor(dtype, [0], new Uint16Array(0)) }, 'row')).toEqual({ predictions: [] });
  });

  it('of large tensors are all there', () => {
    const data = Float32Array.from({ length: 30_000 }, (_, k) => Math.fround(Math.sin(k) * 10 ** (k % 20)));
    const { predictions } = parsed({ y: new Tensor('float32', [100, 300], data) }, 'row') as {
      predictions: number[][];
    };
    expect(Float32Array.from(predictions.flat())).toEqual(data);
  });
});
