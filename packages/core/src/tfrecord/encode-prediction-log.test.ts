import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LogMetadataSchema, PredictionLogSchema } from '@servable/protos/serving';
import { encodePredictRequest, encodePredictResponse, tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { encodePredictionLog } from './encode-prediction-log.js';

const inputs = new Map([['x', tensor(Array.from({ length: 5000 }, (_, index) => index))]]);
const request = encodePredictRequest({ modelSpec: { name: 'm', signatureName: 's' }, inputs, outputFilter: ['y'] });

test('the message is the one that the schema reads, with and without a response and metadata', () => {
  const response = encodePredictResponse({ outputs: new Map([['y', tensor([2])]]) });
  const metadata = create(LogMetadataSchema, { modelSpec: { name: 'm' }, savedModelTags: ['serve'] });
  const whole = fromBinary(PredictionLogSchema, encodePredictionLog({ kind: 'predict', request, response, metadata }));
  expect(whole.logType.case).toBe('predictLog');
  expect(whole.logMetadata?.savedModelTags).toEqual(['serve']);
  const log = whole.logType.value as { request: { inputs: object; outputFilter: string[] }; response: object };
  expect(log.request.outputFilter).toEqual(['y']);
  expect(toBinary(PredictionLogSchema, whole)).toHaveLength(
    encodePredictionLog({ kind: 'predict', request, response, metadata }).length,
  );
  const bare = fromBinary(PredictionLogSchema, encodePredictionLog({ kind: 'predict', request }));
  expect((bare.logType.value as { response?: object }).response).toBeUndefined();
});

test.each([
  ['classify', 'classifyLog'],
  ['regress', 'regressLog'],
  ['multiInference', 'multiInferenceLog'],
  ['sessionRun', 'sessionRunLog'],
] as const)('%s goes into %s', (kind, name) => {
  const log = fromBinary(PredictionLogSchema, encodePredictionLog({ kind, request: new Uint8Array() }));
  expect(log.logType.case).toBe(name);
});
