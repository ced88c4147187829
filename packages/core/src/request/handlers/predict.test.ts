import { DataType } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { getModelMetadata } from './get-model-metadata.js';
import { getModelStatus } from './get-model-status.js';
import { predict } from './predict.js';
import { ServingError } from '../../servable/serving-error.js';
import { FakeProvider, FakeServable, halfPlusTwo, signatureDef } from './testing/fake-servables.js';

let provider: FakeProvider;
let servable: FakeServable;

beforeEach(() => {
  servable = halfPlusTwo();
  provider = new FakeProvider().add('half', 1n, halfPlusTwo(), 'stable').add('half', 3n, servable);
});

afterEach(() => {
  expect(provider.released).toBe(provider.acquired);
});

const x = tensor([2, 4]);
const inputs = new Map<string, Tensor>([['x', x]]);
const half = { name: 'half', signatureName: '' };
const dependencies = () => ({ provider, states: provider });

it('answers with all outputs, the version that ran and the real name of the signature', async () => {
  const result = await predict(dependencies(), { modelSpec: half, inputs, outputFilter: [] });
  expect(result.modelSpec).toEqual({ name: 'half', version: 3n, signatureName: 'serving_default' });
  expect([...result.outputs].map(([alias, { data }]) => [alias, ...(data as Float32Array)])).toEqual([
    ['y', 3, 4],
    ['z', 2, 4],
  ]);
  expect(provider.acquired).toBe(1);
});

it('answers from the version or the label that was asked for, and echoes no label', async () => {
  const byVersion = await predict(dependencies(), { modelSpec: { ...half, version: 1n }, inputs, outputFilter: ['y'] });
  expect(byVersion.modelSpec.version).toBe(1n);
  expect([...byVersion.outputs.keys()]).toEqual(['y']);
  const byLabel = await predict(dependencies(), {
    modelSpec: { ...half, versionLabel: 'stable' },
    inputs,
    outputFilter: [],
  });
  expect(byLabel.modelSpec).toEqual({ name: 'half', version: 1n, signatureName: 'serving_default' });
});

it('hands deadline and abort signal to the run', async () => {
  const { signal } = new AbortController();
  await predict(dependencies(), { modelSpec: half, inputs, outputFilter: [] }, { signal, timeoutMs: 250 });
  expect(servable.calls[0]).toMatchObject({ signatureName: 'serving_default', timeoutMs: 250 });
  expect(servable.calls[0]!.signal).toBe(signal);
});

it.each([
  ['no model spec', undefined, 'INVALID_ARGUMENT', 'Missing ModelSpec'],
  ['no name', { name: '', signatureName: '' }, 'INVALID_ARGUMENT', 'ModelSpec has no name specified.'],
  [
    'an unknown model',
    { name: 'whole', signatureName: '' },
    'NOT_FOUND',
    'Servable not found for request: Latest(whole)',
  ],
  ['an unknown version', { ...half, version: 2n }, 'NOT_FOUND', 'Servable not found for request: Specific(half, 2)'],
  [
    'an unknown label',
    { ...half, versionLabel: 'canary' },
    'INVALID_ARGUMENT',
    'Unrecognized servable version label: canary',
  ],
  [
    'an unknown signature',
    { ...half, signatureName: 'train' },
    'FAILED_PRECONDITION',
    'Serving signature key "train" not found.',
  ],
] as const)('refuses %s', async (_, modelSpec, code, message) => {
  await expect(predict(dependencies(), { modelSpec, inputs, outputFilter: [] })).rejects.toMatchObject({
    code,
    message,
  });
});

