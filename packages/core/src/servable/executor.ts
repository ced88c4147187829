import { ServingError } from './serving-error.js';

/** Where work runs and how much of it at a time; handed in from outside. */
export interface Executor {
  /** Runs `task` now or later and settles as it does. Tasks start in the order of the calls. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Starts every task at once. */
export const inlineExecutor: Executor = { run: async (task) => task() };

/** Runs at most `limit` tasks at a time, first come, first served: what a thread pool is to upstream. */
export class LimitedExecutor implements Executor {
  #limit = 1;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @throws ServingError INVALID_ARGUMENT unless `limit` is a whole number of at least 1 */
  constructor(limit: number) {
    this.setLimit(limit);
  }

  /**
   * Changes how many tasks run at a time: waiting ones start at once where there is room, running ones go on.
   *
   * @throws ServingError INVALID_ARGUMENT unless `limit` is a whole number of at least 1
   */
  setLimit(limit: number): void {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'EXECUTOR_LIMIT_INVALID',
        `An executor's limit must be a whole number of at least 1; got ${limit}`,
      );
    }
    this.#limit = limit;
    while (this.#running < this.#limit && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()!();
    }
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running += 1;
    // The slot is handed over by the task that ends, so that nobody can slip in between.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#running <= this.#limit ? this.#waiting.shift() : undefined;
      if (next) next();
      else this.#running -= 1;
    }
  }
}
