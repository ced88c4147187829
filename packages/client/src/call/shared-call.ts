import { abortedError, deadlineError } from '../client-error.js';
import type { CallLimits } from '../transport/transport.js';

/**
 * One piece of work that several callers wait for, each with limits of its own: a caller that gives up leaves the others
 * waiting, and the work is aborted when the last one has gone.
 */
export class SharedCall<T> {
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;
  #settled = false;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#controller.signal);
    const settled = () => {
      this.#settled = true;
    };
    this.#result.then(settled, settled);
  }

  /** The end of the work itself, whoever waits for it. */
  get settled(): Promise<unknown> {
    return this.#result;
  }

  /** Whether it was given up, so that nobody should join it. */
  get abandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** @throws ClientError CANCELLED or DEADLINE_EXCEEDED by the caller's limits, or the error of the work */
  async wait({ signal, deadline }: CallLimits): Promise<T> {
    if (signal?.aborted === true) throw abortedError(signal);
    this.#waiting++;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const limit = new Promise<never>((_, reject) => {
      if (deadline !== undefined) timer = setTimeout(() => reject(deadlineError()), timerDelay(deadline - Date.now()));
      onAbort = () => reject(abortedError(signal!));
      signal?.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([this.#result, limit]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort!);
      if (--this.#waiting === 0 && !this.#settled) this.#controller.abort();
    }
  }
}

/** Node takes timers of up to 2^31 - 1 ms and fires longer ones at once. */
function timerDelay(milliseconds: number): number {
  return Math.min(milliseconds, 2 ** 31 - 1);
}
