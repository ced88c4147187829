/**
 * Lets a bounded number of native calls onto pool threads at once; the others wait in order of arrival.
 *
 * koffi's asynchronous calls occupy a thread of libuv's pool for as long as the native call takes. The pool has four
 * threads unless `UV_THREADPOOL_SIZE` says otherwise, and file access, name lookups and compression share it: one thread
 * is left to them.
 */
export class CallGate {
  readonly limit: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Calls on pool threads now. */
  get running(): number {
    return this.#running;
  }

  /** Calls that wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Starts `call` now or when a place is free; whoever starts must {@link leave}.
   *
   * @returns drops the call if it has not started, and says whether it did
   */
  enter(call: () => void): () => boolean {
    if (this.#running < this.limit) {
      this.#running++;
      call();
      return () => false;
    }
    this.#waiting.add(call);
    return () => this.#waiting.delete(call);
  }

  /** Gives the place to the next. */
  leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      return;
    }
    this.#running--;
  }
}

/** Threads of libuv's pool (`uv_threadpool` of libuv: 4 by default, at most 1024). */
export function poolThreads(variable: string | undefined = process.env['UV_THREADPOOL_SIZE']): number {
  if (variable === undefined) return 4;
  const size = Number.parseInt(variable, 10);
  return Number.isNaN(size) || size < 1 ? 1 : Math.min(size, 1024);
}

/** Lets everything through. */
export const openGate = new CallGate(Infinity);

/** The gate that all sessions of this thread share. */
export const callGate = new CallGate(Math.max(1, poolThreads() - 1));
