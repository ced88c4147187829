import { type Clock, systemClock } from './clock.js';
import type { WaitOptions } from './servable-handle.js';
import { formatServableId, type ServableId } from './servable-id.js';
import type { ServableState, ServableStateReader } from './servable-state.js';
import { ServingError } from './serving-error.js';

export type { WaitOptions };

/** What {@link ServableStateMonitor.waitUntilAvailable} waits for, beyond the names. */
export interface WaitUntilAvailableOptions extends WaitOptions {
  /** A {@link ServableStateMonitor.moment}: versions that ended before it have not failed; default none are left out. */
  readonly since?: number | undefined;
  /** What a stream is called in the error; default `servable`. */
  readonly noun?: 'servable' | 'model' | undefined;
}

/**
 * Remembers the last public state of every version it was ever told of. An ended version stays listed as END until it is
 * loaded again, as clients of GetModelStatus rely on, or until {@link forgetUnloaded} is called
 * (upstream: core/servable_state_monitor.cc).
 */
export class ServableStateMonitor implements ServableStateReader {
  readonly #streams = new Map<string, Map<bigint, ServableState>>();
  /** When each state was published, in states. */
  readonly #moments = new WeakMap<ServableState, number>();
  #moment = 0;
  readonly #listeners = new Set<(state: ServableState) => void>();
  readonly #clock: Clock;

  constructor(options: { readonly clock?: Clock | undefined } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  /** Grows with every state: now, for `since`. */
  get moment(): number {
    return this.#moment;
  }

  /** Records a state and tells all listeners. */
  publish(state: ServableState): void {
    this.#moment += 1;
    this.#moments.set(state, this.#moment);
    let versions = this.#streams.get(state.id.name);
    if (!versions) this.#streams.set(state.id.name, (versions = new Map<bigint, ServableState>()));
    versions.set(state.id.version, state);
    for (const listener of [...this.#listeners]) listener(state);
  }

  /** Calls `listener` with every state from now on; the returned function ends that. */
  subscribe(listener: (state: ServableState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  getVersionStates(name: string): readonly ServableState[] {
    const states = [...(this.#streams.get(name)?.values() ?? [])];
    return states.sort((a, b) => (a.id.version < b.id.version ? 1 : a.id.version > b.id.version ? -1 : 0));
  }

  /** States of all versions that have not ended, stream by stream, each from the highest version down. */
  getLiveStates(): readonly ServableState[] {
    return this.getStreamNames().flatMap((name) =>
      this.getVersionStates(name).filter(({ managerState }) => managerState !== 'END'),
    );
  }

  /** Ids of all versions that are AVAILABLE, in the same order. */
  getAvailableIds(): readonly ServableId[] {
    return this.getLiveStates().flatMap(({ id, managerState }) => (managerState === 'AVAILABLE' ? [id] : []));
  }

  /** Forgets all versions that have ended: for a process that sees more and more of them. */
  forgetUnloaded(): void {
    for (const [name, versions] of this.#streams) {
      for (const [version, { managerState }] of versions) if (managerState === 'END') versions.delete(version);
      if (versions.size === 0) this.#streams.delete(name);
    }
  }

  getStreamNames(): readonly string[] {
    return [...this.#streams.keys()];
  }

  /**
   * Resolves once every stream named has a version that is AVAILABLE; at once for an empty list. A stream has failed
   * when all versions it has shown so far have ended and some of them by an error. A stream that has shown none, or only
   * ones that were taken away again, is waited for.
   *
   * @throws ServingError UNKNOWN `<n> servable(s) did not become available: …` when every stream is settled and some
   * have failed; DEADLINE_EXCEEDED after `timeoutMs`; the signal's reason when it is aborted
   */
  waitUntilAvailable(names: readonly string[], options: WaitUntilAvailableOptions = {}): Promise<void> {
    const { signal, timeoutMs, since = 0, noun = 'servable' } = options;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        unsubscribe();
        cancelTimer?.();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => end(() => reject(signal?.reason as Error));
      // Looking at all streams whenever one of them changes would take seconds with a thousand of them.
      const outcomes = new Map(names.map((name) => [name, this.#outcome(name, since)]));
      let open = [...outcomes.values()].filter((outcome) => outcome === undefined).length;
      const update = ({ id }: ServableState): void => {
        if (!outcomes.has(id.name)) return;
        const [before, now] = [outcomes.get(id.name), this.#outcome(id.name, since)];
        outcomes.set(id.name, now);
        open += Number(now === undefined) - Number(before === undefined);
        check();
      };
      const check = (): void => {
        if (open > 0) return;
        const failed = [...outcomes.values()].filter((outcome) => outcome !== 'available') as ServableState[];
        end(() => (failed.length === 0 ? resolve() : reject(notAvailable(failed, noun))));
      };
      const unsubscribe = this.subscribe(update);
      const cancelTimer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.schedule(timeoutMs, () =>
              end(() =>
                reject(
                  new ServingError(
                    'DEADLINE_EXCEEDED',
                    'SERVABLES_NOT_AVAILABLE_IN_TIME',
                    `Servables ${names.join(', ')} did not become available within ${timeoutMs} ms`,
                  ),
                ),
              ),
            );
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else check();
    });
  }

  /** `undefined` while it is open; the ended version that stands for the stream when it has failed. */
  #outcome(name: string, since: number): 'available' | ServableState | undefined {
    const states = this.getVersionStates(name);
    if (states.some(({ managerState }) => managerState === 'AVAILABLE')) return 'available';
    const current = states.filter((state) => (this.#moments.get(state) as number) > since);
    if (!current.every(({ managerState }) => managerState === 'END')) return undefined;
    return current.find(({ health }) => health !== undefined && health.reason !== 'LOAD_CANCELLED');
  }
}

/** Upstream's text: model_servers/server_core.cc. */
function notAvailable(failed: readonly ServableState[], noun: string): ServingError {
  const list = failed.map(({ id, health }) => {
    const why = health ? ` due to error: ${health.code}: ${health.message}` : '';
    return `{${formatServableId(id)}${why}}, `;
  });
  return new ServingError(
    'UNKNOWN',
    'SERVABLES_NOT_AVAILABLE',
    `${failed.length} ${noun}(s) did not become available: {${list.join('')}}`,
    { cause: failed[0]?.health },
  );
}
