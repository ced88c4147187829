import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.js';
import { writeFloat } from './write-float.js';

function print(value: number, single: boolean): string {
  const out = new ByteWriter(1);
  writeFloat(out, value, single);
  return new TextDecoder().decode(out.finish());
}

/** Significant digits without trailing zeros, and the exponent of the first, of the text of a number above 0. */
function parts(text: string): string {
  const [mantissa, exponent = '0'] = text.split('e');
  const [whole, fraction = ''] = mantissa!.split('.');
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const first = whole!.length - 1 - (all.length - digits.length);
  return `${digits.replace(/0+$/, '')} ${first + Number(exponent)}`;
}

/** As {@link parts}, of the exact value rounded to some digits, the middle to the even one. */
function rounded(value: number, precision: number): string {
  const [mantissa, exponent] = value.toExponential(99).split('e');
  const digits = mantissa!.replace('.', '');
  const kept = BigInt(digits.slice(0, precision));
  const half = digits.slice(precision).localeCompare('5'.padEnd(digits.length - precision, '0'));
  const up = half > 0 || (half === 0 && kept % 2n === 1n);
  return parts(`${kept + (up ? 1n : 0n)}e${Number(exponent) - precision + 1}`);
}

const float = (value: number) => print(Math.fround(value), true);
const double = (value: number) => print(value, false);

describe('printing a float32', () => {
  it.each([
    [1, '1.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [-2.5, '-2.5'],
    [9000000, '9e+06'],
    [1e6, '1e+06'],
    [999999, '999999.0'],
    [1234567, '1234567.0'],
    [16777216, '16777216.0'],
    [0.5, '0.5'],
    [0.1, '0.1'],
    [0.0003, '0.0003'],
    [0.0001, '0.0001'],
    [0.00003, '3e-05'],
    [555557.5, '555557.5'],
    [3.1415927, '3.14159274'],
    [1435774380, '1.43577434e+09'],
    [123456789, '123456792.0'],
    [1e10, '1e+10'],
    [3.4028234663852886e38, '3.40282347e+38'],
    [1.1754943508222875e-38, '1.17549435e-38'],
    [1.401298464324817e-45, '1.4013e-45'],
    [2.802596928649634e-45, '2.8026e-45'],
    [1.1754942106924411e-38, '1.17549421e-38'],
    [9.999999747378752e-5, '0.0001'],
    [0.00009999999, '9.99999902e-05'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('%d', (value, text) => {
    expect(float(value)).toBe(text);
  });

  it('rounds the middle to the even digit', () => {
    expect(float(2 ** -13)).toBe('0.000122070312');
    expect(float(2 ** -14)).toBe('6.10351562e-05');
    expect(float(3 * 2 ** -13)).toBe('0.000366210938');
  });

  it('takes nine digits where six do not read back, over all magnitudes', () => {
    const bits = new DataView(new ArrayBuffer(4));
    let seed = 12345;
    for (let k = 0; k < 20000; k++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      bits.setInt32(0, seed);
      const value = Math.abs(bits.getFloat32(0));
      if (!Number.isFinite(value) || value === 0) continue;
      const short = Math.fround(Number(value.toPrecision(6))) === value;
      expect(parts(float(value))).toBe(rounded(value, short ? 6 : 9));
    }
  });
});

describe('printing a double', () => {
  it.each([
    [0.1, '0.1'],
    [1234567, '1234567.0'],
    [1 / 3, '0.33333333333333331'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e300, '1e+300'],
    [Math.PI, '3.1415926535897931'],
    [5e-324, '4.94066e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [2.2250738585072014e-308, '2.2250738585072014e-308'],
    [1e22, '1e+22'],
    [1e23, '1e+23'],
    [123456789012345680, '1.2345678901234568e+17'],
    [12345678901234568, '12345678901234568.0'],
    [9007199254740993, '9007199254740992.0'],
    [0.00001, '1e-05'],
    [999999.5, '999999.5'],
    [-1e-7, '-1e-07'],
    [9.5367431640625e-7, '9.5367431640625e-07'],
  ])('%d', (value, text) => {
    expect(double(value)).toBe(text);
  });

  it('takes seventeen digits where six do not read back, over all magnitudes', () => {
    const bits = new DataView(new ArrayBuffer(8));
    let seed = 777;
    const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0);
    for (let k = 0; k < 20000; k++) {
      bits.setInt32(0, next());
      bits.setInt32(4, next());
      const value = Math.abs(bits.getFloat64(0));
      if (!Number.isFinite(value) || value === 0) continue;
      expect(parts(double(value))).toBe(rounded(value, Number(value.toPrecision(6)) === value ? 6 : 17));
    }
  });
});
