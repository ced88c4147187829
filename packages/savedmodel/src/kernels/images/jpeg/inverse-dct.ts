/**
 * Inverse transforms of 8x8 blocks with the exact integers of libjpeg-turbo, which TensorFlow decodes with. Its fast
 * transform (jidctfst.c, TensorFlow's default) is off by up to 20 levels from its accurate one (jidctint.c) where the
 * quantisation is fine, so a decoder that does only the accurate one does not give a model the pixels it was trained on.
 */
export type DctMethod = 'fast' | 'accurate';

/** Writes the pixels of one block; storing them brings them into range. */
export type InverseDct = (
  coefficients: Int16Array,
  start: number,
  quantization: Int32Array,
  output: Uint8ClampedArray,
  offset: number,
  stride: number,
) => void;

/** A component's transform, for blocks that become `size` x `size` pixels. */
export function inverseDct(method: DctMethod, size: 1 | 2 | 4 | 8): InverseDct {
  if (size === 1) return toOnePixel;
  if (size === 2) return toTwoByTwo;
  if (size === 4) return toFourByFour;
  return method === 'fast' ? fast : accurate;
}

/** The pixels that 8x8 blocks become whose first coefficient, times its multiplier, is `dc`, and whose others are 0. */
export function levelOf(method: DctMethod, dc: number): number {
  return (method === 'fast' ? dc >> 5 : ((dc << 15) + 131072) >> 18) + 128;
}

/** The scale factors of the fast transform's steps: cos(k * pi / 16) * sqrt(2), 1 for k = 0, as 14-bit products. */
const FAST_SCALES = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];
const fastProducts = FAST_SCALES.flatMap((a) => FAST_SCALES.map((b) => Math.round(a * b * 16384)));

/** The multipliers for a quantization table (in row-major order) that a transform expects. */
export function multipliers(table: Uint16Array, method: DctMethod, size: number): Int32Array {
  if (method === 'accurate' || size !== 8) return Int32Array.from(table);
  const scaled = new Int32Array(64);
  for (let i = 0; i < 64; i++) scaled[i] = (table[i]! * fastProducts[i]! + 2048) >> 12;
  return scaled;
}

const work = new Int32Array(64);

