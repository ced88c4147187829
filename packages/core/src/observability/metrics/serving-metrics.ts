import type { ServableId } from '../../servable/servable-id.js';
import { ServingError, type StatusCode } from '../../servable/serving-error.js';
import type { RequestObserver, RequestRecord } from '../../servable/request-record.js';
import { exponentialBuckets } from './buckets.js';
import { formatMetrics, type MetricNameStyle } from './exposition.js';
import { Counter, Gauge, Histogram, type Metric } from './metric.js';
import { ProcessGauges } from './process-gauges.js';

export interface ServingMetricsOptions {
  /** Default `upstream`: with colons, the leading one too. */
  readonly nameStyle?: MetricNameStyle | undefined;
  /** Numbers of the server that are looked up when the page is asked for; default none. */
  readonly requestsInFlight?: (() => number) | undefined;
  readonly requestsQueued?: (() => number) | undefined;
  /** Versions that are being warmed up. */
  readonly modelsWarming?: (() => number) | undefined;
  /** What the loaded models take, where memory is limited. */
  readonly memory?: (() => MemoryUse) | undefined;
}

/** The use of a memory budget. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** Versions in memory. */
  readonly holders: number;
}

/** Used by all latencies (servables/tensorflow/util.cc): 10 microseconds to about 25 minutes. */
const latencyBuckets = exponentialBuckets(10, 1.8, 33);
const sizeBuckets = exponentialBuckets(1, 2, 14);

/**
 * The metrics page of a server: upstream's metrics under upstream's names, labels and buckets
 * (servables/tensorflow/util.cc, batching/batching_session.cc, servables/tensorflow/saved_model_warmup_util.cc), and
 * after them our own, whose names start with `/servable/`:
 *
 * | name | kind | labels |
 * |---|---|---|
 * | `signature_latency` | histogram, microseconds, OK only | model_name, signature_name, method, entrypoint |
 * | `engine_latency` | histogram, microseconds in the servable, OK only | model_name, signature_name |
 * | `admission_queue_latency` | histogram, microseconds | method, entrypoint |
 * | `request_bytes_total`, `response_bytes_total` | counter | model_name, method, entrypoint |
 * | `requests_in_flight`, `requests_queued`, `models_warming` | gauge | |
 * | `event_loop_lag_microseconds` | gauge, since the page was last asked for | quantile (0.5, 0.99, 1) |
 * | `model_memory_bytes`, `model_memory_budget_bytes`, `models_in_memory` | gauge, with a memory budget | |
 * | `model_loads_total` | counter, with a memory budget | model_name, status |
 * | `model_load_latency` | histogram, microseconds, with a memory budget | model_name |
 * | `model_evictions_total` | counter, with a memory budget | model_name |
 * | `resident_memory_bytes`, `heap_used_bytes`, `external_memory_bytes` | gauge | |
 *
 * Owns a timer that measures the event loop; `close()` stops it.
 *
 * @example
 * ```ts
 * const metrics = new ServingMetrics();
 * addPredictionServices(server, { provider, states, inFlight, observers: [metrics.observe] });
 * nodeHttpListener({
 *   provider,
 *   states,
 *   observers: [metrics.observe],
 *   prometheus: { path: '/monitoring/prometheus/metrics', render: () => metrics.render() },
 * });
 * ```
 */
export class ServingMetrics {
  readonly #style: MetricNameStyle;
  readonly #process: ProcessGauges;
  readonly #metrics: Metric[] = [];

