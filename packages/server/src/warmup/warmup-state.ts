import type { ServableId } from '@servable/core';

/** Which versions are being warmed up right now (upstream: `WarmupStateRegistry` of its saved_model_warmup_util.cc). */
export class WarmupState {
  readonly #warming = new Set<ServableId>();

  /** Versions that are being warmed up. */
  get count(): number {
    return this.#warming.size;
  }

  /** Whether this version is being warmed up. */
  isWarming({ name, version }: ServableId): boolean {
    for (const id of this.#warming) if (id.name === name && id.version === version) return true;
    return false;
  }

  /** Runs the warm-up of a version; it counts as warming until that has ended, well or not. */
  async during<R>(id: ServableId, warmUp: () => Promise<R>): Promise<R> {
    // An object of its own: the same version may be warmed a second time while a first attempt still ends.
    const own = { ...id };
    this.#warming.add(own);
    try {
      return await warmUp();
    } finally {
      this.#warming.delete(own);
    }
  }
}
