import { setMaxListeners } from 'node:events';
import { badOption, RuntimeError } from '../runtime-error.js';

/** What every call can be limited with. */
export interface CallOptions {
  /** Drops the call while it waits, or stops it between two operators. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the call may take, waiting included; default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** The error of a call that its signal ended: DEADLINE_EXCEEDED for `AbortSignal.timeout()`, else CANCELLED. */
export function cancelled(signal: AbortSignal, cause: unknown = signal.reason): RuntimeError {
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') return deadlineExceeded(undefined, cause);
  return new RuntimeError('CANCELLED', 'CANCELLED', 'The call was cancelled by its signal', { cause });
}

/** The error of a call that took too long. */
export function deadlineExceeded(timeoutMs: number | undefined, cause?: unknown): RuntimeError {
  const limit = timeoutMs === undefined ? '' : ` of ${timeoutMs} ms`;
  return new RuntimeError(
    'DEADLINE_EXCEEDED',
    'DEADLINE_EXCEEDED',
    `The call did not end within its deadline${limit}`,
    {
      cause,
    },
  );
}

/**
 * Refuses a bad limit, and a call whose time is up before it starts.
 *
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`, CANCELLED, DEADLINE_EXCEEDED
 */
export function checkLimits({ signal, timeoutMs }: CallOptions): void {
  if (signal?.aborted === true) throw cancelled(signal);
  if (timeoutMs === undefined) return;
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) throw badOption('timeoutMs', 'a number', timeoutMs);
  if (timeoutMs <= 0) throw deadlineExceeded(timeoutMs);
}

/** The longest that Node's timers wait; longer limits are no limits in practice. */
export const longestTimer = 2 ** 31 - 1;

/**
 * Calls `interrupt` once when the signal aborts or the time is up.
 *
 * @returns stops watching
 */
export function watchLimits({ signal, timeoutMs }: CallOptions, interrupt: (error: RuntimeError) => void): () => void {
  const onAbort = () => {
    stop();
    interrupt(cancelled(signal as AbortSignal));
  };
  const timer =
    timeoutMs === undefined || timeoutMs > longestTimer
      ? undefined
      : setTimeout(() => {
          stop();
          interrupt(deadlineExceeded(timeoutMs));
        }, timeoutMs);
  const stop = () => {
    if (timer !== undefined) clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  if (signal !== undefined) {
    // Every part of a plan that runs at the same time listens; Node would take many of them for a leak.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', onAbort, { once: true });
  }
  return stop;
}

/**
 * Waits for a promise that goes on without the caller when its limits are up.
 *
 * @throws RuntimeError CANCELLED, DEADLINE_EXCEEDED; what the promise is rejected with
 */
export function within<T>(promise: Promise<T>, limits: CallOptions): Promise<T> {
  if (limits.signal === undefined && limits.timeoutMs === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = watchLimits(limits, reject);
    promise.then(resolve, reject).finally(stop);
  });
}
