import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../../servable/clock.js';
import { type Logger, silentLogger } from '../../../servable/logger.js';
import { formatServableId } from '../../../servable/servable-id.js';
import { ServingError } from '../../../servable/serving-error.js';
import type { Source, Target } from '../../../servable/source.js';
import { type OpenForDownload, openForDownload } from '../cache/download-file.js';
import type { ModelCache } from '../cache/model-cache.js';
import type { ObjectStore, ObjectStoreSettings } from '../store/object-store.js';
import { openObjectStore } from '../store/open-object-store.js';
import { parseStoreUrl, withoutSecrets } from '../store/store-url.js';
import { aspiredVersions, type MonitoredServable, type NamedVersion } from '../version-directories.js';
import type { DownloadListener } from './download-progress.js';
import { ObjectStoreVersion } from './object-store-version.js';
import { type PolledStream, PolledStreams } from './polled-streams.js';
import type { RemoteVersion } from './remote-version.js';

export interface ObjectStoreSourceOptions {
  /** Base paths such as `s3://bucket/models/resnet`. */
  readonly servables: readonly MonitoredServable[];
  /** Where versions are kept; asked for when it is needed, and again when it failed. */
  readonly cache: () => Promise<ModelCache>;
  readonly settings?: ObjectStoreSettings | undefined;
  /**
   * Milliseconds before a store is asked again, while its answers change; the pauses grow to 30 seconds while they do not,
   * and to 60 while it fails. Default 1000. 0 asks until there is an answer, a negative number never.
   */
  readonly pollIntervalMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  readonly onProgress?: DownloadListener | undefined;
}

/** What tests put in place of the world. */
export interface ObjectStoreSurroundings {
  readonly open?: ((basePath: string, settings: ObjectStoreSettings) => Promise<ObjectStore>) | undefined;
  readonly openFile?: OpenForDownload | undefined;
  readonly random?: (() => number) | undefined;
  readonly settleMs?: number | undefined;
  readonly retryMs?: number | undefined;
}

interface StreamState {
  store: ObjectStore | undefined;
  /** Folder name of the base path in the cache. */
  folder: string;
  /** The folders that were listed last, or that the cache has while the store does not answer. */
  children: readonly string[] | undefined;
  /** Whether they came from the store. */
  isListed: boolean;
  problem: ServingError | undefined;
  readonly versions: Map<string, RemoteVersion>;
}

/**
 * Watches base paths in object stores, with the rules of `FileSystemSource`: folders whose names are numbers are versions,
 * the policy chooses, a store that does not answer tells nothing.
 *
 * Looking is a listing of folders, nothing else; objects are listed and read when a version is loaded. What a start cannot
 * ask the store it takes from the cache. And a version that has never been loaded does not replace one that has: until it
 * is loaded, the best listed version that was loaded before stays aspired too, so that a version that does not come, or
 * does not load, takes nothing away, not even after a crash.
 */
export class ObjectStoreSource implements Source<RemoteVersion> {
  readonly #options: ObjectStoreSourceOptions;
  readonly #surroundings: ObjectStoreSurroundings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #streams: PolledStreams<StreamState>;
  #target: Target<RemoteVersion> | undefined;

