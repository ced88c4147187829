import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { createReadStream } from 'node:fs';
import { type Clock, systemClock } from '../../../servable/clock.js';
import { type Logger, silentLogger } from '../../../servable/logger.js';
import { ServingError } from '../../../servable/serving-error.js';
import type { Source, Target } from '../../../servable/source.js';
import { ContentHash } from '../cache/content-hash.js';
import { downloadFile, openForDownload } from '../cache/download-file.js';
import type { CachedFile, Manifest } from '../cache/manifest.js';
import type { CacheKey, CacheLease, ModelCache } from '../cache/model-cache.js';
import { storeError } from '../store/store-error.js';
import { parseStoreUrl, type TarballUrl, withoutSecrets } from '../store/store-url.js';
import { aspiredVersions, type MonitoredServable } from '../version-directories.js';
import { type PolledStream, PolledStreams } from './polled-streams.js';
import type { RemoteVersion } from './remote-version.js';
import { plain, resumableAnswer } from './resumable-answer.js';
import { findVersions, unpackTarball } from './unpack-tarball.js';

export interface TarballSourceOptions {
  /** Base paths such as `https://host/model.tar.gz`, with `#sha256=<hex>` behind it or not. */
  readonly servables: readonly MonitoredServable[];
  readonly cache: () => Promise<ModelCache>;
  /** What a tarball may hold: bytes, and files and folders. */
  readonly maxBytes: number;
  readonly maxEntries?: number | undefined;
  /** As of `ObjectStoreSource`. */
  readonly pollIntervalMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Milliseconds before a connection that broke is made again; each next pause is twice as long. Default 500. */
  readonly retryMs?: number | undefined;
}

interface StreamState {
  readonly url: TarballUrl;
  readonly folder: string;
  /** What is served now. */
  key: CacheKey | undefined;
  manifest: Manifest | undefined;
  problem: ServingError | undefined;
}

type CacheEntry = ReturnType<ModelCache['entriesOf']>[number];

/** The name of a tarball's content in the cache. */
const unpacked = 'unpacked';

/**
 * Watches tarballs on web servers by conditional requests: an unchanged one costs an answer without a body. What is in one
 * is either version directories, or one model, which is version 1 at first and the next number whenever the content is
 * another one. As with `ObjectStoreSource`, what was loaded last stays aspired until what came after it is loaded, over a
 * restart too.
 */
export class TarballSource implements Source<RemoteVersion> {
  readonly #options: TarballSourceOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #streams: PolledStreams<StreamState>;
  #target: Target<RemoteVersion> | undefined;

