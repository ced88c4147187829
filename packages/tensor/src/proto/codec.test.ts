import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { dtypes } from '../dtype/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import { fingerprint, randomSource, randomTensor } from '../testing/random-tensor.js';
import { decodeTensor } from './decode-tensor.js';
import { encodeTensor } from './encode-tensor.js';
import { tensorFromProto, tensorToProto } from './tensor-message.js';

const runsPerDType = 60;

describe.each(dtypes)('a %s tensor', (dtype) => {
  it.each([false, true])('is the same on the wire as through a message object (content: %s)', (content) => {
    const random = randomSource(1 + dtypes.indexOf(dtype));
    for (let run = 0; run < runsPerDType; run++) {
      const original = randomTensor(dtype, random);
      const expected = fingerprint(original);
      const bytes = encodeTensor(original, { content });
      expect(Buffer.from(bytes).toString('hex')).toBe(
        Buffer.from(toBinary(TensorProtoSchema, tensorToProto(original, { content }))).toString('hex'),
      );
      expect(fingerprint(decodeTensor(bytes))).toEqual(expected);
      expect(fingerprint(tensorFromProto(fromBinary(TensorProtoSchema, bytes)))).toEqual(expected);
    }
  });

  it('is read from any offset, as a view or as a copy', () => {
    const random = randomSource(1000 + dtypes.indexOf(dtype));
    for (let offset = 0; offset < 9; offset++) {
      const original = randomTensor(dtype, random);
      const bytes = encodeTensor(original, { content: offset % 2 === 0 });
      const buffer = Buffer.alloc(bytes.length + offset, 0xff);
      buffer.set(bytes, offset);
      const viewed = decodeTensor(buffer.subarray(offset));
      const copied = decodeTensor(buffer.subarray(offset), { copy: true });
      expect(fingerprint(viewed)).toEqual(fingerprint(original));
      buffer.fill(0);
      expect(fingerprint(copied)).toEqual(fingerprint(original));
    }
  });
});

describe('memory', () => {
  it('is shared with the message for aligned tensor_content, and not for unaligned', () => {
    const bytes = encodeTensor(new Tensor('float32', [2], new Float32Array([1, 2])), { content: true });
    const at = (offset: number) => {
      const buffer = new Uint8Array(64);
      buffer.set(bytes, offset);
      return decodeTensor(new Uint8Array(buffer.buffer, offset, bytes.length)).data as Float32Array;
    };
    // dtype 2 bytes, shape 2 + 4, tag and length of the content 2: the values begin at byte 10.
    expect(at(2).buffer.byteLength).toBe(64);
    expect(at(3).buffer.byteLength).toBe(8);
    expect([...at(2), ...at(3)]).toEqual([1, 2, 1, 2]);
  });

  it('of a message object is not changed by the tensor when copy is set', () => {
    const proto = create(TensorProtoSchema, {
      dtype: 4,
      tensorShape: { dim: [{ size: 2n }] },
      tensorContent: new Uint8Array([1, 2]),
    });
    (tensorFromProto(proto, { copy: true }).data as Uint8Array)[0] = 9;
    expect(proto.tensorContent[0]).toBe(1);
    (tensorFromProto(proto).data as Uint8Array)[0] = 9;
    expect(proto.tensorContent[0]).toBe(9);
  });
});
