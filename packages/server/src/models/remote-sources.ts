import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  isTarballUrl,
  type Logger,
  ModelCache,
  type MonitoredServable,
  ObjectStoreSource,
  type ObjectStoreSettings,
  type RemoteVersion,
  TarballSource,
  type ServingError,
  type Target,
} from '@servable/core';

/** What the models that lie elsewhere need. */
export interface RemoteSourcesOptions {
  readonly modelCacheDirectory: string;
  readonly modelCacheBytes: number;
  readonly objectStores: ObjectStoreSettings;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Memory for each byte on disk, as `diskEstimate` has it. */
export const ramPerRemoteByte = 1.2;

/** `$XDG_CACHE_HOME/servable/models`, or the same below the home directory's `.cache`. */
export function defaultModelCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'servable', 'models');
}

/** The sources of models that lie elsewhere, and the cache they share, which is opened when it is first needed. */
export class RemoteSources {
  readonly #stores: ObjectStoreSource;
  readonly #tarballs: TarballSource;
  readonly #options: RemoteSourcesOptions;
  #cache: Promise<ModelCache> | undefined;

  constructor(options: RemoteSourcesOptions) {
    this.#options = options;
    const { objectStores: settings, pollIntervalMs, clock, logger } = options;
    const shared = { servables: [], cache: () => this.#openCache(), pollIntervalMs, clock, logger };
    this.#stores = new ObjectStoreSource({ ...shared, settings });
    this.#tarballs = new TarballSource({ ...shared, maxBytes: options.modelCacheBytes });
  }

  connect(target: Target<RemoteVersion>): void {
    this.#stores.connect(target);
    this.#tarballs.connect(target);
  }

  /** @param servables - with base paths that are URLs of stores */
  update(servables: readonly MonitoredServable[]): void {
    this.#stores.update(servables.filter(({ basePath }) => !isTarballUrl(basePath)));
    this.#tarballs.update(servables.filter(({ basePath }) => isTarballUrl(basePath)));
  }

  /** Why a base path could not be looked at. */
  problemOf(name: string): ServingError | undefined {
    return this.#stores.problemOf(name) ?? this.#tarballs.problemOf(name);
  }

  /** Ends the looking; the cache is still there for what is loaded. */
  async close(): Promise<void> {
    await Promise.all([this.#stores.close(), this.#tarballs.close()]);
  }

  /** Gives the cache back, once nothing is loaded from it. */
  async closeCache(): Promise<void> {
    const cache = await this.#cache?.catch(() => undefined);
    await cache?.close();
  }

  #openCache(): Promise<ModelCache> {
    const { modelCacheDirectory: directory, modelCacheBytes: maxBytes, logger } = this.#options;
    this.#cache ??= ModelCache.open({ directory, maxBytes, logger }).catch((error: unknown) => {
      // What kept it from opening may be gone the next time.
      this.#cache = undefined;
      throw error;
    });
    return this.#cache;
  }
}
