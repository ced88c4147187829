import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.js';

const decode = (text: string) => {
  const bytes = decodeBase64(new TextEncoder().encode(text));
  return bytes && new TextDecoder('latin1').decode(bytes);
};

describe('base64', () => {
  it.each([
    ['', ''],
    ['aGVsbG8=', 'hello'],
    ['aGVsbG8', 'hello'],
    ['aGVsbG8.', 'hello'],
    ['d29ybGQh', 'world!'],
    ['aA==', 'h'],
    ['aA..', 'h'],
    ['aA', 'h'],
    [' a G\nV s\tb G8 = \r', 'hello'],
    ['aA= =', 'h'],
    ['aB==', 'h'],
    ['++//', '\u00fb\u00ef\u00ff'],
  ])('%j is %j', (text, bytes) => {
    expect(decode(text)).toBe(bytes);
  });

  it.each(['a', 'aGVsbG8==', 'aA=', 'aA===', 'aGVs=', '=', 'a-b_', 'aA=b', 'aGVsbG8=aGVsbG8=', 'é'])(
    '%j is none',
    (text) => {
      expect(decode(text)).toBeUndefined();
    },
  );

  it('is read back at every length', () => {
    for (let length = 0; length < 50; length++) {
      const bytes = Uint8Array.from({ length }, (_, k) => (k * 89 + length) & 255);
      const out = new Uint8Array(100);
      const end = encodeBase64(bytes, out, 0);
      expect(end).toBe(Math.ceil(length / 3) * 4);
      expect(new TextDecoder().decode(out.subarray(0, end))).toBe(btoa(String.fromCharCode(...bytes)));
      expect(decodeBase64(out.subarray(0, end))).toEqual(bytes);
    }
  });
});
