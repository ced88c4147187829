import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { EventEmitter } from 'node:events';
import { Metadata, type handleUnaryCall, type ServerUnaryCall } from '@grpc/grpc-js';
import {
  ClassificationRequestSchema,
  GetModelMetadataRequestSchema,
  GetModelStatusRequestSchema,
  MultiInferenceRequestSchema,
  ReloadConfigRequestSchema,
  SessionRunRequestSchema,
} from '@servable/protos/serving';
import { encodePredictRequest, tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { InFlight } from '../execution/in-flight.js';
import { modelService } from '../grpc/model-service.js';
import { predictionService } from '../grpc/prediction-service.js';
import { sessionService } from '../grpc/session-service.js';
import { unaryHandler } from '../grpc/unary-handler.js';
import { fuzzProvider } from './fuzz-model.js';
import { fuzzSettings, memorySlack, settledMemory } from './fuzz-settings.js';
import { Mutator, randomSource } from './mutate.js';

const { cases, seed, timeoutMs } = fuzzSettings;
const message = <Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>) =>
  toBinary(schema, create(schema, fields));

const modelSpec = { name: 'm' };
const examples = {
  kind: { case: 'exampleList' as const, value: { examples: [{ features: { feature: {} } }, {}] } },
};
const predictInputs = new Map([
  ['x', tensor([1.5, 2], 'float32')],
  ['n', tensor([1n, -2n], 'int64')],
  ['s', tensor(['ab', ''], 'string')],
  ['b', tensor([true, false])],
]);
const predictFields = { modelSpec: { name: 'm', signatureName: '' }, inputs: predictInputs, outputFilter: [] };
const requests: [string, readonly Uint8Array[]][] = [
  [
    'predict',
    [
      encodePredictRequest(predictFields),
      encodePredictRequest({ ...predictFields, outputFilter: ['x', 's'] }, { content: true }),
    ],
  ],
  [
    'classify',
    [message(ClassificationRequestSchema, { modelSpec: { ...modelSpec, signatureName: 'classify' }, input: examples })],
  ],
  [
    'regress',
    [message(ClassificationRequestSchema, { modelSpec: { ...modelSpec, signatureName: 'regress' }, input: examples })],
  ],
  [
    'multiInference',
    [
      message(MultiInferenceRequestSchema, {
        tasks: ['classify', 'regress'].map((name) => ({
          modelSpec: { ...modelSpec, signatureName: name },
          methodName: `tensorflow/serving/${name}`,
        })),
        input: examples,
      }),
    ],
  ],
  ['getModelMetadata', [message(GetModelMetadataRequestSchema, { modelSpec, metadataField: ['signature_def'] })]],
  ['getModelStatus', [message(GetModelStatusRequestSchema, { modelSpec })]],
  [
    'handleReloadConfigRequest',
    [
      message(ReloadConfigRequestSchema, {
        config: { config: { case: 'modelConfigList', value: { config: [modelSpec] } } },
      }),
    ],
  ],
  [
    'sessionRun',
    [
      message(SessionRunRequestSchema, {
        modelSpec: { ...modelSpec, signatureName: 'any' },
        feed: [{ name: 'x', tensor: { dtype: 1, tensorShape: { dim: [{ size: 2n }] }, floatVal: [1, 2] } }],
        fetch: ['x'],
        tensorNameIsAlias: true,
      }),
    ],
  ],
];
/** Varints of every length, long lengths, group tags. */
const tokens = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0x0b],
  [0x0c],
  [0x7a, 0x00],
].map((bytes) => Uint8Array.from(bytes));

/** Calls a handler as grpc-js does, without a network between; resolves with the status code. */
function invoke(handler: handleUnaryCall<Buffer, Uint8Array>, request: Uint8Array): Promise<number> {
  const call = Object.assign(new EventEmitter(), {
    request: Buffer.from(request),
    metadata: new Metadata(),
    getDeadline: () => Infinity,
    getPeer: () => '127.0.0.1:1',
    sendMetadata: () => undefined,
  });
  return new Promise((resolve) => {
    handler(call as unknown as ServerUnaryCall<Buffer, Uint8Array>, (error) => resolve(error?.code ?? 0));
  });
}

/** What bad requests may be answered with; INTERNAL and UNKNOWN would be failures of ours. */
const expected = new Set([0, 3, 5, 8, 9, 12]);

test.each(requests)('mutated messages: %s', { timeout: timeoutMs }, async (method, seeds) => {
  const provider = fuzzProvider();
  const dependencies = { provider, states: provider, inFlight: new InFlight(), reloadConfig: () => Promise.resolve() };
  const services = {
    ...predictionService(dependencies),
    ...modelService(dependencies),
    ...sessionService(dependencies),
  };
  const handler = unaryHandler(dependencies, services[method]!, services[method]!.answer);
  const mutator = new Mutator(randomSource(seed), seeds, tokens);
  for (const request of seeds) expect(await invoke(handler, request)).toBe(0);
  const before = settledMemory();
  let refused = 0;
  for (let round = 0; round < cases; round++) {
    const request = mutator.next();
    const code = await invoke(handler, request);
    if (!expected.has(code)) throw new Error(`code ${code} for ${Buffer.from(request).toString('base64')}`);
    if (code !== 0) refused++;
  }
  expect(settledMemory() - before).toBeLessThan(memorySlack);
  expect(refused).toBeGreaterThan(cases / 10);
  expect(provider.released).toBe(provider.acquired);
  expect(dependencies.inFlight.count).toBe(0);
});
