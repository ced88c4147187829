import { readdir } from 'node:fs/promises';
import { type Clock, systemClock } from '../../servable/clock.js';
import { type Logger, silentLogger } from '../../servable/logger.js';
import { ServingError } from '../../servable/serving-error.js';
import type { Source, Target } from '../../servable/source.js';
import type { StoragePath } from './storage-path.js';
import { aspiredDirectories, type MonitoredServable } from './version-directories.js';

export interface FileSystemSourceOptions {
  readonly servables: readonly MonitoredServable[];
  /**
   * Milliseconds between the end of a poll and the next one; the first comes at once. Default 1000. 0 polls once when it
   * is connected and once after each update, a negative number never.
   */
  readonly pollIntervalMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Lists a directory's children; default Node's `readdir`. */
  readonly listChildren?: ((path: string) => Promise<readonly string[]>) | undefined;
}

/**
 * Watches base paths for version directories by polling, as that works on every file system
 * (upstream: sources/storage_path/file_system_storage_path_source.cc).
 *
 * A base path that cannot be listed tells its stream nothing, so that a file system that is away for a moment unloads
 * nothing; the other streams go on, where upstream gives the whole poll up. A base path that is there but holds no version
 * empties its stream.
 */
export class FileSystemSource implements Source<StoragePath> {
  readonly #pollIntervalMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listChildren: (path: string) => Promise<readonly string[]>;
  #servables: readonly MonitoredServable[];
  #target: Target<StoragePath> | undefined;
  #running: Promise<void> = Promise.resolve();
  #cancelNext: (() => void) | undefined;
  #isPolling = false;
  #closed = false;

  /** @throws ServingError INVALID_ARGUMENT for an interval that is not a number */
  constructor(options: FileSystemSourceOptions) {
    const { servables, pollIntervalMs = 1000, clock = systemClock, logger = silentLogger } = options;
    if (!Number.isFinite(pollIntervalMs)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'POLL_INTERVAL_INVALID',
        `pollIntervalMs must be a finite number of milliseconds; got ${pollIntervalMs}`,
      );
    }
    this.#servables = servables;
    this.#pollIntervalMs = pollIntervalMs;
    this.#clock = clock;
    this.#logger = logger;
    this.#listChildren = options.listChildren ?? ((path) => readdir(path));
  }

  connect(target: Target<StoragePath>): void {
    if (this.#target) {
      throw new ServingError('FAILED_PRECONDITION', 'SOURCE_CONNECTED', 'The source is connected to a target already');
    }
    this.#target = target;
    if (this.#pollIntervalMs >= 0) this.#pollAndGoOn();
  }

  /**
   * Replaces the watched streams. Those that are gone are emptied at once; then everything is polled, without waiting for
   * the interval to end. The same streams again change nothing, so that a configuration which is applied more often than
   * a slow file system answers does not hold up the polls.
   */
  update(servables: readonly MonitoredServable[]): void {
    if (areSame(servables, this.#servables)) return;
    const kept = new Set(servables.map(({ name }) => name));
    const gone = this.#servables.filter(({ name }) => !kept.has(name));
    this.#servables = servables;
    for (const { name } of gone) this.#target?.setAspiredVersions(name, []);
    if (!this.#target || this.#closed || this.#pollIntervalMs < 0) return;
    this.#cancelNext?.();
    // A poll that is running looks for the old streams: the next one follows it at once.
    if (!this.#isPolling) this.#pollAndGoOn();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext?.();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #pollAndGoOn(): void {
    this.#isPolling = true;
    const servables = this.#servables;
    this.#running = this.#poll(servables).then(() => {
      this.#isPolling = false;
      if (this.#closed) return;
      if (servables !== this.#servables) this.#pollAndGoOn();
      else if (this.#pollIntervalMs > 0) {
        this.#cancelNext = this.#clock.schedule(this.#pollIntervalMs, () => this.#pollAndGoOn());
      }
    });
  }

  async #poll(servables: readonly MonitoredServable[]): Promise<void> {
    const found = await Promise.all(
      servables.map(async (servable) => {
        const { name } = servable;
        try {
          return { name, ...aspiredDirectories(servable, await this.#children(servable)) };
        } catch (error) {
          return { name, error: ServingError.from(error) };
        }
      }),
    );
    // A list that was replaced meanwhile would bring removed streams back to life.
    if (this.#closed || servables !== this.#servables) return;
    for (const stream of found) {
      if ('error' in stream) {
        this.#logger.error(
          `FileSystemStoragePathSource encountered a filesystem access error: ${stream.error.message}`,
        );
        continue;
      }
      for (const warning of stream.warnings) this.#logger.warning(warning);
      this.#target?.setAspiredVersions(stream.name, stream.versions);
    }
  }

  async #children({ name, basePath }: MonitoredServable): Promise<readonly string[]> {
    try {
      return await this.#listChildren(basePath);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const status = code === 'ENOENT' ? `NOT_FOUND: ${basePath} not found` : `UNKNOWN: ${message}`;
      throw new ServingError(
        'INVALID_ARGUMENT',
        'BASE_PATH_NOT_FOUND',
        `Could not find base path ${basePath} for servable ${name} with error ${status}`,
        { cause: error },
      );
    }
  }
}

function areSame(some: readonly MonitoredServable[], others: readonly MonitoredServable[]): boolean {
  const texts = (servables: readonly MonitoredServable[]): string =>
    servables
      .map(({ name, basePath, versionPolicy }) => {
        const policy = Object.values(versionPolicy).map(String);
        return JSON.stringify([name, basePath, ...policy]);
      })
      .sort()
      .join();
  return texts(some) === texts(others);
}