function fast(
  coef: Int16Array,
  start: number,
  quant: Int32Array,
  out: Uint8ClampedArray,
  offset: number,
  stride: number,
) {
  for (let c = 0; c < 8; c++) {
    const at = start + c;
    const c1 = coef[at + 8]!;
    const c2 = coef[at + 16]!;
    const c3 = coef[at + 24]!;
    const c4 = coef[at + 32]!;
    const c5 = coef[at + 40]!;
    const c6 = coef[at + 48]!;
    const c7 = coef[at + 56]!;
    const dc = coef[at]! * quant[c]!;
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      for (let k = c; k < 64; k += 8) work[k] = dc;
      continue;
    }
    const e2 = c4 * quant[c + 32]!;
    const t10 = dc + e2;
    const t11 = dc - e2;
    const e1 = c2 * quant[c + 16]!;
    const e3 = c6 * quant[c + 48]!;
    const t13 = e1 + e3;
    const t12 = (((e1 - e3) * 362) >> 8) - t13;
    const a0 = t10 + t13;
    const a3 = t10 - t13;
    const a1 = t11 + t12;
    const a2 = t11 - t12;
    const o4 = c1 * quant[c + 8]!;
    const o5 = c3 * quant[c + 24]!;
    const o6 = c5 * quant[c + 40]!;
    const o7 = c7 * quant[c + 56]!;
    const z13 = o6 + o5;
    const z10 = o6 - o5;
    const z11 = o4 + o7;
    const z12 = o4 - o7;
    const b7 = z11 + z13;
    const z5 = ((z10 + z12) * 473) >> 8;
    const b6 = ((z10 * -669) >> 8) + z5 - b7;
    const b5 = (((z11 - z13) * 362) >> 8) - b6;
    const b4 = ((z12 * 277) >> 8) - z5 + b5;
    work[c] = a0 + b7;
    work[c + 56] = a0 - b7;
    work[c + 8] = a1 + b6;
    work[c + 48] = a1 - b6;
    work[c + 16] = a2 + b5;
    work[c + 40] = a2 - b5;
    work[c + 32] = a3 + b4;
    work[c + 24] = a3 - b4;
  }
  for (let r = 0; r < 64; r += 8) {
    const w0 = work[r]!;
    const w1 = work[r + 1]!;
    const w2 = work[r + 2]!;
    const w3 = work[r + 3]!;
    const w4 = work[r + 4]!;
    const w5 = work[r + 5]!;
    const w6 = work[r + 6]!;
    const w7 = work[r + 7]!;
    const to = offset + (r >> 3) * stride;
    if ((w1 | w2 | w3 | w4 | w5 | w6 | w7) === 0) {
      out.fill((w0 >> 5) + 128, to, to + 8);
      continue;
    }
    const t10 = w0 + w4;
    const t11 = w0 - w4;
    const t13 = w2 + w6;
    const t12 = (((w2 - w6) * 362) >> 8) - t13;
    const a0 = t10 + t13;
    const a3 = t10 - t13;
    const a1 = t11 + t12;
    const a2 = t11 - t12;
    const z13 = w5 + w3;
    const z10 = w5 - w3;
    const z11 = w1 + w7;
    const z12 = w1 - w7;
    const b7 = z11 + z13;
    const z5 = ((z10 + z12) * 473) >> 8;
    const b6 = ((z10 * -669) >> 8) + z5 - b7;
    const b5 = (((z11 - z13) * 362) >> 8) - b6;
    const b4 = ((z12 * 277) >> 8) - z5 + b5;
    out[to] = ((a0 + b7) >> 5) + 128;
    out[to + 7] = ((a0 - b7) >> 5) + 128;
    out[to + 1] = ((a1 + b6) >> 5) + 128;
    out[to + 6] = ((a1 - b6) >> 5) + 128;
    out[to + 2] = ((a2 + b5) >> 5) + 128;
    out[to + 5] = ((a2 - b5) >> 5) + 128;
    out[to + 4] = ((a3 + b4) >> 5) + 128;
    out[to + 3] = ((a3 - b4) >> 5) + 128;
  }
}

/** Thirteen-bit cosines of the accurate transform (Loeffler, Ligtenberg and Moschytz). */
function accurate(
  coef: Int16Array,
  start: number,
  quant: Int32Array,
  out: Uint8ClampedArray,
  offset: number,
  stride: number,
) {
  for (let c = 0; c < 8; c++) {
    const at = start + c;
    const c1 = coef[at + 8]!;
    const c2 = coef[at + 16]!;
    const c3 = coef[at + 24]!;
    const c4 = coef[at + 32]!;
    const c5 = coef[at + 40]!;
    const c6 = coef[at + 48]!;
    const c7 = coef[at + 56]!;
    const dc = coef[at]! * quant[c]!;
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      for (let k = c; k < 64; k += 8) work[k] = dc << 2;
      continue;
    }
    lines[0] = dc;
    lines[1] = c1 * quant[c + 8]!;
    lines[2] = c2 * quant[c + 16]!;
    lines[3] = c3 * quant[c + 24]!;
    lines[4] = c4 * quant[c + 32]!;
    lines[5] = c5 * quant[c + 40]!;
    lines[6] = c6 * quant[c + 48]!;
    lines[7] = c7 * quant[c + 56]!;
    accurateLine();
    for (let k = 0; k < 8; k++) work[c + k * 8] = (lines[k]! + 1024) >> 11;
  }
  for (let r = 0; r < 64; r += 8) {
    const to = offset + (r >> 3) * stride;
    for (let k = 0; k < 8; k++) lines[k] = work[r + k]!;
    accurateLine();
    for (let k = 0; k < 8; k++) out[to + k] = ((lines[k]! + 131072) >> 18) + 128;
  }
}

const lines = new Int32Array(8);

