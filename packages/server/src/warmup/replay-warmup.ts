import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  classify,
  type HandlerDependencies,
  type InferenceServable,
  multiInference,
  predict,
  readTfRecords,
  RefCountedServable,
  regress,
  type ServableId,
  ServingError,
} from '@servable/core';
import { readWarmupLog, type WarmupCall } from './read-warmup-log.js';
import type { ResolvedWarmupOptions } from './warmup-options.js';

/** What is told of a warm-up once it has ended. */
export interface WarmupReport {
  /** The version directory. */
  readonly path: string;
  /** `undefined` when all went well. */
  readonly error: ServingError | undefined;
  readonly micros: number;
  /** Records that were read. */
  readonly records: number;
}

export interface WarmupTask {
  readonly id: ServableId;
  /** The version directory. */
  readonly directory: string;
  readonly servable: InferenceServable;
  readonly options: ResolvedWarmupOptions;
  readonly signal?: AbortSignal | undefined;
  readonly report?: ((report: WarmupReport) => void) | undefined;
}

const maxRecords = 1000;

/**
 * Replays the requests that a version directory brings along, so that the first live one finds everything warm
 * (upstream: servables/tensorflow/saved_model_warmup.cc, saved_model_warmup_util.cc). Without a file nothing happens.
 *
 * @throws ServingError what a request fails with; INVALID_ARGUMENT for the 1001st record and for one that does not parse;
 * UNIMPLEMENTED for a kind of request that cannot be replayed; DATA_LOSS for a file that is no TFRecord file
 */
export async function replayWarmup(task: WarmupTask): Promise<void> {
  const path = join(task.directory, 'assets.extra', 'tf_serving_warmup_requests');
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  const start = performance.now();
  const count = { records: 0 };
  let error: ServingError | undefined;
  try {
    await replayFile(path, task, count);
  } catch (thrown) {
    error = ServingError.from(thrown);
    throw error;
  } finally {
    task.report?.({ path: task.directory, error, micros: (performance.now() - start) * 1000, records: count.records });
  }
}

async function replayFile(path: string, task: WarmupTask, count: { records: number }): Promise<void> {
  const { options, signal } = task;
  const records = readRecords(path);
  const run = runner(task);
  // One iterator for all workers: each takes the next record when it is done with its last.
  const worker = async (): Promise<void> => {
    for (;;) {
      signal?.throwIfAborted();
      const next = await records.next();
      if (next.done) return;
      count.records += 1;
      const position = count.records;
      const call = readWarmupLog(next.value, path);
      for (let iteration = 0; call && iteration < options.iterations; iteration += 1) await run(call);
      if (position > maxRecords) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          'WARMUP_TOO_MANY_RECORDS',
          `Number of warmup records exceeds the maximum (${maxRecords}) at ${path}`,
        );
      }
    }
  };
  try {
    const workers = await Promise.allSettled(Array.from({ length: options.threads }, worker));
    const failed = workers.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  } finally {
    await records.return();
  }
}

async function* readRecords(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* readTfRecords(path);
  } catch (error) {
    const { code, reason, message } = ServingError.from(error);
    if (code !== 'DATA_LOSS') throw error;
    throw new ServingError(code, reason, `${message}. Please verify your warmup data is in TFRecord format.`, {
      cause: error,
    });
  }
}

/** Runs calls with the handlers of live requests, on the version that nobody else can reach yet. */
function runner({ id, servable, signal }: WarmupTask): (call: WarmupCall) => Promise<unknown> {
  const warming = new RefCountedServable(id, servable);
  const dependencies: HandlerDependencies = {
    provider: { getServableHandle: () => warming.acquire() },
    states: { getStreamNames: () => [], getVersionStates: () => [] },
  };
  return (recorded) => {
    switch (recorded.kind) {
      case 'predict':
        return predict(dependencies, recorded.call, { signal });
      case 'classify':
        return classify(dependencies, recorded.call, { signal });
      case 'regress':
        return regress(dependencies, recorded.call, { signal });
      case 'multiInference':
        return multiInference(dependencies, recorded.call, { signal });
    }
  };
}
