import { gzipSync } from 'node:zlib';
import { encodeTensor, stringTensor, tensor, type Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import {
  decodeBase64,
  decodeCompressed,
  decodePaddedRaw,
  decodeRaw,
  encodeBase64,
  parseTensor,
  serializeTensor,
} from './decode-bytes.js';
import { decodeCsv, type CsvOptions } from './decode-csv.js';

const bytes = (...rows: number[][]) =>
  stringTensor(
    [rows.length],
    rows.map((row) => Uint8Array.from(row)),
  );

describe('raw bytes', () => {
  it('become numbers of either byte order', () => {
    expect(decodeRaw(bytes([1, 2, 0xff, 0xfe]), 'int16', false).toArray()).toEqual([[258, -2]]);
    expect(decodeRaw(bytes([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]), 'complex64', true).toArray()).toEqual([[[1, 2]]]);
    expect(decodeRaw(bytes([0x3f, 0x80, 0, 0, 0x40, 0, 0, 0]), 'complex64', false).toArray()).toEqual([[[1, 2]]]);
    expect(decodeRaw(stringTensor([0], []), 'float32', true).shape).toEqual([0, 0]);
  });

  it('must be of one length that the dtype divides', () => {
    expect(() => decodeRaw(bytes([1], [1, 2]), 'uint8', true)).toThrow('all be the same size');
    expect(() => decodeRaw(bytes([1, 2, 3]), 'int16', true)).toThrow('has length 3 that is not a multiple of 2');
  });

  it('are cut or padded to a length', () => {
    expect(decodePaddedRaw(bytes([1], [1, 2, 3]), tensor(2, 'int32'), 'uint8', true).toArray()).toEqual([
      [1, 0],
      [1, 2],
    ]);
    expect(() => decodePaddedRaw(bytes([1]), tensor(0, 'int32'), 'uint8', true)).toThrow('greater than zero');
    expect(() => decodePaddedRaw(bytes([1]), tensor(3, 'int32'), 'int16', true)).toThrow('multiple of the size');
    expect(() => decodePaddedRaw(bytes([1], [1]), tensor(2 ** 30, 'int32'), 'uint8', true)).toThrow(
      expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }) as Error,
    );
  });
});

describe('base64', () => {
  it('is web-safe, padded or not', () => {
    const given = bytes([0xfb, 0xff], []);
    expect([encodeBase64(given, false).text(), encodeBase64(given, true).text()]).toEqual([
      ['-_8', ''],
      ['-_8=', ''],
    ]);
    expect(decodeBase64(stringTensor([2], ['-_8=', '-_8'])).data).toEqual([
      Uint8Array.of(0xfb, 0xff),
      Uint8Array.of(0xfb, 0xff),
    ]);
  });
  it.each(['*', 'a', 'ab=', 'a=b', 'ab==c', 'a+b/', 'a\nbc'])('refuses %j', (text) => {
    expect(() => decodeBase64(stringTensor([], [text]))).toThrow(
      expect.objectContaining({ reason: 'BAD_BASE64' }) as Error,
    );
  });
});

describe('compressed data', () => {
  it('is opened, and refused when it is broken', () => {
    const packed = stringTensor([1], [Uint8Array.from(gzipSync('hello'))]);
    expect(decodeCompressed(packed, 'GZIP').text()).toEqual(['hello']);
    expect(() => decodeCompressed(packed, 'ZLIB')).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }) as Error);
    expect(decodeCompressed(bytes([1, 2]), '').data).toEqual([Uint8Array.of(1, 2)]);
  });
});

describe('serialized tensors', () => {
  it('come back', () => {
    const given = tensor([[1.5, -2]]);
    expect(parseTensor(serializeTensor(given), 'float32')).toEqual(given);
  });
  it('must be of the dtype', () => {
    const serialized = stringTensor([], [encodeTensor(tensor([1]))]);
    expect(() => parseTensor(serialized, 'int64')).toThrow(
      'Type mismatch between parsed tensor (float32) and dtype (int64)',
    );
    expect(() => parseTensor(stringTensor([], [Uint8Array.of(0xff)]), 'int64')).toThrow('Could not parse the tensor');
    expect(() => parseTensor(stringTensor([1], ['']), 'int64')).toThrow('to be a scalar');
  });
});

describe('comma-separated values', () => {
  const options: CsvOptions = {
    dtypes: ['string', 'int32'],
    delimiter: 0x2c,
    quotes: true,
    missing: new TextEncoder().encode('NA'),
    columns: [],
  };
  const defaults = [stringTensor([1], ['none']), tensor([], 'int32')];
  const parse = (text: string, given: Partial<CsvOptions> = {}) => {
    const [a, b] = decodeCsv(stringTensor([1], [text]), defaults, { ...options, ...given });
    return [(a as Tensor<'string'>).text()[0], (b as Tensor).data[0]];
  };
  it.each([
    ['x,1', ['x', 1]],
    [',1', ['none', 1]],
    ['NA,1', ['none', 1]],
    ['"a,""b""",-5', ['a,"b"', -5]],
    ['""," 7 "', ['none', 7]],
    ['\na,1', ['a', 1]],
  ])('reads %j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
  it('keeps quotes when they mean nothing', () => {
    expect(parse('"a",1', { quotes: false })).toEqual(['"a"', 1]);
  });
  it.each([
    ['x', 'Expect 2 fields but have 1 in record 0'],
    ['', 'Expect 2 fields but have 0 in record 0'],
    ['x,1,', 'Expect 2 fields but have 3 in record 0'],
    ['x,', 'Field 1 is required but missing in record 0!'],
    ['x,y', 'Field 1 in record 0 is not a valid int32: y'],
    ['a"b,1', 'Unquoted fields cannot have quotes/CRLFs inside'],
    ['"a"b,1', 'Quote inside a string has to be escaped by another quote'],
    ['"a,1', 'Quoted field has to end with quote followed by delim or end'],
    ['"', 'Quoted field has to end with quote followed by delim or end'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
