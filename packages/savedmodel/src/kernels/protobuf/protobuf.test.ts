import { stringTensor, tensor, Tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { decodeProto } from './decode-proto.js';
import { localPool, poolFromBytes } from './descriptors.js';
import { encodeProto } from './encode-proto.js';

const pool = localPool();
const type = pool.messages.get('tensorflow.TensorShapeProto.Dim')!;
const size = type.byName.get('size')!;
const wanted = [{ field: size, dtype: 'int64' as const }];
const dataLoss = expect.objectContaining({ code: 'DATA_LOSS' }) as unknown;

function decode(bytes: readonly number[], how: { isText?: boolean; sanitizes?: boolean } = {}) {
  const messages = new Tensor('string', [], [Uint8Array.from(bytes)]);
  return decodeProto(messages, { pool, type, wanted, isText: false, sanitizes: false, ...how });
}

describe('messages that are taken apart', () => {
  test('are refused with DATA_LOSS when they are cut off, as they come or in text', () => {
    for (const bytes of [[8], [8, 0xff], [0x12, 5, 1], [0x0b], [0x0c], [0], [0x0f], Array<number>(11).fill(0xff)]) {
      expect(() => decode(bytes)).toThrow(dataLoss);
      expect(() => decode(bytes, { sanitizes: true })).toThrow(dataLoss);
    }
    for (const text of ['size', 'size: ', 'size: 1 }', '"', 'size: 1 size: 2']) {
      expect(() => decode(Array.from(Buffer.from(text)), { isText: true })).toThrow(dataLoss);
    }
  });

  test('may not be nested without end', () => {
    const groups = [...Array<number>(1000).fill(0x1b), ...Array<number>(1000).fill(0x1c)];
    expect(() => decode(groups)).toThrow(/nested too deep/);
    expect(() => decode(groups, { sanitizes: true })).toThrow(dataLoss);
    const shape = pool.messages.get('tensorflow.AttrValue')!;
    const text = stringTensor([], ['func { attr { value { '.repeat(200)]);
    expect(() => decodeProto(text, { pool, type: shape, wanted: [], isText: true, sanitizes: false })).toThrow(
      /too deep/,
    );
  });

  test('lose what proto3 does not write when they are sanitized', () => {
    expect(decode([8, 0])[0]!.toArray()).toEqual([1]);
    expect(decode([8, 0], { sanitizes: true })[0]!.toArray()).toEqual([0]);
  });

  test('give fields of negative size their sign', () => {
    expect(decode([8, ...Array<number>(9).fill(0xff), 1])[1]!.toArray()).toEqual([-1n]);
    expect(decode(Array.from(Buffer.from('size: -1')), { isText: true })[1]!.toArray()).toEqual([-1n]);
  });
});

describe('messages that are put together', () => {
  test('have as many values as the sizes say', () => {
    const message = encodeProto(tensor([[1]], 'int32'), [tensor([[300n, 1n]], 'int64')], [size]);
    expect(message.data).toEqual([Uint8Array.of(8, 0xac, 2)]);
    expect(encodeProto(tensor([[-1]], 'int32'), [tensor([[1n]], 'int64')], [size]).data).toEqual([new Uint8Array()]);
  });
});

test('descriptors that are none are refused', () => {
  expect(() => poolFromBytes(Uint8Array.of(0xff), 'bytes://')).toThrow(/invalid FileDescriptorSet/);
});
