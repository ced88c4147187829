import type { ServableHandle, ServableProvider, ServableRequest, WaitOptions } from '../../servable/servable-handle.js';
import { formatServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';
import type { OnDemandServable } from './on-demand-servable.js';

/** The request path's view of versions that come into memory on demand. */
export class OnDemandProvider<T> implements ServableProvider<T> {
  readonly #versions: ServableProvider<OnDemandServable<T>>;

  /** @param versions - the manager that holds them */
  constructor(versions: ServableProvider<OnDemandServable<T>>) {
    this.#versions = versions;
  }

  /**
   * Gives what is in memory now, and loads nothing.
   *
   * @throws ServingError UNAVAILABLE for a version that is not in memory
   */
  getServableHandle(request: ServableRequest): ServableHandle<T> {
    const version = this.#versions.getServableHandle(request);
    const handle = version.servable.peek();
    if (handle) return joined(version, handle);
    version.release();
    throw new ServingError(
      'UNAVAILABLE',
      'SERVABLE_NOT_IN_MEMORY',
      `Servable ${formatServableId(version.id)} is not in memory; it is loaded when a request asks for it`,
    );
  }

  readonly openServableHandle = (
    request: ServableRequest,
    options?: WaitOptions,
  ): ServableHandle<T> | Promise<ServableHandle<T>> => {
    const version = this.#versions.getServableHandle(request);
    const opened = version.servable.open(options);
    if (!(opened instanceof Promise)) return joined(version, opened);
    return opened.then(
      (handle) => joined(version, handle),
      (error: unknown) => {
        version.release();
        throw error;
      },
    );
  };
}

/** A handle that keeps both the version managed and its content in memory. */
function joined<T>(version: ServableHandle<unknown>, content: ServableHandle<T>): ServableHandle<T> {
  const release = (): void => {
    content.release();
    version.release();
  };
  return { id: content.id, servable: content.servable, release, [Symbol.dispose]: release };
}
