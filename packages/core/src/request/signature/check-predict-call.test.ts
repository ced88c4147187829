import { create } from '@bufbuild/protobuf';
import { DataType, TensorInfoSchema, TensorProtoSchema } from '@servable/protos/tensorflow';
import { Tensor, TensorError, stringTensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { signatureDef } from '../handlers/testing/fake-servables.js';
import { checkPredictCall } from './check-predict-call.js';

const twoInputs = signatureDef(
  { image: [DataType.DT_FLOAT, [-1, 8, 8, 1]], scale: [DataType.DT_INT32, []] },
  { label: [DataType.DT_STRING, [-1]], score: [DataType.DT_FLOAT] },
);
const image = new Tensor('float32', [2, 8, 8, 1], new Float32Array(128));
const scale = tensor(3, 'int32');

function check(inputs: Record<string, Tensor>, outputFilter: string[] = [], signature = twoInputs) {
  return checkPredictCall('serving_default', signature, { inputs: new Map(Object.entries(inputs)), outputFilter });
}

function refusal(run: () => unknown) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
}

describe('a call that fits its signature', () => {
  it('passes with the inputs it came with', () => {
    expect(check({ image, scale }, ['score'])).toEqual(
      new Map<string, Tensor>([
        ['image', image],
        ['scale', scale],
      ]),
    );
  });

  it('gets the default values of the inputs it leaves out', () => {
    const proto = create(TensorProtoSchema, { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [7] });
    const signature = { ...twoInputs, defaults: { scale: proto } };
    const inputs = check({ image }, [], signature);
    expect(inputs.get('scale')).toEqual(tensor(7, 'int32'));
    expect(inputs.get('image')).toBe(image);
    expect(check({ image, scale }, [], signature).get('scale')).toBe(scale);
  });

  it('may have any size in unknown dimensions, any shape for an unknown rank, any dtype for none named', () => {
    const loose = signatureDef({ a: [DataType.DT_FLOAT], b: [DataType.DT_INVALID, [2, -1]] }, {});
    const a = tensor([[[1]]]);
    const b = stringTensor([2, 0], []);
    expect(check({ a, b }, [], loose).size).toBe(2);
  });

  it('may feed an input that is declared with a reference dtype or without a shape', () => {
    const info = create(TensorInfoSchema, { dtype: DataType.DT_FLOAT_REF });
    const signature = { ...signatureDef({}, {}), inputs: { v: info } };
    expect(check({ v: tensor([1, 2]) }, [], signature).size).toBe(1);
    expect(refusal(() => check({ v: tensor([1n]) }, [], signature))).toMatchObject({ reason: 'INPUT_DTYPE_MISMATCH' });
  });
});

describe('a call that does not fit', () => {
  it('names what was sent too much and what is missing', () => {
    expect(refusal(() => check({ image, zebra: scale, extra: scale }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'input size does not match signature: 3!=2 len({extra,image,zebra}) != len({image,scale}). ' +
        'Sent extra: {extra,zebra}. Missing but required: {scale}.',
    });
    expect(refusal(() => check({}))).toMatchObject({
      message:
        'input size does not match signature: 0!=2 len({}) != len({image,scale}). ' +
        'Sent extra: {}. Missing but required: {image,scale}.',
    });
  });

  it('is told of a missing input that has no default', () => {
    expect(refusal(() => check({ image, scal: scale }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'Signature input alias: scale(feed name: scale:0) not found in request and no default value provided. ' +
        'Inputs expected to be in the request {image,scal}, or default input alias set: ',
    });
  });

  it('is told of an unknown name that a default would otherwise make room for', () => {
    const proto = create(TensorProtoSchema, { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [7] });
    expect(
      refusal(() => check({ image, scal: scale }, [], { ...twoInputs, defaults: { scale: proto } })),
    ).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Inputs contains invalid name. Used request inputs: image, request input: image,scal',
    });
  });

  it('is told of an input whose tensor did not parse, once the names are right', () => {
    const inputErrors = new Map([['scale', new TensorError('INVALID_ARGUMENT', 'SIZE_MISMATCH', 'too short')]]);
    const call = { inputs: new Map<string, Tensor>([['image', image]]), inputErrors, outputFilter: [] };
    expect(refusal(() => checkPredictCall('serving_default', twoInputs, call))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'tensor parsing error: scale',
    });
    const extra = { ...call, inputs: new Map<string, Tensor>([...call.inputs, ['zebra', image]]) };
    expect(refusal(() => checkPredictCall('serving_default', twoInputs, extra))).toMatchObject({
      message: expect.stringContaining('3!=2 len({image,scale,zebra})') as string,
    });
    const large = new TensorError('RESOURCE_EXHAUSTED', 'TOO_LARGE', 'too many elements');
    expect(
      refusal(() =>
        checkPredictCall('serving_default', twoInputs, { ...call, inputErrors: new Map([['scale', large]]) }),
      ),
    ).toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'too many elements' });
  });

  it('is told of a stored default that is malformed', () => {
    const proto = create(TensorProtoSchema, { dtype: DataType.DT_RESOURCE, tensorShape: {} });
    expect(refusal(() => check({ image }, [], { ...twoInputs, defaults: { scale: proto } }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'tensor parsing error: scale',
    });
  });

  it('is told of an output that the signature does not have, or that it asked for twice', () => {
    expect(refusal(() => check({ image, scale }, ['score', 'scores']))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'output tensor alias not found in signature: scores Outputs expected to be in the set {label,score}.',
    });
    expect(refusal(() => check({ image, scale }, ['score', 'label', 'score']))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'duplicate output tensor alias: score',
    });
  });

  it('is told the dtype expected and given, in words that contain those of the graph', () => {
    expect(refusal(() => check({ image: new Tensor('bool', [1, 8, 8, 1], new Uint8Array(64)), scale }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INPUT_DTYPE_MISMATCH',
      message:
        'Input "image" of signature "serving_default" expects its tensor to be float but bool is provided. ' +
        'Expected: float32 [-1,8,8,1], given: bool [1,8,8,1].',
    });
  });

  it.each([
    ['another rank', [128], '[128]'],
    ['another size in a known dimension', [2, 8, 4, 2], '[2,8,4,2]'],
  ])('is told the shape expected and given for %s', (_, shape, text) => {
    expect(refusal(() => check({ image: image.reshape(shape), scale }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INPUT_SHAPE_MISMATCH',
      message:
        `Input "image" of signature "serving_default" does not take a tensor of shape ${text}. ` +
        `Expected: float32 [-1,8,8,1], given: float32 ${text}.`,
    });
  });

  it('hears of the inputs before the outputs, and of the output filter before dtypes', () => {
    expect(refusal(() => check({}, ['nothing']))).toMatchObject({ reason: 'INPUT_COUNT_MISMATCH' });
    expect(refusal(() => check({ image: scale, scale }, ['nothing']))).toMatchObject({ reason: 'OUTPUT_UNKNOWN' });
  });
});
