import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** Limits of one reading call. */
export interface ReadOptions {
  /** Stops the reading; the call then fails with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the whole call may take; over it fails with DEADLINE_EXCEEDED. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** Throws once the call's caller has lost interest; called between the steps of a reading. */
export type Checkpoint = () => void;

/**
 * Makes the check that a reading runs between its steps.
 *
 * @throws SavedModelError INVALID_ARGUMENT `BAD_OPTION` when `timeoutMs` is not a number of 0 or more
 */
export function checkpointOf({ signal, timeoutMs }: ReadOptions): Checkpoint {
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'BAD_OPTION',
      `Bad timeoutMs: expected milliseconds of 0 or more, given ${String(timeoutMs)}`,
    );
  }
  const deadline = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  return () => {
    if (signal?.aborted) {
      throw new SavedModelError('CANCELLED', 'CANCELLED', 'Reading was cancelled', { cause: signal.reason });
    }
    if (performance.now() > deadline) {
      throw new SavedModelError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', `Reading took over ${timeoutMs} ms`);
    }
  };
}
