import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { encodeTfRecord, type InferenceCall, type InferenceServable, ServingError, silentLogger } from '@servable/core';
import { PredictionLogSchema } from '@servable/protos/serving';
import { DataType, SignatureDefSchema, TensorProtoSchema } from '@servable/protos/tensorflow';
import { tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer } from '../server.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { replayWarmup, type WarmupReport } from './replay-warmup.js';
import { WarmupState } from './warmup-state.js';
import { warmedLoader } from './warmed-loader.js';
import { type WarmupOptions, resolveWarmupOptions } from './warmup-options.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warmup-'));
});
afterEach(() => rm(directory, { recursive: true }));

type Log = MessageInitShape<typeof PredictionLogSchema>;

const float = (values: number[]) =>
  create(TensorProtoSchema, {
    dtype: DataType.DT_FLOAT,
    tensorShape: { dim: [{ size: BigInt(values.length) }] },
    floatVal: values,
  });
const input = { kind: { case: 'exampleList' as const, value: { examples: [{}, {}] } } };
const spec = (signatureName: string) => ({ name: 'recorded', signatureName, versionChoice: { case: undefined } });

const logs = {
  predict: {
    logType: {
      case: 'predictLog',
      value: { request: { modelSpec: spec(''), inputs: { x: float([1, 2]) }, outputFilter: ['y'] } },
    },
  },
  classify: { logType: { case: 'classifyLog', value: { request: { modelSpec: spec('classify'), input } } } },
  regress: { logType: { case: 'regressLog', value: { request: { modelSpec: spec('regress'), input } } } },
  multiInference: {
    logType: {
      case: 'multiInferenceLog',
      value: {
        request: {
          tasks: [
            { modelSpec: spec('regress'), methodName: 'tensorflow/serving/regress' },
            { modelSpec: spec('classify'), methodName: 'tensorflow/serving/classify' },
          ],
          input,
        },
      },
    },
  },
  sessionRun: { logType: { case: 'sessionRunLog', value: {} } },
  predictStreamed: { logType: { case: 'predictStreamedLog', value: {} } },
  none: {},
} satisfies Record<string, Log>;

const record = (log: Log): Uint8Array =>
  encodeTfRecord(toBinary(PredictionLogSchema, create(PredictionLogSchema, log)));

async function writeWarmup(...parts: Uint8Array[]): Promise<string> {
  await mkdir(join(directory, 'assets.extra'), { recursive: true });
  const path = join(directory, 'assets.extra', 'tf_serving_warmup_requests');
  await writeFile(path, Buffer.concat(parts));
  return path;
}

const info = (name: string, dtype: DataType) => ({
  encoding: { case: 'name' as const, value: name },
  dtype,
  tensorShape: { unknownRank: true },
});
const examples = { inputs: info('examples:0', DataType.DT_STRING) };
const signatureDefs = new Map([
  [
    'serving_default',
    create(SignatureDefSchema, {
      inputs: { x: info('x:0', DataType.DT_FLOAT) },
      outputs: { y: info('y:0', DataType.DT_FLOAT) },
    }),
  ],
  [
    'classify',
    create(SignatureDefSchema, {
      inputs: examples,
      outputs: { scores: info('s:0', DataType.DT_FLOAT) },
      methodName: 'tensorflow/serving/classify',
    }),
  ],
  [
    'regress',
    create(SignatureDefSchema, {
      inputs: examples,
      outputs: { outputs: info('o:0', DataType.DT_FLOAT) },
      methodName: 'tensorflow/serving/regress',
    }),
  ],
]);