  /** @throws ServingError INVALID_ARGUMENT for an interval that is not a number */
  constructor(options: TarballSourceOptions) {
    const { servables, pollIntervalMs = 1000, clock = systemClock, logger = silentLogger } = options;
    this.#options = options;
    this.#logger = logger;
    this.#clock = clock;
    this.#streams = new PolledStreams<StreamState>(servables, {
      intervalMs: pollIntervalMs,
      clock,
      random: Math.random,
      start: ({ basePath }) => ({
        url: parseStoreUrl(basePath) as TarballUrl,
        folder: `tarball-${createHash('sha256').update(withoutSecrets(basePath)).digest('hex').slice(0, 16)}`,
        key: undefined,
        manifest: undefined,
        problem: undefined,
      }),
      poll: (stream) => this.#poll(stream),
      onFailure: ({ state, servable }, error) => {
        const message = `Could not read base path ${withoutSecrets(servable.basePath)} for servable ${servable.name} with error`;
        state.problem = new ServingError(error.code, error.reason, `${message} ${error.code}: ${error.message}`);
        this.#logger.error(state.problem.message);
      },
      onGone: (name) => this.#target?.setAspiredVersions(name, []),
    });
  }

  connect(target: Target<RemoteVersion>): void {
    this.#target ??= target;
    this.#streams.start();
  }

  update(servables: readonly MonitoredServable[]): void {
    this.#streams.update(servables);
  }

  /** Why the tarball of a stream could not be read when it was last asked for. */
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
    const cache = await this.#options.cache();
    if (!state.key) {
      // The last one that was taken, whether the server answers or not.
      const [last] = [...cache.entriesOf(state.folder)].sort((a, b) => numberOf(b) - numberOf(a));
      const isAsked = last && (state.url.sha256 === undefined || last.notes['sha256'] === state.url.sha256);
      if (isAsked) {
        state.key = this.#key(stream, last.fingerprint, last.bytes);
        state.manifest = last;
        this.#tell(stream, cache);
      }
    }
    // What is fixed by its hash never changes.
    if (state.manifest && state.url.sha256 !== undefined) return false;
    const response = await this.#ask(state, signal);
    const key = this.#key(stream, fingerprintOf(response), Number(response.headers.get('content-length') ?? 0));
    if (response.status === 304 || key.fingerprint === state.key?.fingerprint) {
      await response.body?.cancel();
      state.problem = undefined;
      return false;
    }
    this.#logger.info(`Downloading ${key.source}: ${key.bytes || 'unknown'} bytes`);
    const number =
      Math.max(0, ...cache.entriesOf(state.folder).map(numberOf), state.manifest ? numberOf(state.manifest) : 0) + 1;
    const lease = await cache
      .acquire(key, signal, (directory) => this.#take(stream, response, directory, number))
      // What is in the cache already, or has no room there, leaves the answer unread.
      .finally(() => response.body?.cancel().catch(() => undefined));
    lease.release();
    state.key = { ...key, bytes: lease.manifest.bytes };
    state.manifest = lease.manifest;
    state.problem = undefined;
    this.#logger.info(`Downloaded ${key.source} for servable ${servable.name}: ${lease.manifest.bytes} bytes unpacked`);
    this.#tell(stream, cache);
    return true;
  }

  async #ask({ url, manifest }: StreamState, signal: AbortSignal): Promise<Response> {
    const what = withoutSecrets(url.url);
    const headers: Record<string, string> = { ...plain };
    if (manifest?.notes['etag']) headers['if-none-match'] = manifest.notes['etag'];
    else if (manifest?.notes['modified']) headers['if-modified-since'] = manifest.notes['modified'];
    const response = await fetch(url.url, { headers, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw storeError((error as Error).cause ?? error, `read ${what}`);
    });
    if (response.status === 200 || (response.status === 304 && manifest)) return response;
    await response.body?.cancel();
    throw storeError(Object.assign(new Error(response.statusText), { statusCode: response.status }), `read ${what}`);
  }

  async #take(
    { state, signal }: PolledStream<StreamState>,
    response: Response,
    directory: string,
    number: number,
  ): Promise<{ files: readonly CachedFile[]; notes: Record<string, string> }> {
    const { maxBytes, maxEntries = 100_000 } = this.#options;
    const what = withoutSecrets(state.url.url);
    for (const left of await readdir(directory)) await rm(join(directory, left), { recursive: true });
    // Beside the content, and gone before that is complete.
    const tarball = join(dirname(directory), 'tarball');
    const hash = new ContentHash();
    const unpack = (bytes: AsyncIterable<Uint8Array>): Promise<void> =>
      unpackTarball(hashed(bytes, hash), directory, what, { maxBytes, maxEntries }, signal);
    const resumable = resumableAnswer(state.url.url, response, what);
    if (resumable) {
      await downloadFile({
        ...resumable,
        path: tarball,
        what,
        checksums: {},
        signal,
        clock: this.#clock,
        openFile: openForDownload,
        retryMs: this.#options.retryMs ?? 500,
      });
      // What cannot be unpacked is no start for another attempt.
      await unpack(createReadStream(tarball)).finally(() => rm(tarball, { force: true }));
    } else {
      await unpack(response.body as unknown as AsyncIterable<Uint8Array>);
    }
    const { sha256 } = hash.end();
    if (state.url.sha256 !== undefined && sha256 !== state.url.sha256) {
      const message = `${what} has other content than its base path says: sha256 is ${sha256}, expected ${state.url.sha256}`;
      throw new ServingError('DATA_LOSS', 'CHECKSUM_MISMATCH', message);
    }
    const { root, children } = await findVersions(directory);
    return {
      files: await filesOf(directory),
      notes: {
        etag: response.headers.get('etag') ?? '',
        modified: response.headers.get('last-modified') ?? '',
        sha256,
        root,
        children: JSON.stringify(children),
        number: String(number),
      },
    };
  }

  #tell(stream: PolledStream<StreamState>, cache: ModelCache): void {
    const { servable, state } = stream;
    const { key, manifest } = state;
    if (!key || !manifest) return;
    const { versions, warnings } = this.#versionsIn(stream, key, manifest);
    for (const warning of warnings) this.#logger.warning(warning.replace('the file system', 'the tarball'));
    const before = this.#held(stream, cache);
    const held = before
      ? this.#versionsIn(stream, this.#key(stream, before.fingerprint, before.bytes), before).versions
      : [];
    const others = held.filter(({ id }) => versions.every((one) => one.id.version !== id.version));
    const all = [...others, ...versions].sort((a, b) => (a.id.version < b.id.version ? -1 : 1));
    this.#target?.setAspiredVersions(servable.name, all);
  }

  /** The content that stays until the one in its place has proved itself. */
  #held({ state, servable }: PolledStream<StreamState>, cache: ModelCache): CacheEntry | undefined {
    // Who names a hash, or versions by number, wants those.
    if (state.url.sha256 !== undefined || servable.versionPolicy.kind !== 'latest') return undefined;
    const loaded = cache.entriesOf(state.folder).filter((entry) => entry.loaded);
    if (loaded.some(({ fingerprint }) => fingerprint === state.key?.fingerprint)) return undefined;
    return loaded.sort((a, b) => numberOf(b) - numberOf(a))[0];
  }

  #versionsIn(stream: PolledStream<StreamState>, key: CacheKey, manifest: Manifest) {
    const { servable } = stream;
    const children = JSON.parse(manifest.notes['children'] ?? '[]') as string[];
    const root = manifest.notes['root'] ?? '';
    const isSingle = children.length === 0;
    const { versions, warnings } = aspiredVersions(servable, isSingle ? [String(numberOf(manifest))] : children);
    const data = versions.map(({ version, child }) => ({
      id: { name: servable.name, version },
      data: this.#version(stream, key, manifest.bytes, isSingle ? root : join(root, child)),
    }));
    return { versions: data, warnings };
  }

  #version(
    { servable, state }: PolledStream<StreamState>,
    key: CacheKey,
    bytes: number,
    folder: string,
  ): RemoteVersion {
    return {
      estimateBytes: async () => bytes,
      acquire: async (signal): Promise<CacheLease> => {
        const lease = await (await this.#options.cache()).acquire(key, signal);
        return { ...lease, directory: join(lease.directory, folder) };
      },
      loaded: async (lease) => {
        await lease.markLoaded();
        const current = this.#streams.get(servable.name);
        if (current?.state !== state || current.signal.aborted) return;
        this.#tell(current, await this.#options.cache());
      },
    };
  }

  #key({ state }: PolledStream<StreamState>, fingerprint: string, bytes: number): CacheKey {
    return { source: withoutSecrets(state.url.url), folder: state.folder, version: unpacked, fingerprint, bytes };
  }
}

function numberOf({ notes }: Manifest): number {
  return Number(notes['number'] ?? 0);
}

/** A server that gives no hint of changes is taken to have none. */
function fingerprintOf({ headers }: Response): string {
  const hint = headers.get('etag') ?? headers.get('last-modified') ?? 'none';
  return createHash('sha256').update(hint).digest('hex').slice(0, 24);
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: ContentHash): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

async function filesOf(directory: string): Promise<CachedFile[]> {
  const files: CachedFile[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const at = join(entry.parentPath, entry.name);
    const hash = new ContentHash();
    for await (const chunk of createReadStream(at)) hash.update(chunk as Uint8Array);
    files.push({ path: relative(directory, at), bytes: (await stat(at)).size, sha256: hash.end().sha256 });
  }
  return files;
}
