import { stringTensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { utf8 } from './byte-strings.js';
import { compilePattern, fullMatch, PatternCache, regexReplace } from './regex.js';

const replace = (text: string | Uint8Array, pattern: string, rewrite: string, all = true) =>
  regexReplace(stringTensor([], [text]), compilePattern(utf8(pattern)), utf8(rewrite), all).data[0];
const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

describe('replacing by regular expression', () => {
  it.each([
    ['axb', 'x*', 'X', 'XaXbX'],
    ['abb', 'b*', 'X', 'XaX'],
    ['ab', '', 'X', 'XaXbX'],
    ['é', '', 'X', 'XéX'],
    ['ab cd', '\\b', 'X', 'XabX XcdX'],
    ['John Smith', '(\\w+) (\\w+)', '\\2 \\1', 'Smith John'],
    ['abc', 'b', '\\0\\0', 'abbc'],
    ['abc', 'b', '\\\\', 'a\\c'],
  ])('turns %j by %j and %j into %j', (given, pattern, rewrite, expected) => {
    expect(text(replace(given, pattern, rewrite))).toBe(expected);
  });

  it('does with bad rewrites what RE2 does', () => {
    expect(text(replace('abc', 'b', '\\1'))).toBe('abc');
    expect(text(replace('abc', 'b', 'x\\q'))).toBe('axc');
    expect(text(replace('abc', 'b', 'x\\q', false))).toBe('abc');
    expect(text(replace('abc', 'b', 'x\\'))).toBe('axc');
  });

  it('replaces the first match only, if asked', () => {
    expect(text(replace('oo', 'o', '0', false))).toBe('0o');
  });

  it('keeps zero bytes and bytes that are not UTF-8', () => {
    const bytes = Uint8Array.of(0x61, 0, 0xff, 0x62, 0xc3);
    expect(replace(bytes, 'b', 'XY')).toEqual(Uint8Array.of(0x61, 0, 0xff, 0x58, 0x59, 0xc3));
    expect(replace(bytes, 'z', '')).toEqual(bytes);
  });

  it('takes linear time for patterns that make others backtrack', () => {
    const long = 'a'.repeat(50_000);
    expect(text(replace(long, '(a*)*b', 'X'))).toBe(long);
    expect(text(replace(long, '(a|aa)+$', 'X'))).toBe('X');
    expect(fullMatch(stringTensor([], [`${long}!`]), compilePattern(utf8('(a+)+'))).data[0]).toBe(0);
  });

  it('refuses to make more than a gigabyte', () => {
    const many = stringTensor([], ['a'.repeat(100_000)]);
    const rewrite = utf8('x'.repeat(20_000));
    expect(() => regexReplace(many, compilePattern(utf8('a')), rewrite, true)).toThrow(
      expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', reason: 'RESULT_TOO_LARGE' }) as Error,
    );
  });
});

describe('matching whole strings', () => {
  it('needs the pattern to match all of it', () => {
    const matched = fullMatch(stringTensor([2, 2], ['ab', 'abc', '', 'xab']), compilePattern(utf8('a?b?')));
    expect(matched.toArray()).toEqual([
      [true, false],
      [true, false],
    ]);
  });
});

describe('patterns', () => {
  it.each(['(', 'a**', 'a{1001}', '((a{100}){100}){100}', '[z-a]', '(?=a)', '\\1', '\\pX'])('refuses %j', (pattern) => {
    expect(() => compilePattern(utf8(pattern))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'BAD_PATTERN' }) as Error,
    );
  });

  it('refuses patterns longer than any real one', () => {
    expect(() => compilePattern(utf8('a'.repeat(70_000)))).toThrow(/expected at most 65536 bytes, got 70000/);
  });

  it('are compiled once, and the oldest is forgotten', () => {
    const cache = new PatternCache(2);
    const first = cache.get(utf8('a'));
    expect(cache.get(utf8('a'))).toBe(first);
    cache.get(utf8('b'));
    cache.get(utf8('c'));
    expect(cache.get(utf8('a'))).not.toBe(first);
  });
});
