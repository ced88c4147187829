import { stringTensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { decoderOf } from './unicode-decode.js';
import { unicodeScript } from './unicode-script.js';
import { unicodeDecode, unicodeEncode, unicodeTranscode, type UnicodeErrors } from './unicode.js';

const replace: UnicodeErrors = { policy: 'replace', replacement: 0xfffd, controls: false };
const ignore: UnicodeErrors = { ...replace, policy: 'ignore' };
const strict: UnicodeErrors = { ...replace, policy: 'strict' };

const decode = (bytes: readonly number[], encoding = 'UTF-8', errors = replace) =>
  unicodeDecode(stringTensor([1], [Uint8Array.from(bytes)]), decoderOf(encoding), errors, 'int64').map((tensor) =>
    Array.from(tensor.data as ArrayLike<number | bigint>, Number),
  );
const F = 0xfffd;

describe('decoding', () => {
  // TensorFlow's code points and offsets.
  it.each([
    ['bytes that start nothing', [0x61, 0xff, 0xfe, 0x62], [97, F, F, 98], [0, 1, 2, 3]],
    ['a character cut short', [0xe3, 0x81], [F], [0]],
    ['a surrogate', [0xed, 0xa0, 0x80, 0x78], [F, F, F, 120], [0, 1, 2, 3]],
    ['a point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80], [F, F, F, F], [0, 1, 2, 3]],
    ['an overlong form', [0xc0, 0xaf], [F, F], [0, 1]],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x78], [0xfeff, 120], [0, 3]],
    ['a character broken by another', [0xe3, 0x81, 0xe3, 0x81, 0x82], [F, 0x3042], [0, 2]],
    ['zero bytes', [0x61, 0, 0x62], [97, 0, 98], [0, 1, 2]],
  ])('UTF-8 with %s', (_what, bytes, points, offsets) => {
    expect(decode(bytes).slice(1)).toEqual([points, offsets]);
    expect(decode(bytes, 'utf8', ignore)[1]).toEqual(points.filter((point) => point !== F));
  });

  it.each([
    ['UTF-16-BE', [0, 0x61, 0xd8, 0x3d, 0xde, 0, 0xd8, 0], [97, 0x1f600, F], [0, 2, 6]],
    ['UTF-16-BE', [0xdc, 0, 0, 0x61, 0], [F, 97, F], [0, 2, 4]],
    ['UTF-16', [0xff, 0xfe, 0x61, 0, 0xe9, 0], [97, 233], [0, 4]],
    ['UTF-32-LE', [0x61, 0, 0, 0, 0, 0, 0x11, 0], [97, F], [0, 4]],
    ['US-ASCII', [0x61, 0x80], [97, F], [0, 1]],
    ['windows-1252', [0x80], [0x20ac], [0]],
    ['shift_jis', [0x93, 0xfa, 0x96, 0x7b], [0x65e5, 0x672c], [0, 2]],
  ])('%s', (encoding, bytes, points, offsets) => {
    expect(decode(bytes, encoding).slice(1)).toEqual([points, offsets]);
  });

  it('refuses malformed text when strict, and encodings that nobody knows', () => {
    expect(() => decode([0xff], 'UTF-8', strict)).toThrow('Invalid formatting on input string');
    expect(() => decoderOf('bogus')).toThrow('Could not create converter for input encoding: bogus');
  });
});

describe('transcoding and encoding', () => {
  const transcode = (bytes: readonly number[], errors: UnicodeErrors, to: 'UTF-8' | 'UTF-16-BE' | 'UTF-32-BE') => [
    ...(unicodeTranscode(stringTensor([], [Uint8Array.from(bytes)]), decoderOf('UTF-8'), errors, to).data[0] ?? []),
  ];
  it('writes every output encoding', () => {
    const smile = [0xf0, 0x9f, 0x98, 0x80];
    expect(transcode(smile, replace, 'UTF-8')).toEqual(smile);
    expect(transcode(smile, replace, 'UTF-16-BE')).toEqual([0xd8, 0x3d, 0xde, 0]);
    expect(transcode(smile, replace, 'UTF-32-BE')).toEqual([0, 1, 0xf6, 0]);
  });
  it('treats control characters as malformed, if asked', () => {
    expect(transcode([0x61, 0x1f, 0], { ...ignore, controls: true }, 'UTF-8')).toEqual([0x61]);
    expect(transcode([0x1f], { ...replace, replacement: 0x3f, controls: true }, 'UTF-8')).toEqual([0x3f]);
  });
  it('encodes rows of code points, and refuses splits that do not fit', () => {
    const encode = (points: number[], splits: number[], errors = replace) =>
      unicodeEncode(tensor(points, 'int32'), tensor(splits, 'int64'), errors, 'UTF-8').text();
    expect(encode([97, 0xd800, -1], [0, 1, 1, 3])).toEqual(['a', '', '\ufffd\ufffd']);
    expect(encode([97, 0xd800, 0x110000], [0, 3], ignore)).toEqual(['a']);
    expect(() => encode([0xd800], [0, 1], strict)).toThrow('Code point is out of range for Unicode');
    expect(() => encode([97], [0, 2])).toThrow('Last value in input_splits');
    expect(() => encode([97], [1, 1])).toThrow('First value in input_splits must be zero.');
    expect(() => encode([97, 98], [0, 3, 2])).toThrow('ascending');
  });
});

describe('scripts', () => {
  it('gives ICU’s numbers', () => {
    const points = [0x41, 0x65e5, 0x30, 0x3b1, 0x301, 0xe000, -1, 0x110000];
    expect([...unicodeScript(tensor(points, 'int32')).data]).toEqual([25, 17, 0, 14, 1, 103, -1, -1]);
  });
});
