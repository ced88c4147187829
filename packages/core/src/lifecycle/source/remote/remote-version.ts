import type { CacheLease } from '../cache/model-cache.js';
import type { StoragePath } from '../storage-path.js';
import type { Loader } from '../../../servable/loader.js';

/** A version that lies elsewhere and is brought to the disk when it is loaded. */
export interface RemoteVersion {
  /** What its files take, without bringing them here. */
  estimateBytes(): Promise<number>;
  /**
   * Brings it here, or finds it here, and keeps it until the lease is released.
   *
   * @throws ServingError what kept it from coming
   */
  acquire(signal: AbortSignal): Promise<CacheLease>;
  /** Is told that it was loaded from what a lease gave. */
  loaded(lease: CacheLease): Promise<void>;
}

/**
 * A loader for a version that lies elsewhere: brings it here first and then loads it from its directory. Its directory
 * stays in the cache until it is unloaded.
 *
 * @param create - a loader for a directory
 * @param ramPerByte - bytes of memory for each byte of the files, for the estimate
 */
export function remoteLoader<T>(
  version: RemoteVersion,
  create: (directory: StoragePath) => Loader<T>,
  ramPerByte: number,
): Loader<T> {
  let current: { readonly lease: CacheLease; readonly loader: Loader<T> } | undefined;
  return {
    async load(options) {
      const lease = await version.acquire(options.signal);
      try {
        const loader = create(lease.directory);
        const servable = await loader.load(options);
        current = { lease, loader };
        await version.loaded(lease);
        return servable;
      } catch (error) {
        lease.release();
        throw error;
      }
    },
    async unload() {
      try {
        await current?.loader.unload();
      } finally {
        current?.lease.release();
        current = undefined;
      }
    },
    measureResources: async () => current?.loader.measureResources?.(),
    estimateResources: async () => ({ ramBytes: (await version.estimateBytes()) * ramPerByte }),
  };
}
