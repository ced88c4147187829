import { type Clock, systemClock } from '../../servable/clock.js';
import type { Logger } from '../../servable/logger.js';
import { ServingError, type StatusCode } from '../../servable/serving-error.js';
import { encodeTfRecord } from '../../tfrecord/encode-tf-record.js';
import { RecordFile } from './record-file.js';

/** How files of records are cut, and how much may wait to be written. */
export interface RecordCollectorOptions {
  /** A file that has this many bytes is complete; default 268 435 456 (256 MiB). */
  readonly maxFileBytes?: number | undefined;
  /** A file is complete after this many milliseconds; default 600 000 (10 minutes). */
  readonly maxFileAgeMs?: number | undefined;
  /** Most bytes of records that wait to be written; those that come then are dropped. Default 67 108 864 (64 MiB). */
  readonly maxQueuedBytes?: number | undefined;
}

export interface RecordCollectorDependencies {
  readonly logger: Logger;
  /** Told of each record once it is known what became of it: OK, RESOURCE_EXHAUSTED when dropped, or UNAVAILABLE. */
  readonly onRecord: (code: StatusCode) => void;
  readonly clock?: Clock | undefined;
  /** Time of day in milliseconds, for the names of files; default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export type ResolvedRecordCollectorOptions = { readonly [K in keyof RecordCollectorOptions]-?: number };

/** @throws ServingError INVALID_ARGUMENT `OPTION_INVALID` for what is no whole number above 0 */
export function resolveRecordCollectorOptions(options: RecordCollectorOptions = {}): ResolvedRecordCollectorOptions {
  const resolved = {
    maxFileBytes: options.maxFileBytes ?? 2 ** 28,
    maxFileAgeMs: options.maxFileAgeMs ?? 600_000,
    maxQueuedBytes: options.maxQueuedBytes ?? 2 ** 26,
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new ServingError(
      'INVALID_ARGUMENT',
      'OPTION_INVALID',
      `requestLog.${name} must be a whole number above 0; got ${value}`,
    );
  }
  return resolved;
}

/** Files of all collectors of the process, so that two names never meet. */
let fileCount = 0;

/**
 * Writes records to TFRecord files, `<prefix>-<time>-<pid>-<number>.tfrecord`, without ever holding up whoever brings
 * them: they wait in a bounded queue, in which they are dropped when it is full. A file is complete when it is large or
 * old enough; until then its name ends in `.partial`.
 */
export class RecordCollector {
  readonly #prefix: string;
  readonly #options: ResolvedRecordCollectorOptions;
  readonly #logger: Logger;
  readonly #onRecord: (code: StatusCode) => void;
  readonly #clock: Clock;
  readonly #now: () => number;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #lastBytes = 0;
  #writing: Promise<void> | undefined;
  #file: RecordFile | undefined;
  #cancelEnd: (() => void) | undefined;
  #closed = false;
  #lastProblem = '';

  /** @param prefix - absolute path that the names of the files start with */
  constructor(
    prefix: string,
    options: ResolvedRecordCollectorOptions,
    { logger, onRecord, clock = systemClock, now = Date.now }: RecordCollectorDependencies,
  ) {
    this.#prefix = prefix;
    this.#options = options;
    this.#logger = logger;
    this.#onRecord = onRecord;
    this.#clock = clock;
    this.#now = now;
  }

  /**
   * Whether there is likely to be room for one more like the last, so that none is made in vain; where there is none, a
   * record counts as dropped.
   */
  hasRoom(): boolean {
    const isFull = this.#queuedBytes > 0 && this.#queuedBytes + this.#lastBytes > this.#options.maxQueuedBytes;
    if (!this.#closed && !isFull) return true;
    this.#onRecord('RESOURCE_EXHAUSTED');
    return false;
  }

  /** Takes the data of one record. The bytes are the collector's from now on. */
  add(data: Uint8Array): void {
    const record = encodeTfRecord(data);
    this.#lastBytes = record.length;
    if (this.#closed || this.#queuedBytes + record.length > this.#options.maxQueuedBytes) {
      this.#onRecord('RESOURCE_EXHAUSTED');
      return;
    }
    this.#queue.push(record);
    this.#queuedBytes += record.length;
    this.#writing ??= this.#write();
  }

  /** Writes what waits and completes the file. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#finishFile();
  }

  async #write(): Promise<void> {
    // What comes in the same turn goes out together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const records = this.#take();
      const code = await this.#append(records);
      for (let index = 0; index < records.length; index++) this.#onRecord(code);
    }
    this.#writing = undefined;
  }

  /** As many as fit into the file, at least one. */
  #take(): readonly Uint8Array[] {
    let count = 0;
    let bytes = 0;
    const room = this.#options.maxFileBytes - (this.#file?.size ?? 0);
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count]!.length <= room)) {
      bytes += this.#queue[count++]!.length;
    }
    return this.#queue.splice(0, count);
  }

  async #append(records: readonly Uint8Array[]): Promise<StatusCode> {
    let code: StatusCode = 'OK';
    try {
      this.#file ??= await this.#open();
      await this.#file.append(records);
      this.#lastProblem = '';
    } catch (error) {
      this.#report(error);
      code = 'UNAVAILABLE';
    }
    for (const record of records) this.#queuedBytes -= record.length;
    if (this.#file !== undefined && this.#file.size >= this.#options.maxFileBytes) await this.#finishFile();
    return code;
  }

  async #open(): Promise<RecordFile> {
    const time = new Date(this.#now()).toISOString().replace(/[-:]|\.\d+/g, '');
    const number = String(fileCount++).padStart(5, '0');
    const file = await RecordFile.create(
      `${this.#prefix}-${time}-${process.pid}-${number}.tfrecord`,
      this.#clock.now(),
    );
    this.#cancelEnd = this.#clock.schedule(this.#options.maxFileAgeMs, () => {
      // After what is being written, as only one may use the file at a time.
      this.#writing = (this.#writing ?? Promise.resolve())
        .then(() => this.#finishFile())
        .then(() => (this.#queue.length > 0 ? this.#write() : void (this.#writing = undefined)));
    });
    return file;
  }

  async #finishFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#cancelEnd?.();
    try {
      await file.finish();
    } catch (error) {
      this.#report(error);
    }
  }

  /** Once for each problem, and not for every record. */
  #report(error: unknown): void {
    const { message } = error as Error;
    if (message === this.#lastProblem) return;
    this.#lastProblem = message;
    this.#logger.error(`Requests cannot be recorded at ${this.#prefix}: ${message}`);
  }
}