it('refuses inputs that do not fit before the servable runs', async () => {
  await expect(
    predict(dependencies(), { modelSpec: half, inputs: new Map([['x', tensor([1n])]]), outputFilter: [] }),
  ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INPUT_DTYPE_MISMATCH' });
  expect(servable.calls).toEqual([]);
});

it('keeps the handle until the run has ended, also one that fails', async () => {
  const failure = new ServingError('RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY', 'no memory for the tensor');
  let fail: (error: Error) => void = () => {};
  const slow = new FakeServable(servable.signatureDefs, () => new Promise((_, reject) => (fail = reject)));
  provider.add('slow', 1n, slow);
  const prediction = predict(dependencies(), { modelSpec: { ...half, name: 'slow' }, inputs, outputFilter: [] });
  expect(provider).toMatchObject({ acquired: 1, released: 0 });
  fail(failure);
  await expect(prediction).rejects.toBe(failure);
  expect(provider).toMatchObject({ acquired: 1, released: 1 });
});

it('does not pass on outputs that nobody asked for', async () => {
  provider.add('odd', 1n, new FakeServable(servable.signatureDefs, () => new Map([['y', x]])));
  await expect(
    predict(dependencies(), { modelSpec: { ...half, name: 'odd' }, inputs, outputFilter: [] }),
  ).rejects.toMatchObject({
    code: 'UNKNOWN',
    message: 'Predict internal error: Expected outputs {y,z} from the servable, got {y}.',
  });
});

it('checks method names only when told to', async () => {
  const signature = signatureDef(
    { x: [DataType.DT_FLOAT, [-1]] },
    { y: [DataType.DT_FLOAT, [-1]] },
    { methodName: 'a/b' },
  );
  provider.add('named', 1n, new FakeServable(new Map([['serving_default', signature]]), () => new Map([['y', x]])));
  const call = { modelSpec: { name: 'named', signatureName: '' }, inputs, outputFilter: [] };
  expect((await predict(dependencies(), call)).outputs.size).toBe(1);
  await expect(predict({ ...dependencies(), checkMethodNames: true }, call)).rejects.toMatchObject({
    code: 'INTERNAL',
    message:
      'Expected prediction signature method_name to be one of {tensorflow/serving/predict, ' +
      'tensorflow/serving/classify, tensorflow/serving/regress}. Was: a/b',
  });
});

it('tells the signatures of a version', async () => {
  const metadata = await getModelMetadata(dependencies(), {
    modelSpec: { ...half, version: 1n },
    metadataFields: ['signature_def'],
  });
  expect(metadata).toMatchObject({ name: 'half', version: 1n });
  expect(Object.keys(metadata.signatureDefs.get('serving_default')!.outputs)).toEqual(['y', 'z']);
});

it.each([
  [undefined, ['signature_def'], 'INVALID_ARGUMENT', 'Missing ModelSpec'],
  [half, [], 'INVALID_ARGUMENT', 'GetModelMetadataRequest must specify at least one metadata_field'],
  [half, ['signature_def', 'some_stuff'], 'INVALID_ARGUMENT', 'Metadata field some_stuff is not supported'],
  [{ ...half, version: 9n }, ['signature_def'], 'NOT_FOUND', 'Servable not found for request: Specific(half, 9)'],
] as const)('refuses a metadata request %#', async (modelSpec, metadataFields, code, message) => {
  await expect(getModelMetadata(dependencies(), { modelSpec, metadataFields })).rejects.toMatchObject({
    code,
    message,
  });
});

it('lists version states highest first, ended ones with their error', () => {
  provider.ended.push({
    id: { name: 'half', version: 2n },
    managerState: 'END',
    health: new ServingError('NOT_FOUND', 'FILE_MISSING', 'no saved_model.pb'),
  });
  expect(getModelStatus(dependencies(), { ...half, versionLabel: 'ignored' })).toEqual([
    { version: 3n, state: 'AVAILABLE', code: 'OK', message: '' },
    { version: 2n, state: 'END', code: 'NOT_FOUND', message: 'no saved_model.pb' },
    { version: 1n, state: 'AVAILABLE', code: 'OK', message: '' },
  ]);
  expect(getModelStatus(dependencies(), { ...half, version: 2n })).toHaveLength(1);
});

it.each([
  [undefined, 'INVALID_ARGUMENT', 'Missing ModelSpec'],
  [{ name: '', signatureName: '' }, 'NOT_FOUND', 'Could not find any versions of model '],
  [{ name: 'whole', signatureName: '' }, 'NOT_FOUND', 'Could not find any versions of model whole'],
  [{ ...half, version: 7n }, 'NOT_FOUND', 'Could not find version 7 of model half'],
] as const)('refuses a status request %#', (modelSpec, code, message) => {
  expect(() => getModelStatus(dependencies(), modelSpec)).toThrow(expect.objectContaining({ code, message }) as Error);
});

it('refuses inputs of more elements than it was told to take', async () => {
  const limited = (maxInputElements: number) =>
    predict({ ...dependencies(), maxInputElements }, { modelSpec: half, inputs, outputFilter: ['y'] });
  expect((await limited(2)).outputs.size).toBe(1);
  await expect(limited(1)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOO_MANY_ELEMENTS',
    message: 'Input "x" is too large: expected at most 1 elements, given 2 in [2]',
    fieldViolations: [{ field: 'inputs["x"]', description: 'Expected at most 1 elements, given 2' }],
  });
});
