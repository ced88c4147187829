/** Calls that take no longer run on the calling thread, in microseconds. */
const inlineLimitMicros = 100;
/** A call may be tried on the calling thread once a call on a pool thread was back within this time. */
const trialLimitMicros = 1000;
/** The same where the event loop was busy meanwhile: most of the time may be its own. */
const busyTrialLimitMicros = 10_000;
/** This many quick calls before it excuse one slow call, whose thread was probably taken away for a while. */
const quickCallsThatExcuse = 64;
/** This many quick calls in a row, and the failed trials before count no more. */
const quickCallsThatSettle = 4096;
/** Slow calls in a row that end inline running: one alone may be the scheduler's doing. */
const slowCallsInARow = 3;
/** Calls on pool threads before the next trial; doubled after each trial that failed. */
const firstTrialPause = 256;
const longestTrialPause = 65_536;

interface Cost {
  inline: boolean;
  slow: number;
  /** Quick inline calls since the last slow one. */
  quick: number;
  untilTrial: number;
  pause: number;
}

/**
 * Decides from measurements whether calls of a session run on the calling thread, which for tiny models is faster than the
 * way to a pool thread and back, or on a pool thread, which keeps the event loop free.
 *
 * Costs are kept apart by the size of the inputs, in powers of two, because a batch of 1000 takes longer than one of 1. The
 * first call of a size goes to a pool thread. Its time there and back is an upper bound of its cost; when that is small,
 * the next one is tried inline and measured exactly. Under load the way back takes as long as the event loop is busy with
 * other calls, so a call that was done when the loop looked first gets a larger allowance. Every inline call is measured,
 * and three slow ones in a row, or one very slow one that has not proved itself before, send the size back to the pool
 * until a later trial.
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
      if (++cost.quick === quickCallsThatSettle) cost.pause = firstTrialPause;
      return;
    }
    const isExcused = cost.quick >= quickCallsThatExcuse;
    cost.quick = 0;
    if (++cost.slow < slowCallsInARow && (micros < trialLimitMicros || isExcused)) return;
    cost.inline = false;
    cost.slow = 0;
    cost.pause = Math.min(cost.pause * 2, longestTrialPause);
    cost.untilTrial = cost.pause;
  }

  /** Whether it matters for the next calls how long one on a pool thread takes. */
  isUndecided(inputBytes: number): boolean {
    const cost = this.#costs[Math.clz32(inputBytes)];
    return cost === undefined || cost.untilTrial === 0;
  }

  /**
   * Notes how long a call on a pool thread was under way.
   *
   * @param atNextTurn - the event loop found it done the first time it looked, so that the call may well have taken less
   * than the loop took to come round
   */
  ranOnPool(inputBytes: number, micros: number, atNextTurn = false): void {
    const cost = (this.#costs[Math.clz32(inputBytes)] ??= {
      inline: false,
      slow: 0,
      quick: 0,
      untilTrial: 0,
      pause: firstTrialPause,
    });
    if (cost.untilTrial > 0) cost.untilTrial--;
    else if (micros <= (atNextTurn ? busyTrialLimitMicros : trialLimitMicros)) cost.inline = true;
  }
}
