import { type Clock, sleep } from '../../servable/clock.js';
import type { Executor } from '../../servable/executor.js';
import type { Loader } from '../../servable/loader.js';
import { RefCountedServable } from '../../servable/ref-counted-servable.js';
import type { ServableHandle, WaitOptions } from '../../servable/servable-handle.js';
import { formatServableId, type ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';
import type { MemoryBudget, MemoryHolder } from './memory-budget.js';

/** Is told of what comes into memory and what leaves it. Must not throw. */
export interface MemoryObserver {
  loaded?(id: ServableId, bytes: number, millis: number): void;
  loadFailed?(id: ServableId, error: ServingError): void;
  evicted?(id: ServableId): void;
}

export interface OnDemandOptions {
  readonly budget: MemoryBudget;
  /** Runs the loads; must not be the manager's own, whose places would be waiting for it. */
  readonly loadExecutor: Executor;
  readonly unloadExecutor: Executor;
  readonly clock: Clock;
  readonly observer?: MemoryObserver | undefined;
}

/** One load, however many requests wait for it. */
interface Loading<T> {
  readonly waiters: Set<(outcome: RefCountedServable<T> | ServingError) => void>;
  readonly cancel: AbortController;
  /** Never rejects. */
  readonly done: Promise<void>;
  /** Whether it has its memory: from then on it is finished also when nobody waits any more. */
  isAdmitted: boolean;
}

type State<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'loading'; readonly loading: Loading<T> }
  | { readonly kind: 'loaded'; readonly servable: RefCountedServable<T>; readonly loader: Loader<T> }
  | { readonly kind: 'leaving'; readonly servable: RefCountedServable<T>; readonly done: Promise<void> }
  | { readonly kind: 'closed' };

/** A version that failed to load is not tried again for a second, then for twice as long, up to a minute. */
const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/**
 * One version that is in memory while it is used, and while there is room.
 *
 * ```text
 * absent ── open() ──▶ loading ──▶ loaded ── evict() ──▶ leaving ──▶ absent
 *    any of them ── close() ──▶ closed
 * ```
 */
export class OnDemandServable<T> implements MemoryHolder {
  readonly id: ServableId;
  readonly isPinned: boolean;
  lastUsed = 0;
  readonly #createLoader: () => Loader<T>;
  readonly #options: OnDemandOptions;
  #state: State<T> = { kind: 'absent' };
  #isClosing = false;
  /** What it took when it was last loaded. */
  #knownBytes: number | undefined;
  #failure: { readonly error: ServingError; readonly until: number; readonly pauseMs: number } | undefined;

  /** @param createLoader - makes a loader for one load and its unload */
  constructor(id: ServableId, isPinned: boolean, createLoader: () => Loader<T>, options: OnDemandOptions) {
    this.id = id;
    this.isPinned = isPinned;
    this.#createLoader = createLoader;
    this.#options = options;
  }

  get residence(): 'absent' | 'loading' | 'loaded' | 'leaving' {
    return this.#state.kind === 'closed' ? 'absent' : this.#state.kind;
  }

  get isBusy(): boolean {
    return this.#state.kind === 'loaded' && this.#state.servable.liveHandles > 0;
  }

  /** A handle if the version is in memory now; this is no use of it. */
  peek(): ServableHandle<T> | undefined {
    return this.#state.kind === 'loaded' ? this.#state.servable.acquire() : undefined;
  }

  /**
   * A handle: at once if the version is in memory, else when it has been loaded; one load serves all that wait for it.
   *
   * @throws ServingError RESOURCE_EXHAUSTED when it does not fit; UNAVAILABLE when it cannot be loaded, for a while
   * without another attempt; DEADLINE_EXCEEDED; the signal's reason
   */
  open(options: WaitOptions = {}): ServableHandle<T> | Promise<ServableHandle<T>> {
    if (this.#state.kind !== 'loaded') return this.#openLater(options);
    this.lastUsed = this.#options.budget.nextUse();
    return this.#state.servable.acquire();
  }

  /**
   * Brings the version into memory without a request for it.
   *
   * @param keep - the name of a stream whose versions do not leave for it
   * @throws ServingError RESOURCE_EXHAUSTED when it does not fit; what the loader throws; the signal's reason
   */
  async load({ signal, keep }: { readonly signal: AbortSignal; readonly keep?: string | undefined }): Promise<void> {
    const outcome = await this.#outcome({ signal }, keep);
    if (outcome instanceof ServingError) throw outcome;
  }

  evict(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'leaving') return state.done;
    if (state.kind !== 'loaded') return Promise.resolve();
    const done = this.#leave(state.servable, state.loader);
    this.#state = { kind: 'leaving', servable: state.servable, done };
    return done;
  }

