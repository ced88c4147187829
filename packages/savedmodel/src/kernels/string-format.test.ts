import { Tensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { utf8 } from './byte-strings.js';
import { formatDouble, shortDouble, shortFloat } from './format-number.js';
import { asString, asStringProblem, splitTemplate, stringFormat } from './string-format.js';

const print = (value: number, conversion: 'f' | 'e' | 'g', precision = 6, width = 0, flags = '') =>
  formatDouble(value, { conversion, precision, width, flags });

describe('printing numbers as C does', () => {
  it.each([
    ['f', 0.5, 0, '0'],
    ['f', 1.5, 0, '2'],
    ['f', 2.5, 0, '2'],
    ['f', -0, 2, '-0.00'],
    ['f', 1e22, 1, '10000000000000000000000.0'],
    ['f', 0.1, 20, '0.10000000000000000555'],
    ['f', 5e-324, 3, '0.000'],
    ['e', 9.9999999, 3, '1.000e+01'],
    ['e', 0, 2, '0.00e+00'],
    ['e', 1e-320, 1, '1.0e-320'],
    ['g', 100000, 6, '100000'],
    ['g', 1e6, 6, '1e+06'],
    ['g', 0.0001, 6, '0.0001'],
    ['g', 0.00001, 6, '1e-05'],
    ['g', 999999.5, 6, '1e+06'],
  ] as const)('%%%s of %d with precision %i', (conversion, value, precision, expected) => {
    expect(print(value, conversion, precision)).toBe(expected);
  });

  it('fills, signs and leaves infinities without zeros', () => {
    expect(print(-1.5, 'f', 1, 7, '0')).toBe('-0001.5');
    expect(print(-Infinity, 'f', 1, 7, '0')).toBe('   -inf');
    expect(print(1, 'f', 1, 6, '-')).toBe('1.0   ');
    expect(print(NaN, 'f', 1, 5, '+')).toBe(' +nan');
  });

  it('finds the fewest of two lengths that read back', () => {
    expect([0.1, 1e10, 123456789, 1 / 3].map((x) => shortFloat(Math.fround(x)))).toEqual([
      '0.1',
      '1e+10',
      '123456792',
      '0.333333343',
    ]);
    expect([0.1, 1e10, 1 / 3].map(shortDouble)).toEqual(['0.1', '10000000000', '0.33333333333333331']);
  });
});

describe('AsString', () => {
  const plain = { precision: -1, scientific: false, shortest: false, width: -1, fill: '' };
  it('prints integers exactly, bools by name and complex numbers in pairs', () => {
    expect(asString(tensor([2n ** 63n - 1n], 'int64'), plain).text()).toEqual(['9223372036854775807']);
    expect(asString(new Tensor('bool', [2], Uint8Array.of(0, 1)), plain).text()).toEqual(['false', 'true']);
    expect(asString(new Tensor('complex64', [1], Float32Array.of(1, -2)), { ...plain, shortest: true }).text()).toEqual(
      ['(1,-2)'],
    );
    expect(asString(tensor([5], 'uint8'), { ...plain, width: 3, fill: '+' }).text()).toEqual(['  5']);
    expect(asString(tensor([-5], 'int8'), { ...plain, width: 4, fill: '0' }).text()).toEqual(['-005']);
  });

  it('says why a form is refused', () => {
    expect(asStringProblem('int32', { ...plain, precision: 2 })).toBe('precision not supported for datatype int32');
    expect(asStringProblem('float32', { ...plain, fill: 'ab' })).toBe('Fill string must be one or fewer characters');
    expect(asStringProblem('float32', { ...plain, width: 1e9 })).toContain('width');
    expect(asStringProblem('float16', { ...plain, shortest: true })).toBeUndefined();
  });
});

describe('StringFormat', () => {
  const format = (template: string, most: number, ...inputs: Tensor[]) =>
    (stringFormat(inputs, splitTemplate(utf8(template), utf8('{}')), most) as Tensor<'string'>).text()[0];
  it('summarises tensors', () => {
    expect(format('a {} b', 2, tensor([1, 2, 3, 4, 5], 'int32'))).toBe('a [1 2 ... 4 5] b');
    expect(format('{}', 3, new Tensor('float32', [2, 0, 3], new Float32Array()))).toBe('[\n\n ...]');
    expect(format('{}', -1, tensor(['y\'"\n'], 'string'))).toBe('["y\\\'\\"\\n"]');
    expect(format('{} {}', 1, tensor(1, 'int32'), tensor([[1, 2]], 'float32'))).toBe('1 [[1 2]]');
  });

  it('counts placeholders', () => {
    expect(() => format('{} {}', 1, tensor(1))).toThrow(
      'num placeholders in template and num inputs must match: 2 vs. 1',
    );
  });
});
