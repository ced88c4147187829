import type { LoaderHarnessState } from '../../servable/aspired-version-policy.js';
import { type Clock, sleep } from '../../servable/clock.js';
import type { Executor } from '../../servable/executor.js';
import type { Loader } from '../../servable/loader.js';
import type { Logger } from '../../servable/logger.js';
import { RefCountedServable } from '../../servable/ref-counted-servable.js';
import { formatServableId, type ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';

export interface LoaderHarnessOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs each attempt; a pause between attempts holds no place in it. */
  readonly loadExecutor: Executor;
  /** Runs the unload; waiting for live handles holds no place in it. */
  readonly unloadExecutor: Executor;
  /** Attempts after the first one. */
  readonly maxLoadRetries: number;
  /** Milliseconds between attempts. */
  readonly loadRetryIntervalMs: number;
  /** Whether loaders are asked once more what they take when they have loaded; default not. */
  readonly measuresRam?: boolean | undefined;
}

/**
 * Holds one loader, its state and its retries; the manager says when (upstream: core/loader_harness.cc). Every step is
 * allowed from one state only and anything else is FAILED_PRECONDITION, so that two owners cannot load a version twice.
 */
export class LoaderHarness<T> {
  readonly id: ServableId;
  /** False once the version was left out of an aspired list: it never becomes true again. */
  isAspired = true;
  readonly #loader: Loader<T> | undefined;
  readonly #options: LoaderHarnessOptions;
  readonly #cancel = new AbortController();
  readonly #cut = new AbortController();
  #state: LoaderHarnessState = 'new';
  #error: ServingError | undefined;
  #servable: RefCountedServable<T> | undefined;
  #ramBytes: number | undefined;

  /** @param loader - an error stands for a version that cannot even be tried: the harness starts in `error` */
  constructor(id: ServableId, loader: Loader<T> | ServingError, options: LoaderHarnessOptions) {
    this.id = id;
    this.#options = options;
    if (loader instanceof ServingError) this.fail(loader);
    else this.#loader = loader;
  }

  get state(): LoaderHarnessState {
    return this.#state;
  }

  /** Why the harness is in `error`. */
  get error(): ServingError | undefined {
    return this.#error;
  }

  /** Bytes that the loader said it takes after its load, where it was asked and could tell. */
  get ramBytes(): number | undefined {
    return this.#ramBytes;
  }

  requestLoad(): void {
    this.#step('new', 'load-requested', 'cannot be transitioned to load-requested');
  }

  approveLoad(): void {
    this.#step('load-requested', 'load-approved', 'cannot be approved for loading');
    this.#options.logger.info(`Approving load for servable version ${formatServableId(this.id)}`);
  }

  /**
   * Runs attempts until one succeeds, the retries are used up or the load is cancelled. A cancelled load whose last
   * attempt succeeds all the same is unloaded at once.
   *
   * @returns what can be served; the harness is `ready`
   * @throws ServingError the last attempt's error, or CANCELLED; the harness is in `error`
   */
  async load(): Promise<RefCountedServable<T>> {
    this.#step('load-approved', 'loading', 'cannot be loaded');
    this.#options.logger.info(`Loading servable version ${formatServableId(this.id)}`);
    try {
      // A harness without a loader starts in `error` and never gets here.
      const loader = this.#loader as Loader<T>;
      const value = await this.#unlessCut(this.#attemptsOrUnload(loader));
      this.#servable = new RefCountedServable(this.id, value);
      this.#state = 'ready';
      this.#options.logger.info(`Successfully loaded servable version ${formatServableId(this.id)}`);
      return this.#servable;
    } catch (error) {
      throw this.fail(ServingError.from(error));
    }
  }

  /** Ends a load at the next chance: no further attempt is made and the running one is told by its signal. */
  cancelLoad(): void {
    this.#cancel.abort(cancelled());
  }

  requestUnload(): void {
    this.#step('ready', 'unload-requested', 'cannot be transitioned to unload-requested');
  }

