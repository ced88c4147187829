import { create, toBinary } from '@bufbuild/protobuf';
import { Int64ValueSchema } from '@bufbuild/protobuf/wkt';
import { ModelSpecSchema, PredictRequestSchema, PredictResponseSchema } from '@servable/protos/serving';
import { describe, expect, it } from 'vitest';
import { dtypes } from '../dtype/dtype.js';
import { tensorToProto } from '../proto/tensor-message.js';
import { TensorError } from '../tensor-error.js';
import { tensor } from '../tensor/build.js';
import type { Tensor } from '../tensor/tensor.js';
import { fingerprint, randomSource, randomTensor } from '../testing/random-tensor.js';
import { decodePredictRequest, encodePredictRequest } from './predict-request.js';
import { decodePredictResponse, encodePredictResponse } from './predict-response.js';
import type { ModelSpecFields } from './model-spec.js';

const names = ['', 'x', 'input_1', 'größe', '😀 alias', 'a'.repeat(40), 'é'.repeat(100), '\ud800'];
const specs: readonly (ModelSpecFields | undefined)[] = [
  undefined,
  { name: '', signatureName: '' },
  { name: 'resnet', signatureName: 'serving_default', version: 0n },
  { name: 'resnet', signatureName: '', version: 1700000000n },
  { name: 'm', signatureName: 's', version: -1n },
  { name: 'm', signatureName: 's', version: 2n ** 63n - 1n },
  { name: 'größe', signatureName: 's', versionLabel: 'stable' },
  { name: 'm', signatureName: 's', versionLabel: '' },
];

function specInit(spec: ModelSpecFields | undefined) {
  const message = create(ModelSpecSchema, { name: spec?.name ?? '', signatureName: spec?.signatureName ?? '' });
  if (spec?.version !== undefined) {
    message.versionChoice = { case: 'version', value: create(Int64ValueSchema, { value: spec.version }) };
  }
  if (spec?.versionLabel !== undefined) message.versionChoice = { case: 'versionLabel', value: spec.versionLabel };
  return spec === undefined ? {} : { modelSpec: message };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const fingerprints = (tensors: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...tensors].map(([alias, value]) => [alias, fingerprint(value)]));

function randomMap(random: () => number): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (let count = Math.floor(random() * 4); count > 0; count--) {
    const alias = names[Math.floor(random() * (names.length - 1))]!;
    tensors.set(alias, randomTensor(dtypes[Math.floor(random() * dtypes.length)]!, random));
  }
  return tensors;
}

function failure(action: () => unknown): Pick<TensorError, 'code' | 'reason' | 'input' | 'message'> | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof TensorError) return error;
    throw error;
  }
  return undefined;
}

