import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, encodeTfRecord, type Logger, readTfRecords, ServingError } from '@servable/core';
import { readWarmupLog } from './read-warmup-log.js';
import type { ResolvedTrafficWarmup } from './traffic-options.js';
import { TrafficSample } from './traffic-sample.js';

/** How often samples that have changed are written to their directory. */
export const saveIntervalMs = 10_000;

interface Entry {
  readonly sample: TrafficSample;
  readonly options: ResolvedTrafficWarmup;
  /** Resolves when what an earlier process has left is in the sample. */
  readonly loaded: Promise<void>;
  /** The number of changes that is on disk. */
  saved: number;
  /** How the last attempt to write ended, so that a full disk is one line of the log and not one every ten seconds. */
  problem: string | undefined;
}

/** The file that keeps the sample of a model: a TFRecord file of PredictionLogs, as warm-up files are. */
export function trafficFile(directory: string, name: string): string {
  return join(directory, `${encodeURIComponent(name)}.tfrecord`);
}

/** The samples of all models, and their files. */
export class TrafficSamples implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  #cancel: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The sample of a model, with what an earlier process has left of it. */
  async open(name: string, options: ResolvedTrafficWarmup): Promise<TrafficSample> {
    let entry = this.#entries.get(name);
    if (entry === undefined || !isSame(entry.options, options)) {
      const sample = new TrafficSample(name, options);
      const { directory } = options;
      entry = {
        sample,
        options,
        loaded: directory === undefined ? Promise.resolve() : this.#load(trafficFile(directory, name), sample),
        saved: 0,
        problem: undefined,
      };
      this.#entries.set(name, entry);
      if (directory !== undefined) this.#saveLater();
    }
    await entry.loaded;
    // What was read is on disk already.
    if (entry.saved === 0 && entry.options.directory !== undefined) entry.saved = entry.sample.changes;
    return entry.sample;
  }

  /** Forgets models that are not configured any more; their files stay. */
  keep(isConfigured: (name: string) => boolean): void {
    const gone = [...this.#entries].filter(([name]) => !isConfigured(name));
    for (const [name] of gone) this.#entries.delete(name);
    if (gone.length > 0) void this.#save(gone);
  }

  /** Writes what has changed, now. */
  save(): Promise<void> {
    return this.#save([...this.#entries]);
  }

  /** Writes what has changed and ends. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.save();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #saveLater(): void {
    if (this.#isClosed || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.schedule(saveIntervalMs, () => {
      this.#cancel = undefined;
      void this.save().then(() => this.#saveLater());
    });
  }

  #save(entries: readonly (readonly [string, Entry])[]): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      for (const [name, entry] of entries) await this.#saveOne(name, entry);
    });
    return this.#saving;
  }

  async #saveOne(name: string, entry: Entry): Promise<void> {
    const { sample, options } = entry;
    const { changes } = sample;
    if (options.directory === undefined || changes === entry.saved) return;
    const file = trafficFile(options.directory, name);
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      await mkdir(options.directory, { recursive: true });
      // Requests may hold what only the server's own user is to see.
      await writeFile(temporary, Buffer.concat(sample.records.map(encodeTfRecord)), { mode: 0o600 });
      await rename(temporary, file);
      entry.saved = changes;
      entry.problem = undefined;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const { message } = error as Error;
      if (entry.problem !== message) this.#logger.warning(`Could not keep requests of ${name} for warm-up: ${message}`);
      entry.problem = message;
    }
  }

  /** A file that cannot be used is one line in the log: no model waits for it. */
  async #load(file: string, sample: TrafficSample): Promise<void> {
    try {
      for await (const record of readTfRecords(file)) {
        const recorded = readWarmupLog(record, file);
        if (recorded?.kind !== 'predict') continue;
        sample.take({ signatureName: recorded.call.modelSpec?.signatureName ?? '', record: Uint8Array.from(record) });
      }
    } catch (error) {
      const { code, message } = ServingError.from(error);
      if (code !== 'NOT_FOUND') this.#logger.warning(`Could not read requests for warm-up from ${file}: ${message}`);
    }
  }
}

function isSame(a: ResolvedTrafficWarmup, b: ResolvedTrafficWarmup): boolean {
  return a.maxRequests === b.maxRequests && a.maxBytes === b.maxBytes && a.directory === b.directory;
}