  /**
   * Waits for the live handles and unloads; the harness is then `disabled`.
   *
   * @throws ServingError the loader's error; the harness is in `error`
   */
  async unload(): Promise<void> {
    const { logger } = this.#options;
    this.#step('unload-requested', 'quiescing', 'cannot be quiesced');
    logger.info(`Quiescing servable version ${formatServableId(this.id)}`);
    await this.#servable?.quiesce();
    this.#state = 'quiesced';
    logger.info(`Done quiescing servable version ${formatServableId(this.id)}`);
    this.#state = 'unloading';
    this.#servable = undefined;
    try {
      await this.#options.unloadExecutor.run(async () => this.#loader?.unload());
    } catch (error) {
      throw this.fail(ServingError.from(error));
    }
    this.#state = 'disabled';
    logger.info(`Done unloading servable version ${formatServableId(this.id)}`);
  }

  /** Lets an unload go on without its live handles, and ends a load without waiting for its running attempt. */
  cut(): void {
    this.#cut.abort(cancelled());
    this.#servable?.cut();
  }

  /** Moves to `error` for good and returns the error. */
  fail(error: ServingError): ServingError {
    this.#state = 'error';
    this.#error = error;
    const { logger } = this.#options;
    const line = `Encountered an error for servable version ${formatServableId(this.id)}: ${error.code}: ${error.message}`;
    // A load that was called off, such as by SIGTERM, is nobody's fault.
    if (error.code === 'CANCELLED') logger.info(line);
    else logger.error(line);
    return error;
  }

  /**
   * Bytes of memory the loader asks for, under the same retries as a load.
   *
   * @throws ServingError the last attempt's error, or CANCELLED; the state is left as it is
   */
  async estimateRamBytes(): Promise<number> {
    const loader = this.#loader;
    if (!loader?.estimateResources) return 0;
    const estimate = loader.estimateResources.bind(loader);
    return (await this.#attempts('Estimating resources for', estimate)).ramBytes;
  }

  async #attemptsOrUnload(loader: Loader<T>): Promise<T> {
    const value = await this.#attempts('Loading', () => loader.load({ signal: this.#cancel.signal }));
    if (this.#options.measuresRam) this.#ramBytes = await measureRamBytes(loader);
    if (!this.#cancel.signal.aborted) return value;
    this.#options.logger.info(`Unloading just-loaded servable version ${formatServableId(this.id)}`);
    await loader.unload();
    throw cancelled();
  }

  #unlessCut(load: Promise<T>): Promise<T> {
    const { signal } = this.#cut;
    return new Promise((resolve, reject) => {
      const onCut = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onCut, { once: true });
      void load.then(resolve, reject).finally(() => signal.removeEventListener('abort', onCut));
      if (signal.aborted) onCut();
    });
  }

  /** The retry loop and its texts are those of upstream's util/retrier.cc. */
  async #attempts<R>(doing: string, attempt: () => Promise<R>): Promise<R> {
    const { clock, logger, loadExecutor, maxLoadRetries, loadRetryIntervalMs } = this.#options;
    const { signal } = this.#cancel;
    const what = `${doing} servable: ${formatServableId(this.id)}`;
    for (let retry = 0; ; retry += 1) {
      if (retry > 0) {
        await sleep(clock, loadRetryIntervalMs, signal);
        logger.info(`Retrying of ${what} retry: ${retry}`);
      }
      try {
        return await loadExecutor.run(async () => {
          signal.throwIfAborted();
          return attempt();
        });
      } catch (error) {
        if (signal.aborted) throw cancelled();
        const { code, message } = ServingError.from(error);
        logger.error(`${what} failed: ${code}: ${message}`);
        // Upstream retries this one too; but what is not built in will not be after a pause.
        if (code === 'UNIMPLEMENTED') throw error;
        if (retry >= maxLoadRetries) {
          if (maxLoadRetries > 0) logger.error(`${what} exhausted max_num_retries: ${maxLoadRetries}`);
          throw error;
        }
      }
    }
  }

  #step(from: LoaderHarnessState, to: LoaderHarnessState, refusal: string): void {
    if (this.#state !== from) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'HARNESS_STATE',
        `Servable: ${formatServableId(this.id)} ${refusal}. In state: ${this.#state} instead of state: ${from}`,
      );
    }
    this.#state = to;
  }
}

/** A loader that cannot tell is left with what it said before its load. */
async function measureRamBytes(loader: Loader<unknown>): Promise<number | undefined> {
  try {
    return ((await loader.measureResources?.()) ?? (await loader.estimateResources?.()))?.ramBytes;
  } catch {
    return undefined;
  }
}

function cancelled(): ServingError {
  return new ServingError('CANCELLED', 'LOAD_CANCELLED', 'Loading of servable cancelled');
}
