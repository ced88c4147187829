import { afterEach, expect, test } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { ServingMetrics, type ServingMetricsOptions } from './serving-metrics.js';

const open: ServingMetrics[] = [];
afterEach(() => open.splice(0).forEach((metrics) => metrics.close()));

function serving(options: ServingMetricsOptions = {}): ServingMetrics {
  const metrics = new ServingMetrics(options);
  open.push(metrics);
  return metrics;
}

const record = (fields: Partial<RequestRecord>): RequestRecord => ({
  requestId: 'r',
  entrypoint: 'GRPC',
  method: 'Predict',
  modelName: 'm',
  version: 1n,
  signatureName: 'serving_default',
  code: 'OK',
  reason: '',
  message: '',
  requestBytes: 100,
  responseBytes: 10,
  exampleCount: undefined,
  latencyMicros: 18,
  queueMicros: 0,
  runMicros: 12,
  ...fields,
});

/** The lines of the series of one metric that have a value other than 0, without the metric's name. */
function series(metrics: ServingMetrics, name: string): string[] {
  return metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length));
}

test('the page lists every metric of upstream, used or not', () => {
  const page = serving().render();
  const types = [...page.matchAll(/^# TYPE :tensorflow:serving:(\S+) (\S+)$/gm)].map(
    (match) => `${match[1]} ${match[2]}`,
  );
  expect(types).toEqual([
    'batching_session:input_batch_size histogram',
    'batching_session:padding_size histogram',
    'batching_session:processed_batch_size histogram',
    'batching_session:queuing_latency histogram',
    'batching_session:wrapped_run_count counter',
    'mlmd_map gauge',
    'model_warmup_latency histogram',
    'model_warmup_records_read counter',
    'request_count counter',
    'request_example_count_total counter',
    'request_example_counts histogram',
    'request_latency histogram',
    'request_log_count counter',
    'runtime_latency histogram',
  ]);
  expect(page.endsWith('\n')).toBe(true);
});

test('gRPC inference counts under its method; other gRPC calls do not count', () => {
  const metrics = serving();
  metrics.observe(record({}));
  metrics.observe(record({ method: 'Classify', code: 'INVALID_ARGUMENT', runMicros: undefined }));
  metrics.observe(record({ method: 'GetModelStatus', runMicros: undefined }));
  metrics.observe(record({ method: 'MultiInference', exampleCount: 3 }));
  expect(series(metrics, ':tensorflow:serving:request_count')).toEqual([
    '{model_name="m",status="INVALID_ARGUMENT"} 1',
    '{model_name="m",status="OK"} 1',
  ]);
  expect(series(metrics, ':tensorflow:serving:request_latency_count')).toEqual([
    '{model_name="m",API="Predict",entrypoint="GRPC"} 1',
  ]);
  expect(series(metrics, ':tensorflow:serving:runtime_latency_count')).toEqual([
    '{model_name="m",API="Predict",runtime="TF1"} 1',
  ]);
  expect(series(metrics, ':tensorflow:serving:request_example_count_total')).toEqual(['{model="m"} 3']);
});

test('every REST call counts, with the verb of its URL', () => {
  const metrics = serving();
  metrics.observe(record({ entrypoint: 'REST' }));
  metrics.observe(record({ entrypoint: 'REST', method: 'GetModelStatus', runMicros: undefined }));
  metrics.observe(
    record({ entrypoint: 'REST', method: '', modelName: '', code: 'INVALID_ARGUMENT', runMicros: undefined }),
  );
  expect(series(metrics, ':tensorflow:serving:request_count')).toEqual([
    '{model_name="",status="INVALID_ARGUMENT"} 1',
    '{model_name="m",status="OK"} 2',
  ]);
  expect(series(metrics, ':tensorflow:serving:request_latency_count')).toEqual([
    '{model_name="m",API="",entrypoint="REST"} 1',
    '{model_name="m",API="predict",entrypoint="REST"} 1',
  ]);
  expect(series(metrics, ':tensorflow:serving:runtime_latency_sum')).toEqual([
    '{model_name="m",API="Predict",runtime="TF1"} 12',
  ]);
});

test('a latency of exactly 18 microseconds is in the bucket up to 32.4', () => {
  const metrics = serving();
  metrics.observe(record({ latencyMicros: 18 }));
  const buckets = series(metrics, ':tensorflow:serving:request_latency_bucket').slice(0, 3);
  const labels = 'model_name="m",API="Predict",entrypoint="GRPC"';
  expect(buckets).toEqual([`{${labels},le="10"} 0`, `{${labels},le="18"} 0`, `{${labels},le="32.4"} 1`]);
});

test('batches and warm-ups have their metrics', () => {
  const metrics = serving();
  metrics.batchInput(3);
  metrics.batchDequeued(250);
  metrics.batchProcessed(4, 1);
  metrics.warmedUp('/models/m/1', 'OK', 2, 500);
  metrics.requestLogged('m', 'OK');
  const name = ':tensorflow:serving:batching_session:';
  expect(series(metrics, `${name}input_batch_size_sum`)).toEqual(['{} 3']);
  expect(series(metrics, `${name}queuing_latency_sum`)).toEqual(['{thread_pool_name=""} 250']);
  expect(series(metrics, `${name}processed_batch_size_sum`)).toEqual(['{} 4']);
  expect(series(metrics, `${name}wrapped_run_count`)).toEqual(['{} 1']);
  expect(series(metrics, `${name}padding_size_sum`)).toEqual(['{execution_batch_size="4"} 1']);
  expect(series(metrics, ':tensorflow:serving:model_warmup_records_read')).toEqual([
    '{model_path="/models/m/1",status="OK"} 2',
  ]);
  expect(series(metrics, ':tensorflow:serving:request_log_count')).toEqual(['{model_name="m",status_code="OK"} 1']);
});

test('beyond upstream: signatures, bytes, the engine, queues and the process', () => {
  const metrics = serving({ nameStyle: 'prometheus', requestsInFlight: () => 5, requestsQueued: () => 2 });
  metrics.observe(record({ queueMicros: 40 }));
  metrics.observe(record({ code: 'NOT_FOUND', signatureName: undefined, runMicros: undefined, responseBytes: 0 }));
  const labels = 'model_name="m",signature_name="serving_default"';
  expect(series(metrics, 'servable_signature_latency_sum')).toEqual([
    `{${labels},method="Predict",entrypoint="GRPC"} 18`,
  ]);
  expect(series(metrics, 'servable_engine_latency_sum')).toEqual([`{${labels}} 12`]);
  expect(series(metrics, 'servable_admission_queue_latency_sum')).toEqual(['{method="Predict",entrypoint="GRPC"} 40']);
  expect(series(metrics, 'servable_request_bytes_total')).toEqual([
    '{model_name="m",method="Predict",entrypoint="GRPC"} 200',
  ]);
  expect(series(metrics, 'servable_response_bytes_total')).toEqual([
    '{model_name="m",method="Predict",entrypoint="GRPC"} 10',
  ]);
  expect(series(metrics, 'servable_requests_in_flight')).toEqual(['{} 5']);
  expect(series(metrics, 'servable_requests_queued')).toEqual(['{} 2']);
  expect(Number(series(metrics, 'servable_resident_memory_bytes')[0]!.slice(3))).toBeGreaterThan(1e6);
  expect(series(metrics, 'servable_event_loop_lag_microseconds').map((line) => line.replace(/\d+$/, ''))).toEqual([
    '{quantile="0.5"} ',
    '{quantile="0.99"} ',
    '{quantile="1"} ',
  ]);
  expect(metrics.render()).not.toMatch(/^:/m);
});

test('an unknown style of names is refused', () => {
  expect(() => new ServingMetrics({ nameStyle: 'plain' as never })).toThrow(/expected 'upstream' or 'prometheus'/);
});

test('the first series of a counter can be asked for by its name in TensorFlow', () => {
  const metrics = serving();
  const name = '/tensorflow/serving/request_count';
  expect(metrics.firstCount(name)).toBe(0);
  metrics.observe(record({ modelName: 'b' }));
  metrics.observe(record({ modelName: 'a' }));
  metrics.observe(record({ modelName: 'a' }));
  expect([name, '/tensorflow/serving/request_latency', '/unknown'].map((each) => metrics.firstCount(each))).toEqual([
    2, 0, 0,
  ]);
});
