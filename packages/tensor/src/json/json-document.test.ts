import { describe, expect, it } from 'vitest';
import { JsonDocument } from './json-document.js';
import { JsonCursor } from './json-cursor.js';

function error(body: string | Uint8Array): string {
  try {
    new JsonDocument(typeof body === 'string' ? new TextEncoder().encode(body) : body);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'JSON_SYNTAX' });
    return (thrown as Error).message.replace('JSON Parse error: ', '');
  }
  return 'good';
}

describe('syntax errors have the words and offsets of RapidJSON', () => {
  it.each([
    ['', 'The document is empty'],
    ['  ', 'The document is empty. at offset: 2'],
    [' ]', 'The document is empty. at offset: 1'],
    [':', 'The document is empty. at offset: 0'],
    ['instances = [1, 2]', 'Invalid value. at offset: 0'],
    ['[', 'Invalid value. at offset: 1'],
    ['[1', 'Missing a comma or ] after an array element. at offset: 2'],
    ['[1,', 'Invalid value. at offset: 3'],
    ['[1,]', 'Invalid value. at offset: 3'],
    ['[,1]', 'Invalid value. at offset: 1'],
    ['[1 2]', 'Missing a comma or ] after an array element. at offset: 3'],
    ['[1}', 'Missing a comma or ] after an array element. at offset: 2'],
    ['[01]', 'Missing a comma or ] after an array element. at offset: 2'],
    ['[}', 'Invalid value. at offset: 1'],
    ['{', 'Missing a name for object member. at offset: 1'],
    ['{]', 'Missing a name for object member. at offset: 1'],
    ['{1: 2}', 'Missing a name for object member. at offset: 1'],
    ['{"a": 1,}', 'Missing a name for object member. at offset: 8'],
    ['{"a"', 'Missing a colon after a name of object member. at offset: 4'],
    ['{"a" 1}', 'Missing a colon after a name of object member. at offset: 5'],
    ['{"a":', 'Invalid value. at offset: 5'],
    ['{"a":}', 'Invalid value. at offset: 5'],
    ['{"a": 1', 'Missing a comma or } after an object member. at offset: 7'],
    ['{"a": 1]', 'Missing a comma or } after an object member. at offset: 7'],
    ['{"a": 1 "b"', 'Missing a comma or } after an object member. at offset: 8'],
    ['nul', 'Invalid value. at offset: 3'],
    ['[truE]', 'Invalid value. at offset: 4'],
    ['[falsy]', 'Invalid value. at offset: 5'],
    ['[-]', 'Invalid value. at offset: 2'],
    ['[+1]', 'Invalid value. at offset: 1'],
    ['[.5]', 'Invalid value. at offset: 1'],
    ['[Nan]', 'Invalid value. at offset: 3'],
    ['[Infinitx]', 'Invalid value. at offset: 8'],
    ['[nan]', 'Invalid value. at offset: 2'],
    ['[1.]', 'Miss fraction part in number. at offset: 3'],
    ['[1.e5]', 'Miss fraction part in number. at offset: 3'],
    ['[1e]', 'Miss exponent in number. at offset: 3'],
    ['[1e+]', 'Miss exponent in number. at offset: 4'],
    ['[1e309]', 'Number too big to be stored in double. at offset: 1'],
    ['[-1.5e310]', 'Number too big to be stored in double. at offset: 1'],
    ['[0e400]', 'Number too big to be stored in double. at offset: 1'],
    [`[${'9'.repeat(310)}]`, 'Number too big to be stored in double. at offset: 1'],
    ['["abc', 'Missing a closing quotation mark in string. at offset: 5'],
    ['["a\\x"]', 'Invalid escape character in string. at offset: 3'],
    ['["a\\', 'Invalid escape character in string. at offset: 3'],
    ['["a\nb"]', 'Invalid escape character in string. at offset: 3'],
    ['["\\u12g4"]', 'Incorrect hex digit after \\u escape in string. at offset: 2'],
    ['["\\ud800"]', 'The surrogate pair in string is invalid. at offset: 2'],
    ['["\\ud800\\u0041"]', 'The surrogate pair in string is invalid. at offset: 2'],
    ['["\\ud800\\uzzzz"]', 'Incorrect hex digit after \\u escape in string. at offset: 2'],
    ['/* no comments */ 1', 'Invalid value. at offset: 0'],
    ['["a\0b"]', 'Missing a closing quotation mark in string. at offset: 3'],
    ['[1,\0 2]', 'Invalid value. at offset: 3'],
  ])('%j', (body, message) => {
    expect(error(body)).toBe(message);
  });

  it.each([
    '{}',
    '[]',
    '[[], {}, [[]], {"a": []}]',
    '[1.5, -0, 0.5e-3, 1E5, NaN, -NaN, Inf, -Infinity]',
    '["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\udc00"]',
    '{"a": 1} trailing garbage }',
    '[1.7976931348623157e308, 1.0e309, 5e-400, 0.00000001e315]',
    '\ufeff[1]',
    'null',
    '"\u007f\u00ff"',
  ])('%j is good', (body) => {
    expect(error(body)).toBe('good');
  });

  it('accepts bytes that are not UTF-8', () => {
    expect(error(new Uint8Array([0x22, 0xff, 0x80, 0x22]))).toBe('good');
  });

  it('finds an error a million brackets deep', () => {
    expect(error('['.repeat(1e6))).toBe('Invalid value. at offset: 1000000');
    expect(error('{"a":'.repeat(2e5))).toBe('Invalid value. at offset: 1000000');
  });
});

describe('a cursor', () => {
  const cursor = (body: string) => new JsonCursor(new JsonDocument(new TextEncoder().encode(body)));

  it('goes over members and items, past everything inside them', () => {
    const root = cursor('{"a": [[1, {"b": "]"}], 2], "c" : {"d": {}} , "e": "x\\"y"}');
    const seen: [string, string][] = [];
    root.forEachMember((name, value) => {
      seen.push([new TextDecoder().decode(name), value.type()]);
    });
    expect(seen).toEqual([
      ['a', 'Array'],
      ['c', 'Object'],
      ['e', 'String'],
    ]);
    const key = (name: string) => new TextEncoder().encode(name);
    expect(root.member(key('e'))!.text()).toBe('x"y');
    expect(root.member(key('c'))!.member(key('d'))!.count()).toBe(0);
    expect(root.member(key('d'))).toBeUndefined();
    const list = root.member(key('a'))!;
    expect(list.count()).toBe(2);
    list.enter();
    list.skip();
    list.next();
    expect(list.number()).toMatchObject({ value: 2, integer: 2n });
  });
});
