import type { ServableId } from './servable-id.js';
import type { ServingError } from './serving-error.js';

/** The public states of a version, in the order they are passed; numbers as in `ModelVersionStatus.State`. */
export const servableManagerState = { START: 10, LOADING: 20, AVAILABLE: 30, UNLOADING: 40, END: 50 } as const;

export type ServableManagerState = keyof typeof servableManagerState;

/** What the world may know of one version; `health` is the error that ended it, if one did. */
export interface ServableState {
  readonly id: ServableId;
  readonly managerState: ServableManagerState;
  readonly health?: ServingError | undefined;
}

/** Read access to the states of all versions ever seen; ended versions stay listed as END. */
export interface ServableStateReader {
  /** Versions of one stream in descending order; empty when the name was never seen. */
  getVersionStates(name: string): readonly ServableState[];
  /** Names of all streams ever seen. */
  getStreamNames(): readonly string[];
  /** Why nobody knows which versions a stream has, where its source cannot find out. */
  problemOf?(name: string): ServingError | undefined;
}
