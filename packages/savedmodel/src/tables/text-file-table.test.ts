import type { DType, Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { readTextFileTable, type TextFileOptions } from './text-file-table.js';

const read = (
  text: string,
  options: Partial<TextFileOptions> = {},
  dtypes: readonly [DType, DType] = ['string', 'int64'],
) =>
  readTextFileTable(new TextEncoder().encode(text), 'words.txt', dtypes[0], dtypes[1], {
    keyIndex: -2,
    valueIndex: -1,
    vocabSize: -1,
    delimiter: 9,
    offset: 0,
    ...options,
  });

describe('a vocabulary file', () => {
  it('gives lines and their numbers, without carriage returns', () => {
    const [keys, values] = read('a\r\nb c\nzoé', { offset: 10 });
    expect([(keys as Tensor<'string'>).text(), values.toArray()]).toEqual([
      ['a', 'b c', 'zoé'],
      [10n, 11n, 12n],
    ]);
  });

  it('gives columns of any dtype', () => {
    const [keys, values] = read('x\t1.5\ny\t inf', { keyIndex: 0, valueIndex: 1 }, ['string', 'float32']);
    expect([(keys as Tensor<'string'>).text(), values.toArray()]).toEqual([
      ['x', 'y'],
      [1.5, Infinity],
    ]);
  });

  it('may be cut off, but not be shorter than said', () => {
    expect(read('a\nb\nc', { vocabSize: 2 })[0].size).toBe(2);
    expect(() => read('a\nb', { vocabSize: 3 })).toThrow('Invalid vocab_size in words.txt: expected 3 but got 2');
  });

  it('says what is wrong with it', () => {
    expect(() => read('a\n\nb')).toThrow('Invalid content in words.txt: empty line found at position 3.');
    expect(() => read('a\tb\nc', { keyIndex: 1 })).toThrow(
      'Invalid number of columns in words.txt line 1 : expected 2 got 1',
    );
    expect(() => read('a\tb', { keyIndex: 0, valueIndex: 1 })).toThrow('Field b in line 0 is not a valid int64.');
    expect(() => read('a', {}, ['string', 'bool'])).toThrow('cannot hold bool values');
  });

  it('may be empty', () => {
    expect(read('')[0].size).toBe(0);
  });
});
