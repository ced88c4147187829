/**
 * The discrete Fourier transform of one line, in place and in double precision: by halves for powers of two, else as a
 * convolution of that kind (Bluestein). The inverse is not divided by the size.
 */
export function fourier(re: Float64Array, im: Float64Array, inverse: boolean): void {
  const size = re.length;
  if (size <= 1) return;
  if (inverse) fourier(im, re, false);
  else if ((size & (size - 1)) === 0) byHalves(re, im);
  else byConvolution(re, im);
}

function byHalves(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  for (let length = 2; length <= size; length *= 2) {
    const half = length / 2;
    const cos = new Float64Array(half);
    const sin = new Float64Array(half);
    for (let k = 0; k < half; k++) {
      cos[k] = Math.cos((2 * Math.PI * k) / length);
      sin[k] = -Math.sin((2 * Math.PI * k) / length);
    }
    for (let start = 0; start < size; start += length) {
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half];
        const x = re[b]! * cos[k]! - im[b]! * sin[k]!;
        const y = re[b]! * sin[k]! + im[b]! * cos[k]!;
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a] = re[a]! + x;
        im[a] = im[a]! + y;
      }
    }
  }
}

function byConvolution(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  const padded = 2 ** Math.ceil(Math.log2(size * 2 - 1));
  const [cos, sin] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) {
    // The square is taken modulo twice the size, so that the angle stays exact.
    const angle = (Math.PI * Number((BigInt(i) * BigInt(i)) % BigInt(size * 2))) / size;
    cos[i] = Math.cos(angle);
    sin[i] = Math.sin(angle);
  }
  const lines = Array.from({ length: 4 }, () => new Float64Array(padded)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [ar, ai, br, bi] = lines;
  for (let i = 0; i < size; i++) {
    ar[i] = re[i]! * cos[i]! + im[i]! * sin[i]!;
    ai[i] = im[i]! * cos[i]! - re[i]! * sin[i]!;
    br[i] = cos[i]!;
    bi[i] = sin[i]!;
    if (i > 0) {
      br[padded - i] = cos[i]!;
      bi[padded - i] = sin[i]!;
    }
  }
  byHalves(ar, ai);
  byHalves(br, bi);
  for (let i = 0; i < padded; i++) {
    const x = ar[i]! * br[i]! - ai[i]! * bi[i]!;
    ai[i] = ar[i]! * bi[i]! + ai[i]! * br[i]!;
    ar[i] = x;
  }
  byHalves(ai, ar);
  for (let i = 0; i < size; i++) {
    const [x, y] = [ar[i]! / padded, ai[i]! / padded];
    re[i] = x * cos[i]! + y * sin[i]!;
    im[i] = y * cos[i]! - x * sin[i]!;
  }
}
