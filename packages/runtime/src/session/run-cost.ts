/** Calls that take no longer run on the calling thread, in microseconds. */
const inlineLimitMicros = 100;
/** A call may be tried on the calling thread once a call on a pool thread was back within this time. */
const trialLimitMicros = 1000;
/** Slow calls in a row that end inline running: one alone may be the scheduler's doing. */
const slowCallsInARow = 3;
/** Calls on pool threads before the next trial; doubled after each trial that failed. */
const firstTrialPause = 256;
const longestTrialPause = 65_536;

interface Cost {
  inline: boolean;
  slow: number;
  untilTrial: number;
  pause: number;
}

/**
 * Decides from measurements whether calls of a session run on the calling thread, which for tiny models is faster than the
 * way to a pool thread and back, or on a pool thread, which keeps the event loop free.
 *
 * Costs are kept apart by the size of the inputs, in powers of two, because a batch of 1000 takes longer than one of 1. The
 * first call of a size goes to a pool thread. Its time there and back is an upper bound of its cost; when that is small,
 * the next one is tried inline and measured exactly. Every inline call is measured, and three slow ones in a row send the
 * size back to the pool until a later trial.
 */
export class RunCost {
  readonly #costs: Cost[] = [];

  /** Whether a call with inputs of this many bytes may run on the calling thread. */
  runsInline(inputBytes: number): boolean {
    return this.#costs[Math.clz32(inputBytes)]?.inline === true;
  }

  /** Notes what a call on the calling thread took. */
  ranInline(inputBytes: number, micros: number): void {
    const cost = this.#costs[Math.clz32(inputBytes)];
    if (cost === undefined) return;
    if (micros <= inlineLimitMicros) {
      cost.slow = 0;
      return;
    }
    if (++cost.slow < slowCallsInARow && micros < trialLimitMicros) return;
    cost.inline = false;
    cost.slow = 0;
    cost.pause = Math.min(cost.pause * 2, longestTrialPause);
    cost.untilTrial = cost.pause;
  }

  /** Notes how long a call on a pool thread was under way. */
  ranOnPool(inputBytes: number, micros: number): void {
    const cost = (this.#costs[Math.clz32(inputBytes)] ??= {
      inline: false,
      slow: 0,
      untilTrial: 0,
      pause: firstTrialPause,
    });
    if (cost.untilTrial > 0) cost.untilTrial--;
    else if (micros <= trialLimitMicros) cost.inline = true;
  }
}
