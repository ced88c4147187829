import { describe, expect, it } from 'vitest';
import { writeNumber, writeSigned, writeString } from './ordered-code.js';
import { overlap, parseShapeAndSlice, sliceKey, sliceRuns } from './tensor-slice.js';

function code(write: (out: number[]) => void): string {
  const out: number[] = [];
  write(out);
  return Buffer.from(out).toString('hex');
}

describe('order-preserving codes', () => {
  it.each([
    [0, '00'],
    [2, '0102'],
    [0x1234, '021234'],
  ])('writes the count %i as %s', (value, hex) => {
    expect(code((out) => writeNumber(out, value))).toBe(hex);
  });

  // The two long examples are those of the format's description.
  it.each([
    [0, '80'],
    [-1, '7f'],
    [63, 'bf'],
    [64, 'c040'],
    [-64, '40'],
    [-65, '3fbf'],
    [0x424242, 'f0424242'],
    [-0x800, '3800'],
  ])('writes the position %i as %s', (value, hex) => {
    expect(code((out) => writeSigned(out, value))).toBe(hex);
  });

  it('escapes the bytes 00 and ff in names', () => {
    expect(code((out) => writeString(out, Uint8Array.from([0x61, 0x00, 0xff])))).toBe('6100ffff000001');
  });

  it('writes the key of a slice, "all" of an axis as 0 and -1', () => {
    const slice = parseShapeAndSlice('8 3 3,3:-', [8, 3]);
    expect(Buffer.from(sliceKey(Buffer.from('rows'), slice)).toString('hex')).toBe(
      '00' + '726f7773' + '0001' + '0102' + '8383' + '807f',
    );
  });
});

describe('slices', () => {
  it.each([
    ['4 3 1,2:-', [4, 3], [[3, 0, 6]]],
    ['4 3 -:-', [4, 3], [[0, 0, 12]]],
    [
      '4 3 0,2:1,2',
      [4, 3],
      [
        [1, 0, 2],
        [4, 2, 2],
      ],
    ],
    [
      '2 2 3 -:1,1:0,2',
      [2, 2, 3],
      [
        [3, 0, 2],
        [9, 2, 2],
      ],
    ],
    [
      '2 2 3 1,1:-:2,1',
      [2, 2, 3],
      [
        [8, 0, 1],
        [11, 1, 1],
      ],
    ],
    ['5 2,3', [5], [[2, 0, 3]]],
    ['5 2,0', [5], []],
  ])('walks through %s in runs', (text, shape, runs) => {
    const slice = parseShapeAndSlice(text, shape);
    expect([...sliceRuns(shape, slice)].map(({ whole, part, length }) => [whole, part, length])).toEqual(runs);
  });

  it.each(['4 3 1,2', '4 3 1,4:-', '4 4 -:-', '4 3 1,x:-', '4 3 -1,2:-', '', '-:-'])(
    'refuses %j for the shape [4,3]',
    (text) => {
      expect(() => parseShapeAndSlice(text, [4, 3])).toThrow(/^Bad slice '.*': expected the dimensions of \[4,3\]/);
    },
  );

  it('sees which slices share elements', () => {
    const at = (text: string) => parseShapeAndSlice(`4 3 ${text}`, [4, 3]);
    expect(overlap(at('0,2:-'), at('2,2:-'))).toBe(false);
    expect(overlap(at('0,3:-'), at('2,2:-'))).toBe(true);
    expect(overlap(at('0,3:0,1'), at('2,2:1,2'))).toBe(false);
  });
});
