/** What a loader is told when it is asked to load. */
export interface LoadOptions {
  /** Aborted when the version is no longer wanted; a loader that stops early saves work, one that does not is fine. */
  readonly signal: AbortSignal;
}

/** What one loaded version takes. */
export interface ResourceEstimate {
  /** Bytes of main memory. */
  readonly ramBytes: number;
}

/**
 * Knows how to bring one version of one servable into memory and out again, and nothing else: it does not know when,
 * and never decides to retry (upstream: core/loader.h).
 *
 * What its owner promises:
 *
 * 1. `load` is never called while a former `load` is running, nor after one that resolved.
 * 2. `load` may be called again after it rejected; a rejected `load` must have freed what it took.
 * 3. `unload` is called at most once, only after `load` resolved, and only when no handle lives (or when the owner is
 *    destroyed, which cuts them).
 * 4. `estimateResources` is called before `load` and must not depend on it.
 */
export interface Loader<T> {
  load(options: LoadOptions): Promise<T>;
  unload(): Promise<void>;
  /** Absent means that the version is taken to need nothing worth counting. */
  estimateResources?(): Promise<ResourceEstimate>;
  /**
   * What the version takes now that it is loaded, asked after `load` resolved; `undefined` where it could not be told.
   * Counts in place of the estimate where it is more.
   */
  measureResources?(): Promise<ResourceEstimate | undefined>;
}