describe('a predict request', () => {
  it('is on the wire what the generated message is, and reads back', () => {
    const random = randomSource(11);
    for (let run = 0; run < 300; run++) {
      const modelSpec = specs[run % specs.length];
      const inputs = randomMap(random);
      const outputFilter = names.slice(0, Math.floor(random() * (names.length - 1)));
      const content = random() < 0.5;
      const bytes = encodePredictRequest({ modelSpec, inputs, outputFilter }, { content });
      const message = create(PredictRequestSchema, {
        ...specInit(modelSpec),
        inputs: Object.fromEntries([...inputs].map(([alias, value]) => [alias, tensorToProto(value, { content })])),
        outputFilter,
      });
      expect(hex(bytes)).toBe(hex(toBinary(PredictRequestSchema, message)));

      const decoded = decodePredictRequest(Buffer.from(bytes));
      expect(decoded.modelSpec).toEqual(modelSpec);
      expect(decoded.outputFilter).toEqual(outputFilter);
      expect(fingerprints(decoded.inputs)).toEqual(fingerprints(inputs));
      expect(decoded.inputErrors.size).toBe(0);
    }
  });

  it('may hold fields that a unary call ignores', () => {
    const message = create(PredictRequestSchema, {
      modelSpec: { name: 'm' },
      inputs: { x: tensorToProto(tensor([1, 2])) },
      clientId: new Uint8Array([1]),
      requestOptions: { maxCacheLength: 5n },
      predictStreamedOptions: { requestState: 2 },
    });
    const decoded = decodePredictRequest(toBinary(PredictRequestSchema, message));
    expect(decoded.inputs.get('x')?.toArray()).toEqual([1, 2]);
    expect(decoded.modelSpec).toEqual({ name: 'm', signatureName: '' });
  });

  it('keeps the last entry of an alias', () => {
    const one = encodePredictRequest({ inputs: new Map([['x', tensor([1])]]), outputFilter: [] });
    const two = encodePredictRequest({ inputs: new Map([['x', tensor([2n])]]), outputFilter: [] });
    expect(
      decodePredictRequest(Buffer.concat([one, two]))
        .inputs.get('x')
        ?.toArray(),
    ).toEqual([2n]);
  });

  it('merges a tensor that comes in two parts within an entry', () => {
    // value { dtype: DT_INT32 shape [2] int_val: 7 } and value { int_val: 8 }
    const bytes = Uint8Array.from([
      0x12, 20, 0x0a, 1, 120, 0x12, 11, 8, 3, 0x12, 4, 0x12, 2, 8, 2, 0x3a, 1, 7, 0x12, 2, 0x38, 8,
    ]);
    expect(decodePredictRequest(bytes).inputs.get('x')?.toArray()).toEqual([7, 8]);
  });

  it('takes the version or the label of a ModelSpec, whichever came last', () => {
    const read = (...spec: number[]) => decodePredictRequest(Uint8Array.from([0x0a, spec.length, ...spec])).modelSpec;
    const version = [0x12, 2, 8, 5];
    const label = [0x22, 1, 97];
    expect(read(...version, ...label)).toEqual({ name: '', signatureName: '', versionLabel: 'a' });
    expect(read(...label, ...version)).toEqual({ name: '', signatureName: '', version: 5n });
  });

  it('merges a ModelSpec that comes twice', () => {
    const first = encodePredictRequest({ modelSpec: specs[3], inputs: new Map(), outputFilter: [] });
    const second = encodePredictRequest({
      modelSpec: { name: 'new', signatureName: '' },
      inputs: new Map(),
      outputFilter: [],
    });
    expect(decodePredictRequest(Buffer.concat([first, second])).modelSpec).toEqual({
      name: 'new',
      signatureName: '',
      version: 1700000000n,
    });
  });

  it('with a bad tensor names the input, and reads the others if asked to', () => {
    const bad = tensorToProto(tensor([1, 2]), { content: true });
    bad.tensorContent = new Uint8Array(7);
    const good = tensorToProto(tensor([3]));
    const bytes = toBinary(PredictRequestSchema, create(PredictRequestSchema, { inputs: { 'my"x': bad, y: good } }));
    expect(failure(() => decodePredictRequest(bytes))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'CONTENT_SIZE_MISMATCH',
      input: 'my"x',
      message: 'Tensor "my\\"x": Wrong size of tensor_content: expected 8 bytes for float32 [2], given 7',
    });
    const { inputs, inputErrors } = decodePredictRequest(bytes, { collectInputErrors: true });
    expect([...inputs.keys()]).toEqual(['y']);
    expect([...inputErrors].map(([alias, error]) => [alias, error.reason])).toEqual([
      ['my"x', 'CONTENT_SIZE_MISMATCH'],
    ]);
  });

  it('without a tensor in an entry has a bad tensor there', () => {
    expect(failure(() => decodePredictRequest(Uint8Array.from([0x12, 3, 0x0a, 1, 120])))).toMatchObject({
      reason: 'UNKNOWN_DTYPE',
      input: 'x',
    });
  });

  it('may not claim too much in all its tensors together', () => {
    const zeros = create(PredictRequestSchema, {
      inputs: Object.fromEntries(
        ['a', 'b', 'c'].map((alias) => [alias, { dtype: 1, tensorShape: { dim: [{ size: 1000n }] } }]),
      ),
    });
    const bytes = toBinary(PredictRequestSchema, zeros);
    expect(decodePredictRequest(bytes, { maxElements: 3000 }).inputs.size).toBe(3);
    expect(failure(() => decodePredictRequest(bytes, { maxElements: 2500 }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'TOO_MANY_ELEMENTS',
      input: 'c',
    });
  });

  it.each([
    ['an entry beyond the end', [0x12, 9, 0x0a, 1, 120], undefined],
    ['a name beyond its ModelSpec', [0x0a, 2, 0x0a, 5, 97, 98, 99, 100, 101], undefined],
    ['a name that is not UTF-8', [0x0a, 3, 0x0a, 1, 0xff], undefined],
    ['an alias that is not UTF-8', [0x12, 4, 0x0a, 2, 0xc3, 0x28], undefined],
    ['an output filter cut short', [0x1a, 3, 97], undefined],
    ['a tensor cut short', [0x12, 6, 0x0a, 1, 120, 0x12, 1, 0x80], 'x'],
  ])('with %s is refused as a whole', (_what, bytes, input) => {
    for (const collectInputErrors of [false, true]) {
      expect(failure(() => decodePredictRequest(Uint8Array.from(bytes), { collectInputErrors }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        reason: 'MALFORMED_PROTO',
        input,
      });
    }
  });

  it('of any bytes ends in a request or in a TensorError', () => {
    const random = randomSource(5);
    const base = encodePredictRequest({
      modelSpec: specs[2],
      inputs: new Map<string, Tensor>([
        ['x', tensor([1, 2, 3])],
        ['s', tensor(['a', 'b'])],
      ]),
      outputFilter: ['y'],
    });
    let refused = 0;
    const runs = 20_000;
    for (let run = 0; run < runs; run++) {
      const bytes = base.slice(0, 1 + Math.floor(random() * base.length));
      for (let flips = Math.floor(random() * 4); flips > 0; flips--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      if (failure(() => decodePredictRequest(bytes, { maxElements: 1000 })) !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(runs / 4);
    expect(refused).toBeLessThan(runs);
  });

  it.each([
    ['both a version and a label', { version: 1n, versionLabel: 'stable' }],
    ['a version of more than 64 bits', { version: 2n ** 63n }],
  ])('cannot be written with %s', (_what, version) => {
    const modelSpec = { name: 'm', signatureName: '', ...version };
    expect(failure(() => encodePredictRequest({ modelSpec, inputs: new Map(), outputFilter: [] }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_MODEL_SPEC',
    });
  });

  it('with a lone surrogate in a name is written with U+FFFD', () => {
    const bytes = encodePredictRequest({ inputs: new Map([['\ud800', tensor(1)]]), outputFilter: ['\udc00a'] });
    const decoded = decodePredictRequest(bytes);
    expect([...decoded.inputs.keys(), ...decoded.outputFilter]).toEqual(['\ufffd', '\ufffda']);
  });
});

describe('a predict response', () => {
  it('is on the wire what the generated message is, and reads back', () => {
    const random = randomSource(12);
    for (let run = 0; run < 300; run++) {
      const modelSpec = specs[run % specs.length];
      const outputs = randomMap(random);
      const content = random() < 0.5;
      const bytes = encodePredictResponse({ modelSpec, outputs }, { content });
      const message = create(PredictResponseSchema, {
        ...specInit(modelSpec),
        outputs: Object.fromEntries([...outputs].map(([alias, value]) => [alias, tensorToProto(value, { content })])),
      });
      expect(hex(bytes)).toBe(hex(toBinary(PredictResponseSchema, message)));
      const decoded = decodePredictResponse(bytes);
      expect(decoded.modelSpec).toEqual(modelSpec);
      expect(fingerprints(decoded.outputs)).toEqual(fingerprints(outputs));
    }
  });
});
