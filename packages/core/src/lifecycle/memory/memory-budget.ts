import { formatServableId, type ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';

/** What takes memory and can be asked to give it back. */
export interface MemoryHolder {
  readonly id: ServableId;
  /** Never asked to leave. */
  readonly isPinned: boolean;
  /** Only a version that is `loaded` can be asked to leave; the others are on their way in or out. */
  readonly residence: 'absent' | 'loading' | 'loaded' | 'leaving';
  /** Whether a request is using it. */
  readonly isBusy: boolean;
  /** When it was last used, in uses of all holders. */
  readonly lastUsed: number;
  /** Leaves when the requests that use it have ended, and says so by {@link MemoryBudget.free}. Never rejects. */
  evict(): Promise<void>;
}

export interface ReserveOptions {
  /** Gives the wait up. */
  readonly signal: AbortSignal;
  /** The name of a stream whose versions stay: a new version must not push out the one that it is to replace. */
  readonly keep?: string | undefined;
}

/**
 * The bytes that loaded versions may take together. Whoever wants to load reserves first; what was used least recently
 * leaves for it, idle versions before busy ones. Reservations are granted in the order in which they were asked for, so
 * that a large version is not starved by small ones.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #held = new Map<MemoryHolder, number>();
  #usedBytes = 0;
  #uses = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #onChange: (() => void)[] = [];

  /** @throws ServingError INVALID_ARGUMENT unless `limitBytes` is above 0 */
  constructor(limitBytes: number) {
    if (!(limitBytes > 0)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'MEMORY_BUDGET_INVALID',
        `A memory budget must be a number of bytes above 0; got ${limitBytes}`,
      );
    }
    this.limitBytes = limitBytes;
  }

  /** Bytes that are held or reserved; those of a version that is leaving count until it has left. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Versions that hold or have reserved memory. */
  get holders(): number {
    return this.#held.size;
  }

  /** The number of a use, for {@link MemoryHolder.lastUsed}. */
  nextUse(): number {
    return (this.#uses += 1);
  }

  /** Whether some version of this stream is in memory. */
  holds(name: string): boolean {
    for (const { id, residence } of this.#held.keys()) if (residence === 'loaded' && id.name === name) return true;
    return false;
  }

  /**
   * Reserves for a version that is about to be loaded; {@link free} gives it back.
   *
   * @throws ServingError RESOURCE_EXHAUSTED when it could not fit even alone with what may not leave; the signal's reason
   */
  reserve(holder: MemoryHolder, bytes: number, options: ReserveOptions): Promise<void> {
    const whole = Math.ceil(bytes);
    const reserved = this.#turn.then(async () => {
      await this.#makeRoom(holder, whole, options);
      options.signal.throwIfAborted();
      this.#hold(holder, whole);
    });
    this.#turn = reserved.catch(() => undefined);
    // Who gives up does not wait for his turn.
    return unlessAborted(reserved, options.signal);
  }

  /**
   * Says that what was reserved turned out to take `bytes`. They are taken already: others leave for them, those that
   * can, and what is still coming makes room for itself.
   *
   * @throws ServingError as {@link reserve}, without the signal's reason; the reservation is left as it was
   */
  async adjust(holder: MemoryHolder, bytes: number, keep?: string): Promise<void> {
    const whole = Math.ceil(bytes);
    this.#refuseTooLarge(holder, whole, keep);
    this.#hold(holder, whole);
    while (this.#usedBytes > this.limitBytes) {
      const victim = this.#victim(holder, keep);
      if (!victim) return;
      await victim.evict();
    }
  }

  /** Gives back what a version held or had reserved. */
  free(holder: MemoryHolder): void {
    this.#usedBytes -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
    this.changed();
  }

  /** Says that a version is loaded: whoever waits for room looks again. */
  changed(): void {
    const listeners = this.#onChange;
    this.#onChange = [];
    for (const listener of listeners) listener();
  }

  #hold(holder: MemoryHolder, bytes: number): void {
    this.#usedBytes += bytes - (this.#held.get(holder) ?? 0);
    this.#held.set(holder, bytes);
    this.changed();
  }

  async #makeRoom(holder: MemoryHolder, bytes: number, { signal, keep }: ReserveOptions): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#usedBytes + bytes <= this.limitBytes) return;
      this.#refuseTooLarge(holder, bytes, keep);
      let leaving = 0;
      for (const [other, held] of this.#held) if (other.residence === 'leaving') leaving += held;
      const isEnough = this.#usedBytes - leaving + bytes <= this.limitBytes;
      // Without a victim, what there is is on its way in or out.
      await this.#change(signal, isEnough ? undefined : this.#victim(holder, keep));
    }
  }

  #refuseTooLarge(holder: MemoryHolder, bytes: number, keep: string | undefined): void {
    let staying = 0;
    let count = 0;
    for (const [other, held] of this.#held) {
      if (other === holder || !mustStay(other, keep)) continue;
      staying += held;
      count += 1;
    }
    if (staying + bytes > this.limitBytes) throw doesNotFit(holder.id, bytes, staying, count, this.limitBytes);
  }

  /** Who leaves next: the idle version that was not used for longest, else the busy one. */
  #victim(holder: MemoryHolder, keep: string | undefined): MemoryHolder | undefined {
    let victim: MemoryHolder | undefined;
    for (const other of this.#held.keys()) {
      if (other === holder || other.residence !== 'loaded' || mustStay(other, keep)) continue;
      if (!victim || isBefore(other, victim)) victim = other;
    }
    return victim;
  }

  /** Resolves when something has changed that may make room. */
  #change(signal: AbortSignal, victim: MemoryHolder | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end);
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
      this.#onChange.push(end);
      void victim?.evict();
    });
  }
}

function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** A version that is on its way out does not stay, whoever's it is. */
function mustStay({ id, isPinned, residence }: MemoryHolder, keep: string | undefined): boolean {
  return residence !== 'leaving' && (isPinned || id.name === keep);
}

function isBefore(one: MemoryHolder, other: MemoryHolder): boolean {
  return one.isBusy === other.isBusy ? one.lastUsed < other.lastUsed : other.isBusy;
}

function doesNotFit(id: ServableId, bytes: number, staying: number, count: number, limit: number): ServingError {
  const others = count === 0 ? '' : `, of which ${staying} are held by ${count} version(s) that must stay`;
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'MEMORY_BUDGET_EXCEEDED',
    `Servable ${formatServableId(id)} does not fit into memory: it needs ${bytes} bytes, ` +
      `and the budget is ${limit} bytes${others}`,
  );
}
