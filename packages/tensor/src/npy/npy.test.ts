import { expect, test } from 'vitest';
import { stringTensor, tensor } from '../tensor/build.js';
import { Tensor } from '../tensor/tensor.js';
import { decodeNpy, encodeNpy } from './npy.js';

/** Files as `numpy.save` of NumPy 2 writes them. */
const files = {
  matrix:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwAAAQEAAAIBA' +
    'AACgQAAAwEA=',
  columns:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGkyJywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0g' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAwABAAQAAgAFAABAA0A' +
    'BQARAAkAFQACAA4ABgASAAoAFgADAA8ABwATAAsAFwA=',
  scalar:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoHAAAAAAAAAA==',
  text:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnfFMzJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAphYgBjAGQAAAA=',
  big:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/gAAA',
  complex:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGM4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAQA==',
} as const;
const file = (name: keyof typeof files) => Uint8Array.from(Buffer.from(files[name], 'base64'));

test('reads what NumPy writes', () => {
  const matrix = decodeNpy(file('matrix'));
  expect([matrix.dtype, matrix.toArray()]).toEqual([
    'float32',
    [
      [1.5, -2, 3],
      [4, 5, 6],
    ],
  ]);
  const scalar = decodeNpy(file('scalar'));
  expect([scalar.dtype, scalar.shape, scalar.toArray()]).toEqual(['int64', [], 7n]);
  expect(decodeNpy(file('complex')).data).toEqual(Float32Array.of(1, 2));
});

test('column-major arrays are turned into row-major ones', () => {
  const columns = decodeNpy(file('columns'));
  expect([columns.dtype, columns.shape]).toEqual(['int16', [2, 3, 4]]);
  expect(columns.data).toEqual(Int16Array.from({ length: 24 }, (_, value) => value));
});

test('byte strings lose the NULs at their ends, as in NumPy', () => {
  expect(decodeNpy(file('text')).toArray()).toEqual(['ab', 'c\0d', '']);
});

test('writes what NumPy writes, byte by byte', () => {
  for (const name of ['matrix', 'scalar', 'complex'] as const) {
    expect(encodeNpy(decodeNpy(file(name)))).toEqual(file(name));
  }
  const empty = new Tensor('uint64', [0, 2], new BigUint64Array(0));
  expect(decodeNpy(encodeNpy(empty)).shape).toEqual([0, 2]);
  expect(decodeNpy(encodeNpy(tensor([true, false]))).toArray()).toEqual([true, false]);
});

const patched = (from: string, to: string) =>
  Uint8Array.from(Buffer.from(Buffer.from(file('matrix')).toString('latin1').replace(from, to), 'latin1'));

test.each([
  [file('big'), 'UNIMPLEMENTED', 'given >f4'],
  [patched('<f4', '|O '), 'UNIMPLEMENTED', 'given |O'],
  [new Uint8Array(4), 'INVALID_ARGUMENT', 'the magic bytes'],
  [file('matrix').subarray(0, 60), 'INVALID_ARGUMENT', 'a header of 118 bytes, given a file of 60 bytes'],
  [file('matrix').subarray(0, -1), 'INVALID_ARGUMENT', 'expected 24 bytes for float32 [2,3], given 23'],
  [patched("'shape'", "'Shape'"), 'INVALID_ARGUMENT', "a header with 'descr'"],
  [patched('(2, 3)', '(-2,3)'), 'INVALID_ARGUMENT', "a header with 'descr'"],
  [patched('NUMPY\x01', 'NUMPY\x09'), 'INVALID_ARGUMENT', 'version 1, 2 or 3, given 9'],
])('what cannot be read is refused (%#)', (bytes, code, message) => {
  expect(() => decodeNpy(bytes)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error,
  );
});

test('strings cannot be written: NumPy would lose their NULs', () => {
  expect(() => encodeNpy(stringTensor([1], ['a']))).toThrow('A .npy file cannot hold string');
});
