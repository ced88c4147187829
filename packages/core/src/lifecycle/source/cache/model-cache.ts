import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Logger, silentLogger } from '../../../servable/logger.js';
import { ServingError } from '../../../servable/serving-error.js';
import { fileError } from '../store/store-error.js';
import { claimFolder, type ClaimedFolder } from './claim-folder.js';
import { type CachedFile, type Manifest, readManifest, verifyEntry, writeManifest } from './manifest.js';

export interface ModelCacheOptions {
  /** Absolute path; made where it is not there. */
  readonly directory: string;
  /** What all entries together may take. */
  readonly maxBytes: number;
  readonly logger?: Logger | undefined;
}

/** Which content of which version. */
export interface CacheKey {
  /** The base path, without secrets. */
  readonly source: string;
  /** Folder name of the source, safe for a file system. */
  readonly folder: string;
  /** Name of the version's directory, safe for a file system. */
  readonly version: string;
  /** Differs whenever the content does. */
  readonly fingerprint: string;
  /** What the files take. */
  readonly bytes: number;
}

/** Keeps an entry in the cache for as long as it is used. */
export interface CacheLease {
  /** Absolute path of the version's directory. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** Notes that a model was loaded from it: such a version is what a start falls back to. */
  markLoaded(): Promise<void>;
  release(): void;
}

/** Fills the directory of a new entry; what an interrupted attempt left is still there. */
export type CacheFill = (
  directory: string,
) => Promise<{ readonly files: readonly CachedFile[]; readonly notes?: Readonly<Record<string, string>> }>;

interface Entry {
  readonly path: string;
  readonly folder: string;
  manifest: Manifest;
  pins: number;
  /** Orders entries by their last use; not a time, as clocks jump. */
  used: number;
  /** Whether it was compared with its manifest since the last crash. */
  verified: boolean;
}

const partialEnd = '.partial';
const evictedEnd = '.evicted';

/**
 * Versions on disk, within a bound: `<directory>/<claim>/<source>/<fingerprint>/<version>/…`.
 *
 * A version is filled under another name, its manifest is written last and the folder is renamed, so that a crash at any
 * moment leaves either a complete entry or a part to go on with. The least recently used entries make room for new ones;
 * one that is in use never does. After a crash each entry is read and compared before it is used again.
 */
export class ModelCache {
  readonly #folder: ClaimedFolder;
  readonly #maxBytes: number;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  /** Bytes that running fills may take, by path. */
  readonly #filling = new Map<string, number>();
  /** Bytes that interrupted fills left, by path of the part. */
  readonly #leftovers = new Map<string, number>();
  /** One at a time for each path. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #uses = 0;

  private constructor(folder: ClaimedFolder, { maxBytes, logger = silentLogger }: ModelCacheOptions) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#logger = logger;
  }

  /** @throws ServingError PERMISSION_DENIED, RESOURCE_EXHAUSTED for a directory that cannot be used */
  static async open(options: ModelCacheOptions): Promise<ModelCache> {
    const cache = new ModelCache(await claimFolder(options.directory), options);
    await cache.#scan();
    return cache;
  }

