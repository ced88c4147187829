import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maskedCrc32c } from './crc32c.js';
import { encodeTfRecord } from './encode-tf-record.js';
import { readTfRecords } from './read-tf-records.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tfrecord-'));
});
afterAll(() => rm(directory, { recursive: true }));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function read(...content: Uint8Array[]): Promise<string[]> {
  const path = join(directory, 'records');
  await writeFile(path, Buffer.concat(content));
  const records: string[] = [];
  for await (const record of readTfRecords(path)) records.push(Buffer.from(record).toString());
  return records;
}

test('the checksum is the one that TensorFlow writes', () => {
  // crc32c of "123456789" is 0xe3069283, the check value of the polynomial.
  const crc = 0xe3069283;
  expect(maskedCrc32c(text('123456789'))).toBe((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8);
});

test('a record has the bytes of the format', () => {
  expect(Buffer.from(encodeTfRecord(text('a'))).toString('hex')).toBe('01000000000000000175de4161786ee428');
});

test('records are read as they were written, empty ones and large ones too', async () => {
  const large = 'x'.repeat(100_001);
  expect(await read(...['one', '', large].map((value) => encodeTfRecord(text(value))))).toEqual(['one', '', large]);
  expect(await read()).toEqual([]);
});

test('a changed byte is found by the checksums', async () => {
  const damaged = (at: number): Uint8Array => {
    const record = encodeTfRecord(text('record'));
    record[at]! ^= 1;
    return record;
  };
  const first = encodeTfRecord(text('first'));
  await expect(read(first, damaged(0))).rejects.toMatchObject({ code: 'DATA_LOSS', message: 'corrupted record at 21' });
  await expect(read(first, damaged(13))).rejects.toMatchObject({
    code: 'DATA_LOSS',
    message: 'corrupted record at 33',
  });
});

test('a file that ends within a record is cut off', async () => {
  const record = encodeTfRecord(text('record'));
  for (const length of [5, 12, 21]) {
    await expect(read(record, record.subarray(0, length))).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: 'truncated record at 22',
    });
  }
});

test('a missing file is NOT_FOUND', async () => {
  await expect(readTfRecords(join(directory, 'missing')).next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