/** Transforms `lines` in place; the result is scaled by 2^13. */
function accurateLine() {
  const l = lines;
  const z1 = (l[2]! + l[6]!) * 4433;
  const e2 = z1 - l[6]! * 15137;
  const e3 = z1 + l[2]! * 6270;
  const e0 = (l[0]! + l[4]!) << 13;
  const e1 = (l[0]! - l[4]!) << 13;
  const a0 = e0 + e3;
  const a3 = e0 - e3;
  const a1 = e1 + e2;
  const a2 = e1 - e2;
  const [o0, o1, o2, o3] = [l[7]!, l[5]!, l[3]!, l[1]!];
  const z5 = (o0 + o2 + o1 + o3) * 9633;
  const y1 = (o0 + o3) * -7373;
  const y2 = (o1 + o2) * -20995;
  const y3 = (o0 + o2) * -16069 + z5;
  const y4 = (o1 + o3) * -3196 + z5;
  const b0 = o0 * 2446 + y1 + y3;
  const b1 = o1 * 16819 + y2 + y4;
  const b2 = o2 * 25172 + y2 + y3;
  const b3 = o3 * 12299 + y1 + y4;
  l[0] = a0 + b3;
  l[7] = a0 - b3;
  l[1] = a1 + b2;
  l[6] = a1 - b2;
  l[2] = a2 + b1;
  l[5] = a2 - b1;
  l[3] = a3 + b0;
  l[4] = a3 - b0;
}

/** Odd and even parts of the transform to four points; terms 4 do not count (jidctred.c). */
function fourPoints(x0: number, x1: number, x2: number, x3: number, x5: number, x6: number, x7: number, shift: number) {
  const base = x0 << 14;
  const even = x2 * 15137 - x6 * 6270;
  const odd1 = x7 * -1730 + x5 * 11893 + x3 * -17799 + x1 * 8697;
  const odd0 = x7 * -4176 + x5 * -4926 + x3 * 7373 + x1 * 20995;
  const half = 1 << (shift - 1);
  lines[0] = (base + even + odd0 + half) >> shift;
  lines[3] = (base + even - odd0 + half) >> shift;
  lines[1] = (base - even + odd1 + half) >> shift;
  lines[2] = (base - even - odd1 + half) >> shift;
}

function toFourByFour(
  coef: Int16Array,
  start: number,
  quant: Int32Array,
  out: Uint8ClampedArray,
  offset: number,
  stride: number,
) {
  for (let c = 0; c < 8; c++) {
    if (c === 4) continue;
    const x = (k: number) => coef[start + c + k * 8]! * quant[c + k * 8]!;
    fourPoints(x(0), x(1), x(2), x(3), x(5), x(6), x(7), 12);
    for (let k = 0; k < 4; k++) work[c + k * 8] = lines[k]!;
  }
  for (let r = 0; r < 4; r++) {
    const x = (k: number) => work[r * 8 + k]!;
    fourPoints(x(0), x(1), x(2), x(3), x(5), x(6), x(7), 19);
    for (let k = 0; k < 4; k++) out[offset + r * stride + k] = lines[k]! + 128;
  }
}

function twoPoints(x0: number, x1: number, x3: number, x5: number, x7: number, shift: number) {
  const base = x0 << 15;
  const odd = x7 * -5906 + x5 * 6967 + x3 * -10426 + x1 * 29692;
  const half = 1 << (shift - 1);
  lines[0] = (base + odd + half) >> shift;
  lines[1] = (base - odd + half) >> shift;
}

function toTwoByTwo(
  coef: Int16Array,
  start: number,
  quant: Int32Array,
  out: Uint8ClampedArray,
  offset: number,
  stride: number,
) {
  for (const c of [0, 1, 3, 5, 7]) {
    const x = (k: number) => coef[start + c + k * 8]! * quant[c + k * 8]!;
    twoPoints(x(0), x(1), x(3), x(5), x(7), 13);
    work[c] = lines[0]!;
    work[c + 8] = lines[1]!;
  }
  for (let r = 0; r < 2; r++) {
    const x = (k: number) => work[r * 8 + k]!;
    twoPoints(x(0), x(1), x(3), x(5), x(7), 20);
    out[offset + r * stride] = lines[0]! + 128;
    out[offset + r * stride + 1] = lines[1]! + 128;
  }
}

function toOnePixel(coef: Int16Array, start: number, quant: Int32Array, out: Uint8ClampedArray, offset: number) {
  out[offset] = ((coef[start]! * quant[0]! + 4) >> 3) + 128;
}
