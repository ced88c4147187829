import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What the name of a file that is still being written ends with. */
const unfinished = '.partial';

/**
 * A file that is appended to and takes its name when it is complete, so that nobody takes half of one for a whole.
 * After a crash the records up to then are in `<path>.partial`.
 */
export class RecordFile {
  readonly path: string;
  readonly openedAt: number;
  #size = 0;
  readonly #file: FileHandle;

  private constructor(path: string, openedAt: number, file: FileHandle) {
    this.path = path;
    this.openedAt = openedAt;
    this.#file = file;
  }

  /** Creates a file, and its directory; one that is there already is an error. */
  static async create(path: string, now: number): Promise<RecordFile> {
    await mkdir(dirname(path), { recursive: true });
    // Recorded requests are for the owner of the server.
    return new RecordFile(path, now, await open(`${path}${unfinished}`, 'wx', 0o640));
  }

  get size(): number {
    return this.#size;
  }

  /** Writes records, all of them or none: what a failed write left is cut off again. */
  async append(records: readonly Uint8Array[]): Promise<void> {
    let bytes = 0;
    for (const record of records) bytes += record.length;
    try {
      let rest: Uint8Array = records.length === 1 ? records[0]! : Buffer.concat(records, bytes);
      let at = this.#size;
      while (rest.length > 0) {
        const { bytesWritten } = await this.#file.write(rest, 0, rest.length, at);
        rest = rest.subarray(bytesWritten);
        at += bytesWritten;
      }
      this.#size = at;
    } catch (error) {
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
  }

  /** Closes the file and gives it its name. */
  async finish(): Promise<void> {
    await this.#file.close();
    await rename(`${this.path}${unfinished}`, this.path);
  }
}
