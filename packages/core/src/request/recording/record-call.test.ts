import { fromBinary } from '@bufbuild/protobuf';
import { type PredictionLog, PredictionLogSchema } from '@servable/protos/serving';
import { DataType } from '@servable/protos/tensorflow';
import { encodeExample, type Tensor, tensor, tensorFromProto } from '@servable/tensor';
import { beforeEach, expect, test } from 'vitest';
import type { PredictionRecorder } from '../../servable/prediction-recorder.js';
import { encodePredictionLog } from '../../tfrecord/encode-prediction-log.js';
import { logMetadata } from '../../tfrecord/log-metadata.js';
import { classify } from '../handlers/classify.js';
import { multiInference } from '../handlers/multi-inference.js';
import { predict } from '../handlers/predict.js';
import { regress } from '../handlers/regress.js';
import { sessionRun } from '../handlers/session-run.js';
import { FakeProvider, FakeServable, halfPlusTwo, signatureDef } from '../handlers/testing/fake-servables.js';

const { DT_FLOAT, DT_STRING } = DataType;
const input = { examples: [encodeExample({ age: [3] }), encodeExample({ age: [4] })] };

let logs: PredictionLog[];
const recorder: PredictionRecorder = {
  record({ kind, modelSpec, request, response }) {
    const metadata = logMetadata(modelSpec, 0.5, 1_700_000_000);
    const log = encodePredictionLog({ kind, request: request(), response: response(), metadata });
    logs.push(fromBinary(PredictionLogSchema, log));
  },
};
let provider: FakeProvider;
const dependencies = () => ({ provider, states: provider, recorder });

beforeEach(() => {
  logs = [];
  const examples = new FakeServable(
    new Map([
      ['classify', signatureDef({ inputs: [DT_STRING, [-1]] }, { scores: [DT_FLOAT, [-1, -1]] })],
      ['regress', signatureDef({ inputs: [DT_STRING, [-1]] }, { outputs: [DT_FLOAT, [-1, 1]] })],
    ]),
    ({ signatureName }): Map<string, Tensor> =>
      signatureName === 'regress'
        ? new Map([['outputs', tensor([[3], [4]])]])
        : new Map([
            [
              'scores',
              tensor([
                [1, 0],
                [0.5, 0.25],
              ]),
            ],
          ]),
  );
  provider = new FakeProvider().add('half', 7n, halfPlusTwo()).add('examples', 2n, examples);
});

test('Predict: the request as it was asked, the response, and the version that answered', async () => {
  const inputs = new Map([['x', tensor([2, 4])]]);
  await predict(dependencies(), { modelSpec: { name: 'half', signatureName: '' }, inputs, outputFilter: ['y'] });
  const [{ logMetadata: metadata, logType } = {} as PredictionLog] = logs;
  if (logType?.case !== 'predictLog') return expect.fail(String(logType?.case));
  const { request, response } = logType.value;
  expect(request?.modelSpec).toMatchObject({ name: 'half', signatureName: '', versionChoice: { case: undefined } });
  expect(request?.outputFilter).toEqual(['y']);
  expect(tensorFromProto(request!.inputs['x']!).toArray()).toEqual([2, 4]);
  expect(tensorFromProto(response!.outputs['y']!).toArray()).toEqual([3, 4]);
  expect(metadata).toMatchObject({
    modelSpec: { name: 'half', signatureName: 'serving_default', versionChoice: { value: { value: 7n } } },
    samplingConfig: { samplingRate: 0.5 },
    timestampSecs: 1_700_000_000n,
  });
});

test('Classify, Regress and MultiInference: examples come back as they were', async () => {
  const spec = (signatureName: string) => ({ name: 'examples', signatureName });
  await classify(dependencies(), { modelSpec: spec('classify'), input });
  await regress(dependencies(), { modelSpec: spec('regress'), input: { ...input, context: input.examples[0]! } });
  const tasks = [{ modelSpec: spec('regress'), methodName: 'tensorflow/serving/regress' }];
  await multiInference(dependencies(), { tasks, input });
  const [classified, regressed, multi] = logs.map(({ logType }) => logType);
  if (classified?.case !== 'classifyLog' || regressed?.case !== 'regressLog' || multi?.case !== 'multiInferenceLog') {
    return expect.fail(logs.map(({ logType }) => logType.case).join());
  }
  const list = classified.value.request?.input?.kind;
  const ages = list?.case === 'exampleList' ? list.value.examples.map((each) => each.features?.feature['age']) : [];
  expect(ages.map((age) => age?.kind.value)).toEqual([
    expect.objectContaining({ value: [3] }),
    expect.objectContaining({ value: [4] }),
  ]);
  expect(classified.value.response?.result?.classifications[1]?.classes.map(({ score }) => score)).toEqual([0.5, 0.25]);
  expect(regressed.value.request?.input?.kind.case).toBe('exampleListWithContext');
  expect(regressed.value.response?.result?.regressions.map(({ value }) => value)).toEqual([3, 4]);
  expect(multi.value.request?.tasks.map(({ modelSpec }) => modelSpec?.signatureName)).toEqual(['regress']);
  expect(multi.value.response?.results.map(({ result }) => result.case)).toEqual(['regressionResult']);
});

test('SessionRun is one record, not that of the Predict call inside it', async () => {
  const call = { feeds: [['x:0', tensor([2])]], fetches: ['y:0'], targets: [], namesAreAliases: false } as const;
  await sessionRun(dependencies(), { modelSpec: { name: 'half', signatureName: '' }, ...call });
  expect(logs.map(({ logType }) => logType.case)).toEqual(['sessionRunLog']);
  const { logType } = logs[0]!;
  if (logType.case !== 'sessionRunLog') return expect.fail();
  expect(logType.value.request?.fetch).toEqual(['y:0']);
  expect(tensorFromProto(logType.value.response!.tensor[0]!.tensor!).toArray()).toEqual([3]);
});

test('a request that fails is not recorded', async () => {
  const call = { modelSpec: { name: 'half', signatureName: '' }, inputs: new Map(), outputFilter: [] };
  await expect(predict(dependencies(), call)).rejects.toThrow();
  expect(logs).toEqual([]);
});
