import type { ServableId } from './servable-id.js';
import { ServingError } from './serving-error.js';

/** One aspired version: what is needed to go on with it, or the error that keeps it from going anywhere. */
export type ServableData<T> =
  | { readonly id: ServableId; readonly data: T; readonly error?: undefined }
  | { readonly id: ServableId; readonly data?: undefined; readonly error: ServingError };

/**
 * Receives aspired versions (upstream: core/target.h).
 *
 * Each call gives the whole list for one stream: a version that is left out is to be unloaded, and an empty list
 * unloads the stream. Repeating a list changes nothing, so that a source needs no memory of what it said before.
 */
export interface Target<T> {
  setAspiredVersions(name: string, versions: readonly ServableData<T>[]): void;
}

/** Finds versions and tells one target of them, for as long as it lives (upstream: core/source.h). */
export interface Source<T> {
  /** Starts the flow. @throws ServingError FAILED_PRECONDITION when it is connected already */
  connect(target: Target<T>): void;
  /** Stops the flow; the target keeps what it was told. Idempotent. */
  close(): Promise<void>;
}

/** Stands between a source and a target and converts what flows, version by version (upstream: core/source_adapter.h). */
export interface SourceAdapter<I, O> {
  /** The target to connect the upper source to; what it is told goes on to `target`, converted. */
  adapt(target: Target<O>): Target<I>;
}

/**
 * An adapter from a function over one version. A version that came with an error keeps it, and one whose conversion
 * throws gets that error; the other versions of the list are not affected.
 */
export function sourceAdapter<I, O>(convert: (id: ServableId, data: I) => O): SourceAdapter<I, O> {
  const convertOne = (version: ServableData<I>): ServableData<O> => {
    if (version.error) return version;
    try {
      return { id: version.id, data: convert(version.id, version.data) };
    } catch (error) {
      return { id: version.id, error: ServingError.from(error) };
    }
  };
  return {
    adapt: (target) => ({
      setAspiredVersions: (name, versions) => target.setAspiredVersions(name, versions.map(convertOne)),
    }),
  };
}

/**
 * Stands between a source and several targets and sends each stream to one of them
 * (upstream: core/source_router.h, dynamic_source_router.h).
 */
export interface SourceRouter<T, R extends string = string> {
  /** The target to connect the upper source to; every list that it is told goes on to one of `targets`, by its name. */
  route(targets: Readonly<Record<R, Target<T>>>): Target<T>;
}

/**
 * A router from a function that names the target of a stream; `undefined` drops what was said of it. A stream that is to
 * change its target while it has versions must be emptied at the old one first: a router keeps no memory of what went where.
 *
 * @throws ServingError INVALID_ARGUMENT `SOURCE_ROUTE_UNKNOWN`, out of `setAspiredVersions`, for a name that no target has
 */
export function sourceRouter<T, R extends string>(
  choose: (name: string, versions: readonly ServableData<T>[]) => R | undefined,
): SourceRouter<T, R> {
  return {
    route: (targets) => ({
      setAspiredVersions(name, versions) {
        const chosen = choose(name, versions);
        if (chosen === undefined) return;
        if (!Object.hasOwn(targets, chosen)) {
          throw new ServingError(
            'INVALID_ARGUMENT',
            'SOURCE_ROUTE_UNKNOWN',
            `Stream ${name} is routed to ${chosen}; there are ${Object.keys(targets).join(', ') || 'no targets'}`,
          );
        }
        targets[chosen].setAspiredVersions(name, versions);
      },
    }),
  };
}
