import type { Tensor } from '@servable/tensor';
import { stringTensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { LookupTable } from './lookup-table.js';

const words = () => {
  const table = new LookupTable('string', 'int64');
  table.insert(stringTensor([3], ['a', '', 'a\0']), tensor([1, 2, 3], 'int64'), 'refuse');
  return table;
};

describe('a lookup table', () => {
  it('finds keys by their bytes and gives the default for others', () => {
    const keys = stringTensor([2, 2], ['', 'a\0', Uint8Array.of(0xff), 'a']);
    expect(words().find(keys, tensor(-1n, 'int64')).toArray()).toEqual([
      [2n, 3n],
      [-1n, 1n],
    ]);
    expect(words().find(stringTensor([0], []), tensor(-1n, 'int64')).shape).toEqual([0]);
  });

  it('takes one default per key', () => {
    const found = words().find(stringTensor([2], ['x', 'a']), tensor([7, 8], 'int64'));
    expect(found.toArray()).toEqual([7n, 1n]);
  });

  it('holds vectors', () => {
    const table = new LookupTable('int64', 'float32', [2]);
    table.insert(
      tensor([5, -6], 'int64'),
      tensor([
        [1, 2],
        [3, 4],
      ]),
      'replace',
    );
    expect(table.find(tensor([-6, 0], 'int64'), tensor([9, 9])).toArray()).toEqual([
      [3, 4],
      [9, 9],
    ]);
  });

  it('refuses a second value for a key, or takes the last', () => {
    const again = [stringTensor([1], ['a']), tensor([9], 'int64')] as const;
    expect(() => words().insert(...again, 'refuse')).toThrow(
      'HashTable has different value for same key. Key a has 1 and trying to add value 9',
    );
    const table = words();
    table.insert(...again, 'replace');
    expect([table.size, table.find(again[0], tensor(0n, 'int64')).toArray()]).toEqual([3, [9n]]);
  });

  it('refuses the wrong dtypes and shapes', () => {
    expect(() => words().find(tensor([1], 'int64'), tensor(0n, 'int64'))).toThrow('Expected keys of dtype string');
    expect(() => words().find(stringTensor([1], ['a']), tensor(0, 'float32'))).toThrow('dtype int64');
    expect(() => words().insert(stringTensor([1], ['a']), tensor([1, 2], 'int64'), 'refuse')).toThrow(
      'Expected shape [1]',
    );
  });

  it('exports what it holds', () => {
    const [keys, values] = words().export();
    expect([(keys as Tensor<'string'>).text(), values.toArray()]).toEqual([
      ['a', '', 'a\0'],
      [1n, 2n, 3n],
    ]);
  });
});

describe('a dense table', () => {
  it('is restored without its free places, whose keys must not be looked up', () => {
    const table = new LookupTable('int64', 'int64', [], [tensor(-1n, 'int64'), tensor(-2n, 'int64')]);
    table.restore(tensor([[-1], [3], [-2], [4]], 'int64'), tensor([[0], [30], [7], [40]], 'int64'));
    expect([table.size, table.find(tensor([4, 3, 5], 'int64'), tensor(0n, 'int64')).toArray()]).toEqual([
      2,
      [40n, 30n, 0n],
    ]);
    expect(() => table.find(tensor([-1], 'int64'), tensor(0n, 'int64'))).toThrow('Using the empty_key as a table key');
    expect(() => table.find(tensor([-2], 'int64'), tensor(0n, 'int64'))).toThrow(
      'Using the deleted_key as a table key',
    );
  });
});

describe('a table that requests change', () => {
  it('takes keys away and keeps the others', () => {
    const table = words();
    table.remove(stringTensor([2], ['', 'not there']));
    expect(table.size).toBe(2);
    expect(table.find(stringTensor([3], ['', 'a', 'a\0']), tensor(-1n, 'int64')).toArray()).toEqual([-1n, 1n, 3n]);
    table.write(stringTensor([2], ['b', 'a']), tensor([4, 5], 'int64'));
    const [keys, values] = table.export();
    expect([keys.text(), values.toArray()]).toEqual([
      ['a', 'a\0', 'b'],
      [5n, 3n, 4n],
    ]);
  });

  it('forgets everything for an import', () => {
    const table = words();
    table.write(stringTensor([1], ['only']), tensor([9], 'int64'), true);
    expect(table.export().map((tensor) => tensor.toArray())).toEqual([['only'], [9n]]);
  });

  it('keeps its vectors together', () => {
    const table = new LookupTable('int64', 'int32', [2]);
    table.write(
      tensor([1, 2, 3], 'int64'),
      tensor(
        [
          [1, 10],
          [2, 20],
          [3, 30],
        ],
        'int32',
      ),
    );
    table.remove(tensor([1], 'int64'));
    expect(table.find(tensor([3, 1, 2], 'int64'), tensor([0, 0], 'int32')).toArray()).toEqual([
      [3, 30],
      [0, 0],
      [2, 20],
    ]);
  });

  it('refuses reserved keys and is not changed by what it refuses', () => {
    const table = new LookupTable('int64', 'int64', [], [tensor(-1n, 'int64'), tensor(-2n, 'int64')]);
    expect(() => table.write(tensor([1, -2], 'int64'), tensor([1, 2], 'int64'))).toThrow('deleted_key');
    expect(() => table.remove(tensor([-1], 'int64'))).toThrow('empty_key');
    expect(() => table.write(tensor([1, 2], 'int64'), tensor([1], 'int64'))).toThrow('Expected shape [2]');
    expect(table.size).toBe(0);
  });
});
