import { DataType } from '@servable/protos/tensorflow';
import { Tensor, stringTensor, tensor } from '@servable/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { classify } from './classify.js';
import { multiInference } from './multi-inference.js';
import { regress } from './regress.js';
import { FakeProvider, FakeServable, signatureDef } from './testing/fake-servables.js';

const { DT_FLOAT, DT_STRING } = DataType;
const text = (value: string) => new TextEncoder().encode(value);

const classifyBoth = signatureDef(
  { inputs: [DT_STRING, [-1]] },
  { classes: [DT_STRING, [-1, -1]], scores: [DT_FLOAT, [-1, -1]] },
  { methodName: 'tensorflow/serving/classify' },
);
const classifyScores = signatureDef({ inputs: [DT_STRING, [-1]] }, { scores: [DT_FLOAT, [-1, -1]] });
const regression = signatureDef(
  { inputs: [DT_STRING, [-1]] },
  { outputs: [DT_FLOAT, [-1, 1]] },
  { methodName: 'tensorflow/serving/regress' },
);

let provider: FakeProvider;
let outputs: Record<string, Tensor>;
let servable: FakeServable;

beforeEach(() => {
  outputs = {
    classes: stringTensor([2, 2], ['a', 'b', 'c', 'd']),
    scores: tensor([
      [1, 0],
      [0.5, 0.25],
    ]),
    outputs: tensor([[3], [4]]),
  };
  const signatures = { both: classifyBoth, scores: classifyScores, regress: regression, serving_default: regression };
  servable = new FakeServable(
    new Map(Object.entries(signatures)),
    ({ outputFilter }) => new Map(outputFilter.map((alias) => [alias, outputs[alias]!])),
  );
  provider = new FakeProvider().add('m', 5n, servable);
});

const input = { examples: [text('one'), text('two')] };
const dependencies = () => ({ provider, states: provider });
const spec = (signatureName: string) => ({ name: 'm', signatureName });

describe('examples', () => {
  it('reach the signature as a string vector, not parsed', async () => {
    await regress(dependencies(), { modelSpec: spec(''), input });
    expect(servable.calls[0]!.inputs).toEqual(new Map([['inputs', stringTensor([2], ['one', 'two'])]]));
  });

  it('have the context in front, so that their own features win', async () => {
    await regress(dependencies(), { modelSpec: spec(''), input: { ...input, context: text('ctx-') } });
    expect(servable.calls[0]!.inputs.get('inputs')!.text()).toEqual(['ctx-one', 'ctx-two']);
  });

  it.each([undefined, { examples: [] }, { examples: [], context: text('ctx') }])('must be there %#', async (none) => {
    const refused = { code: 'INVALID_ARGUMENT', message: 'Input is empty.' };
    await expect(regress(dependencies(), { modelSpec: spec(''), input: none })).rejects.toMatchObject(refused);
    await expect(classify(dependencies(), { modelSpec: spec('both'), input: none })).rejects.toMatchObject(refused);
    const tasks = [{ modelSpec: spec('both'), methodName: 'tensorflow/serving/classify' }];
    await expect(multiInference(dependencies(), { tasks, input: none })).rejects.toMatchObject(refused);
    expect(provider.released).toBe(provider.acquired);
  });
});

