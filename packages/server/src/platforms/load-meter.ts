/** Loads that are running, and the number of loads and unloads that have begun, in this process. */
let running = 0;
let changes = 0;

/** The bytes in use of this process, where that can be told. */
export type BytesInUse = () => number | undefined;

/**
 * Measures what one load takes by what the process uses before and after it. That means something only while nothing else
 * is loaded or unloaded; otherwise there is no answer, rather than a wrong one.
 */
export class LoadMeter {
  readonly #bytesInUse: BytesInUse;
  #before: { readonly bytes: number; readonly changes: number } | undefined;

  constructor(bytesInUse: BytesInUse) {
    this.#bytesInUse = bytesInUse;
  }

  /** Runs the load. */
  async load<R>(load: () => Promise<R>): Promise<R> {
    changes += 1;
    const bytes = running === 0 ? this.#bytesInUse() : undefined;
    this.#before = bytes === undefined ? undefined : { bytes, changes };
    running += 1;
    try {
      return await load();
    } finally {
      running -= 1;
    }
  }

  /** What it has taken so far, in bytes. */
  measure(): number | undefined {
    if (this.#before?.changes !== changes) return undefined;
    const now = this.#bytesInUse();
    return now === undefined ? undefined : Math.max(0, now - this.#before.bytes);
  }

  /** Says that something is unloaded: what others measure now is not theirs alone. */
  unload(): void {
    changes += 1;
  }
}