  /** Ends a load at the next chance, leaves memory when the last handle is released, and stays out. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (;;) {
      const state = this.#state;
      if (state.kind === 'loading') {
        state.loading.cancel.abort(closed(this.id));
        await state.loading.done;
      } else if (state.kind === 'leaving') await state.done;
      else if (state.kind === 'loaded') await this.evict();
      else break;
    }
    this.#state = { kind: 'closed' };
  }

  /** Closes without waiting for live handles. Idempotent. */
  destroy(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'loaded' || state.kind === 'leaving') state.servable.cut();
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #openLater(options: WaitOptions): Promise<ServableHandle<T>> {
    const failure = this.#failure;
    if (failure && this.#state.kind === 'absent') {
      const leftMs = failure.until - this.#options.clock.now();
      if (leftMs > 0) throw unavailable(this.id, failure.error, leftMs);
    }
    let handle: ServableHandle<T> | undefined;
    const outcome = await this.#outcome(options, undefined, (servable) => (handle = servable.acquire()));
    if (handle) return handle;
    const error = outcome as ServingError;
    if (this.#failure?.error !== error) throw error;
    throw unavailable(this.id, error, this.#failure.pauseMs);
  }

  /** Waits for the version to be loaded, and starts the load if nobody has. `take` is called before anybody can evict. */
  async #outcome(
    { signal, timeoutMs }: WaitOptions,
    keep: string | undefined,
    take?: (servable: RefCountedServable<T>) => void,
  ): Promise<RefCountedServable<T> | ServingError> {
    const from = this.#options.clock.now();
    for (;;) {
      signal?.throwIfAborted();
      const state = this.#state;
      if (state.kind === 'loaded') {
        this.lastUsed = this.#options.budget.nextUse();
        take?.(state.servable);
        return state.servable;
      }
      if (this.#isClosing || state.kind === 'closed') throw closed(this.id);
      const leftMs = timeoutMs === undefined ? undefined : timeoutMs - (this.#options.clock.now() - from);
      if (state.kind === 'leaving') {
        await this.#within(state.done, signal, leftMs);
        continue;
      }
      if (state.kind === 'loading' && state.loading.cancel.signal.aborted) {
        // Given up by all who waited for it: not one to join.
        await this.#within(state.loading.done, signal, leftMs);
        continue;
      }
      const loading = state.kind === 'loading' ? state.loading : this.#startLoad(keep);
      return this.#wait(loading, signal, leftMs, take);
    }
  }

  #wait(
    loading: Loading<T>,
    signal: AbortSignal | undefined,
    leftMs: number | undefined,
    take: ((servable: RefCountedServable<T>) => void) | undefined,
  ): Promise<RefCountedServable<T> | ServingError> {
    let waiter!: (outcome: RefCountedServable<T> | ServingError) => void;
    const outcome = new Promise<RefCountedServable<T> | ServingError>((resolve) => {
      waiter = (result) => {
        if (!(result instanceof ServingError)) take?.(result);
        resolve(result);
      };
    });
    loading.waiters.add(waiter);
    return this.#within(outcome, signal, leftMs, () => {
      loading.waiters.delete(waiter);
      if (loading.waiters.size > 0 || loading.isAdmitted) return;
      loading.cancel.abort(new ServingError('CANCELLED', 'LOAD_CANCELLED', 'Nobody waits for the load any more'));
    });
  }

  /** Waits no longer than the limits allow; `giveUp` is called when they end the wait. */
  #within<R>(
    promise: Promise<R>,
    signal: AbortSignal | undefined,
    leftMs: number | undefined,
    giveUp: () => void = () => undefined,
  ): Promise<R> {
    if (signal === undefined && leftMs === undefined) return promise;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        signal?.removeEventListener('abort', onAbort);
        stop.abort();
        settle();
      };
      const stop = new AbortController();
      const cutShort = (error: Error): void =>
        end(() => {
          giveUp();
          reject(error);
        });
      const onAbort = (): void => cutShort(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort, { once: true });
      promise.then(
        (value) => end(() => resolve(value)),
        (error: Error) => end(() => reject(error)),
      );
      if (leftMs === undefined) return;
      sleep(this.#options.clock, Math.max(0, leftMs), stop.signal).then(
        () => cutShort(tooLate(this.id)),
        () => undefined,
      );
    });
  }

  #startLoad(keep: string | undefined): Loading<T> {
    const cancel = new AbortController();
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const loading: Loading<T> = {
      waiters: new Set(),
      cancel,
      isAdmitted: false,
      done: begun.then(() => this.#load(loading, keep)),
    };
    this.#state = { kind: 'loading', loading };
    begin();
    return loading;
  }

  /** Never rejects. */
  async #load(loading: Loading<T>, keep: string | undefined): Promise<void> {
    const { clock, observer } = this.#options;
    const from = clock.now();
    let outcome: RefCountedServable<T> | ServingError;
    try {
      const { servable, loader, bytes } = await this.#admitAndLoad(loading, keep);
      outcome = new RefCountedServable(this.id, servable);
      this.#state = { kind: 'loaded', servable: outcome, loader };
      this.lastUsed = this.#options.budget.nextUse();
      this.#failure = undefined;
      observer?.loaded?.(this.id, bytes, clock.now() - from);
    } catch (thrown) {
      outcome = ServingError.from(thrown);
      this.#state = { kind: 'absent' };
      this.#options.budget.free(this);
      // What does not fit costs nothing to try again, and what was cancelled has not failed.
      if (outcome.code !== 'CANCELLED' && outcome.reason !== 'MEMORY_BUDGET_EXCEEDED') {
        const pauseMs = Math.min(longestPauseMs, this.#failure ? this.#failure.pauseMs * 2 : firstPauseMs);
        this.#failure = { error: outcome, until: clock.now() + pauseMs, pauseMs };
      }
      if (outcome.code !== 'CANCELLED') observer?.loadFailed?.(this.id, outcome);
    }
    for (const waiter of loading.waiters) waiter(outcome);
    this.#options.budget.changed();
  }

  async #admitAndLoad(
    loading: Loading<T>,
    keep: string | undefined,
  ): Promise<{ readonly servable: T; readonly loader: Loader<T>; readonly bytes: number }> {
    const { budget, loadExecutor } = this.#options;
    const { signal } = loading.cancel;
    const loader = this.#createLoader();
    const estimated = (await loader.estimateResources?.())?.ramBytes ?? 0;
    const reserved = Math.max(estimated, this.#knownBytes ?? 0);
    await budget.reserve(this, reserved, { signal, keep });
    loading.isAdmitted = true;
    const servable = await loadExecutor.run(async () => {
      signal.throwIfAborted();
      return loader.load({ signal });
    });
    try {
      signal.throwIfAborted();
      const measured = (await loader.measureResources?.())?.ramBytes;
      const bytes = measured === undefined ? reserved : Math.max(estimated, measured);
      this.#knownBytes = bytes;
      await budget.adjust(this, bytes, keep);
      return { servable, loader, bytes };
    } catch (error) {
      await loader.unload();
      throw error;
    }
  }

  /** Never rejects: a version that could not be unloaded properly is gone all the same. */
  async #leave(servable: RefCountedServable<T>, loader: Loader<T>): Promise<void> {
    const { budget, unloadExecutor, observer } = this.#options;
    await servable.quiesce();
    await unloadExecutor.run(() => loader.unload()).catch(() => undefined);
    this.#state = { kind: 'absent' };
    budget.free(this);
    if (!this.#isClosing) observer?.evicted?.(this.id);
  }
}

function closed(id: ServableId): ServingError {
  return new ServingError('CANCELLED', 'LOAD_CANCELLED', `Servable ${formatServableId(id)} is being unloaded`);
}

function tooLate(id: ServableId): ServingError {
  return new ServingError(
    'DEADLINE_EXCEEDED',
    'LOAD_NOT_IN_TIME',
    `Servable ${formatServableId(id)} was not loaded before the request's time was up`,
  );
}

function unavailable(id: ServableId, error: ServingError, retryAfterMs: number): ServingError {
  return new ServingError(
    'UNAVAILABLE',
    'LOAD_FAILED',
    `Servable ${formatServableId(id)} could not be loaded: ${error.code}: ${error.message}`,
    { cause: error, retryAfterMs },
  );
}
