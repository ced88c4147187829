import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half.js';

const isNaN16 = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
const isNaNBrain = (bits: number) => (bits & 0x7f80) === 0x7f80 && (bits & 0x7f) !== 0;

describe.each([
  ['float16', float16ToFloat32, float32ToFloat16, isNaN16, 0x7e00, 0x7c00],
  ['bfloat16', bfloat16ToFloat32, float32ToBfloat16, isNaNBrain, 0x7fc0, 0x7f80],
] as const)('%s', (_dtype, toFloat, toBits, isNaNBits, quietNaN, infinity) => {
  it('comes back unchanged from every bit pattern', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = toFloat(bits);
      if (isNaNBits(bits)) {
        if (!Number.isNaN(value) || toBits(value) !== quietNaN) expect([bits, value]).toBe('NaN');
      } else if (toBits(value) !== bits) expect([bits, value]).toBe(toBits(value));
    }
    expect(toBits(toFloat(infinity))).toBe(infinity);
  });

  it('rounds to the nearest of two neighbours, and to the even one half-way', () => {
    for (let bits = 0; bits < infinity - 1; bits++) {
      const [low, high] = [toFloat(bits), toFloat(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const below = toBits(low + (high - low) * 0.375);
      const above = toBits(low + (high - low) * 0.625);
      const at = toBits(middle);
      const minus = toBits(-middle);
      if (below !== bits || above !== bits + 1 || at !== even || minus !== (even | 0x8000)) {
        expect([bits, below, at, above, minus]).toEqual([bits, bits, even, bits + 1, even | 0x8000]);
      }
    }
  });

  it('keeps the sign of zero and gives infinity over the range', () => {
    expect([toBits(0), toBits(-0), toBits(1e39), toBits(-Infinity)]).toEqual([0, 0x8000, infinity, infinity | 0x8000]);
    expect(Object.is(toFloat(0x8000), -0)).toBe(true);
  });
});

it('knows the limits of float16', () => {
  expect([1, -2, 65504, 65519.99, 65520, 2 ** -24, 2 ** -25, 2 ** -25 * 1.001].map(float32ToFloat16)).toEqual([
    0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 1, 0, 1,
  ]);
});
