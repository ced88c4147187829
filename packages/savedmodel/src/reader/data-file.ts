import { constants, open, type FileHandle } from 'node:fs/promises';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { fileError } from './file-error.js';
import { extendCrc32c } from './masked-crc.js';
import type { Checkpoint } from './read-options.js';

/**
 * Bytes of one read. The checksum of a part is computed while the next part is being read, and the event loop gets a
 * turn after each (a part takes about half a millisecond).
 */
const PART_BYTES = 8 * 1024 * 1024;

/** Without waiting: the opening of a named pipe would else wait for a writer. Windows has no such flag, nor the need. */
const OPEN_FLAGS = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** A file that is open for reading at any position; several readings may be under way at once. */
export class DataFile {
  readonly path: string;
  /** Bytes in it when it was opened. */
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /**
   * @throws SavedModelError NOT_FOUND `FILE_NOT_FOUND`, PERMISSION_DENIED `FILE_NOT_READABLE`, FAILED_PRECONDITION
   * `NOT_A_FILE`, RESOURCE_EXHAUSTED `TOO_MANY_OPEN_FILES`
   */
  static async open(path: string): Promise<DataFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, OPEN_FLAGS);
    } catch (cause) {
      throw fileError(path, 'open', cause);
    }
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) {
        // A pipe or a device has no size and could keep the reading waiting for ever.
        throw new SavedModelError('FAILED_PRECONDITION', 'NOT_A_FILE', `Cannot read ${path}: expected a regular file`, {
          file: path,
        });
      }
      return new DataFile(path, stats.size, handle);
    } catch (error) {
      await handle.close();
      throw error instanceof SavedModelError ? error : fileError(path, 'open', error);
    }
  }

  /**
   * Fills `target` with the bytes at `position`, without a copy in between.
   *
   * @returns the crc32c of the bytes
   * @throws SavedModelError DATA_LOSS `TRUNCATED` when the file ends before; what `check` throws
   */
  async read(target: Uint8Array, position: number, check: Checkpoint): Promise<number> {
    let crc = 0;
    let done = 0;
    let reading = this.#readPart(target, 0, position);
    while (done < target.length) {
      const part = await reading;
      const at = done;
      done += part;
      check();
      if (done < target.length) reading = this.#readPart(target, done, position + done);
      crc = extendCrc32c(crc, target.subarray(at, done));
    }
    return crc;
  }

  async #readPart(target: Uint8Array, from: number, position: number): Promise<number> {
    const length = Math.min(PART_BYTES, target.length - from);
    if (length === 0) return 0;
    let count: number;
    try {
      count = (await this.#handle.read(target, from, length, position)).bytesRead;
    } catch (cause) {
      throw fileError(this.path, 'read', cause);
    }
    if (count === 0) {
      throw new SavedModelError(
        'DATA_LOSS',
        'TRUNCATED',
        `${this.path}: truncated: expected ${target.length - from} more bytes at byte ${position}, given the end of the file`,
        { file: this.path, offset: position },
      );
    }
    return count;
  }

  /** Closes the file; a reading that is under way fails. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * Reads a whole file of at most `limit` bytes.
 *
 * @throws SavedModelError as {@link DataFile.open}; RESOURCE_EXHAUSTED `FILE_TOO_LARGE`
 */
export async function readWholeFile(path: string, limit: number, check: Checkpoint): Promise<Uint8Array> {
  const file = await DataFile.open(path);
  try {
    if (file.size > limit) {
      throw new SavedModelError(
        'RESOURCE_EXHAUSTED',
        'FILE_TOO_LARGE',
        `${path}: expected at most ${limit} bytes, given ${file.size}`,
        { file: path },
      );
    }
    const bytes = allocateBytes(file.size, path);
    await file.read(bytes, 0, check);
    return bytes;
  } finally {
    await file.close();
  }
}

/**
 * Memory for bytes that a file is known to hold.
 *
 * @param what - for messages
 * @throws SavedModelError RESOURCE_EXHAUSTED `OUT_OF_MEMORY` when there is not so much, or no typed array can be so long
 */
export function allocateBytes(bytes: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new SavedModelError('RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY', `No memory for the ${bytes} bytes of ${what}`, {
      cause,
    });
  }
}
