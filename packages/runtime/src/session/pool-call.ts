import { callGate, openGate } from './call-gate.js';
import { watchLimits, type CallOptions } from './interruption.js';

/** A native call to be made on a pool thread. */
export interface PoolCall<R> {
  /** Makes the call; `done` is koffi's callback. */
  start(done: (error: unknown, result: R) => void): void;
  /** Asks a call under way to end early. */
  terminate(): void;
  /**
   * Called once if the promise is rejected, as soon as native code is done with the memory of the call: with the result of
   * a call that was given up and has ended, or with `undefined` when there was none.
   */
  abandoned(result: R | undefined): void;
  /** What native code reads and writes: held until the call has ended. */
  readonly keep: readonly unknown[];
  /** Whether it is made on another thread than those of the pool, and need not wait for one of them. Default `false`. */
  readonly isElsewhere?: boolean;
}

/**
 * Makes a native call on a pool thread when the gate lets it pass.
 *
 * A signal or a deadline rejects at once: a call that waits is dropped, one that runs is asked to end and cleaned up after
 * in the background.
 */
export function poolCall<R>(call: PoolCall<R>, limits: CallOptions): Promise<R> {
  return new Promise((resolve, reject) => {
    let started = false;
    let givenUp = false;
    const stopWatching = watchLimits(limits, (error) => {
      givenUp = true;
      reject(error);
      if (started) call.terminate();
      else if (drop()) call.abandoned(undefined);
    });
    const fail = (error: unknown) => {
      stopWatching();
      reject(error instanceof Error ? error : new Error(String(error)));
      call.abandoned(undefined);
    };
    const gate = call.isElsewhere === true ? openGate : callGate;
    const drop = gate.enter(() => {
      started = true;
      try {
        call.start((error, result) => {
          gate.leave();
          if (givenUp) call.abandoned(result);
          else if (error !== null && error !== undefined) fail(error);
          else {
            stopWatching();
            resolve(result);
          }
        });
      } catch (error) {
        gate.leave();
        fail(error);
      }
    });
  });
}
