import { maskedCrc32c } from './crc32c.js';

/**
 * One record as a TFRecord file holds it: u64 length, its masked crc32c, the data, its masked crc32c, little-endian
 * (TensorFlow's lib/io/record_writer.cc). A file is its records one after the other.
 */
export function encodeTfRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return record;
}
