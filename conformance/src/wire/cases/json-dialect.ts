import type { RestCase, RestTopic } from '../wire-case.js';

const path = '/v1/models/wire:predict';
const from = 'rest.md §3';

/** A row of floats, as our server has to print it again. */
function rows(name: string, send: string, predictions: string): RestCase {
  return { name, from, path: `${path}`, send, status: 200, body: `{\n    "predictions": [${predictions}\n    ]\n}` };
}

function same(name: string, dtype: string, given: string, printed: string): RestCase {
  return rows(name, `{"signature_name": "same_${dtype}", "instances": [${given}]}`, printed);
}

function syntax(name: string, send: string, reason: string, offset: number): RestCase {
  return { name, from, path, send, status: 400, error: `JSON Parse error: ${reason} at offset: ${offset}` };
}

const deep = 200_000;

export const jsonDialect: RestTopic = {
  kind: 'rest',
  topic: 'JSON dialect',
  client: 'requests',
  cases: [
    {
      name: 'an empty body',
      from,
      path,
      send: '',
      client: 'curl',
      status: 400,
      error: 'JSON Parse error: The document is empty',
    },
    syntax('a blank body', '   ', 'The document is empty.', 3),
    syntax('a body that begins with ]', ']', 'The document is empty.', 0),
    syntax('a body that begins with }', '}', 'The document is empty.', 0),
    syntax('a body that begins with a comma', ',', 'The document is empty.', 0),
    syntax('a body that begins with a colon', ':', 'The document is empty.', 0),
    syntax('a word that is none', 'instances = [1, 2]', 'Invalid value.', 0),
    syntax('a word that begins like null', 'nul', 'Invalid value.', 3),
    syntax('a word that begins like true', '{"a": trux}', 'Invalid value.', 9),
    syntax('a word that begins like false', '{"a": falsy}', 'Invalid value.', 10),
    syntax('an object with a member that has no name', '{1: 2}', 'Missing a name for object member.', 1),
    syntax('a comma at the end of an object', '{"a": 1,}', 'Missing a name for object member.', 8),
    syntax('a member without a colon', '{"a" 1}', 'Missing a colon after a name of object member.', 5),
    syntax('an object without an end', '{"a": 1', 'Missing a comma or } after an object member.', 7),
    syntax('a member without a comma', '{"a": 1 "b": 2}', 'Missing a comma or } after an object member.', 8),
    syntax('an array without an end', '{"a": [1, 2', 'Missing a comma or ] after an array element.', 11),
    syntax('an element without a comma', '{"a": [1 2]}', 'Missing a comma or ] after an array element.', 9),
    syntax('a comma at the end of an array', '{"a": [1,]}', 'Invalid value.', 9),
    syntax('hex digits that are none', '{"a": "\\u12G4"}', 'Incorrect hex digit after \\u escape in string.', 7),
    syntax('a high surrogate alone', '{"a": "\\uD800"}', 'The surrogate pair in string is invalid.', 7),
    syntax('a high surrogate and no low one', '{"a": "\\uD800\\u0041"}', 'The surrogate pair in string is invalid.', 7),
    syntax('an escape that is none', '{"a": "\\x"}', 'Invalid escape character in string.', 7),
    syntax('a control character in a string', '{"a": "\u0001"}', 'Invalid escape character in string.', 7),
    syntax('a string without an end', '{"a": "b', 'Missing a closing quotation mark in string.', 8),
    syntax('a number beyond double', '{"a": 1e400}', 'Number too big to be stored in double.', 6),
    syntax('a number without its fraction', '{"a": 1.}', 'Miss fraction part in number.', 8),
    syntax('a number without its exponent', '{"a": 1e}', 'Miss exponent in number.', 8),
    syntax('a number with a plus', '{"a": +1}', 'Invalid value.', 6),
    syntax('nan in lower case', '{"a": nan}', 'Invalid value.', 7),
    syntax('a comment', '{/* no */"a": 1}', 'Missing a name for object member.', 1),
    { name: 'a list at the top', from, path, send: '[1, 2]', status: 400, error: 'JSON Value: [1, 2] Is not object' },
    { name: 'a number at the top', from, path, send: '5', status: 400, error: 'JSON Value: 5 Is not object' },
    { name: 'a string at the top', from, path, send: '"a"', status: 400, error: 'JSON Value: "a" Is not object' },
    { name: 'null at the top', from, path, send: 'null', status: 400, error: 'JSON Value: null Is not object' },
    rows('a byte order mark', '\uFEFF{"instances": [2.0]}', '3.0'),
    rows('what follows the document is not read', '{"instances": [2.0]} and {more', '3.0'),
    rows('white space', ' \t\r\n{ "instances"\n:\t[ 2.0 , 4.0 ] } ', '3.0, 4.0'),
    rows('keys that mean nothing', '{"foo": {"bar": [1, {}]}, "instances": [2.0]}', '3.0'),
    rows('the first of several instances', '{"instances": [2.0], "instances": [4.0]}', '3.0'),
    rows(
      `a value nested ${deep} deep under a key that means nothing`,
      `{"deep": ${'['.repeat(deep)}${']'.repeat(deep)}, "instances": [2.0]}`,
      '3.0',
    ),
    same(
      'NaN and infinities',
      'float32',
      'NaN, -NaN, Infinity, -Infinity, Inf, -Inf',
      'NaN, NaN, Infinity, -Infinity, Infinity, -Infinity',
    ),
    same('numbers with an exponent are floats', 'float32', '1e2, 1E+2, 25e-1, 1.5E1', '100.0, 100.0, 2.5, 15.0'),
    same('minus zero with a fraction', 'float32', '-0.0', '-0.0'),
    same('minus zero without one is the integer 0', 'float32', '-0', '0.0'),
    same('an integer beyond uint64 is a double', 'float64', '18446744073709551616', '1.8446744073709552e+19'),
    same('the largest uint64', 'uint64', '18446744073709551615', '18446744073709551615'),
    same(
      'the ends of int64',
      'int64',
      '-9223372036854775808, 9223372036854775807',
      '-9223372036854775808, 9223372036854775807',
    ),
    same('integers that no double holds', 'int64', '9007199254740993', '9007199254740993'),
    same('escapes', 'string', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\"\\\\/\\b\\f\\n\\r\\t"'),
    same('a NUL in a string', 'string', '"a\\u0000b"', '"a\\u0000b"'),
    same('control characters are printed as \\u00XX in upper case', 'string', '"\\u001f\\u000b"', '"\\u001F\\u000B"'),
    same('a slash and a DEL are printed as they are', 'string', '"/\\u007f"', '"/\u007f"'),
    same('letters of other scripts', 'string', '"äß漢"', '"äß漢"'),
    same('an escaped surrogate pair', 'string', '"\\uD83D\\uDE00"', '"😀"'),
    same('an escaped letter', 'string', '"\\u00e4\\u6F22"', '"ä漢"'),
    {
      name: 'a lone low surrogate passes as three raw bytes',
      from,
      path,
      send: '{"signature_name": "bytes", "instances": ["\\uDC00"]}',
      status: 200,
      json: { predictions: [{ b64: '7bCA' }] },
    },
    {
      name: 'bytes that are no UTF-8 are copied as they are',
      from,
      path,
      send: Buffer.from('{"signature_name": "bytes", "instances": ["\xff\xfe"]}', 'latin1'),
      status: 200,
      json: { predictions: [{ b64: '//4=' }] },
    },
    {
      name: 'a signature name that is deeply nested',
      from: 'rest.md §8, DeeplyNestedMalformed',
      path,
      send: `{"signature_name": ${'['.repeat(deep)}${']'.repeat(deep)}}`,
      status: 400,
      holds: ['key must be a string value'],
    },
    {
      name: 'values are printed in messages with a limit of 256 bytes',
      from,
      path,
      send: `[${Array.from({ length: 200 }, (_, i) => i).join(',')}]`,
      status: 400,
      holds: ['JSON Value: [0, 1, 2, 3,', ' Is not object'],
      lacks: ['150'],
    },
  ],
};