  /** @throws ServingError INVALID_ARGUMENT for an interval that is not a number */
  constructor(options: ObjectStoreSourceOptions, surroundings: ObjectStoreSurroundings = {}) {
    const { servables, pollIntervalMs = 1000, clock = systemClock, logger = silentLogger } = options;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#clock = clock;
    this.#logger = logger;
    this.#streams = new PolledStreams<StreamState>(servables, {
      intervalMs: pollIntervalMs,
      clock,
      random: surroundings.random ?? Math.random,
      start: () => ({
        store: undefined,
        folder: '',
        children: undefined,
        isListed: false,
        problem: undefined,
        versions: new Map(),
      }),
      poll: (stream) => this.#poll(stream),
      onFailure: (stream, error) => this.#fail(stream, error),
      onGone: (name) => this.#target?.setAspiredVersions(name, []),
    });
  }

  connect(target: Target<RemoteVersion>): void {
    this.#target ??= target;
    this.#streams.start();
  }

  /** Replaces the watched streams. Those that are gone are emptied at once, those that are new are looked for at once. */
  update(servables: readonly MonitoredServable[]): void {
    this.#streams.update(servables);
  }

  /** Why the base path of a stream could not be listed when it was last looked at. */
  problemOf(name: string): ServingError | undefined {
    return this.#streams.get(name)?.state.problem;
  }

  close(): Promise<void> {
    return this.#streams.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #poll(stream: PolledStream<StreamState>): Promise<boolean> {
    const { state, signal, servable } = stream;
    if (!state.store) {
      const open = this.#surroundings.open ?? openObjectStore;
      state.store = await open(servable.basePath, this.#options.settings ?? {});
      state.folder = folderName(servable.basePath, state.store.place);
    }
    const children = [...(await state.store.listVersions(signal))].sort();
    signal.throwIfAborted();
    const changed = !state.isListed || children.join('/') !== state.children?.join('/');
    if (state.problem) this.#logger.info(`${withoutSecrets(servable.basePath)} answers again`);
    Object.assign(state, { children, isListed: true, problem: undefined });
    await this.#tell(stream, changed);
    return changed;
  }

  #fail(stream: PolledStream<StreamState>, error: ServingError): void {
    const { state, servable } = stream;
    state.problem = new ServingError(
      error.code,
      error.reason,
      `Could not list base path ${withoutSecrets(servable.basePath)} for servable ${servable.name} with error ` +
        `${error.code}: ${error.message}`,
      { cause: error },
    );
    this.#logger.error(state.problem.message);
    if (!state.isListed && state.store) void this.#tellCached(stream);
  }

  /** A start without the store: the versions that the cache has, those that were loaded before the others. */
  async #tellCached(stream: PolledStream<StreamState>): Promise<void> {
    const { state, signal, servable } = stream;
    const cache = await this.#cache();
    const entries = cache?.entriesOf(state.folder) ?? [];
    if (signal.aborted || state.isListed || state.children || entries.length === 0) return;
    const loaded = entries.filter((entry) => entry.loaded);
    state.children = [...new Set((loaded.length > 0 ? loaded : entries).map(({ version }) => version))].sort();
    this.#logger.warning(`Serving ${servable.name} from the cache, as its base path does not answer`);
    await this.#tell(stream, false);
  }

  async #tell(stream: PolledStream<StreamState>, withWarnings: boolean): Promise<void> {
    const { servable, state, signal } = stream;
    const { versions, warnings } = aspiredVersions(servable, state.children ?? []);
    const held = this.#held(servable, versions, state, await this.#cache());
    if (signal.aborted) return;
    if (withWarnings)
      for (const warning of warnings) this.#logger.warning(warning.replace('the file system', 'the store'));
    const all = [...held, ...versions].sort((a, b) => (a.version < b.version ? -1 : 1));
    this.#target?.setAspiredVersions(
      servable.name,
      all.map(({ version, child }) => ({
        id: { name: servable.name, version },
        data: this.#version(stream, version, child),
      })),
    );
  }

  /** Versions that stay until the ones in their place have proved themselves. */
  #held(
    servable: MonitoredServable,
    wanted: readonly NamedVersion[],
    { folder, children = [] }: StreamState,
    cache: ModelCache | undefined,
  ): readonly NamedVersion[] {
    // Who lists versions by number wants those.
    if (servable.versionPolicy.kind !== 'latest' || !cache) return [];
    const proven = new Set(cache.entriesOf(folder).flatMap(({ version, loaded }) => (loaded ? [version] : [])));
    const unproven = wanted.filter(({ child }) => !proven.has(child)).length;
    if (unproven === 0) return [];
    const others = children.filter((child) => proven.has(child) && !wanted.some((one) => one.child === child));
    return aspiredVersions({ ...servable, versionPolicy: { kind: 'latest', numVersions: unproven } }, others).versions;
  }

  #version(stream: PolledStream<StreamState>, version: bigint, child: string): RemoteVersion {
    const { servable, state } = stream;
    let found = state.versions.get(child);
    if (!found) {
      const { settleMs = 2000, retryMs = 500, openFile = openForDownload } = this.#surroundings;
      const id = { name: servable.name, version };
      found = new ObjectStoreVersion({
        id,
        child,
        source: withoutSecrets(servable.basePath),
        folder: state.folder,
        store: state.store!,
        cache: this.#options.cache,
        clock: this.#clock,
        logger: this.#logger,
        settleMs,
        retryMs,
        openFile,
        onProgress: this.#options.onProgress,
        onLoaded: () => {
          const current = this.#streams.get(servable.name);
          if (current?.state !== state || current.signal.aborted) return;
          this.#logger.debug(`${formatServableId(id)} was loaded from the cache`);
          void this.#tell(current, false);
        },
      });
      state.versions.set(child, found);
    }
    return found;
  }

  async #cache(): Promise<ModelCache | undefined> {
    try {
      return await this.#options.cache();
    } catch (error) {
      this.#logger.error(`The model cache cannot be used: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** Of a base path at a place, in the cache. */
function folderName(basePath: string, place: string): string {
  const hash = createHash('sha256').update(`${withoutSecrets(basePath).replace(/\/+$/, '')}\n${place}`);
  return `${parseStoreUrl(basePath).kind}-${hash.digest('hex').slice(0, 16)}`;
}
