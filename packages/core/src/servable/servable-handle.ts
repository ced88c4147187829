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

/** Which version of a stream a request asks for; with nothing but a name, the highest ready one. */
export interface ServableRequest {
  readonly name: string;
  readonly version?: bigint | undefined;
  readonly label?: string | undefined;
  /** Which one where neither `version` nor `label` says so: the highest ready one (`latest`, the default) or the lowest. */
  readonly auto?: 'latest' | 'earliest' | undefined;
}

/** All that the request path sees of the manager. */
export interface ServableProvider<T> {
  /**
   * @throws ServingError INVALID_ARGUMENT for an empty name or an unknown label, NOT_FOUND
   * `Servable not found for request: Latest(<name>)`, `Earliest(<name>)` or `Specific(<name>, <version>)` when no such
   * version is ready
   */
  getServableHandle(request: ServableRequest): ServableHandle<T>;
  /**
   * The same for a provider that brings versions into memory when they are asked for: {@link getServableHandle} then
   * only gives what is there already. Requests take their handles with {@link openServableHandle}, which uses this one
   * where there is one.
   *
   * @throws ServingError as above; RESOURCE_EXHAUSTED for a version that does not fit into memory; UNAVAILABLE for one
   * that cannot be loaded; the signal's reason; DEADLINE_EXCEEDED
   */
  readonly openServableHandle?:
    ((request: ServableRequest, options?: WaitOptions) => ServableHandle<T> | Promise<ServableHandle<T>>) | undefined;
}

/** How long somebody waits. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; `undefined` waits for ever. */
  readonly timeoutMs?: number | undefined;
}

/** A handle for a request: at once where the version is in memory, else when it has been loaded. */
export function openServableHandle<T>(
  provider: ServableProvider<T>,
  request: ServableRequest,
  options?: WaitOptions,
): ServableHandle<T> | Promise<ServableHandle<T>> {
  if (provider.openServableHandle) return provider.openServableHandle(request, options);
  return provider.getServableHandle(request);
}
