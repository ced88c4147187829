import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, sleep } from '../../../servable/clock.js';
import type { Logger } from '../../../servable/logger.js';
import { formatServableId, type ServableId } from '../../../servable/servable-id.js';
import { ServingError } from '../../../servable/serving-error.js';
import { downloadFile, type OpenForDownload } from '../cache/download-file.js';
import type { CachedFile } from '../cache/manifest.js';
import type { CacheKey, CacheLease, ModelCache } from '../cache/model-cache.js';
import type { ObjectStore, StoredObject } from '../store/object-store.js';
import { DownloadProgress, type DownloadListener } from './download-progress.js';
import type { RemoteVersion } from './remote-version.js';

export interface ObjectStoreVersionOptions {
  readonly id: ServableId;
  /** Name of the version's folder below the base path. */
  readonly child: string;
  /** The base path, without secrets. */
  readonly source: string;
  /** Folder name of the source in the cache. */
  readonly folder: string;
  readonly store: ObjectStore;
  readonly cache: () => Promise<ModelCache>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds that a folder in which something was written just now is given to become whole. */
  readonly settleMs: number;
  readonly retryMs: number;
  readonly openFile: OpenForDownload;
  readonly onProgress?: DownloadListener | undefined;
  readonly onLoaded: () => void;
}

/** Files of one version that are downloaded side by side. */
const maxDownloads = 4;
/** Times that a version may change while it is downloaded. */
const maxChanges = 5;
/** Objects that were written longer ago than this are taken to be all there. */
const recentMs = 10_000;

/** One version folder of an object store. */
export class ObjectStoreVersion implements RemoteVersion {
  readonly #options: ObjectStoreVersionOptions;
  readonly #text: string;

  constructor(options: ObjectStoreVersionOptions) {
    this.#options = options;
    this.#text = `${options.source}/${options.child}`;
  }

  async estimateBytes(): Promise<number> {
    try {
      return sum(await this.#list(new AbortController().signal));
    } catch (error) {
      const cached = await this.#cached();
      if (cached) return cached.bytes;
      throw error;
    }
  }

  async acquire(signal: AbortSignal): Promise<CacheLease> {
    const { logger, id } = this.#options;
    const cache = await this.#options.cache();
    let objects: readonly StoredObject[];
    try {
      objects = await this.#settled(signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = ServingError.from(thrown);
      const cached = await this.#cached();
      if (!cached || error.code === 'NOT_FOUND') throw error;
      logger.warning(`${error.message}; taking ${formatServableId(id)} from the cache`);
      return cache.acquire(cached, signal);
    }
    for (let changes = 0; ; changes += 1) {
      try {
        let filled = false;
        const lease = await cache.acquire(this.#key(objects), signal, (directory) => {
          filled = true;
          return this.#download(objects, directory, signal);
        });
        if (!filled) return lease;
        // Somebody may still have been writing: then what came is not all of it.
        const now = await this.#list(signal).catch(() => objects);
        if (fingerprint(this.#options.child, now) === fingerprint(this.#options.child, objects)) return lease;
        lease.release();
        objects = now;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ServingError) || error.reason !== 'OBJECT_CHANGED' || changes >= maxChanges) throw error;
        objects = await this.#settled(signal);
      }
      logger.info(`${this.#text} changed while it was downloaded`);
      if (changes >= maxChanges) {
        throw new ServingError('ABORTED', 'VERSION_CHANGING', `${this.#text} keeps changing while it is downloaded`);
      }
    }
  }

  async loaded(lease: CacheLease): Promise<void> {
    await lease.markLoaded();
    this.#options.onLoaded();
  }

  async #list(signal: AbortSignal): Promise<readonly StoredObject[]> {
    const { store, child } = this.#options;
    const objects = await store.listObjects(child, signal);
    if (objects.length > 0) return objects;
    throw new ServingError('NOT_FOUND', 'VERSION_EMPTY', `There are no objects in ${this.#text}`);
  }

  /** Lists until nothing has changed for a moment, as objects come one by one. */
  async #settled(signal: AbortSignal): Promise<readonly StoredObject[]> {
    const { clock, settleMs, child } = this.#options;
    let objects = await this.#list(signal);
    while (settleMs > 0 && objects.some(isRecent)) {
      await sleep(clock, settleMs, signal);
      const again = await this.#list(signal);
      if (fingerprint(child, again) === fingerprint(child, objects)) break;
      objects = again;
    }
    return objects;
  }

  async #cached(): Promise<CacheKey | undefined> {
    const { folder, source, child } = this.#options;
    const entries = (await this.#options.cache()).entriesOf(folder);
    const entry = entries.find(({ version }) => version === child);
    return entry && { source, folder, version: child, fingerprint: entry.fingerprint, bytes: entry.bytes };
  }

  #key(objects: readonly StoredObject[]): CacheKey {
    const { folder, source, child } = this.#options;
    return { source, folder, version: child, fingerprint: fingerprint(child, objects), bytes: sum(objects) };
  }

  async #download(
    objects: readonly StoredObject[],
    directory: string,
    signal: AbortSignal,
  ): Promise<{ files: readonly CachedFile[] }> {
    const { store, child, clock, logger, retryMs, openFile, id, onProgress } = this.#options;
    const progress = new DownloadProgress({
      id,
      what: this.#text,
      totalBytes: sum(objects),
      clock,
      logger,
      onProgress,
    });
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const files: CachedFile[] = [];
    const waiting = [...objects];
    const work = async (): Promise<void> => {
      for (let object = waiting.shift(); object; object = waiting.shift()) {
        const one = object;
        const sha256 = await downloadFile({
          path: join(directory, ...one.path.split('/')),
          what: `${this.#text}/${one.path}`,
          bytes: one.bytes,
          checksums: await store.checksums(child, one, either),
          read: (start, until) => store.read(child, one, start, until),
          signal: either,
          clock,
          retryMs,
          openFile,
          stallMs: store.stallMs,
          onBytes: (count, resumed) => progress.add(count, resumed),
        });
        files.push({ path: one.path, bytes: one.bytes, sha256 });
      }
    };
    let first: ServingError | undefined;
    const workers = Array.from({ length: Math.min(maxDownloads, objects.length) }, () =>
      work().catch((error: unknown) => {
        first ??= ServingError.from(error);
        failed.abort(error);
      }),
    );
    // All of them have ended before this does: none writes into a folder that was given up.
    await Promise.all(workers);
    if (first !== undefined) throw first;
    progress.end();
    return { files };
  }
}

function sum(objects: readonly StoredObject[]): number {
  return objects.reduce((total, { bytes }) => total + bytes, 0);
}

/** By the clock of this machine, which need not be right: a wrong one costs a pause at most. */
function isRecent({ modifiedMs }: StoredObject): boolean {
  return modifiedMs !== undefined && Math.abs(Date.now() - modifiedMs) < recentMs;
}

/** Differs whenever a version has other objects. */
function fingerprint(child: string, objects: readonly StoredObject[]): string {
  const lines = objects.map(({ path, bytes, etag }) => JSON.stringify([path, bytes, etag])).sort();
  return createHash('sha256')
    .update([child, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 24);
}
