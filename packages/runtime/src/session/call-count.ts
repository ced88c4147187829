/** Counts the calls under way, for an owner who waits for their end before it frees what they use. */
export class CallCount {
  #count = 0;
  #reached: (() => void) | undefined;

  add(): void {
    this.#count++;
  }

  remove(): void {
    if (--this.#count === 0) this.#reached?.();
  }

  /** Resolves when no call is under way; for one waiter, who lets no more calls begin. */
  async none(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#reached = resolve));
  }
}
