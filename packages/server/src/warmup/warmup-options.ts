import { ServingError } from '@servable/core';

/** How recorded requests are replayed into a new version before it becomes available. */
export interface WarmupOptions {
  /** Default `true`. */
  readonly enabled?: boolean | undefined;
  /** How often each record is replayed; default 1. */
  readonly iterations?: number | undefined;
  /** Records that are replayed at the same time; default 1. */
  readonly threads?: number | undefined;
}

export interface ResolvedWarmupOptions {
  readonly enabled: boolean;
  readonly iterations: number;
  readonly threads: number;
}

/** @throws ServingError INVALID_ARGUMENT that names the option */
export function resolveWarmupOptions(options: WarmupOptions = {}): ResolvedWarmupOptions {
  const { enabled = true, iterations = 1, threads = 1 } = options;
  for (const [name, value] of Object.entries({ iterations, threads })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new ServingError(
      'INVALID_ARGUMENT',
      'OPTION_INVALID',
      `warmup.${name} must be a whole number of at least 1; got ${value}`,
    );
  }
  if (typeof enabled !== 'boolean') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'OPTION_INVALID',
      `warmup.enabled must be a boolean; got ${String(enabled)}`,
    );
  }
  return { enabled, iterations, threads };
}
