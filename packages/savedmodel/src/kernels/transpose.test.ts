import { stringTensor, tensor, Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { transpose, transposeScaledInto } from './transpose.js';

/** Element by element, straight from the definition. */
function reference(x: Tensor, perm: readonly number[]): number[] {
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  const strides = x.shape.map((_, i) => x.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const data = x.data as Float32Array;
  return Array.from({ length: x.size }, (_, out) => {
    let rest = out;
    let at = 0;
    for (let i = shape.length - 1; i >= 0; i--) {
      const size = shape[i] ?? 1;
      at += (rest % size) * (strides[perm[i] ?? 0] ?? 0);
      rest = Math.floor(rest / size);
    }
    return data[at] ?? NaN;
  });
}

test.each([
  [
    [3, 3, 5, 40],
    [3, 2, 0, 1],
  ],
  [
    [1, 1, 64, 33],
    [3, 2, 0, 1],
  ],
  [
    [2, 150, 19],
    [2, 0, 1],
  ],
  [
    [2, 17, 19, 3],
    [0, 3, 1, 2],
  ],
  [
    [2, 3, 17, 19],
    [0, 2, 3, 1],
  ],
  [
    [4, 5, 6],
    [0, 2, 1],
  ],
  [
    [4, 5, 6],
    [1, 0, 2],
  ],
  [
    [3, 4, 100],
    [1, 0, 2],
  ],
  [
    [7, 1, 9],
    [2, 1, 0],
  ],
  [
    [5, 0, 2],
    [2, 1, 0],
  ],
  [[6], [0]],
  [[], []],
])('shape %j permuted by %j', (shape, perm) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = new Tensor(
    'float32',
    shape,
    Float32Array.from({ length: size }, (_, i) => i),
  );
  const y = transpose(x, perm);
  expect(y.shape).toEqual(perm.map((axis) => shape[axis]));
  expect(Array.from(y.data as Float32Array)).toEqual(reference(x, perm));
});

test.each([
  [
    [3, 3, 70, 41],
    [3, 2, 0, 1],
  ],
  [
    [1, 1, 5, 16],
    [3, 2, 0, 1],
  ],
  [
    [4, 5, 6],
    [0, 2, 1],
  ],
  [
    [5, 9],
    [0, 1],
  ],
  [
    [1, 7],
    [1, 0],
  ],
])('shape %j permuted by %j, its rows multiplied on the way', (shape, perm) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = new Tensor(
    'float32',
    shape,
    Float32Array.from({ length: size }, (_, i) => i / 7),
  );
  const y = transpose(x, perm);
  const rows = y.shape[0] ?? 1;
  const factors = Float32Array.from({ length: rows }, (_, i) => 1 + i / 3);
  const expected = Float32Array.from(
    y.data as Float32Array,
    (value, i) => value * factors[Math.floor((i * rows) / size)]!,
  );
  transposeScaledInto(x, y, perm, factors);
  expect(y.data).toEqual(expected);
});

test('strings and 64-bit integers move too', () => {
  const texts = stringTensor([2, 3], ['a', 'b', 'c', 'd', 'e', 'f']);
  expect(transpose(texts, [1, 0]).text()).toEqual(['a', 'd', 'b', 'e', 'c', 'f']);
  expect(transpose(tensor([[1n, 2n]]), [1, 0]).toArray()).toEqual([[1n], [2n]]);
});

test('the bits of numbers stay as they are, those of signalling NaNs too', () => {
  const bits = Uint32Array.of(0x7fa00001, 0xffa00002, 0x80000000, 1, 0x7f800000, 0x7fc00003);
  const x = new Tensor('float32', [2, 3], new Float32Array(bits.buffer));
  const y = transpose(x, [1, 0]).data as Float32Array;
  expect(Array.from(new Uint32Array(y.buffer, y.byteOffset, y.length))).toEqual(
    [0, 3, 1, 4, 2, 5].map((at) => bits[at]),
  );
});