  readonly #requestCount = this.#counter('/tensorflow/serving/request_count', 'model_name', 'status');
  readonly #requestLatency = this.#latency('/tensorflow/serving/request_latency', 'model_name', 'API', 'entrypoint');
  readonly #runtimeLatency = this.#latency('/tensorflow/serving/runtime_latency', 'model_name', 'API', 'runtime');
  readonly #exampleCountTotal = this.#counter('/tensorflow/serving/request_example_count_total', 'model');
  readonly #exampleCounts = this.#add(
    new Histogram(
      { name: '/tensorflow/serving/request_example_counts', labels: ['model'] },
      exponentialBuckets(1, 2, 15),
    ),
  );
  readonly #logCount = this.#counter('/tensorflow/serving/request_log_count', 'model_name', 'status_code');
  readonly #warmupLatency = this.#latency('/tensorflow/serving/model_warmup_latency', 'model_path', 'status');
  readonly #warmupRecords = this.#counter('/tensorflow/serving/model_warmup_records_read', 'model_path', 'status');

  readonly #queuingLatency = this.#add(
    new Histogram(
      { name: '/tensorflow/serving/batching_session/queuing_latency', labels: ['thread_pool_name'] },
      exponentialBuckets(100, 1.2, 52),
    ),
  );
  readonly #wrappedRuns = this.#counter('/tensorflow/serving/batching_session/wrapped_run_count');
  readonly #paddingSize = this.#size('/tensorflow/serving/batching_session/padding_size', 'execution_batch_size');
  readonly #inputBatchSize = this.#size('/tensorflow/serving/batching_session/input_batch_size');
  readonly #processedBatchSize = this.#size('/tensorflow/serving/batching_session/processed_batch_size');

  readonly #signatureLatency = this.#latency(
    '/servable/signature_latency',
    'model_name',
    'signature_name',
    'method',
    'entrypoint',
  );
  readonly #engineLatency = this.#latency('/servable/engine_latency', 'model_name', 'signature_name');
  readonly #admissionLatency = this.#latency('/servable/admission_queue_latency', 'method', 'entrypoint');
  readonly #requestBytes = this.#counter('/servable/request_bytes_total', 'model_name', 'method', 'entrypoint');
  readonly #loads = this.#counter('/servable/model_loads_total', 'model_name', 'status');
  readonly #loadLatency = this.#latency('/servable/model_load_latency', 'model_name');
  readonly #evictions = this.#counter('/servable/model_evictions_total', 'model_name');
  readonly #replayed = this.#counter('/servable/warmup_live_requests_total', 'model_name', 'outcome');
  readonly #responseBytes = this.#counter('/servable/response_bytes_total', 'model_name', 'method', 'entrypoint');

  /** @throws ServingError INVALID_ARGUMENT `BAD_OPTION` */
  constructor(options: ServingMetricsOptions = {}) {
    const { nameStyle = 'upstream', requestsInFlight, requestsQueued, modelsWarming, memory } = options;
    if (nameStyle !== 'upstream' && nameStyle !== 'prometheus') {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'BAD_OPTION',
        `Bad option nameStyle: expected 'upstream' or 'prometheus', given ${String(nameStyle)}`,
      );
    }
    this.#style = nameStyle;
    // Metadata of models in ML Metadata, which no build of upstream's fills in without its session-metadata mode.
    this.#add(new Gauge({ name: '/tensorflow/serving/mlmd_map', labels: ['model_name', 'version'] }, () => []));
    this.#gauge('/servable/requests_in_flight', requestsInFlight);
    this.#gauge('/servable/requests_queued', requestsQueued);
    this.#gauge('/servable/models_warming', modelsWarming);
    if (memory) {
      this.#gauge('/servable/model_memory_bytes', () => memory().usedBytes);
      this.#gauge('/servable/model_memory_budget_bytes', () => memory().limitBytes);
      this.#gauge('/servable/models_in_memory', () => memory().holders);
    }
    this.#process = new ProcessGauges();
    this.#metrics.push(...this.#process.metrics);
  }

  /** Counts one request; give it to the transports. */
  readonly observe: RequestObserver = (record) => {
    const { entrypoint, method, modelName, code } = record;
    if (isCountedUpstream(record)) {
      this.#requestCount.increment([modelName, code]);
      if (code === 'OK') {
        this.#requestLatency.add([modelName, upstreamApi(record), entrypoint], record.latencyMicros);
      }
    }
    if (record.runMicros !== undefined && inferenceMethods.has(method)) {
      this.runtimeRan(modelName, method, record.runMicros);
    }
    if (method === 'MultiInference' && record.exampleCount !== undefined) {
      this.#exampleCounts.add([modelName], record.exampleCount);
      this.#exampleCountTotal.increment([modelName], record.exampleCount);
    }
    this.#requestBytes.increment([modelName, method, entrypoint], record.requestBytes);
    this.#responseBytes.increment([modelName, method, entrypoint], record.responseBytes);
    const { signatureName } = record;
    if (signatureName === undefined) return;
    this.#admissionLatency.add([method, entrypoint], record.queueMicros);
    if (code === 'OK') this.#signatureLatency.add([modelName, signatureName, method, entrypoint], record.latencyMicros);
    if (record.runMicros !== undefined) this.#engineLatency.add([modelName, signatureName], record.runMicros);
  };

  /** The first series of a counter by its name in TensorFlow, `/tensorflow/serving/request_count`; 0 without any. */
  firstCount(name: string): number {
    const metric = this.#metrics.find(({ info }) => info.name === name);
    return metric?.kind === 'counter' ? (metric.values()[0]?.value ?? 0) : 0;
  }

  /** One run of a servable that went well, `api` being `Predict`, `Classify` or `Regress`; warm-up counts too. */
  runtimeRan(modelName: string, api: string, micros: number): void {
    this.#runtimeLatency.add([modelName, api, 'TF1'], micros);
  }

  /** One attempt to log a request of a model with request logging. */
  requestLogged(modelName: string, code: StatusCode): void {
    this.#logCount.increment([modelName, code]);
  }

  /** One warm-up of the model in a directory, with the number of records that were replayed. */
  warmedUp(modelPath: string, code: StatusCode, records: number, micros: number): void {
    this.#warmupLatency.add([modelPath, code], micros);
    this.#warmupRecords.increment([modelPath, code], records);
  }

  /** Live requests that were replayed into a new version of a model: those it answered, and those that did not fit it. */
  replayedTraffic(modelName: string, outcomes: { readonly answered: number; readonly refused: number }): void {
    this.#replayed.increment([modelName, 'answered'], outcomes.answered);
    this.#replayed.increment([modelName, 'refused'], outcomes.refused);
  }

  /** Counts what a memory budget brings in and sends out. */
  readonly memoryObserver = {
    loaded: ({ name }: ServableId, _bytes: number, millis: number): void => {
      this.#loads.increment([name, 'OK']);
      this.#loadLatency.add([name], millis * 1000);
    },
    loadFailed: ({ name }: ServableId, { code }: ServingError): void => this.#loads.increment([name, code]),
    evicted: ({ name }: ServableId): void => this.#evictions.increment([name]),
  };

  /** One input tensor of a request that goes into a batch: the size of its first dimension. */
  batchInput(batchSize: number): void {
    this.#inputBatchSize.add([], batchSize);
  }

  /** One task left its queue for a batch. The server's thread pools have no names, so the default is ''. */
  batchDequeued(queuedMicros: number, threadPoolName = ''): void {
    this.#queuingLatency.add([threadPoolName], queuedMicros);
  }

  /** One batch ran: its size with padding, and how much of that is padding. */
  batchProcessed(batchSize: number, paddingSize: number): void {
    this.#wrappedRuns.increment([]);
    this.#processedBatchSize.add([], batchSize);
    this.#paddingSize.add([String(batchSize)], paddingSize);
  }

  /** The page as text; `text/plain`. */
  render(): string {
    return formatMetrics(this.#metrics, this.#style);
  }

  close(): void {
    this.#process.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #add<M extends Metric>(metric: M): M {
    this.#metrics.push(metric);
    return metric;
  }

  #counter(name: string, ...labels: string[]): Counter {
    return this.#add(new Counter({ name, labels }));
  }

  #latency(name: string, ...labels: string[]): Histogram {
    return this.#add(new Histogram({ name, labels }, latencyBuckets));
  }

  #size(name: string, ...labels: string[]): Histogram {
    return this.#add(new Histogram({ name, labels }, sizeBuckets));
  }

  #gauge(name: string, read: (() => number) | undefined): void {
    if (read === undefined) return;
    this.#add(new Gauge({ name, labels: [] }, () => [{ labels: [], value: read() }]));
  }
}

const inferenceMethods: ReadonlySet<string> = new Set(['Predict', 'Classify', 'Regress']);

/** Upstream counts the three inference calls over gRPC, and everything under `/v1/` over REST. */
function isCountedUpstream({ entrypoint, method }: RequestRecord): boolean {
  return entrypoint === 'REST' || inferenceMethods.has(method);
}

/** Upstream's REST handler writes the verb of the URL, and nothing for GET and OPTIONS. */
function upstreamApi({ entrypoint, method }: RequestRecord): string {
  if (entrypoint === 'GRPC') return method;
  return inferenceMethods.has(method) ? method.toLowerCase() : '';
}
