import { constants, getPriority, setPriority } from 'node:os';

/** Other systems know priorities of processes alone, by the same call. */
export const hasThreadPriorities = process.platform === 'linux';

/** A tenth of the processor time of a thread that answers requests, where there is not enough for both (nice(2)). */
const LOWER_BY = 10;

/** Makes the calling thread, and those that it starts, give way to the others of the process. There is no way back. */
export function lowerThreadPriority(): void {
  if (!hasThreadPriorities) return;
  try {
    // Of process 0, which to Linux is the calling thread.
    setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + LOWER_BY));
  } catch {
    // A sandbox may forbid it: the work is done at the priority that there is.
  }
}