/** Replays into a servable that notes the signatures that are run. */
async function replay(
  options: WarmupOptions = {},
  beforeRun: (call: InferenceCall) => Promise<void> = async () => undefined,
) {
  const runs: string[] = [];
  const reports: WarmupReport[] = [];
  const observed: string[] = [];
  const outputs: Record<string, [string, ReturnType<typeof tensor>]> = {
    serving_default: ['y', tensor([1, 2], 'float32')],
    classify: ['scores', tensor([[1], [2]], 'float32')],
    regress: ['outputs', tensor([1, 2], 'float32')],
  };
  const servable: InferenceServable = {
    platform: 'test',
    signatureDefs,
    async run(call) {
      await beforeRun(call);
      runs.push(call.signatureName);
      return new Map([outputs[call.signatureName]!]);
    },
  };
  const error = await replayWarmup({
    id: { name: 'm', version: 1n },
    directory,
    servable,
    options: resolveWarmupOptions(options),
    report: (report) => reports.push(report),
    reportRun: (name, api, micros) => observed.push(`${name} ${api} ${micros >= 0}`),
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { runs, error, reports, observed };
}

test.each([1, 2])(
  'RunSuccess and MixedWarmupData: every kind of request is run, %d time(s) each',
  async (iterations) => {
    await writeWarmup(...[logs.regress, logs.classify, logs.predict, logs.multiInference].map(record));
    const { runs, error, reports } = await replay({ iterations });
    expect(error).toBeUndefined();
    const expected = ['regress', 'classify', 'serving_default', 'regress', 'classify'];
    expect([...runs].sort()).toEqual(
      Array.from({ length: iterations }, () => expected)
        .flat()
        .sort(),
    );
    expect(reports).toMatchObject([{ path: directory, error: undefined, records: 4 }]);
  },
);

test('runs are told under the name in the record, but not those of MultiInference, as upstream counts them', async () => {
  await writeWarmup(...[logs.regress, logs.classify, logs.predict, logs.multiInference].map(record));
  const { observed } = await replay();
  expect(observed.map((run) => run.split(' ').slice(-2).join(' ')).sort()).toEqual([
    'Classify true',
    'Predict true',
    'Regress true',
  ]);
});

test('NoWarmupDataFile and WarmupDataFileEmpty: nothing is run', async () => {
  expect(await replay()).toEqual({ runs: [], error: undefined, reports: [], observed: [] });
  await writeWarmup();
  expect(await replay()).toMatchObject({ runs: [], error: undefined, reports: [{ records: 0 }] });
});

test.each([
  ['UnsupportedLogType_SessionRun', logs.sessionRun, 5],
  ['UnsupportedLogType_PredictStreamed', logs.predictStreamed, 7],
])('%s', async (_name, log, field) => {
  await writeWarmup(record(log));
  expect((await replay()).error).toMatchObject({
    code: 'UNIMPLEMENTED',
    message: `Unsupported log_type for warmup: ${field}`,
  });
});

test('a log without a request is passed over', async () => {
  await writeWarmup(record(logs.none), record(logs.predict));
  expect(await replay()).toMatchObject({ runs: ['serving_default'], error: undefined });
});

test('UnsupportedFileFormat: messages that are no records', async () => {
  await writeWarmup(toBinary(PredictionLogSchema, create(PredictionLogSchema, logs.predict)));
  expect((await replay()).error).toMatchObject({
    code: 'DATA_LOSS',
    message: 'corrupted record at 0. Please verify your warmup data is in TFRecord format.',
  });
});

test('TooManyWarmupRecords: the 1001st is run and then refused', async () => {
  const path = await writeWarmup(...Array.from({ length: 1002 }, () => record(logs.predict)));
  const { runs, error, reports } = await replay();
  expect(error).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `Number of warmup records exceeds the maximum (1000) at ${path}`,
  });
  expect([runs.length, reports[0]?.records]).toEqual([1001, 1001]);
  await writeWarmup(...Array.from({ length: 1000 }, () => record(logs.predict)));
  expect((await replay()).error).toBeUndefined();
});

test('UnparsableRecord', async () => {
  const path = await writeWarmup(encodeTfRecord(new TextEncoder().encode('malformed_record')));
  expect((await replay()).error).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `Failed to parse warmup record: malformed_record from ${path}`,
  });
});

test('RunFailure: an error of the model is the error of the warm-up', async () => {
  await writeWarmup(record(logs.predict), record(logs.predict));
  let runs = 0;
  const { error, reports } = await replay({}, async () => {
    runs += 1;
    if (runs === 2) throw new ServingError('RESOURCE_EXHAUSTED', 'FULL', 'Run failed');
  });
  expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'Run failed' });
  expect(reports).toMatchObject([{ error: { code: 'RESOURCE_EXHAUSTED' }, records: 2 }]);
});

test('a record that does not fit the signature fails the warm-up', async () => {
  await writeWarmup(
    record({ logType: { case: 'predictLog', value: { request: { modelSpec: spec('other'), inputs: {} } } } }),
  );
  expect((await replay()).error).toMatchObject({ message: 'Serving signature key "other" not found.' });
});

test('several threads run records side by side, each record once', async () => {
  await writeWarmup(...Array.from({ length: 10 }, () => record(logs.predict)));
  let [running, most] = [0, 0];
  let open!: () => void;
  const threeAtOnce = new Promise<void>((resolve) => (open = resolve));
  const { runs } = await replay({ threads: 3 }, async () => {
    running += 1;
    most = Math.max(most, running);
    if (running === 3) open();
    await threeAtOnce;
    running -= 1;
  });
  expect([runs.length, most]).toEqual([10, 3]);
});

