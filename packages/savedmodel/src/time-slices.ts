import { setImmediate } from 'node:timers/promises';

/** Work for so long is done in one go. Two of them and what stands between stay below what callers notice. */
const SLICE_MS = 8;

/**
 * Cuts long work into slices, between which the event loop gets its turn: a server goes on answering while it compiles.
 */
export class TimeSlices {
  #end = performance.now() + SLICE_MS;

  /** Waits a turn of the event loop when the slice is over. */
  async pause(): Promise<void> {
    if (performance.now() < this.#end) return;
    await setImmediate();
    this.#end = performance.now() + SLICE_MS;
  }

  /** Runs a generator to its end, with a pause at every step that it yields. */
  async run<T>(steps: Generator<void, T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (performance.now() >= this.#end) await this.pause();
    }
  }
}

/** Runs a generator to its end in one go. */
export function runAtOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
