const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

/** The bits of a number after rounding to float32. */
function float32Bits(value: number): number {
  scratchFloat[0] = value;
  return scratchBits[0]!;
}

/** Value of an IEEE 754 binary16 bit pattern; exact. */
export function float16ToFloat32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Bit pattern of the binary16 nearest to `value`, ties to even. Over 65504 by half a unit or more gives infinity; NaN
 * gives the quiet NaN 0x7e00 with the sign dropped. `value` is rounded to float32 first, as every float16 cast from
 * float does.
 */
export function float32ToFloat16(value: number): number {
  const bits = float32Bits(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7e00;
  // 0x477ff000 is 65520, half-way between the greatest finite binary16 and the next power of two.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal result: units of 2^-24. The product is exact, so one rounding to even happens here.
    const units = Math.abs(scratchFloat[0]!) * 2 ** 24;
    const floor = Math.floor(units);
    const rest = units - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && (floor & 1) === 1) ? floor + 1 : floor);
  }
  // Rebias the exponent (127 to 15), then round away the 13 low bits; a carry out of the fraction bumps the exponent.
  const rebiased = magnitude - 0x38000000;
  return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
}

/** Value of a bfloat16 bit pattern (the upper half of a float32); exact. */
export function bfloat16ToFloat32(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratchFloat[0]!;
}

/** Bit pattern of the bfloat16 nearest to `value`, ties to even; NaN gives 0x7fc0 with the sign dropped. */
export function float32ToBfloat16(value: number): number {
  const bits = float32Bits(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
