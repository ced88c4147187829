import { expect, it } from 'vitest';
import { Tensor } from '../tensor/tensor.js';
import { findTensorContent } from './find-tensor-content.js';
import { decodePredictRequest, encodePredictRequest } from './predict-request.js';

const image = new Tensor(
  'float32',
  [1, 1000],
  Float32Array.from({ length: 1000 }, (_, i) => i / 3),
);
const small = new Tensor('int32', [2], Int32Array.of(1, 2));
const request = (inputs: Record<string, Tensor>, content: boolean) =>
  encodePredictRequest(
    { modelSpec: { name: 'm', signatureName: 's' }, inputs: new Map(Object.entries(inputs)), outputFilter: ['y'] },
    { content },
  );

it.each([
  ['tensor_content', { image }, true],
  ['float_val', { image }, false],
  ['a large input after a small one', { small, image }, true],
] as const)('finds %s, so that it is decoded where it lies', (_, inputs, content) => {
  const bytes = request(inputs, content);
  const start = findTensorContent(bytes.subarray(0, 300));
  expect(new DataView(bytes.buffer, start).getFloat32(8, true)).toBe(Math.fround(2 / 3));
  const before = (64 - (start % 64)) % 64;
  const placed = new Uint8Array(before + bytes.length);
  placed.set(bytes, before);
  const { data } = decodePredictRequest(placed.subarray(before)).inputs.get('image')!;
  expect([data, (data as Float32Array).buffer]).toEqual([image.data, placed.buffer]);
});

it.each([
  ['a request that is there in full', request({ small }, true)],
  ['nothing', new Uint8Array()],
  ['a cut tag', Uint8Array.of(0x80)],
  ['another field that is long', Uint8Array.of(0x0a, 0xff, 0x7f, 1, 2)],
  ['a length of more than 32 bits', Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
])('finds nothing in %s', (_, bytes) => {
  expect(findTensorContent(bytes)).toBe(0);
});
