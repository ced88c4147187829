import { describe, expect, it } from 'vitest';
import { utf8 } from './byte-strings.js';
import { parseNumber, type ParsedDType } from './parse-number.js';

describe('reading numbers', () => {
  const read = (text: string, dtype: ParsedDType) => parseNumber(utf8(text), dtype);
  it.each(['', ' ', 'a', '1f', '1e', '--1', '1_0', '1\0', 'infinit', '0b1', '.', '0x'])('is no float: %j', (text) => {
    expect(read(text, 'float32')).toBeUndefined();
  });
  it.each(['1.5', '1.', '0x10', '1e3', '', 'inf', '2147483648', '-2147483649', '9'.repeat(100_000)])(
    'is no int32: %j',
    (text) => {
      expect(read(text, 'int32')).toBeUndefined();
    },
  );
  it('reads what TensorFlow reads', () => {
    expect(
      [' 1 ', '+.5e-2', '1.', '0x1p3', '0x10', '-Infinity', '1e400', 'NaN(1)', '1e-400', '\v1'].map((t) =>
        read(t, 'float64'),
      ),
    ).toEqual([1, 0.005, 1, 8, 16, -Infinity, Infinity, NaN, 0, 1]);
    expect([' +7\n', '-9223372036854775808', '000000000000000000000000001'].map((t) => read(t, 'int64'))).toEqual([
      7n,
      -(2n ** 63n),
      1n,
    ]);
    expect([read('-1', 'uint64'), read('18446744073709551615', 'uint64'), read('4294967296', 'uint32')]).toEqual([
      undefined,
      2n ** 64n - 1n,
      undefined,
    ]);
  });
  it('rounds to the nearest float32 once', () => {
    // Just above the middle of two floats, where the nearest double is the middle itself.
    expect(read('1.00000005960464477539062500000000000001', 'float32')).toBe(1 + 2 ** -23);
    expect(read('1.000000059604644775390625', 'float32')).toBe(1);
    expect(read('3.4028236e38', 'float32')).toBe(Infinity);
  });
});
