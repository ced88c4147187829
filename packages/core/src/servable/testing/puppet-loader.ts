import type { Loader, LoadOptions, ResourceEstimate } from '../loader.js';

/**
 * A loader that is moved by hand: `load` and `unload` stay open until the test settles them. Counts the calls, so that
 * a test can say how often and in which order they came.
 */
export class PuppetLoader<T> implements Loader<T> {
  readonly value: T;
  loads = 0;
  unloads = 0;
  /** Loads that ended well. */
  successes = 0;
  signal: AbortSignal | undefined;
  estimate: ResourceEstimate | undefined;
  /** What it says it takes once it is loaded. */
  measured: ResourceEstimate | undefined;
  /** Called when a load begins. */
  onLoad: (() => void) | undefined;
  #load: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;
  #unload: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(value: T) {
    this.value = value;
  }

  get isLoading(): boolean {
    return this.#load !== undefined;
  }

  get isUnloading(): boolean {
    return this.#unload !== undefined;
  }

  load({ signal }: LoadOptions): Promise<T> {
    this.loads += 1;
    this.signal = signal;
    this.onLoad?.();
    return new Promise((resolve, reject) => (this.#load = { resolve, reject }));
  }

  unload(): Promise<void> {
    this.unloads += 1;
    return new Promise((resolve, reject) => (this.#unload = { resolve, reject }));
  }

  async estimateResources(): Promise<ResourceEstimate> {
    return this.estimate ?? { ramBytes: 0 };
  }

  async measureResources(): Promise<ResourceEstimate | undefined> {
    return this.measured;
  }

  /** Ends the running load well, or with `error`, and lets everything that waits for it go on. */
  async finishLoad(error?: Error): Promise<void> {
    const load = this.#load;
    if (!load) throw new Error('No load is running');
    this.#load = undefined;
    if (error) load.reject(error);
    else {
      this.successes += 1;
      load.resolve(this.value);
    }
    await settled();
  }

  /** Ends the running unload well, or with `error`. */
  async finishUnload(error?: Error): Promise<void> {
    const unload = this.#unload;
    if (!unload) throw new Error('No unload is running');
    this.#unload = undefined;
    if (error) unload.reject(error);
    else unload.resolve();
    await settled();
  }
}

/** Resolves when every promise reaction that is due by now has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