  /** What complete entries and interrupted fills take, and what running fills may. */
  get bytes(): number {
    let bytes = 0;
    for (const leftover of this.#leftovers.values()) bytes += leftover;
    for (const { manifest } of this.#entries.values()) bytes += manifest.bytes;
    for (const filling of this.#filling.values()) bytes += filling;
    return bytes;
  }

  /** The complete versions of a source, the last used first. */
  entriesOf(folder: string): readonly (Manifest & { readonly fingerprint: string })[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.folder === folder)
      .sort((a, b) => b.used - a.used)
      .map(({ manifest, path }) => ({ ...manifest, fingerprint: path.slice(path.lastIndexOf('/') + 1) }));
  }

  /**
   * The entry of a key, filled where it is not there or is damaged.
   *
   * @param fill - absent, only what is there is given
   * @throws ServingError RESOURCE_EXHAUSTED when it does not fit; NOT_FOUND without a fill; what `fill` throws
   */
  acquire(key: CacheKey, signal: AbortSignal, fill?: CacheFill): Promise<CacheLease> {
    const path = `${this.#folder.path}/${key.folder}/${key.fingerprint}`;
    const turn = (this.#turns.get(path) ?? Promise.resolve()).then(() => this.#acquire(path, key, signal, fill));
    const settled = turn.catch(() => undefined);
    this.#turns.set(path, settled);
    void settled.then(() => this.#turns.get(path) === settled && this.#turns.delete(path));
    return turn;
  }

  /** Gives the folder back; entries stay. */
  close(): Promise<void> {
    return this.#folder.release();
  }

  async #acquire(path: string, key: CacheKey, signal: AbortSignal, fill: CacheFill | undefined): Promise<CacheLease> {
    const entry = this.#entries.get(path);
    if (entry && (await this.#isWhole(entry, signal))) return this.#lease(entry);
    if (fill) return this.#lease(await this.#fill(path, key, fill));
    throw new ServingError(
      'NOT_FOUND',
      'VERSION_NOT_CACHED',
      `Version ${key.version} of ${key.source} is not in the cache, or no longer whole`,
    );
  }

  /** Looks whether an entry is as its manifest says: if so it is pinned, else it is gone. */
  async #isWhole(entry: Entry, signal: AbortSignal): Promise<boolean> {
    const { path, manifest, verified } = entry;
    // While it is looked at, nothing else may push it out.
    entry.pins += 1;
    let wrong: string | undefined;
    try {
      wrong = await verifyEntry(path, manifest, verified ? 'sizes' : 'content', signal);
    } catch (error) {
      entry.pins -= 1;
      throw error;
    }
    if (wrong === undefined) return (entry.verified = true);
    entry.pins -= 1;
    this.#logger.warning(`Cached version ${manifest.version} of ${manifest.source} is damaged: ${wrong}`);
    if (entry.pins === 0) await this.#remove(entry);
    else this.#entries.delete(path);
    return false;
  }

  /** @param entry - pinned for this lease already */
  #lease(entry: Entry): CacheLease {
    this.#touch(entry);
    let released = false;
    return {
      directory: join(entry.path, entry.manifest.version),
      manifest: entry.manifest,
      markLoaded: async () => {
        if (entry.manifest.loaded) return;
        entry.manifest = { ...entry.manifest, loaded: true };
        // A note that cannot be written costs no more than the note.
        await writeManifest(entry.path, entry.manifest).catch((error: unknown) =>
          this.#logger.warning(`Cannot note in the cache that a version was loaded: ${(error as Error).message}`),
        );
      },
      release: () => {
        if (released) return;
        released = true;
        entry.pins -= 1;
      },
    };
  }

  /** @returns an entry that is pinned */
  async #fill(path: string, key: CacheKey, fill: CacheFill): Promise<Entry> {
    const partial = `${this.#folder.path}/${key.folder}/.${key.fingerprint}${partialEnd}`;
    this.#filling.set(path, key.bytes);
    try {
      await this.#makeRoom(key, partial);
      await mkdir(join(partial, key.version), { recursive: true });
      const { files, notes = {} } = await fill(join(partial, key.version));
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      if (bytes > key.bytes) {
        // A tarball takes more than what was said of it.
        this.#filling.set(path, bytes);
        await this.#makeRoom({ ...key, bytes }, partial);
      }
      const manifest: Manifest = {
        format: 1,
        source: key.source,
        version: key.version,
        bytes,
        files,
        loaded: false,
        notes,
      };
      await writeManifest(partial, manifest);
      // A damaged entry that is still in use keeps its place until here.
      await rm(path, { recursive: true, force: true });
      await rename(partial, path);
      const entry: Entry = { path, folder: key.folder, manifest, pins: 1, used: 0, verified: true };
      this.#entries.set(path, entry);
      return entry;
    } catch (error) {
      const failure = fileError(error, `fill ${partial}`);
      this.#leftovers.set(partial, await sizeOf(partial));
      // A full disk is in the way of every other version too, and parts are what nobody needs most of all.
      if (failure.reason === 'DISK_FULL') await this.#dropLeftovers(() => true);
      throw failure;
    } finally {
      this.#filling.delete(path);
    }
  }

  /** Evicts until a key's bytes, which are counted as filling already, fit. */
  async #makeRoom({ source, version, bytes }: CacheKey, partial: string): Promise<void> {
    // It is gone on with, and counted as filling.
    this.#leftovers.delete(partial);
    await this.#dropLeftovers(async (leftover) => {
      const isOlder = leftover.startsWith(`${dirname(partial)}/`) && (await exists(join(leftover, version)));
      return isOlder || this.bytes > this.#maxBytes;
    });
    const idle = [...this.#entries.values()].filter(({ pins }) => pins === 0).sort((a, b) => a.used - b.used);
    for (const entry of idle) {
      if (this.bytes <= this.#maxBytes) break;
      // Removing the others took time.
      if (entry.pins > 0) continue;
      this.#logger.info(
        `Evicting version ${entry.manifest.version} of ${entry.manifest.source} from the cache: ${entry.manifest.bytes} bytes`,
      );
      await this.#remove(entry);
    }
    if (this.bytes <= this.#maxBytes) return;
    throw new ServingError(
      'RESOURCE_EXHAUSTED',
      'MODEL_CACHE_FULL',
      `Version ${version} of ${source} takes ${bytes} bytes and the cache holds ${this.#maxBytes} in all, of which ` +
        `${this.bytes - bytes} are in use`,
    );
  }

  async #dropLeftovers(isInTheWay: (leftover: string) => boolean | Promise<boolean>): Promise<void> {
    for (const leftover of [...this.#leftovers.keys()]) {
      // Meanwhile somebody may have gone on with it.
      if (!(await isInTheWay(leftover)) || !this.#leftovers.delete(leftover)) continue;
      await rm(leftover, { recursive: true, force: true });
    }
  }

  async #remove(entry: Entry): Promise<void> {
    this.#entries.delete(entry.path);
    // Renamed first: what a crash leaves of it must not look like an entry.
    const doomed = `${entry.path}${evictedEnd}`;
    await rename(entry.path, doomed).catch(() => undefined);
    await rm(doomed, { recursive: true, force: true }).catch(() => undefined);
  }

  #touch(entry: Entry): void {
    entry.used = this.#uses += 1;
    const now = new Date();
    void utimes(join(entry.path, 'manifest.json'), now, now).catch(() => undefined);
  }

  /** Finds what earlier processes left. */
  async #scan(): Promise<void> {
    const found: { entry: Entry; mtimeMs: number }[] = [];
    for (const folder of await readdir(this.#folder.path)) {
      for (const name of await readdir(join(this.#folder.path, folder)).catch(() => [])) {
        const path = `${this.#folder.path}/${folder}/${name}`;
        if (name.endsWith(partialEnd)) {
          this.#leftovers.set(path, await sizeOf(path));
          continue;
        }
        const manifest = name.endsWith(evictedEnd) ? undefined : await readManifest(path);
        if (!manifest) {
          await rm(path, { recursive: true, force: true }).catch(() => undefined);
          continue;
        }
        const { mtimeMs } = await stat(join(path, 'manifest.json'));
        const verified = !this.#folder.abandoned;
        found.push({ entry: { path, folder, manifest, pins: 0, used: 0, verified }, mtimeMs });
      }
    }
    found.sort((a, b) => a.mtimeMs - b.mtimeMs);
    for (const { entry } of found) {
      entry.used = this.#uses += 1;
      this.#entries.set(entry.path, entry);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  const files = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const file of files) {
    if (!file.isFile()) continue;
    bytes += await stat(join(file.parentPath, file.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
