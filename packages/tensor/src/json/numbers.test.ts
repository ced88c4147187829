import { describe, expect, it } from 'vitest';
import { decimalToDouble, decimalToFloat32 } from './decimal-to-double.js';
import { parsePredictRequestJson } from './predict-request.js';
import { readPlainPredictRequest } from './plain-predict-request.js';

const numberOfType = (type: number) => ({ x: { dtype: type } });

/** A stream of the same pseudo-random integers in every run. */
function integers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
}

function literals(count: number, seed: number): string[] {
  const next = integers(seed);
  const digits = (length: number) => Array.from({ length }, () => (next() >>> 8) % 10).join('');
  return Array.from({ length: count }, () => {
    const whole = (next() >>> 8) % 3 === 0 ? '0' : `${1 + ((next() >>> 8) % 9)}${digits((next() >>> 8) % 12)}`;
    const zeros = '0'.repeat((next() >>> 8) % 4 === 0 ? (next() >>> 8) % 8 : 0);
    const fraction = (next() >>> 8) % 4 === 0 ? '' : `.${zeros}${digits(1 + ((next() >>> 8) % 20))}`;
    const exponent =
      (next() >>> 8) % 3 === 0
        ? `${'eE'[next() >>> 31]}${['', '-', '+'][(next() >>> 8) % 3]}${(next() >>> 8) % 40}`
        : '';
    return `${next() >>> 31 ? '-' : ''}${whole}${fraction}${exponent}`;
  });
}

function read(texts: readonly string[], dtype: number): ArrayLike<number> {
  const body = new TextEncoder().encode(`{"inputs": [${texts.join(',')}]}`);
  expect(readPlainPredictRequest(body, () => numberOfType(dtype))).toBeDefined();
  return parsePredictRequestJson(body, () => numberOfType(dtype)).inputs.get('x')!.data as ArrayLike<number>;
}

describe('decimal numbers', () => {
  it('become the nearest double', () => {
    const texts = literals(20_000, 1);
    const values = read(texts, 2);
    texts.forEach((text, index) =>
      expect(values[index], text).toBe(/[.eE]/.test(text) ? Number(text) : Number(text) + 0),
    );
  });

  it('become that double narrowed to float32', () => {
    const texts = literals(20_000, 2);
    const values = read(texts, 1);
    texts.forEach((text, index) => {
      expect(values[index], text).toBe(Math.fround(/[.eE]/.test(text) ? Number(text) : Number(text) + 0));
    });
  });

  it('are right next to the middle between two numbers', () => {
    const texts = [
      '9007199254740993.0',
      '9007199254740992.9999999',
      '9007199254740993.0000001',
      '1.00000000000000011102230246251565',
      '1.00000000000000011102',
      '1.0000000000000002',
      '5e-324',
      '2.4703282292062327e-324',
      '2.4703282292062328e-324',
      '1.7976931348623157e308',
      '2.2250738585072011e-308',
      '0.1e-6',
      '123456789012345678',
      '1e22',
      '1e23',
      '8.5e22',
      '179769313486231570000000000000000000000',
      '0.000000000000000000000000000000000001',
      '1.0000000596046448',
      '1.00000005960464477539',
      '1.00000005960464477540',
      '1.000000059604644775390625',
      '1.00000017881393432617',
      '0.00000000000000000000000000000000000000000000140129846432481707',
      '7.006492321624085e-46',
      '7.006492321624086e-46',
      '3.4028235677973366e38',
      '3.4028235677973365e38',
      '16777217',
      '16777217.0',
      '16777219',
      '1.5e+0',
      '1E-0',
    ];
    expect(
      Array.from(
        read(
          texts.filter((text) => !text.includes('e308')),
          2,
        ),
      ),
    ).toEqual(texts.filter((text) => !text.includes('e308')).map(Number));
    const narrow = texts.filter((text) => !text.includes('e308'));
    expect(Array.from(read(narrow, 1))).toEqual(narrow.map((text) => Math.fround(Number(text))));
  });

  it('of any length are read', () => {
    const long = `0.${'3'.repeat(5000)}`;
    const zeros = `0.${'0'.repeat(400)}1`;
    const body = new TextEncoder().encode(`{"inputs": [${long}, ${zeros}, 1${'0'.repeat(300)}, 1e-400]}`);
    const { data } = parsePredictRequestJson(body, () => numberOfType(2)).inputs.get('x')!;
    expect(data).toEqual(new Float64Array([1 / 3, 0, 1e300, 0]));
  });
});

describe('the conversion', () => {
  it('tells when it cannot tell', () => {
    // 2^53 + 1 and 2^24 + 1 are exactly in the middle between two numbers; an exponent of 300 is out of range.
    expect(decimalToDouble(900719925, 4740993, 7, 300)).toBeNaN();
    expect(decimalToDouble(900719925, 4740993, 7, 0)).toBeNaN();
    expect(decimalToFloat32(167772170, 0, 0, -1)).toBeNaN();
    expect(decimalToFloat32(167772171, 0, 0, -1)).toBe(16777218);
  });
});
