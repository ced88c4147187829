import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { difference, fromGolden, opTolerance } from './golden.js';

const mismatch = (given: Tensor | undefined, expected: Tensor) => difference(given, expected).mismatch;
const floats = (...values: number[]) => tensor(values, 'float32');

test('golden tensors keep NaN, infinities, -0, 64-bit integers and bytes', () => {
  const base64 = (bytes: ArrayBufferView) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const values = new Float32Array([NaN, -Infinity, -0, 1.5]);
  expect(fromGolden({ dtype: 'float32', shape: [2, 2], data: base64(values) }).data).toEqual(values);
  const large = new BigInt64Array([2n ** 62n + 1n]);
  expect(fromGolden({ dtype: 'int64', shape: [], data: base64(large) }).data).toEqual(large);
  const [bytes] = fromGolden({ dtype: 'string', shape: [1], data: ['/wA='] }).data as readonly Uint8Array[];
  expect([...bytes!]).toEqual([0xff, 0]);
});

describe('a tensor is another one when', () => {
  test.each<[string, Tensor | undefined, Tensor, string]>([
    ['it is missing', undefined, floats(1), 'missing'],
    ['its dtype differs', tensor([1], 'float64'), floats(1), 'dtype float64, expected float32'],
    ['its shape differs', tensor([[1]], 'float32'), floats(1), 'shape [1,1], expected [1]'],
    ['an integer differs', tensor([1, 2], 'int32'), tensor([1, 3], 'int32'), 'element 1 is 2, expected 3'],
    [
      'an integer beyond the precision of numbers differs',
      tensor([2n ** 60n], 'int64'),
      tensor([2n ** 60n + 1n], 'int64'),
      `element 0 is ${2n ** 60n}, expected ${2n ** 60n + 1n}`,
    ],
    [
      'a byte that is no UTF-8 differs',
      stringTensor([1], [Uint8Array.of(0xfe)]),
      stringTensor([1], [Uint8Array.of(0xff)]),
      'element 0 is "þ", expected "ÿ"',
    ],
    ['a number is NaN', floats(NaN), floats(1), 'element 0 is NaN, expected 1'],
    ['a NaN is a number', floats(1), floats(NaN), 'element 0 is 1, expected NaN'],
    [
      'an infinity has the other sign',
      floats(-Infinity),
      floats(Infinity),
      'element 0 is -Infinity, expected Infinity',
    ],
    [
      'a number is infinite',
      floats(Infinity, 1),
      floats(1e38, 1),
      `element 0 is Infinity, expected ${Math.fround(1e38)}`,
    ],
    ['an infinity is a number', floats(1e38), floats(Infinity), `element 0 is ${Math.fround(1e38)}, expected Infinity`],
    ['a number is too far', floats(0, 1.0001), floats(0, 1), `element 1 is ${Math.fround(1.0001)}, expected 1`],
    ['a small number is gone', floats(0), floats(1e-5), `element 0 is 0, expected ${Math.fround(1e-5)}`],
    [
      'an imaginary part is too far',
      new Tensor('complex64', [1], new Float32Array([1, 2])),
      new Tensor('complex64', [1], new Float32Array([1, 3])),
      'element 1 is 2, expected 3',
    ],
    [
      'a double is only near',
      tensor([1 + 1e-7], 'float64'),
      tensor([1], 'float64'),
      'element 0 is 1.0000001, expected 1',
    ],
  ])('%s', (_, given, expected, why) => {
    expect(mismatch(given, expected)).toBe(why);
  });
});

test('NaN is NaN, -0 is 0, and floats may be off by their last digits', () => {
  expect(mismatch(floats(NaN, Infinity, -0, 1.00001), floats(NaN, Infinity, 0, 1))).toBeUndefined();
  expect(mismatch(tensor([1.5], 'bfloat16'), tensor([1.5078125], 'bfloat16'))).toBeUndefined();
  expect(mismatch(tensor([1.5], 'float16'), tensor([1.501], 'float16'))).toBeUndefined();
  expect(mismatch(tensor([1.5], 'float16'), tensor([1.51], 'float16'))).toContain('element 0');
});

test('errors of long sums are measured by the largest element', () => {
  const [given, expected] = [floats(1000, 0.001), floats(1000, 0)];
  expect(difference(given, expected, opTolerance('float32')).mismatch).toBeUndefined();
  const strict = { absolute: 0, relative: 1e-3, ofLargest: 0 };
  expect(difference(given, expected, strict)).toMatchObject({
    mismatch: expect.stringContaining('element 1') as string,
  });
  expect(difference(given, expected, strict).absolute).toBeCloseTo(0.001, 9);
});
