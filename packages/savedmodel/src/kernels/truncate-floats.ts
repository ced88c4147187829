import type { DType, Tensor } from '@servable/tensor';
import { doublesOf, tensorOf } from './elements.js';

/** Floats of a narrower dtype, rounded towards zero by dropping the bits that do not fit. */
export function truncateFloats(x: Tensor, to: DType): Tensor {
  const values = Float32Array.from(doublesOf(x), truncateToSingle);
  if (to === 'float32') return tensorOf(to, x.shape, values);
  const words = new Uint32Array(values.buffer);
  if (to === 'bfloat16')
    return tensorOf(
      to,
      x.shape,
      Uint16Array.from(words, (bits) => bits >>> 16),
    );
  return tensorOf(to, x.shape, Uint16Array.from(words, truncateToHalf));
}

function truncateToSingle(value: number): number {
  const single = Math.fround(value);
  if (Math.abs(single) <= Math.abs(value) || Number.isNaN(value)) return single;
  const word = new Uint32Array(Float32Array.of(single).buffer);
  word[0] = word[0]! - 1;
  return new Float32Array(word.buffer)[0]!;
}

/** @param bits - of a float32 */
function truncateToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  const fraction = bits & 0x7fffff;
  if (exponent >= 31) {
    const special = ((bits >>> 23) & 0xff) === 255;
    if (special) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
    return sign | 0x7bff;
  }
  if (exponent <= 0) return sign | (exponent < -10 ? 0 : (fraction | 0x800000) >>> (14 - exponent));
  return sign | (exponent << 10) | (fraction >>> 13);
}
