import type { ServableId } from './servable-id.js';

/**
 * The manager's own view of a version, finer than the public {@link ServableManagerState}
 * (upstream: core/loader_harness.h).
 *
 * ```text
 * new → load-requested → load-approved → loading → ready → unload-requested → quiescing → quiesced → unloading → disabled
 *                        any of them → error
 * ```
 */
export type LoaderHarnessState =
  | 'new'
  | 'load-requested'
  | 'load-approved'
  | 'loading'
  | 'ready'
  | 'unload-requested'
  | 'quiescing'
  | 'quiesced'
  | 'unloading'
  | 'disabled'
  | 'error';

/** One managed version as a policy sees it. */
export interface AspiredServableSnapshot {
  readonly id: ServableId;
  readonly state: LoaderHarnessState;
  readonly isAspired: boolean;
}

export interface ServableAction {
  readonly kind: 'load' | 'unload';
  readonly id: ServableId;
}

/**
 * Says which single step a stream takes next, given all of its managed versions; `undefined` means to wait.
 * Pure: the same snapshots give the same answer (upstream: core/aspired_version_policy.h).
 */
export type AspiredVersionPolicy = (versions: readonly AspiredServableSnapshot[]) => ServableAction | undefined;

function loadHighestNew(versions: readonly AspiredServableSnapshot[]): ServableAction | undefined {
  let highest: ServableId | undefined;
  for (const { id, state, isAspired } of versions) {
    if (isAspired && state === 'new' && (highest === undefined || id.version > highest.version)) highest = id;
  }
  return highest && { kind: 'load', id: highest };
}

/**
 * Loads the new version before it unloads the old one, so that the stream can always answer; both are in memory for a
 * while. A new version that fails to load leaves the old one serving (upstream: core/availability_preserving_policy.cc).
 */
export const availabilityPreservingPolicy: AspiredVersionPolicy = (versions) => {
  const ready = versions.filter(({ state }) => state === 'ready');
  const leaving = ready.filter(({ isAspired }) => !isAspired);
  const nothingAspired = versions.every(({ isAspired }) => !isAspired);
  if (leaving.length > 0 && (nothingAspired || ready.length > leaving.length || leaving.length > 1)) {
    const lowest = leaving.reduce((a, b) => (b.id.version < a.id.version ? b : a));
    return { kind: 'unload', id: lowest.id };
  }
  return loadHighestNew(versions);
};

/**
 * Unloads everything that is no longer wanted before it loads anything, so that two versions are never in memory
 * together; the stream cannot answer in between (upstream: core/resource_preserving_policy.cc).
 */
export const resourcePreservingPolicy: AspiredVersionPolicy = (versions) => {
  const leaving = versions.filter(({ isAspired }) => !isAspired);
  const ready = leaving.find(({ state }) => state === 'ready');
  if (ready) return { kind: 'unload', id: ready.id };
  if (leaving.some(({ state }) => state !== 'disabled' && state !== 'error')) return undefined;
  return loadHighestNew(versions);
};
