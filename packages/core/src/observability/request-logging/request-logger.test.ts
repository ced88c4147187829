import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { PredictionLogSchema } from '@servable/protos/serving';
import { encodePredictRequest, encodePredictResponse, tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../servable/logger.js';
import type { AnsweredCall } from '../../servable/prediction-recorder.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { readTfRecords } from '../../tfrecord/read-tf-records.js';
import type { RecordCollectorOptions } from './record-collector.js';
import { RequestLogger, type RequestLoggerDependencies } from './request-logger.js';

let directory: string;
let prefix: string;
let counts: string[];
let problems: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'request-logger-'));
  prefix = join(directory, 'logs', 'm');
  counts = [];
  problems = [];
});
afterEach(() => rm(directory, { recursive: true }));

function logger(options: RecordCollectorOptions = {}, more: Partial<RequestLoggerDependencies> = {}): RequestLogger {
  return new RequestLogger(options, {
    logger: { ...silentLogger, error: (message) => void problems.push(message) },
    onLogged: (model, code) => void counts.push(`${model} ${code}`),
    now: () => Date.UTC(2026, 0, 31, 9, 15, 2),
    ...more,
  });
}

const spec = { name: 'm', version: 3n, signatureName: 'serving_default' };
const call = (x: number, size = 1): AnsweredCall => ({
  kind: 'predict',
  modelSpec: spec,
  request: () =>
    encodePredictRequest({
      modelSpec: spec,
      inputs: new Map([['x', tensor(Array<number>(size).fill(x))]]),
      outputFilter: [],
    }),
  response: () => encodePredictResponse({ modelSpec: spec, outputs: new Map([['y', tensor([x * 2])]]) }),
});

const files = async (): Promise<string[]> => (await readdir(join(directory, 'logs'))).sort();

/** The x of all records, file by file. */
async function recorded(): Promise<number[][]> {
  const all: number[][] = [];
  for (const file of await files()) {
    const values: number[] = [];
    for await (const record of readTfRecords(join(directory, 'logs', file))) {
      const { logType } = fromBinary(PredictionLogSchema, record);
      if (logType.case === 'predictLog') values.push(logType.value.request!.inputs['x']!.floatVal[0]!);
    }
    all.push(values);
  }
  return all;
}

test('answered requests are in a TFRecord file with the name of prefix, time and process', async () => {
  const log = logger();
  log.update([{ name: 'm', logging: { filenamePrefix: prefix, samplingRate: 1 } }, { name: 'other' }]);
  for (const x of [1, 2, 3]) log.record(call(x));
  log.record({ ...call(4), modelSpec: { ...spec, name: 'other' } });
  await log.close();
  expect(await files()).toEqual([expect.stringMatching(/^m-20260131T091502Z-\d+-\d{5}\.tfrecord$/)]);
  expect(await recorded()).toEqual([[1, 2, 3]]);
  expect(counts).toEqual(['m OK', 'm OK', 'm OK']);
});

test('the rate decides, and metadata tell it', async () => {
  const draws = [0.1, 0.25, 0.9, 0.2];
  const log = logger({}, { random: () => draws.shift()! });
  log.update([{ name: 'm', logging: { filenamePrefix: prefix, samplingRate: 0.25 } }]);
  for (const x of [1, 2, 3, 4]) log.record(call(x));
  await log.close();
  expect(await recorded()).toEqual([[1, 4]]);
  const [file] = await files();
  for await (const record of readTfRecords(join(directory, 'logs', file!))) {
    const { logMetadata } = fromBinary(PredictionLogSchema, record);
    expect([logMetadata?.samplingConfig?.samplingRate, logMetadata?.timestampSecs]).toEqual([0.25, 1769850902n]);
  }
});

test('a file that is large enough is complete, and the next one begins', async () => {
  const log = logger({ maxFileBytes: 1000 });
  log.update([{ name: 'm', logging: { filenamePrefix: prefix, samplingRate: 1 } }]);
  for (const x of [1, 2, 3, 4, 5]) log.record(call(x, 100));
  await log.close();
  expect(await recorded()).toEqual([[1, 2], [3, 4], [5]]);
});

test('a file that is old enough is complete; until then its name says that it is not', async () => {
  const clock = new ManualClock();
  const log = logger({ maxFileAgeMs: 5000 }, { clock });
  log.update([{ name: 'm', logging: { filenamePrefix: prefix, samplingRate: 1 } }]);
  log.record(call(1));
  await vi.waitFor(() => expect(counts).toHaveLength(1));
  expect(await files()).toEqual([expect.stringMatching(/\.tfrecord\.partial$/)]);
  clock.advance(5000);
  await vi.waitFor(async () => expect(await files()).toEqual([expect.stringMatching(/\.tfrecord$/)]));
  log.record(call(2));
  await log.close();
  expect(await recorded()).toEqual([[1], [2]]);
});

test('records for which there is no room are dropped and counted, and not even encoded', async () => {
  const log = logger({ maxQueuedBytes: 1000 });
  log.update([{ name: 'm', logging: { filenamePrefix: prefix, samplingRate: 1 } }]);
  let encoded = 0;
  for (const x of [1, 2, 3, 4, 5, 6, 7]) {
    const each = call(x, 100);
    log.record({ ...each, request: () => (encoded++, each.request()) });
  }
  await log.close();
  const kept = (await recorded()).flat().length;
  expect(kept).toBeGreaterThan(0);
  expect(counts.filter((each) => each === 'm RESOURCE_EXHAUSTED')).toHaveLength(7 - kept);
  expect(counts.filter((each) => each === 'm OK')).toHaveLength(kept);
  expect(encoded).toBe(kept);
});

test('a place that cannot be written is told once, and requests go on', async () => {
  await mkdir(join(directory, 'logs'));
  await writeFile(join(directory, 'logs', 'file'), '');
  const log = logger();
  const filenamePrefix = join(directory, 'logs', 'file', 'm');
  log.update([{ name: 'm', logging: { filenamePrefix, samplingRate: 1 } }]);
  log.record(call(1));
  await vi.waitFor(() => expect(counts).toEqual(['m UNAVAILABLE']));
  log.record(call(2));
  await log.close();
  expect(counts).toEqual(['m UNAVAILABLE', 'm UNAVAILABLE']);
  expect(problems).toEqual([expect.stringContaining(`Requests cannot be recorded at ${filenamePrefix}: `)]);
});

test('another prefix begins another file; a model that goes on as before keeps its own', async () => {
  const log = logger();
  const first = { filenamePrefix: prefix, samplingRate: 1 };
  log.update([{ name: 'm', logging: first }]);
  log.record(call(1));
  log.update([{ name: 'm', logging: { ...first, samplingRate: 0.9999 } }]);
  log.record(call(2));
  log.update([{ name: 'm', logging: { ...first, filenamePrefix: `${prefix}-next` } }]);
  log.record(call(3));
  await log.close();
  expect((await recorded()).map((values) => values.length).sort()).toEqual([1, 2]);
});

test('limits that make no sense are refused', () => {
  expect(() => logger({ maxFileBytes: 0 })).toThrow('requestLog.maxFileBytes must be a whole number above 0; got 0');
});
