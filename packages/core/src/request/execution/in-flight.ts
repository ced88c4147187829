import { ServingError } from '../../servable/serving-error.js';

/**
 * Counts the requests that are being answered, so that a server can stop without cutting them off.
 *
 * Every transport enters here before it does anything for a request. It is also the place where admission (a limit on
 * requests at once, priorities) belongs.
 */
export class InFlight {
  #count = 0;
  #draining = false;
  #waiters: (() => void)[] = [];
  readonly #onDrain = new Set<() => void>();

  /** Requests that have entered and not left. */
  get count(): number {
    return this.#count;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** @throws ServingError UNAVAILABLE once {@link drain} was called */
  check(): void {
    if (!this.#draining) return;
    throw new ServingError('UNAVAILABLE', 'SERVER_DRAINING', 'The server is shutting down and takes no new requests');
  }

  /**
   * Counts one request.
   *
   * @returns the function that ends it; a second call of it has no effect
   * @throws ServingError UNAVAILABLE once {@link drain} was called
   */
  enter(): () => void {
    this.check();
    this.#count++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (--this.#count === 0) this.#wake();
    };
  }

  /**
   * Calls `listener` once {@link drain} is called, at once if it was: for streams that do not count as requests and would
   * keep a server open.
   *
   * @returns the function that takes the listener back
   */
  onDrain(listener: () => void): () => void {
    if (this.#draining) listener();
    else this.#onDrain.add(listener);
    return () => void this.#onDrain.delete(listener);
  }

  /**
   * Refuses new requests from now on and waits for the ones in flight.
   *
   * @throws ServingError DEADLINE_EXCEEDED when some are still in flight after `timeoutMs` milliseconds, or the
   * signal's reason when it aborts; new requests stay refused
   */
  async drain(options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Promise<void> {
    this.#draining = true;
    for (const listener of this.#onDrain) listener();
    this.#onDrain.clear();
    if (this.#count === 0) return;
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiters = this.#waiters.filter((waiter) => waiter !== onEmpty);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onEmpty = () => settle();
      const onAbort = () => settle(signal!.reason as Error);
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              const message = `${this.#count} request(s) still in flight after ${timeoutMs} ms`;
              settle(new ServingError('DEADLINE_EXCEEDED', 'DRAIN_TIMEOUT', message));
            }, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(onEmpty);
    });
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }
}
