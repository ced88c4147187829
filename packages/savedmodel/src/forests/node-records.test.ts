import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extendCrc32c, maskCrc32c } from '../reader/masked-crc.js';
import { nodeRecords } from './node-records.js';

const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const texts = async (file: Uint8Array, format: string) =>
  [...(await nodeRecords(file, format, 'nodes'))].map((record) => Buffer.from(record).toString());

function blobSequence(version: number, compression: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('BS'), bytes(version, 0, compression, 0, 0, 0), body]);
}

function tensorFlowRecord(text: string): Uint8Array {
  const data = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  const crc = (of: Uint8Array) => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(maskCrc32c(extendCrc32c(0, of)));
    return checksum;
  };
  return Buffer.concat([length, crc(length), data, crc(data)]);
}

const oak = Buffer.concat([
  bytes(3, 0, 0, 0),
  Buffer.from('oak'),
  bytes(0, 0, 0, 0),
  bytes(1, 0, 0, 0),
  Buffer.from('x'),
]);

describe('the records of a file of nodes', () => {
  it('are those of a blob sequence, compressed or not, of both versions', async () => {
    expect(await texts(blobSequence(0, 1, oak), 'BLOB_SEQUENCE')).toEqual(['oak', '', 'x']);
    expect(await texts(blobSequence(1, 0, oak), 'BLOB_SEQUENCE')).toEqual(['oak', '', 'x']);
    expect(await texts(blobSequence(1, 1, gzipSync(oak)), 'BLOB_SEQUENCE_GZIP')).toEqual(['oak', '', 'x']);
  });

  it('are those of a TFRecord file, compressed or not', async () => {
    const file = Buffer.concat([tensorFlowRecord('oak'), tensorFlowRecord('')]);
    expect(await texts(file, 'TFE_RECORDIO')).toEqual(['oak', '']);
    expect(await texts(gzipSync(file), 'TFE_RECORDIO')).toEqual(['oak', '']);
  });

  it.each([
    ['another file', bytes(1, 2, 3), 'BLOB_SEQUENCE', 'MALFORMED_RECORDS'],
    ['a newer version', blobSequence(2, 0, oak), 'BLOB_SEQUENCE', 'MALFORMED_RECORDS'],
    ['an unknown compression', blobSequence(1, 2, oak), 'BLOB_SEQUENCE', 'MALFORMED_RECORDS'],
    ['a cut-off length', blobSequence(1, 0, oak.subarray(0, 9)), 'BLOB_SEQUENCE', 'MALFORMED_RECORDS'],
    ['a cut-off blob', blobSequence(1, 0, oak.subarray(0, 6)), 'BLOB_SEQUENCE', 'MALFORMED_RECORDS'],
    ['damaged compression', blobSequence(1, 1, oak), 'BLOB_SEQUENCE', 'MALFORMED_RECORDS'],
    ['a cut-off record', tensorFlowRecord('oak').subarray(0, 17), 'TFE_RECORDIO', 'MALFORMED_RECORDS'],
    [
      'a damaged record',
      tensorFlowRecord('oak').map((b, i) => (i === 12 ? b ^ 1 : b)),
      'TFE_RECORDIO',
      'CHECKSUM_MISMATCH',
    ],
    ['another format', oak, 'SSTABLE', 'UNKNOWN_NODE_FORMAT'],
  ])('refuse %s', async (_, file, format, reason) => {
    await expect(texts(file, format)).rejects.toMatchObject({ reason });
  });
});
