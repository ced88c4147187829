import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { readFixed32 } from '../reader/byte-cursor.js';
import { extendCrc32c, maskCrc32c } from '../reader/masked-crc.js';

const inflate = promisify(gunzip);

/** Bytes that one compressed file of nodes may hold. */
const MAX_INFLATED_BYTES = 2 ** 31 - 1;

const BLOB_HEADER_BYTES = 8;
const NEWEST_BLOB_VERSION = 1;
const GZIP = 1;

/** The containers of nodes that Yggdrasil Decision Forests registers (`model/decision_tree/decision_tree_io_*.cc`). */
export const NODE_FORMATS: readonly string[] = ['BLOB_SEQUENCE', 'BLOB_SEQUENCE_GZIP', 'TFE_RECORDIO'];

/**
 * The records of one file of nodes, as views.
 *
 * @param format - one of {@link NODE_FORMATS}
 * @throws SavedModelError DATA_LOSS `MALFORMED_RECORDS`, `CHECKSUM_MISMATCH`; UNIMPLEMENTED `UNKNOWN_NODE_FORMAT`
 */
export async function nodeRecords(bytes: Uint8Array, format: string, file: string): Promise<Iterable<Uint8Array>> {
  switch (format) {
    case 'BLOB_SEQUENCE':
    case 'BLOB_SEQUENCE_GZIP':
      return blobs(await blobBody(bytes, file), file);
    case 'TFE_RECORDIO':
      // Written compressed or not; the first bytes say which.
      return tensorFlowRecords(isGzip(bytes) ? await inflated(bytes, file) : bytes, file);
    default:
      throw new SavedModelError(
        'UNIMPLEMENTED',
        'UNKNOWN_NODE_FORMAT',
        `${file}: expected nodes in one of ${NODE_FORMATS.join(', ')}, given ${JSON.stringify(format)}`,
        { file },
      );
  }
}

/** What stands behind the header of a blob sequence (`utils/blob_sequence.h`). */
async function blobBody(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  if (bytes.length < BLOB_HEADER_BYTES || bytes[0] !== 0x42 || bytes[1] !== 0x53) {
    throw malformed(file, 0, 'a blob sequence, which begins with BS', 'something else');
  }
  const version = (bytes[2] ?? 0) | ((bytes[3] ?? 0) << 8);
  if (version > NEWEST_BLOB_VERSION) {
    throw malformed(file, 2, `version ${NEWEST_BLOB_VERSION} or before of the blob sequence`, `version ${version}`);
  }
  const body = bytes.subarray(BLOB_HEADER_BYTES);
  const compression = version >= 1 ? bytes[4] : 0;
  if (compression === 0) return body;
  if (compression === GZIP) return inflated(body, file);
  throw malformed(file, 4, 'a compression of 0 or 1', String(compression));
}

function* blobs(bytes: Uint8Array, file: string): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 4) throw malformed(file, at, 'the length of a blob', 'the end of the file');
    const length = readFixed32(bytes, at);
    at += 4;
    if (length > bytes.length - at) throw malformed(file, at, `a blob of ${length} bytes`, 'the end of the file');
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** A TFRecord file: length, its checksum, bytes, their checksum (`tensorflow/core/lib/io/record_reader.cc`). */
function* tensorFlowRecords(bytes: Uint8Array, file: string): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 16) throw malformed(file, at, 'a record', 'the end of the file');
    check(bytes.subarray(at, at + 8), readFixed32(bytes, at + 8), file, at);
    const length = readFixed32(bytes, at) + readFixed32(bytes, at + 4) * 2 ** 32;
    at += 12;
    if (length > bytes.length - at - 4) throw malformed(file, at, `a record of ${length} bytes`, 'the end of the file');
    const record = bytes.subarray(at, at + length);
    check(record, readFixed32(bytes, at + length), file, at);
    yield record;
    at += length + 4;
  }
}

function check(bytes: Uint8Array, masked: number, file: string, offset: number): void {
  if (maskCrc32c(extendCrc32c(0, bytes)) === masked) return;
  throw new SavedModelError('DATA_LOSS', 'CHECKSUM_MISMATCH', `${file}: a record at byte ${offset} is corrupt`, {
    file,
    offset,
  });
}

const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function inflated(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  try {
    return await inflate(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_RECORDS',
      `${file}: expected nodes compressed with gzip, of at most ${MAX_INFLATED_BYTES} bytes: ${(cause as Error).message}`,
      { cause, file },
    );
  }
}

function malformed(file: string, offset: number, expected: string, given: string): SavedModelError {
  return new SavedModelError(
    'DATA_LOSS',
    'MALFORMED_RECORDS',
    `${file}: expected ${expected} at byte ${offset}, given ${given}`,
    { file, offset },
  );
}
