import { formatServableId, type ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';

/**
 * The memory that all managed versions share. A version that does not fit waits for as long as others are on their way
 * in or out, as they may free what it needs, and is refused when nothing more can change
 * (upstream: core/basic_manager.cc).
 */
export class RamBudget {
  readonly #limitBytes: number;
  readonly #reserved = new Map<ServableId, number>();
  readonly #moving = new Set<ServableId>();
  #waiting: (() => void)[] = [];

  /** @param limitBytes - `Infinity` never refuses */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** False when reservations can never fail, so that estimates need not be made. */
  get isLimited(): boolean {
    return this.#limitBytes !== Infinity;
  }

  /**
   * Reserves for a version that is about to be loaded; {@link settle} says how that ended.
   *
   * @throws ServingError RESOURCE_EXHAUSTED `Insufficient resources to load servable {…}`
   */
  async reserve(id: ServableId, bytes: number): Promise<void> {
    for (;;) {
      let used = 0;
      for (const each of this.#reserved.values()) used += each;
      if (used + bytes <= this.#limitBytes) {
        this.#reserved.set(id, bytes);
        this.#moving.add(id);
        return;
      }
      if (this.#moving.size === 0) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          'INSUFFICIENT_RESOURCES',
          `Insufficient resources to load servable ${formatServableId(id)}: ` +
            `it needs ${bytes} bytes and ${used} of ${this.#limitBytes} are reserved`,
        );
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Says that an unload of `id` is running: what it holds will come free. */
  startUnload(id: ServableId): void {
    this.#moving.add(id);
  }

  /**
   * Ends a load or an unload; `holds` says whether the version is in memory now.
   *
   * @param bytes - what it turned out to take, where that is known
   */
  settle(id: ServableId, holds: boolean, bytes?: number): void {
    this.#moving.delete(id);
    if (!holds) this.#reserved.delete(id);
    else if (bytes !== undefined) this.#reserved.set(id, bytes);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
