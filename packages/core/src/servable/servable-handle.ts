import type { ServableId } from './servable-id.js';

/**
 * Pins one loaded version for the length of one request: the version is not unloaded while a handle lives.
 * Release it exactly when the request ends and never cache it; a second `release()` has no effect.
 */
export interface ServableHandle<T> {
  readonly id: ServableId;
  readonly servable: T;
  release(): void;
  [Symbol.dispose](): void;
}

/** Which version of a stream a request asks for; neither `version` nor `label` means the highest ready one. */
export interface ServableRequest {
  readonly name: string;
  readonly version?: bigint | undefined;
  readonly label?: string | undefined;
}

/** All that the request path sees of the manager. */
export interface ServableProvider<T> {
  /**
   * @throws ServingError INVALID_ARGUMENT for an empty name or an unknown label, NOT_FOUND
   * `Servable not found for request: Latest(<name>)` or `Specific(<name>, <version>)` when no such version is ready
   */
  getServableHandle(request: ServableRequest): ServableHandle<T>;
}
