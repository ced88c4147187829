import { describe, expect, it } from 'vitest';
import { decompressSnappy } from './snappy.js';
import { expected } from './testing/testdata.js';

interface SnappyCase {
  readonly compressed: string;
  readonly plain: string | null;
  readonly length: number;
}

describe('snappy blocks', () => {
  it('expands what the snappy library wrote', async () => {
    const cases = await expected<Record<string, SnappyCase>>('snappy');
    for (const [name, { compressed, plain, length }] of Object.entries(cases)) {
      const result = decompressSnappy(Buffer.from(compressed, 'base64'));
      expect(result, name).toBeInstanceOf(Uint8Array);
      expect(result.length, name).toBe(length);
      const text = name === 'runs' ? 'a'.repeat(70_000) + 'bbbbb' : Buffer.from(plain!, 'base64').toString('latin1');
      expect(Buffer.from(result as Uint8Array).toString('latin1') === text, name).toBe(true);
    }
  });

  it('knows every kind of element', () => {
    // Literal 'abcd'; copy of 4 from 4 back (11-bit offset); of 5 from 8 back (16 bits); of 2 from 1 back (32 bits);
    // literal 'z' with its length in a byte of its own.
    const block = [16, 3 << 2, 97, 98, 99, 100, 1, 4, (4 << 2) | 2, 8, 0, (1 << 2) | 3, 1, 0, 0, 0, 60 << 2, 0, 122];
    expect(Buffer.from(decompressSnappy(Uint8Array.from(block)) as Uint8Array).toString()).toBe('abcdabcdabcdaaaz');
  });

  it.each([
    ['an empty block', [], 'expected a varint'],
    ['a length that no such block can have', [255, 255, 255, 255, 15, 0, 97], 'expected at most 154 bytes'],
    ['a literal that is cut off', [4, 3 << 2, 97], 'the literal at byte 1 is cut off'],
    ['a copy that is cut off', [8, 0, 97, 1], 'the copy at byte 3 is cut off'],
    ['a copy from before the beginning', [8, 0, 97, 1, 2], 'reaches 2 bytes back of 1'],
    ['a copy from nowhere', [8, 0, 97, 1, 0], 'reaches 0 bytes back of 1'],
    ['a copy that goes too far', [3, 0, 97, 1, 1], 'goes over the plain length of 3'],
    ['a literal that goes too far', [1, 1 << 2, 97, 98], 'goes over the plain length of 1'],
    ['too few bytes', [5, 0, 97], 'expected 5 plain bytes, given 1'],
  ])('refuses %s', (_name, block, problem) => {
    expect(decompressSnappy(Uint8Array.from(block))).toContain(problem);
  });
});
