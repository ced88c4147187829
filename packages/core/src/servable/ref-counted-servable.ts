import type { ServableHandle } from './servable-handle.js';
import type { ServableId } from './servable-id.js';
import { ServingError } from './serving-error.js';

type State =
  /** Handles are given out. */
  | { readonly kind: 'open' }
  /** No new handles; `drained` settles with the last live one. */
  | { readonly kind: 'quiescing'; readonly drained: Promise<void>; readonly settle: () => void };

/**
 * A loaded servable and the count of its live handles.
 *
 * ```text
 * open ── quiesce() ──▶ quiescing ── last release() or cut() ──▶ drained
 * ```
 */
export class RefCountedServable<T> {
  readonly id: ServableId;
  readonly servable: T;
  #liveHandles = 0;
  #state: State = { kind: 'open' };

  constructor(id: ServableId, servable: T) {
    this.id = id;
    this.servable = servable;
  }

  /** Handles that were acquired and not released yet. */
  get liveHandles(): number {
    return this.#liveHandles;
  }

  /** @throws ServingError FAILED_PRECONDITION once it is quiescing */
  acquire(): ServableHandle<T> {
    if (this.#state.kind !== 'open') {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'SERVABLE_QUIESCING',
        `Servable ${this.id.name} version ${this.id.version} is being unloaded and gives out no more handles`,
      );
    }
    this.#liveHandles += 1;
    return new Handle(this.id, this.servable, () => {
      this.#liveHandles -= 1;
      if (this.#liveHandles === 0 && this.#state.kind === 'quiescing') this.#state.settle();
    });
  }

  /** Gives out no more handles and resolves when the last live one is released. */
  quiesce(): Promise<void> {
    if (this.#state.kind === 'open') {
      let settle!: () => void;
      const drained = new Promise<void>((resolve) => (settle = resolve));
      this.#state = { kind: 'quiescing', drained, settle };
      if (this.#liveHandles === 0) settle();
    }
    return this.#state.drained;
  }

  /** Quiesces without waiting for live handles; releasing them later is still allowed. */
  cut(): void {
    void this.quiesce();
    if (this.#state.kind === 'quiescing') this.#state.settle();
  }
}

class Handle<T> implements ServableHandle<T> {
  readonly id: ServableId;
  readonly servable: T;
  #onRelease: (() => void) | undefined;

  constructor(id: ServableId, servable: T, onRelease: () => void) {
    this.id = id;
    this.servable = servable;
    this.#onRelease = onRelease;
  }

  release(): void {
    const onRelease = this.#onRelease;
    this.#onRelease = undefined;
    onRelease?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
