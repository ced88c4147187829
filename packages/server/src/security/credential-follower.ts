import { type Clock, type Logger, ServingError } from '@servable/core';

/** Credentials that may be other ones later: certificates, tokens, rules. */
export interface FollowedCredentials<T> {
  /** For the log: `the certificate of the gRPC port`. */
  readonly what: string;
  /** What counts now. */
  readonly current: T;
  /** Reads them anew. */
  readonly read: () => Promise<T>;
  /** Makes new ones count; throws when they are no good, and the old ones go on counting. */
  readonly apply: (value: T) => void;
}

/**
 * Looks at credentials again and again, and applies those that have changed. What cannot be read or applied is logged once,
 * and what was there before goes on counting. Files are read rather than watched: that also works for the links that
 * Kubernetes turns over, and on file systems that tell nothing.
 */
export class CredentialFollower {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #intervalMs: number;
  readonly #looks: (() => Promise<void>)[] = [];
  #cancelNext: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param options.intervalMs - 0: never */
  constructor(options: { readonly clock: Clock; readonly logger: Logger; readonly intervalMs: number }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#intervalMs = options.intervalMs;
  }

  follow<T>({ what, current, read, apply }: FollowedCredentials<T>): void {
    let known = JSON.stringify(current);
    let lastProblem = '';
    this.#looks.push(async () => {
      try {
        const value = await read();
        const text = JSON.stringify(value);
        if (text !== known) {
          apply(value);
          known = text;
          this.#logger.info(`Took new credentials: ${what}`);
        }
        lastProblem = '';
      } catch (error) {
        const { message } = ServingError.from(error);
        if (message !== lastProblem) this.#logger.error(`Keeping the old credentials, ${what}: ${message}`);
        lastProblem = message;
      }
    });
  }

  start(): void {
    if (this.#intervalMs > 0 && this.#looks.length > 0) this.#schedule();
  }

  /** Ends the looks, and waits for one that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext?.();
    await this.#running;
  }

  #schedule(): void {
    this.#cancelNext = this.#clock.schedule(this.#intervalMs, () => {
      this.#running = this.#look().then(() => {
        if (!this.#closed) this.#schedule();
      });
    });
  }

  async #look(): Promise<void> {
    for (const look of this.#looks) await look();
  }
}
