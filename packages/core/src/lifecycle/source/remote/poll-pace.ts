/** How long to wait before looking again. */
export interface PollPaceOptions {
  /** Milliseconds between looks while something changes. */
  readonly intervalMs: number;
  /** 0 to 1, evenly spread. */
  readonly random: () => number;
}

/** While nothing changes the pauses grow up to this, where the interval is not longer anyway. */
const idleMs = 30_000;
/** While looking fails they grow up to this. */
const failingMs = 60_000;

/**
 * The pauses between looks at something that answers slowly and costs money: they grow while nothing changes, faster
 * while it does not answer, and are spread by a fifth either way, so that a thousand servers do not ask at once.
 */
export class PollPace {
  readonly #options: PollPaceOptions;
  #delayMs: number;

  constructor(options: PollPaceOptions) {
    this.#options = options;
    this.#delayMs = options.intervalMs;
  }

  /** Milliseconds until the next look, after one that ended so. */
  after(outcome: 'changed' | 'same' | 'failed'): number {
    const { intervalMs, random } = this.#options;
    if (outcome === 'changed') this.#delayMs = intervalMs;
    else {
      const [factor, most] = outcome === 'same' ? [1.25, idleMs] : [2, failingMs];
      this.#delayMs = Math.min(this.#delayMs * factor, Math.max(most, intervalMs));
    }
    return this.#delayMs * (0.8 + 0.4 * random());
  }
}
