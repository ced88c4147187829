import { isAbsolute } from 'node:path';
import { ServingError } from '@servable/core';

/** What is kept of the live requests of a model, to be replayed into its new versions. */
export interface TrafficWarmupOptions {
  /** Most requests kept of each signature; default 16. */
  readonly maxRequests?: number | undefined;
  /** Most bytes kept of each model; a request that does not fit is left out. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
  /**
   * Absolute path of a directory that keeps them over restarts, in one warm-up file for each model; default none: they
   * end with the process.
   */
  readonly directory?: string | undefined;
}

export interface ResolvedTrafficWarmup {
  readonly maxRequests: number;
  readonly maxBytes: number;
  readonly directory: string | undefined;
}

/** `undefined` keeps nothing. */
export type TrafficWarmup = ResolvedTrafficWarmup | undefined;

const names: ReadonlySet<string> = new Set(['maxRequests', 'maxBytes', 'directory']);

/**
 * @param name - of the option, for messages
 * @param inherited - what counts where `given` says nothing
 * @throws ServingError INVALID_ARGUMENT that names the option
 */
export function resolveTrafficWarmup(
  name: string,
  given: boolean | TrafficWarmupOptions | undefined,
  inherited?: TrafficWarmup,
): TrafficWarmup {
  if (given === undefined) return inherited;
  if (given === false) return undefined;
  if (given !== true && (typeof given !== 'object' || given === null)) {
    throw refusal(`${name} must be true, false or a map of ${[...names].join(', ')}; got ${String(given)}`);
  }
  const own: TrafficWarmupOptions = given === true ? {} : given;
  const unknown = Object.keys(own).find((key) => !names.has(key));
  if (unknown !== undefined) throw refusal(`${name} has no ${unknown}; it takes ${[...names].join(', ')}`);
  const resolved = {
    maxRequests: own.maxRequests ?? inherited?.maxRequests ?? 16,
    maxBytes: own.maxBytes ?? inherited?.maxBytes ?? 16 * 1024 ** 2,
    directory: own.directory ?? inherited?.directory,
  };
  for (const [key, value, most] of [
    // What a warm-up file may have in it.
    ['maxRequests', resolved.maxRequests, 1000],
    ['maxBytes', resolved.maxBytes, 2 ** 31 - 1],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) continue;
    throw refusal(`${name}.${key} must be a whole number from 1 to ${most}; got ${value}`);
  }
  const { directory } = resolved;
  if (directory !== undefined && !isAbsolute(directory)) {
    throw refusal(`${name}.directory must be an absolute path; got '${directory}'`);
  }
  return resolved;
}

function refusal(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', message);
}
