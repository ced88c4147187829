/** A process that has had no call for so long is not serving: what is loaded then need not give way. */
const IDLE_AFTER_MS = 5000;

let lastCall = -Infinity;

/** Says that a session has been asked to compute. */
export function noteCall(now: number): void {
  lastCall = now;
}

/** Whether models of this thread are being used now. */
export function isServing(): boolean {
  return performance.now() - lastCall < IDLE_AFTER_MS;
}
