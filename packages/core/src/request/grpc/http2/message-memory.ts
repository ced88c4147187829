/** Smaller messages get memory of their own. */
const LEAST_BYTES = 16 * 1024;
/** Larger ones too: a few of them would be all that is kept. */
const MOST_BYTES = 16 * 1024 * 1024;
/** What is kept for messages to come. */
const MOST_IDLE_BYTES = 64 * 1024 * 1024;
/** What was not needed for so long is let go. */
const IDLE_MS = 10_000;

/** Memory for one message. */
export interface MessageBlock {
  /** At least as many bytes as were asked for, with anything in them. */
  readonly bytes: Buffer;
  /**
   * Gives the memory back, for other messages. To be called by whoever knows that nothing refers to it any more, views
   * included; memory that is not given back is collected like any other.
   */
  readonly release: () => void;
}

/**
 * Memory that messages use one after the other. V8 counts what lies outside of its heap, and collects all of the heap
 * each time that another ten megabytes or so were asked for: with an image of 600 KB in each request that is every twenty
 * calls, which takes longer than all else that is done for a call beside the run of its model.
 */
export class MessageMemory {
  readonly #sizes = new Map<number, { readonly idle: Buffer[]; least: number }>();
  #idleBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Bytes that are kept for messages to come. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  take(bytes: number): MessageBlock {
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES) {
      return { bytes: Buffer.allocUnsafeSlow(bytes), release: () => undefined };
    }
    const size = roundUp(bytes);
    const kept = this.#sizes.get(size);
    let memory = kept?.idle.pop();
    if (kept === undefined || memory === undefined) memory = Buffer.allocUnsafeSlow(size);
    else {
      this.#idleBytes -= size;
      kept.least = Math.min(kept.least, kept.idle.length);
    }
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.#keep(memory);
    };
    return { bytes: memory, release };
  }

  #keep(memory: Buffer): void {
    const size = memory.length;
    if (this.#idleBytes + size > MOST_IDLE_BYTES) return;
    let kept = this.#sizes.get(size);
    if (kept === undefined) this.#sizes.set(size, (kept = { idle: [], least: 0 }));
    kept.idle.push(memory);
    this.#idleBytes += size;
    this.#timer ??= setInterval(() => this.#letGo(), IDLE_MS).unref();
  }

  /** Lets go what lay idle all the time since it was last called. */
  #letGo(): void {
    for (const [size, kept] of this.#sizes) {
      kept.idle.splice(0, kept.least);
      this.#idleBytes -= size * kept.least;
      kept.least = kept.idle.length;
      if (kept.least === 0) this.#sizes.delete(size);
    }
    if (this.#sizes.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Four sizes between one power of two and the next, so that messages of about one size share theirs. */
function roundUp(bytes: number): number {
  const step = 2 ** (29 - Math.clz32(bytes));
  return Math.ceil(bytes / step) * step;
}