test('a version is available when it is warm, and a warm-up that fails is a load that fails', async () => {
  const platform = halfPlusTwoPlatform();
  for (const version of ['1', '2']) {
    await mkdir(join(directory, 'm', version, 'assets.extra'), { recursive: true });
    await writeFile(join(directory, 'm', version, 'half_plus_two'), '');
  }
  const warmupFile = (version: string) => join(directory, 'm', version, 'assets.extra', 'tf_serving_warmup_requests');
  await writeFile(warmupFile('1'), record(logs.predict));
  await writeFile(warmupFile('2'), record(logs.sessionRun));
  const states: string[] = [];
  platform.beforeRun = async () =>
    void states.push(
      server.states
        .getVersionStates('m')
        .map(({ managerState }) => managerState)
        .join(),
    );
  const server = await createServer({
    models: [{ name: 'm', basePath: join(directory, 'm'), versionPolicy: { kind: 'all' } }],
    grpcPort: 0,
    maxLoadRetries: 0,
    platforms: [platform],
    warmup: { iterations: 2 },
  });
  try {
    await server.waitUntilReady();
    while (server.states.getVersionStates('m').some(({ managerState }) => managerState === 'LOADING')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(states).toHaveLength(2);
    expect(states.every((seen) => seen.endsWith('LOADING'))).toBe(true);
    expect(
      server.states
        .getVersionStates('m')
        .map(({ id, managerState, health }) => [id.version, managerState, health?.message]),
    ).toEqual([
      [2n, 'END', 'Unsupported log_type for warmup: 5'],
      [1n, 'AVAILABLE', undefined],
    ]);
    expect(platform.unloaded).toEqual([join(directory, 'm', '2')]);
  } finally {
    await server.destroy();
  }
});

test('WarmupStateRegistration: a version is registered as warming during its warm-up only', async () => {
  await mkdir(join(directory, 'm/1/assets.extra'), { recursive: true });
  await writeFile(join(directory, 'm/1/half_plus_two'), '');
  const file = join(directory, 'm/1/assets.extra/tf_serving_warmup_requests');
  const id = { name: 'm', version: 1n };
  const state = new WarmupState();
  const seen: boolean[] = [];
  const platform = halfPlusTwoPlatform();
  platform.beforeLoad = async () => void seen.push(state.isWarming(id));
  platform.beforeRun = async () => {
    seen.push(state.isWarming({ ...id }), state.isWarming({ ...id, version: 2n }));
  };
  const warmup = { enabled: true, iterations: 1, threads: 2 };
  const load = (): Promise<unknown> => {
    const loader = platform.createLoader(join(directory, 'm/1'));
    const options = { id, directory: join(directory, 'm/1'), warmup, logger: silentLogger, state };
    return warmedLoader(loader, options).load({ signal: new AbortController().signal });
  };
  await writeFile(file, record(logs.predict));
  await load();
  expect([seen, state.isWarming(id), state.count]).toEqual([[false, true, false], false, 0]);
  await writeFile(file, record(logs.sessionRun));
  await expect(load()).rejects.toThrow('Unsupported log_type for warmup');
  expect(state.count).toBe(0);
});

test('switched off, nothing is replayed', async () => {
  const platform = halfPlusTwoPlatform();
  await mkdir(join(directory, 'm/1/assets.extra'), { recursive: true });
  await writeFile(join(directory, 'm/1/half_plus_two'), '');
  await writeFile(join(directory, 'm/1/assets.extra/tf_serving_warmup_requests'), 'no records');
  const server = await createServer({
    models: [{ name: 'm', basePath: join(directory, 'm') }],
    grpcPort: 0,
    platforms: [platform],
    warmup: { enabled: false },
  });
  await server.waitUntilReady();
  await server.destroy();
  expect(platform.loaded).toHaveLength(1);
});

test.each<[WarmupOptions, string]>([
  [{ iterations: 0 }, 'warmup.iterations must be a whole number of at least 1; got 0'],
  [{ threads: 1.5 }, 'warmup.threads must be a whole number of at least 1; got 1.5'],
  [{ enabled: 'no' as never }, 'warmup.enabled must be a boolean; got no'],
])('%o is refused', (options, message) => {
  expect(() => resolveWarmupOptions(options)).toThrow(message);
});
