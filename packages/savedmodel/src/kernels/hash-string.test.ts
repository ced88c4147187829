import { describe, expect, it } from 'vitest';
import { utf8 } from './byte-strings.js';
import { fingerprint64, hash64, sipHash } from './hash-string.js';

describe('hashes of strings', () => {
  it('gives FarmHash’s fingerprint for every length class', () => {
    const text = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(20);
    // From TensorFlow's Fingerprint op.
    const known: readonly (readonly [number, bigint])[] = [
      [0, 11160318154034397263n],
      [1, 12917804110809363939n],
      [3, 2640714258260161385n],
      [4, 1897425971756105985n],
      [7, 4341691227789030229n],
      [8, 18368443631171807497n],
      [16, 6080716761534418621n],
      [17, 11394395984755135400n],
      [32, 934449955909727258n],
      [33, 17626719820827885067n],
      [64, 3646545258579766308n],
      [65, 13112763581500850699n],
      [128, 2056131915184924913n],
      [129, 13911000258917250518n],
      [500, 4632215383887226394n],
    ];
    expect(known.map(([length]) => fingerprint64(utf8(text.slice(0, length))))).toEqual(known.map(([, hash]) => hash));
  });

  it('hashes bytes of a buffer that start anywhere', () => {
    const padded = utf8('xxxhello world');
    expect(fingerprint64(padded.subarray(3))).toBe(fingerprint64(utf8('hello world')));
    expect(hash64(padded.subarray(3))).toBe(hash64(utf8('hello world')));
    expect(sipHash(padded.subarray(3), [1n, 2n])).toBe(sipHash(utf8('hello world'), [1n, 2n]));
  });

  it('gives TensorFlow’s older hash', () => {
    const text = 'abcdefghijk'.repeat(20);
    const buckets = 2n ** 63n - 1n;
    expect([0, 1, 8, 13].map((length) => hash64(utf8(text.slice(0, length))) % buckets)).toEqual([
      105434511174508092n,
      2996632905371535868n,
      3429851175771700306n,
      754609560541309819n,
    ]);
  });

  it('gives SipHash with a key, negative words included', () => {
    const buckets = 2n ** 63n - 1n;
    const hashes = (key: readonly [bigint, bigint]) =>
      ['', 'a', '12345678'].map((text) => sipHash(utf8(text), key) % buckets);
    expect(hashes([123n, 456n])).toEqual([887865449656487407n, 2150915142212405421n, 4004217248140371584n]);
    expect(sipHash(utf8('a'), [-1n, 0n])).toBe(sipHash(utf8('a'), [2n ** 64n - 1n, 0n]));
  });
});
