import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type InferenceServable, readTfRecords, type ServableId, ServingError } from '@servable/core';
import { readWarmupLog } from './read-warmup-log.js';
import type { ResolvedWarmupOptions } from './warmup-options.js';
import { type WarmupRunObserver, warmupRunner } from './warmup-runner.js';

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
  /** Is told of every run of the model. */
  readonly reportRun?: WarmupRunObserver | undefined;
}

/** Upstream's bound on a warm-up file. */
export const maxWarmupRecords = 1000;

/**
 * Replays the requests that a version directory brings along, so that the first live one finds everything warm
 * (upstream: servables/tensorflow/saved_model_warmup.cc, saved_model_warmup_util.cc). Without a file nothing happens.
 *
 * @throws ServingError what a request fails with; INVALID_ARGUMENT for the 1001st record and for one that does not parse;
 * UNIMPLEMENTED for a kind of request that cannot be replayed; DATA_LOSS for a file that is no TFRecord file
 */
export async function replayWarmup(task: WarmupTask): Promise<void> {
  const path = warmupFile(task.directory);
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

/** The file with the requests that a version directory brings along. */
export function warmupFile(directory: string): string {
  return join(directory, 'assets.extra', 'tf_serving_warmup_requests');
}

async function replayFile(path: string, task: WarmupTask, count: { records: number }): Promise<void> {
  const { options, signal } = task;
  const records = readRecords(path);
  const run = warmupRunner(task.id, task.servable, signal, task.reportRun);
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
      if (position > maxWarmupRecords) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          'WARMUP_TOO_MANY_RECORDS',
          `Number of warmup records exceeds the maximum (${maxWarmupRecords}) at ${path}`,
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
