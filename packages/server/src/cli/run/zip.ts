import { crc32, inflateRawSync } from 'node:zlib';
import { ServingError } from '@servable/core';

// The format is PKWARE's APPNOTE.TXT: local headers with the files' bytes, the central directory, and its end record.
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const END_RECORD_64 = 0x06064b50;
const END_LOCATOR_64 = 0x07064b50;
const END_RECORD_BYTES = 22;
const MOST_COMMENT_BYTES = 0xffff;
/** What a field holds whose value stands in the ZIP64 extra field. */
const IN_EXTRA = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;

/**
 * Reads the files of a ZIP archive by their names: stored and deflated ones, ZIP64 included, with their checksums.
 *
 * @throws ServingError INVALID_ARGUMENT `ZIP_MALFORMED`; UNIMPLEMENTED `ZIP_UNSUPPORTED` for encryption and other methods
 */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  try {
    return readEntries(bytes);
  } catch (error) {
    if (error instanceof ServingError) throw error;
    throw malformed(error instanceof Error ? error.message : String(error), error);
  }
}

function readEntries(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let { count, offset } = centralDirectory(view);
  const files = new Map<string, Uint8Array>();
  for (; count > 0; count -= 1) {
    if (view.getUint32(offset, true) !== CENTRAL_HEADER) throw malformed(`no entry of its directory at byte ${offset}`);
    const flags = view.getUint16(offset + 8, true);
    const method = view.getUint16(offset + 10, true);
    const checksum = view.getUint32(offset + 16, true);
    const nameLength = view.getUint16(offset + 28, true);
    const extraLength = view.getUint16(offset + 30, true);
    const nameBytes = bytes.subarray(offset + 46, offset + 46 + nameLength);
    const name = new TextDecoder().decode(nameBytes);
    const extra = new DataView(bytes.buffer, bytes.byteOffset + offset + 46 + nameLength, extraLength);
    const [size, stored, start] = sizes(view, offset, extra);
    if ((flags & 1) !== 0 || (method !== STORED && method !== DEFLATED)) {
      throw new ServingError(
        'UNIMPLEMENTED',
        'ZIP_UNSUPPORTED',
        `Cannot read ${name} of the archive: expected it stored or deflated, given ${flags & 1 ? 'an encrypted file' : `method ${method}`}`,
      );
    }
    if (view.getUint32(start, true) !== LOCAL_HEADER) throw malformed(`no file at byte ${start}`);
    const dataStart = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    if (dataStart + stored > bytes.length) throw malformed(`${name} ends behind the end of the archive`);
    const data = bytes.subarray(dataStart, dataStart + stored);
    const contents = method === STORED ? data : inflateRawSync(data, { maxOutputLength: Math.max(1, size) });
    if (contents.length !== size) throw malformed(`${name} has ${contents.length} bytes, and its entry says ${size}`);
    if (crc32(contents) !== checksum) throw malformed(`the checksum of ${name} is wrong`);
    files.set(name, contents);
    offset += 46 + nameLength + extraLength + view.getUint16(offset + 32, true);
  }
  return files;
}

function centralDirectory(view: DataView): { count: number; offset: number } {
  const last = view.byteLength - END_RECORD_BYTES;
  for (let at = last; at >= Math.max(0, last - MOST_COMMENT_BYTES); at -= 1) {
    if (view.getUint32(at, true) !== END_RECORD) continue;
    const count = view.getUint16(at + 10, true);
    const offset = view.getUint32(at + 16, true);
    if (count !== 0xffff && offset !== IN_EXTRA) return { count, offset };
    if (at < 20 || view.getUint32(at - 20, true) !== END_LOCATOR_64) return { count, offset };
    const end = Number(view.getBigUint64(at - 12, true));
    if (view.getUint32(end, true) !== END_RECORD_64) throw malformed(`no end record at byte ${end}`);
    return { count: Number(view.getBigUint64(end + 32, true)), offset: Number(view.getBigUint64(end + 48, true)) };
  }
  throw malformed('it has no end record');
}

/** Bytes of a file and of what is stored of it, and where its local header is. */
function sizes(view: DataView, offset: number, extra: DataView): [size: number, stored: number, start: number] {
  const values = [offset + 24, offset + 20, offset + 42].map((at) => view.getUint32(at, true));
  if (!values.includes(IN_EXTRA)) return values as [number, number, number];
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return values.map((value) => {
      if (value !== IN_EXTRA) return value;
      next += 8;
      return Number(extra.getBigUint64(next - 8, true));
    }) as [number, number, number];
  }
  return values as [number, number, number];
}

/**
 * Writes a ZIP archive of stored files, as parts to be written one behind the other.
 *
 * @throws ServingError RESOURCE_EXHAUSTED `ZIP_TOO_LARGE` over 4 GiB
 */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, contents] of files) {
    const nameBytes = new TextEncoder().encode(name);
    const common = (view: DataView, at: number) => {
      view.setUint16(at, 20, true); // version 2.0 is needed
      view.setUint16(at + 2, 0x0800, true); // the name is UTF-8
      view.setUint16(at + 4, STORED, true);
      view.setUint32(at + 6, 0x00210000, true); // 1980-01-01, so that equal contents make equal files
      view.setUint32(at + 10, crc32(contents), true);
      view.setUint32(at + 14, contents.length, true);
      view.setUint32(at + 18, contents.length, true);
      view.setUint16(at + 22, nameBytes.length, true);
    };
    const local = header(30, nameBytes, LOCAL_HEADER, (view) => common(view, 4));
    const central = header(46, nameBytes, CENTRAL_HEADER, (view) => {
      view.setUint16(4, 20, true);
      common(view, 6);
      view.setUint32(42, offset, true);
    });
    if (offset + local.length + contents.length > IN_EXTRA) {
      throw new ServingError('RESOURCE_EXHAUSTED', 'ZIP_TOO_LARGE', 'The archive would be over 4 GiB');
    }
    parts.push(local, contents);
    directory.push(central);
    offset += local.length + contents.length;
  }
  const end = header(END_RECORD_BYTES, new Uint8Array(), END_RECORD, (view) => {
    view.setUint16(8, files.size, true);
    view.setUint16(10, files.size, true);
    view.setUint32(
      12,
      directory.reduce((sum, { length }) => sum + length, 0),
      true,
    );
    view.setUint32(16, offset, true);
  });
  return [...parts, ...directory, end];
}

function header(bytes: number, name: Uint8Array, signature: number, fill: (view: DataView) => void): Uint8Array {
  const target = new Uint8Array(bytes + name.length);
  const view = new DataView(target.buffer);
  view.setUint32(0, signature, true);
  fill(view);
  target.set(name, bytes);
  return target;
}

function malformed(what: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'ZIP_MALFORMED', `Malformed ZIP archive: ${what}`, { cause });
}
