import type { Clock } from '../clock.js';

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 0;
  #calls: { readonly at: number; readonly callback: () => void }[] = [];

  /** Calls that are waiting for their time. */
  get pending(): number {
    return this.#calls.length;
  }

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const call = { at: this.#now + delayMs, callback };
    this.#calls.push(call);
    return () => {
      this.#calls = this.#calls.filter((other) => other !== call);
    };
  }

  /** Moves time on and makes the calls that fall due, in the order of their times. */
  advance(byMs: number): void {
    const until = this.#now + byMs;
    for (;;) {
      const due = this.#calls.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#calls = this.#calls.filter((other) => other !== due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = until;
  }
}
