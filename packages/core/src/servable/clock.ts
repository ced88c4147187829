/** Time, handed in from outside, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds since some fixed moment; only differences mean anything. */
  now(): number;
  /** Calls `callback` once after `delayMs` milliseconds; the returned function takes the call back. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The longest delay that Node's timers take; anything longer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The process's own clock. Pending calls keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timer =
        leftMs > longestTimerMs
          ? setTimeout(() => arm(leftMs - longestTimerMs), longestTimerMs)
          : setTimeout(callback, leftMs);
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Resolves after `delayMs` milliseconds of `clock`.
 *
 * @throws the signal's reason as soon as `signal` is aborted
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (): void => reject(signal?.reason as Error);
    if (signal?.aborted) return refuse();
    const onAbort = (): void => {
      cancel();
      refuse();
    };
    const cancel = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
