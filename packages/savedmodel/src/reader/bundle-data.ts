import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { BundleEntry } from './bundle-index.js';
import { allocateBytes, DataFile } from './data-file.js';
import { formatCrc32c, unmaskCrc32c } from './masked-crc.js';
import type { Checkpoint } from './read-options.js';
import { readStringValues } from './string-values.js';

/** The data files of a bundle, `<prefix>.data-00000-of-00003` and so on. Each is opened when it is first needed. */
export class BundleData {
  readonly #prefix: string;
  readonly #shards: number;
  readonly #files = new Map<number, Promise<DataFile>>();

  constructor(prefix: string, shards: number) {
    this.#prefix = prefix;
    this.#shards = shards;
  }

  /**
   * The open data file of an entry, which holds all of the entry's bytes.
   *
   * @throws SavedModelError NOT_FOUND `FILE_NOT_FOUND`; DATA_LOSS `TRUNCATED`
   */
  async fileOf(key: string, entry: BundleEntry): Promise<DataFile> {
    let opening = this.#files.get(entry.shard);
    if (opening === undefined) {
      const digits = (value: number) => String(value).padStart(5, '0');
      opening = DataFile.open(`${this.#prefix}.data-${digits(entry.shard)}-of-${digits(this.#shards)}`);
      this.#files.set(entry.shard, opening);
      // A file that was not there may come; the failure itself reaches whoever asked.
      opening.catch(() => this.#files.delete(entry.shard));
    }
    const file = await opening;
    if (entry.offset + entry.byteLength > file.size) {
      throw new SavedModelError(
        'DATA_LOSS',
        'TRUNCATED',
        `${file.path}: truncated: expected ${entry.byteLength} bytes of '${key}' at byte ${entry.offset}, given a file of ` +
          `${file.size} bytes`,
        { file: file.path, offset: entry.offset },
      );
    }
    return file;
  }

  /**
   * Reads the stored bytes of an entry into `target`, which has exactly their size, and checks them.
   *
   * @param key - for messages
   * @throws SavedModelError DATA_LOSS `TRUNCATED`, `CHECKSUM_MISMATCH`; as {@link fileOf}
   */
  async fill(key: string, entry: BundleEntry, target: Uint8Array, check: Checkpoint): Promise<void> {
    const file = await this.fileOf(key, entry);
    const crc = await file.read(target, entry.offset, check);
    const stored = unmaskCrc32c(entry.maskedCrc32c);
    if (crc !== stored) {
      throw new SavedModelError(
        'DATA_LOSS',
        'CHECKSUM_MISMATCH',
        `${file.path}: corrupt at byte ${entry.offset}: expected crc32c ${formatCrc32c(stored)} for the ` +
          `${entry.byteLength} bytes of '${key}', given ${formatCrc32c(crc)}`,
        { file: file.path, offset: entry.offset },
      );
    }
  }

  /**
   * Reads the strings of an entry.
   *
   * @returns views of one buffer
   * @throws SavedModelError DATA_LOSS `TRUNCATED`, `MALFORMED_STRINGS`; as {@link fileOf}
   */
  async strings(key: string, entry: BundleEntry, check: Checkpoint): Promise<readonly Uint8Array[]> {
    const file = await this.fileOf(key, entry);
    const stored = allocateBytes(entry.byteLength, `'${key}'`);
    await file.read(stored, entry.offset, check);
    const values = readStringValues(stored, entry.size, entry.maskedCrc32c);
    if (Array.isArray(values)) return values;
    const offset = entry.offset + values.offset;
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_STRINGS',
      `${file.path}: corrupt at byte ${offset} in '${key}': ${values.problem}`,
      { file: file.path, offset },
    );
  }

  /** Closes the files; readings that are under way fail. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    // A file that could not be opened has told its reader so.
    await Promise.allSettled(files.map(async (file) => (await file).close()));
  }
}
