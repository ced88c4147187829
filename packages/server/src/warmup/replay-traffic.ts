import { type InferenceServable, type ServableId, ServingError, type StatusCode } from '@servable/core';
import { readWarmupLog } from './read-warmup-log.js';
import { warmupRunner } from './warmup-runner.js';

/** Failures that are the version's own, not the request's. */
const versionFaults: ReadonlySet<StatusCode> = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS', 'UNIMPLEMENTED']);

/** A process of its own that ends is the version's fault too. */
const versionFaultReasons: ReadonlySet<string> = new Set(['ISOLATED_PROCESS_DIED', 'ISOLATED_PROCESS_DOWN']);

/** How a replay has ended. */
export interface TrafficReplay {
  /** Requests that the version has answered. */
  readonly answered: number;
  /** Requests that it refuses: their signature is another one now, or gone. */
  readonly refused: number;
}

/**
 * Replays live requests of earlier versions into a new one. What the version refuses as not fitting is passed over: a
 * signature may change from one version to the next.
 *
 * @param records - serialized PredictionLogs
 * @throws ServingError what the version fails with by a fault of its own; the signal's reason
 */
export async function replayTraffic(
  records: readonly Uint8Array[],
  id: ServableId,
  servable: InferenceServable,
  signal: AbortSignal,
): Promise<TrafficReplay> {
  const run = warmupRunner(id, servable, signal);
  let answered = 0;
  let refused = 0;
  for (const record of records) {
    signal.throwIfAborted();
    const call = readWarmupLog(record, 'live requests');
    if (call === undefined) continue;
    try {
      await run(call);
      answered += 1;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = ServingError.from(thrown);
      if (versionFaults.has(error.code) || versionFaultReasons.has(error.reason)) {
        throw new ServingError(
          error.code,
          'WARMUP_TRAFFIC_FAILED',
          `A request that an earlier version answered fails on the new one: ${error.message}`,
          { cause: error },
        );
      }
      refused += 1;
    }
  }
  return { answered, refused };
}
