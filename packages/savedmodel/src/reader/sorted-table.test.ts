import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { readSortedTable } from './sorted-table.js';
import { plain, snappyLiterals, writeTable, type Row } from './testing/write-table.js';
import { testdata } from './testing/testdata.js';

const rows: Row[] = Array.from({ length: 23 }, (_, at): Row => [
  `layer/${String(at).padStart(3, '0')}/kernel`,
  Uint8Array.from([at, at, at]),
]);

function readAll(table: Uint8Array): [string, number[]][] {
  return [...readSortedTable(table, 'table')].map(({ key, value }) => [Buffer.from(key).toString(), [...value]]);
}

function failure(table: Uint8Array): SavedModelError {
  try {
    readAll(table);
  } catch (error) {
    return error as SavedModelError;
  }
  throw new Error('The table was read');
}

const asText = rows.map(([key, value]) => [key, [...value]]);

describe('sorted tables', () => {
  it('gives keys and values over many blocks, in order', () => {
    expect(readAll(writeTable(rows))).toEqual(asText);
  });

  it('reads blocks compressed with snappy', () => {
    expect(readAll(writeTable(rows, snappyLiterals))).toEqual(asText);
  });

  it('reads an index that TensorFlow wrote', async () => {
    const keys = readAll(await readFile(testdata('bundle-sharded/bundle.index'))).map(([key]) => key);
    expect(keys.length).toBe(94);
    expect(keys.slice(0, 3)).toEqual(['', 'network/layer_000/kernel', 'network/layer_001/kernel']);
    expect(keys.at(-1)).toBe('network/name_2');
  });

  it('says where a checksum does not fit', () => {
    const table = writeTable(rows);
    table[3]! ^= 1;
    expect(failure(table)).toMatchObject({ code: 'DATA_LOSS', reason: 'CHECKSUM_MISMATCH', file: 'table', offset: 0 });
    expect(failure(table).message).toMatch(
      /^table: corrupt at byte 0: expected crc32c 0x[0-9a-f]{8} for a block of \d+ bytes, given 0x/,
    );
  });

  it.each([
    ['a file without a footer', new Uint8Array(47), 'TRUNCATED', 'expected at least the 48 bytes'],
    ['another magic number', new Uint8Array(48), 'BAD_MAGIC', 'given 0x0000000000000000'],
    [
      'a file that lost its beginning',
      writeTable(rows).subarray(10),
      'MALFORMED_TABLE',
      'expected a block before byte',
    ],
    ['keys out of order', writeTable([...rows].reverse()), 'MALFORMED_TABLE', 'ascending order'],
    ['a key twice', writeTable([rows[0]!, rows[0]!]), 'MALFORMED_TABLE', 'ascending order'],
    [
      'an entry that leaves its block',
      writeTable(rows, () => ({ stored: Uint8Array.from([0, 100, 0, 97, 0, 0, 0, 0, 1, 0, 0, 0]), type: 0 })),
      'MALFORMED_TABLE',
      'given 100 and 0 bytes of key and value',
    ],
    [
      'a prefix longer than the key before',
      writeTable(rows, () => ({ stored: Uint8Array.from([5, 1, 0, 97, 0, 0, 0, 0, 1, 0, 0, 0]), type: 0 })),
      'MALFORMED_TABLE',
      'shared prefix of at most 0 bytes, given 5',
    ],
    [
      'more restart points than bytes',
      writeTable(rows, () => ({ stored: Uint8Array.from([255, 255, 255, 127]), type: 0 })),
      'MALFORMED_TABLE',
      'room for 2147483647 restart points',
    ],
    [
      'a bad snappy block',
      writeTable(rows, () => ({ stored: Uint8Array.from([9]), type: 1 })),
      'MALFORMED_TABLE',
      'snappy',
    ],
    [
      'blocks of another compression',
      writeTable(rows, (b) => ({ ...plain(b), type: 4 })),
      'UNKNOWN_COMPRESSION',
      'given 4',
    ],
  ])('refuses %s', (_name, table, reason, problem) => {
    const error = failure(table);
    expect(error).toBeInstanceOf(SavedModelError);
    expect(error.reason).toBe(reason);
    expect(error.code).toBe(reason === 'UNKNOWN_COMPRESSION' ? 'UNIMPLEMENTED' : 'DATA_LOSS');
    expect(error.message).toContain(problem);
  });

  it('stops at keys that a small file blows up', () => {
    // Each entry adds one byte to a prefix as long as all before it: 30,000 of them are 450 MB of keys in 170 KB.
    const entries: number[] = [];
    for (let at = 0; at < 30_000; at++) {
      entries.push(
        ...(at < 128
          ? [at]
          : at < 16_384
            ? [(at % 128) | 128, at >> 7]
            : [(at % 128) | 128, ((at >> 7) % 128) | 128, at >> 14]),
      );
      entries.push(1, 0, 97);
    }
    const huge = Uint8Array.from([...entries, 0, 0, 0, 0, 1, 0, 0, 0]);
    const table = writeTable([['z', new Uint8Array(0)]], () => ({ stored: huge, type: 0 }));
    expect(failure(table)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'TOO_MANY_KEYS' });
  });
});
