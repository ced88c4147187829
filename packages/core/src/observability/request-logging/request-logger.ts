import type { ModelLogging } from '../../servable/model-logging.js';
import type { AnsweredCall, PredictionRecorder } from '../../servable/prediction-recorder.js';
import type { StatusCode } from '../../servable/serving-error.js';
import { encodePredictionLog } from '../../tfrecord/encode-prediction-log.js';
import { logMetadata } from '../../tfrecord/log-metadata.js';
import {
  RecordCollector,
  type RecordCollectorDependencies,
  type RecordCollectorOptions,
  type ResolvedRecordCollectorOptions,
  resolveRecordCollectorOptions,
} from './record-collector.js';

export interface RequestLoggerDependencies extends Omit<RecordCollectorDependencies, 'onRecord'> {
  /** Told of each request that was sampled, as `request_log_count` counts them. */
  readonly onLogged?: ((modelName: string, code: StatusCode) => void) | undefined;
  /** A number from 0 up to 1; default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

interface LoggedModel {
  readonly samplingRate: number;
  readonly filenamePrefix: string;
  readonly collector: RecordCollector;
}

/**
 * Records a sample of the requests of the models that ask for it (`ModelConfig.logging_config`; upstream's
 * core/server_request_logger.cc and core/request_logger.cc) as PredictionLogs in TFRecord files.
 */
export class RequestLogger implements PredictionRecorder, AsyncDisposable {
  readonly #options: ResolvedRecordCollectorOptions;
  readonly #dependencies: RequestLoggerDependencies;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #closing = new Set<Promise<void>>();
  #models: ReadonlyMap<string, LoggedModel> = new Map();

  /** @throws ServingError INVALID_ARGUMENT `OPTION_INVALID` */
  constructor(options: RecordCollectorOptions, dependencies: RequestLoggerDependencies) {
    this.#options = resolveRecordCollectorOptions(options);
    this.#dependencies = dependencies;
    this.#random = dependencies.random ?? Math.random;
    this.#now = dependencies.now ?? Date.now;
  }

  /** Which models are recorded from now on. The files of one that goes on as before stay open. */
  update(models: Iterable<{ readonly name: string; readonly logging?: ModelLogging | undefined }>): void {
    const next = new Map<string, LoggedModel>();
    const kept = new Set<RecordCollector>();
    for (const { name, logging } of models) {
      if (logging === undefined) continue;
      const { filenamePrefix, samplingRate } = logging;
      const old = this.#models.get(name);
      const collector = old?.filenamePrefix === filenamePrefix ? old.collector : this.#collector(name, filenamePrefix);
      kept.add(collector);
      next.set(name, { filenamePrefix, samplingRate, collector });
    }
    for (const { collector } of this.#models.values()) {
      if (kept.has(collector)) continue;
      const closing = collector.close().finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
    this.#models = next;
  }

  readonly record = (call: AnsweredCall): void => {
    if (this.#models.size === 0) return;
    const model = this.#models.get(call.modelSpec.name);
    if (model === undefined || this.#random() >= model.samplingRate || !model.collector.hasRoom()) return;
    const { kind, modelSpec } = call;
    const metadata = logMetadata(modelSpec, model.samplingRate, Math.floor(this.#now() / 1000));
    model.collector.add(encodePredictionLog({ kind, request: call.request(), response: call.response(), metadata }));
  };

  /** Writes what waits and completes all files; what comes later is dropped. */
  async close(): Promise<void> {
    this.update([]);
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #collector(name: string, filenamePrefix: string): RecordCollector {
    const { onLogged } = this.#dependencies;
    return new RecordCollector(filenamePrefix, this.#options, {
      ...this.#dependencies,
      onRecord: (code) => onLogged?.(name, code),
    });
  }
}
