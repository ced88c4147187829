import type { Tensor } from '@servable/tensor';
import { stringTensor, tensor, type TensorLike } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { ClientError } from '../client-error.js';
import { coerceInputs } from './coerce-inputs.js';
import type { SignatureInfo, TensorSpec } from './model-metadata.js';

const spec = (dtype: TensorSpec['dtype'], shape: TensorSpec['shape'], optional = false): TensorSpec => ({
  dtype,
  shape,
  optional,
});

function coerce(value: TensorLike, input: TensorSpec): Tensor {
  const signature: SignatureInfo = { methodName: '', inputs: { x: input }, outputs: {} };
  return coerceInputs({ x: value }, signature, 'signature "f" of model "m"').get('x')!;
}

function refusal(value: TensorLike, input: TensorSpec): string {
  try {
    coerce(value, input);
  } catch (error) {
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INPUT_MISMATCH' });
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

describe('values become what the signature asks for', () => {
  it.each<[string, TensorLike, TensorSpec, Tensor]>([
    ['numbers for int64', [[1, 2]], spec('int64', [-1, 2]), tensor([[1n, 2n]])],
    ['a scalar', 0.5, spec('float64', []), tensor(0.5, 'float64')],
    ['booleans', [true], spec('bool', [-1]), tensor([true])],
    ['text', [['a'], ['b']], spec('string', [-1, 1]), stringTensor([2, 1], ['a', 'b'])],
    ['doubles for float16', new Float64Array([1, 2]), spec('float16', [2]), tensor([1, 2], 'float16')],
    ['any shape for an unknown rank', [[[1]]], spec('float32', undefined), tensor([[[1]]])],
    ['what is given where no dtype is named', [1n], spec(undefined, [1]), tensor([1n])],
  ])('%s', (_, value, input, expected) => {
    expect(coerce(value, input)).toEqual(expected);
  });

  it('keeps a tensor that fits as it is', () => {
    const given = tensor([1, 2]);
    expect(coerce(given, spec('float32', [-1]))).toBe(given);
  });

  it('keeps the memory of a typed array that needs no conversion', () => {
    const values = new Float32Array(64);
    expect(coerce(values, spec('float32', [-1, 8, 8, 1])).data).toBe(values);
  });
});

describe('a typed array takes the shape of the signature', () => {
  it.each([
    [64, [-1, 8, 8, 1], [1, 8, 8, 1]],
    [192, [-1, 8, 8, 1], [3, 8, 8, 1]],
    [64, [1, 8, 8, 1], [1, 8, 8, 1]],
    [1, [], []],
    [0, [-1, 4], [0, 4]],
    [6, undefined, [6]],
  ])('%s values for %j', (size, shape, expected) => {
    expect(coerce(new Float32Array(size), spec('float32', shape)).shape).toEqual(expected);
  });

  it('also the bytes of one string', () => {
    const bytes = Uint8Array.of(0xff, 0xd8);
    expect(coerce(bytes, spec('string', [-1]))).toEqual(stringTensor([1], [bytes]));
    expect(coerce(bytes, spec('string', []))).toEqual(stringTensor([], [bytes]));
  });

  it.each([
    [
      65,
      [-1, 8, 8, 1],
      'Input "x" of signature "f" of model "m" expects float32 [-1,8,8,1], given Float32Array of 65 values',
    ],
    [6, [-1, -1], 'Input "x" of signature "f" of model "m" expects float32 [-1,-1], given Float32Array of 6 values'],
    [2, [], 'Input "x" of signature "f" of model "m" expects float32 [], given Float32Array of 2 values'],
    [6, [-1, 0], 'Input "x" of signature "f" of model "m" expects float32 [-1,0], given Float32Array of 6 values'],
  ])('but not %s values for %j', (size, shape, message) => {
    expect(refusal(new Float32Array(size), spec('float32', shape))).toBe(message);
  });
});

describe('what does not fit is refused with both sides named', () => {
  const where = 'Input "x" of signature "f" of model "m" expects';

  it.each<[string, TensorLike, TensorSpec, string]>([
    ['a tensor of another dtype', tensor([1]), spec('int32', [-1]), `${where} int32 [-1], given float32 [1]`],
    ['nested arrays of another shape', [1, 2], spec('float32', [-1, 2]), `${where} float32 [-1,2], given float32 [2]`],
    ['a tensor of another shape', tensor([1, 2]), spec('float32', [3]), `${where} float32 [3], given float32 [2]`],
  ])('%s', (_, value, input, message) => {
    expect(refusal(value, input)).toBe(message);
  });

  it.each<[TensorLike, TensorSpec, RegExp]>([
    [[1, 2.5], spec('int32', [-1]), /expects int32 \[-1\]\. .*\[1\].*given number 2\.5/],
    [['7'], spec('float32', [-1]), /expects float32 \[-1\]\. .*given string "7"/],
    [[[1], [1, 2]], spec('float32', [-1, -1]), /expects float32 \[-1,-1\]\. Ragged/],
    [[300], spec('uint8', [-1]), /expects uint8 \[-1\]\. .*0 to 255.*given number 300/],
  ])('%j keeps the place of the value', (value, input, message) => {
    expect(refusal(value, input)).toMatch(message);
  });
});

describe('names', () => {
  const signature: SignatureInfo = {
    methodName: '',
    inputs: { image: spec('float32', [-1, 8]), scale: spec('int32', [], true) },
    outputs: {},
  };
  const inputs = (values: Record<string, TensorLike>) => coerceInputs(values, signature, 'signature "f" of model "m"');

  it('may leave out optional inputs', () => {
    expect([...inputs({ image: new Float32Array(8) }).keys()]).toEqual(['image']);
  });

  it('are refused when unknown or missing, with what the signature takes', () => {
    const takes = 'It takes {image: float32 [-1,8], scale: int32 [] (optional)}';
    expect(() => inputs({ img: [1] })).toThrow(`Unknown input "img" for signature "f" of model "m". ${takes}`);
    expect(() => inputs({ scale: 2 })).toThrow(`Missing input "image" for signature "f" of model "m". ${takes}`);
    expect(() => inputs({ toString: 2 })).toThrow('Unknown input "toString"');
  });
});