describe('classify', () => {
  const labels = (result: Awaited<ReturnType<typeof classify>>) =>
    result.classifications.map((classes) =>
      classes.map(({ label, score }) => [new TextDecoder().decode(label), score]),
    );

  it('pairs labels with scores, zero scores included', async () => {
    const result = await classify(dependencies(), { modelSpec: spec('both'), input });
    expect(result.modelSpec).toEqual({ name: 'm', version: 5n, signatureName: 'both' });
    expect(labels(result)).toEqual([
      [
        ['a', 1],
        ['b', 0],
      ],
      [
        ['c', 0.5],
        ['d', 0.25],
      ],
    ]);
  });

  it('leaves labels empty when the signature has scores only', async () => {
    const result = await classify(dependencies(), { modelSpec: spec('scores'), input });
    expect(labels(result)[1]).toEqual([
      ['', 0.5],
      ['', 0.25],
    ]);
  });

  it.each([
    ['classes', tensor([1, 2]), 'Expected Tensor shape: [batch_size num_classes] but got [2]'],
    ['classes', tensor([[1], [2]]), 'Expected classes Tensor of DT_STRING. Got: DT_FLOAT'],
    ['scores', tensor([[1n], [2n]]), 'Expected scores Tensor of DT_FLOAT. Got: DT_INT64'],
    ['classes', stringTensor([1, 2], ['a', 'b']), 'Expected classes output batch size of 2. Got: 1'],
    ['scores', tensor([[1, 2]]), 'Expected scores output batch size of 2. Got: 1'],
    [
      'scores',
      new Tensor('float32', [2, 3], new Float32Array(6)),
      'Tensors class and score should match in dim_size(1). Got 2 vs. 3',
    ],
  ])('refuses %s that are no result %#', async (alias, output, message) => {
    outputs[alias] = output;
    await expect(classify(dependencies(), { modelSpec: spec('both'), input })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
    expect(provider).toMatchObject({ acquired: 1, released: 1 });
  });

  it('says which signature is missing or of another structure', async () => {
    const refusal = async (signatureName: string) =>
      classify(dependencies(), { modelSpec: spec(signatureName), input }).catch((error: Error) => error.message);
    expect(await refusal('none')).toBe('No signature was found with the name: none');
    expect(await refusal('regress')).toMatch(
      /^Expected classification signature outputs to contain at least one of "classes" or "scores"\. Signature was: inputs \{/,
    );
  });

  it('checks method names only when told to', async () => {
    const checking = { ...dependencies(), checkMethodNames: true };
    expect((await classify(checking, { modelSpec: spec('both'), input })).classifications).toHaveLength(2);
    await expect(classify(checking, { modelSpec: spec('scores'), input })).rejects.toMatchObject({
      message:
        'Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict',
    });
  });
});

describe('structure of the signature', () => {
  const x = [DT_STRING, [-1]] as const;
  it.each([
    [classify, signatureDef({ inputs: x, more: x }, { scores: x }), 'Expected one input Tensor.'],
    [classify, signatureDef({ inputs: x }, {}), 'Expected one or two output Tensors, found 0'],
    [classify, signatureDef({ in: x }, { scores: x }), /^No classification inputs found in SignatureDef: inputs \{/],
    [regress, signatureDef({}, { outputs: x }), 'Expected one input Tensor.'],
    [regress, signatureDef({ inputs: x }, { outputs: x, more: x }), 'Expected one output Tensor.'],
    [regress, signatureDef({ in: x }, { outputs: x }), /^No regression inputs found in SignatureDef: inputs \{/],
    [regress, signatureDef({ inputs: x }, { out: x }), /^No regression outputs found in SignatureDef: inputs \{/],
    [regress, signatureDef({ inputs: [DT_FLOAT, [-1]] }, { outputs: x }), /to be float but string is provided/],
  ])('is refused when it cannot take examples %#', async (call, definition, message) => {
    provider.add('odd', 1n, new FakeServable(new Map([['serving_default', definition]]), () => new Map()));
    await expect(call(dependencies(), { modelSpec: { name: 'odd', signatureName: '' }, input })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('regress', () => {
  it.each([[tensor([[3], [4]])], [tensor([3, 4])]])('takes [batch, 1] and [batch] %#', async (output) => {
    outputs['outputs'] = output;
    const result = await regress(dependencies(), { modelSpec: spec(''), input });
    expect(result).toEqual({
      modelSpec: { name: 'm', version: 5n, signatureName: 'serving_default' },
      values: new Float32Array([3, 4]),
    });
  });

  it.each([
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]',
    ],
    [tensor([1, 2, 3]), 'Input batch size did not match output batch size: 2 vs. 3'],
    [tensor([1n, 2n]), 'Expected output Tensor of DT_FLOAT.  Got: DT_INT64'],
  ])('refuses outputs that are no result %#', async (output, message) => {
    outputs['outputs'] = output;
    await expect(regress(dependencies(), { modelSpec: spec(''), input })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
  });
});

describe('multi-inference', () => {
  const task = (signatureName: string, method: string, name = 'm') => ({
    modelSpec: { name, signatureName },
    methodName: `tensorflow/serving/${method}`,
  });

  it('answers every task in order, on one version', async () => {
    const tasks = [task('regress', 'regress'), task('both', 'classify')];
    const results = await multiInference(dependencies(), { tasks, input });
    expect(results.map(({ kind, modelSpec }) => [kind, modelSpec.signatureName, modelSpec.version])).toEqual([
      ['regress', 'regress', 5n],
      ['classify', 'both', 5n],
    ]);
    expect(results[0]).toMatchObject({ values: new Float32Array([3, 4]) });
    expect(provider).toMatchObject({ acquired: 1, released: 1 });
  });

  it.each([
    [[], 'INVALID_ARGUMENT', 'ModelSpec has no name specified.'],
    [[task('both', 'classify'), { methodName: '' }], 'INVALID_ARGUMENT', 'Found ModelSpec with an empty model name.'],
    [
      [task('both', 'classify'), task('both', 'classify', 'other')],
      'INVALID_ARGUMENT',
      'All ModelSpecs in a MultiInferenceRequest must access the same model name.',
    ],
    [
      [task('both', 'classify'), task('both', 'classify')],
      'INVALID_ARGUMENT',
      'Duplicate evaluation of signature: both',
    ],
    [[task('none', 'classify')], 'INVALID_ARGUMENT', 'Requested signature not found in model graph: none'],
    [[task('both', 'predict')], 'UNIMPLEMENTED', 'Unsupported signature method_name: tensorflow/serving/predict'],
  ])('refuses tasks that cannot be answered together %#', async (tasks, code, message) => {
    await expect(multiInference(dependencies(), { tasks, input })).rejects.toMatchObject({ code, message });
    expect(servable.calls).toEqual([]);
    expect(provider.released).toBe(provider.acquired);
  });

  it('waits for all runs before the handle goes when one of them fails', async () => {
    let finish: (value: Map<string, Tensor>) => void = () => {};
    const mixed = new FakeServable(servable.signatureDefs, ({ signatureName }) => {
      if (signatureName === 'both') throw new Error('out of order');
      return new Promise((resolve) => (finish = resolve));
    });
    provider.add('mixed', 1n, mixed);
    const tasks = [task('both', 'classify', 'mixed'), task('regress', 'regress', 'mixed')];
    const answer = multiInference(dependencies(), { tasks, input });
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(provider).toMatchObject({ acquired: 1, released: 0 });
    finish(new Map([['outputs', tensor([1, 2])]]));
    await expect(answer).rejects.toThrow('out of order');
    expect(provider).toMatchObject({ acquired: 1, released: 1 });
  });
});
