import { open, type FileHandle } from 'node:fs/promises';
import { ServingError } from '../servable/serving-error.js';
import { maskedCrc32c } from './crc32c.js';

/** Length and its checksum before the data, the data's checksum after it. */
const headerBytes = 12;
const footerBytes = 4;

/**
 * Reads a TFRecord file record by record (TensorFlow's lib/io/record_reader.cc).
 *
 * @throws ServingError DATA_LOSS with the offset for a wrong checksum or a record that is cut off; NOT_FOUND without a
 * file
 */
export async function* readTfRecords(path: string): AsyncGenerator<Uint8Array, void> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    let offset = 0;
    while (offset < size) {
      const header = await readAt(file, offset, headerBytes, size);
      const length = checkedLength(header, offset);
      const record = await readAt(file, offset + headerBytes, length + footerBytes, size, offset);
      const data = record.subarray(0, length);
      if (maskedCrc32c(data) !== record.readUInt32LE(length)) throw corrupted(offset + headerBytes);
      yield data;
      offset += headerBytes + length + footerBytes;
    }
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT')
      throw new ServingError('UNKNOWN', 'FILE_NOT_READABLE', `${path}; ${message}`, { cause: error });
    throw new ServingError('NOT_FOUND', 'FILE_NOT_FOUND', `${path}; No such file or directory`, { cause: error });
  }
}

function checkedLength(header: Buffer, offset: number): number {
  if (maskedCrc32c(header.subarray(0, 8)) !== header.readUInt32LE(8)) throw corrupted(offset);
  const length = header.readBigUInt64LE(0);
  // The checksum was right, so it was meant; but no record of this size can be held.
  if (length > BigInt(2 ** 31)) throw corrupted(offset);
  return Number(length);
}

async function readAt(file: FileHandle, at: number, length: number, size: number, offset = at): Promise<Buffer> {
  if (at + length > size) throw truncated(offset);
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  if (bytesRead < length) throw truncated(offset);
  return buffer;
}

function corrupted(offset: number): ServingError {
  return new ServingError('DATA_LOSS', 'RECORD_CORRUPTED', `corrupted record at ${offset}`);
}

function truncated(offset: number): ServingError {
  return new ServingError('DATA_LOSS', 'RECORD_TRUNCATED', `truncated record at ${offset}`);
}
