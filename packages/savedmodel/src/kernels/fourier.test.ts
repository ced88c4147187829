import { expect, test } from 'vitest';
import { fourier } from './fourier.js';

function slow(re: number[], im: number[], sign: number): readonly [number[], number[]] {
  const size = re.length;
  const at = (k: number, part: 're' | 'im') =>
    re.reduce((sum, x, j) => {
      const angle = (sign * 2 * Math.PI * ((j * k) % size)) / size;
      const y = im[j]!;
      return (
        sum + (part === 're' ? x * Math.cos(angle) - y * Math.sin(angle) : x * Math.sin(angle) + y * Math.cos(angle))
      );
    }, 0);
  return [re.map((_, k) => at(k, 're')), re.map((_, k) => at(k, 'im'))];
}

test.each([1, 2, 3, 7, 8, 12, 64, 97, 100])('a line of %i elements, forwards and backwards', (size) => {
  const re = Array.from({ length: size }, (_, i) => Math.sin(i * 1.7) + (i % 5));
  const im = Array.from({ length: size }, (_, i) => Math.cos(i * 0.3) - (i % 3));
  for (const inverse of [false, true]) {
    const [x, y] = [Float64Array.from(re), Float64Array.from(im)];
    fourier(x, y, inverse);
    const [wantedRe, wantedIm] = slow(re, im, inverse ? 1 : -1);
    const error = Math.max(
      ...wantedRe.map((v, i) => Math.abs(v - x[i]!)),
      ...wantedIm.map((v, i) => Math.abs(v - y[i]!)),
    );
    expect(error).toBeLessThan(1e-10 * size);
  }
});
