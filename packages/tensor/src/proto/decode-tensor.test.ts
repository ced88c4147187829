import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { TensorProtoSchema } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import type { DecodeOptions } from './decode-options.js';
import { TensorError } from '../tensor-error.js';
import { randomSource } from '../testing/random-tensor.js';
import { decodeTensor } from './decode-tensor.js';
import { tensorFromProto } from './tensor-message.js';

type Init = MessageInitShape<typeof TensorProtoSchema>;

const shaped = (...dims: number[]) => ({ dim: dims.map((size) => ({ size: BigInt(size) })) });

/** Reads the message both ways and gives the common result. */
function both(init: Init, options?: DecodeOptions): unknown {
  const proto = create(TensorProtoSchema, init);
  const read = (action: () => unknown): unknown => {
    try {
      return action();
    } catch (error) {
      if (error instanceof TensorError) return `${error.code} ${error.reason}`;
      throw error;
    }
  };
  const fromWire = read(() => decodeTensor(toBinary(TensorProtoSchema, proto), options).toArray());
  const fromMessage = read(() => tensorFromProto(proto, options).toArray());
  expect(fromWire).toEqual(fromMessage);
  return fromWire;
}

const failure = (bytes: readonly number[], options?: DecodeOptions): string => {
  try {
    return JSON.stringify(decodeTensor(Uint8Array.from(bytes), options).toArray(), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  } catch (error) {
    if (error instanceof TensorError) return `${error.code} ${error.reason}: ${error.message}`;
    throw error;
  }
};

describe('value lists', () => {
  it('repeat their last value to fill the shape', () => {
    expect(both({ dtype: 1, tensorShape: shaped(2, 2), floatVal: [1, 2] })).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(both({ dtype: 9, tensorShape: shaped(3), int64Val: [-7n] })).toEqual([-7n, -7n, -7n]);
    expect(both({ dtype: 10, tensorShape: shaped(3), boolVal: [false, true] })).toEqual([false, true, true]);
    expect(both({ dtype: 7, tensorShape: shaped(3), stringVal: [new Uint8Array([97])] })).toEqual(['a', 'a', 'a']);
    expect(both({ dtype: 19, tensorShape: shaped(2), halfVal: [0x3c00] })).toEqual([1, 1]);
    expect(both({ dtype: 24, tensorShape: shaped(3), float8Val: new Uint8Array([1, 2]) })).toEqual([1, 2, 2]);
    expect(both({ dtype: 8, tensorShape: shaped(3), scomplexVal: [1, 2, 3, 4] })).toEqual([
      [1, 2],
      [3, 4],
      [3, 4],
    ]);
  });

  it('give zeros and empty strings when they are empty', () => {
    expect(both({ dtype: 1, tensorShape: shaped(2) })).toEqual([0, 0]);
    expect(both({ dtype: 9, tensorShape: shaped(1) })).toEqual([0n]);
    expect(both({ dtype: 7, tensorShape: shaped(2) })).toEqual(['', '']);
    expect(both({ dtype: 18, tensorShape: shaped(1), dcomplexVal: [5] })).toEqual([[0, 0]]);
  });

  it('may hold surplus values, which are ignored', () => {
    expect(both({ dtype: 1, tensorShape: shaped(1), floatVal: [1, 2, 3] })).toEqual([1]);
    expect(both({ dtype: 3, tensorShape: shaped(2), intVal: [-1, 2, 3] })).toEqual([-1, 2]);
    expect(both({ dtype: 7, tensorShape: shaped(), stringVal: [new Uint8Array([97]), new Uint8Array(9)] })).toBe('a');
    expect(both({ dtype: 1, tensorShape: shaped(0), floatVal: [1] })).toEqual([]);
  });

  it('ignore the odd half of a complex pair', () => {
    expect(both({ dtype: 8, tensorShape: shaped(2), scomplexVal: [1, 2, 3] })).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('wrap to the width of the dtype', () => {
    expect(both({ dtype: 6, tensorShape: shaped(3), intVal: [300, -129, 127] })).toEqual([44, 127, 127]);
    expect(both({ dtype: 4, tensorShape: shaped(2), intVal: [-1, 256] })).toEqual([255, 0]);
    expect(both({ dtype: 5, tensorShape: shaped(1), intVal: [40000] })).toEqual([-25536]);
    expect(both({ dtype: 17, tensorShape: shaped(1), intVal: [-2] })).toEqual([65534]);
    expect(both({ dtype: 29, tensorShape: shaped(3), intVal: [-8, 7, 17] })).toEqual([-8, 7, 1]);
  });

  it('of another dtype count as absent', () => {
    expect(both({ dtype: 1, tensorShape: shaped(1), doubleVal: [3], intVal: [4] })).toEqual([0]);
  });

  it('give way to tensor_content', () => {
    const tensorContent = new Uint8Array(new Float32Array([5, 6]).buffer);
    expect(both({ dtype: 1, tensorShape: shaped(2), tensorContent, floatVal: [1] })).toEqual([5, 6]);
  });

  it('may be packed, unpacked, or both in turns', () => {
    const floats = [0x08, 1, 0x12, 4, 0x12, 2, 0x08, 4]; // float32 [4]
    expect(
      failure([...floats, 0x2d, 0, 0, 0x80, 0x3f, 0x2a, 8, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0x2d, 0, 0, 0x80, 0x40]),
    ).toBe('[1,2,3,4]');
    const ints = [0x08, 3, 0x12, 4, 0x12, 2, 0x08, 4]; // int32 [4]
    expect(failure([...ints, 0x38, 1, 0x3a, 3, 2, 0x80, 2, 0x38, 5])).toBe('[1,2,256,5]');
    const bools = [0x08, 10, 0x12, 4, 0x12, 2, 0x08, 3]; // bool [3], one of them a wide varint
    expect(failure([...bools, 0x58, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0x5a, 2, 0, 7])).toBe('[true,false,true]');
  });

  it('may come before the dtype and the shape', () => {
    expect(failure([0x3a, 2, 8, 9, 0x12, 4, 0x12, 2, 0x08, 2, 0x08, 3])).toBe('[8,9]');
  });

  it('of raw bytes are replaced by a later record, not continued', () => {
    const head = [0x08, 24, 0x12, 4, 0x12, 2, 0x08, 2]; // float8_e5m2 [2]
    const bytes = Uint8Array.from([...head, 0x92, 1, 2, 1, 2, 0x92, 1, 1, 3]);
    expect(decodeTensor(bytes).toArray()).toEqual([3, 3]);
    expect([...bytes.subarray(11, 13)]).toEqual([1, 2]);
  });
});

describe('string tensor_content', () => {
  it('is all lengths, then all bytes', () => {
    const tensorContent = new Uint8Array([1, 0, 2, 97, 98, 99]);
    expect(both({ dtype: 7, tensorShape: shaped(3), tensorContent })).toEqual(['a', '', 'bc']);
  });

  it.each([
    ['has a byte too many', [1, 97, 98]],
    ['has a byte too few', [2, 97]],
    ['ends within a length', [0x80]],
    ['has a length of more than 32 bits', [0x80, 0x80, 0x80, 0x80, 0x80, 1]],
  ])('is refused when it %s', (_what, content) => {
    expect(both({ dtype: 7, tensorShape: shaped(1), tensorContent: Uint8Array.from(content) })).toBe(
      'INVALID_ARGUMENT CONTENT_SIZE_MISMATCH',
    );
  });

  it('is refused when it is shorter than the number of strings', () => {
    expect(both({ dtype: 7, tensorShape: shaped(1000), tensorContent: new Uint8Array(3) })).toBe(
      'INVALID_ARGUMENT CONTENT_SIZE_MISMATCH',
    );
  });
});

describe('bad tensors', () => {
  it('are refused with what is wrong', () => {
    expect(both({ dtype: 0, tensorShape: shaped(1) })).toBe('INVALID_ARGUMENT UNKNOWN_DTYPE');
    expect(both({ dtype: 77 as never, tensorShape: shaped(1) })).toBe('INVALID_ARGUMENT UNKNOWN_DTYPE');
    expect(both({ dtype: 20, tensorShape: shaped(1) })).toBe('UNIMPLEMENTED UNSUPPORTED_DTYPE');
    expect(both({ dtype: 101, tensorShape: shaped(1) })).toBe('UNIMPLEMENTED UNSUPPORTED_DTYPE');
    expect(both({ dtype: 1, tensorShape: shaped(-1) })).toBe('INVALID_ARGUMENT INVALID_SHAPE');
    expect(both({ dtype: 1, tensorShape: shaped(2 ** 40, 2 ** 40) })).toBe('INVALID_ARGUMENT INVALID_SHAPE');
    expect(both({ dtype: 1, tensorShape: shaped(...(Array(255).fill(1) as number[])) })).toBe(
      'INVALID_ARGUMENT INVALID_SHAPE',
    );
    expect(both({ dtype: 1, tensorShape: shaped(2), tensorContent: new Uint8Array(9) })).toBe(
      'INVALID_ARGUMENT CONTENT_SIZE_MISMATCH',
    );
  });

  it('that claim far more elements than they bring are refused before memory is taken', () => {
    expect(both({ dtype: 1, tensorShape: shaped(2 ** 30), floatVal: [1] })).toBe('INVALID_ARGUMENT TOO_MANY_ELEMENTS');
    expect(both({ dtype: 7, tensorShape: shaped(2 ** 50) })).toBe('INVALID_ARGUMENT TOO_MANY_ELEMENTS');
    expect(both({ dtype: 1, tensorShape: shaped(100) }, { maxElements: 10 })).toBe(
      'INVALID_ARGUMENT TOO_MANY_ELEMENTS',
    );
    expect(both({ dtype: 3, tensorShape: shaped(2), intVal: [4, 5] }, { maxElements: 0 })).toEqual([4, 5]);
    expect(both({ dtype: 3, tensorShape: shaped(2) }, { maxElements: -1 })).toBe('INVALID_ARGUMENT INVALID_OPTION');
  });
});

describe('malformed bytes', () => {
  const head = [0x08, 1, 0x12, 4, 0x12, 2, 0x08, 2]; // float32 [2]
  it.each([
    ['a tag cut short', [0x80], 'truncated varint at byte 0'],
    ['a varint cut short', [0x08], 'truncated varint at byte 1'],
    [
      'a varint of 11 bytes',
      [0x08, ...(Array(10).fill(0x80) as number[]), 1],
      'varint of more than 10 bytes at byte 1',
    ],
    ['field number 0', [0x00, 0], 'invalid tag 0 at byte 0'],
    ['wire type 6', [0x0e, 0], 'unknown wire type 6 at byte 1'],
    ['wire type 7', [0x0f, 0], 'unknown wire type 7 at byte 1'],
    ['the end of a group that was not begun', [0x0c], 'end of a group that was not begun at byte 1'],
    ['a group that does not end', [0x0b, 0x08, 1], 'truncated varint at byte 3'],
    ['a group that ends as another one', [0x0b, 0x14], 'end of a group that was not begun at byte 1'],
    ['groups nested without end', Array(5000).fill(0x0b) as number[], 'groups nested deeper than 100 at byte 101'],
    ['content beyond the end', [...head, 0x22, 9, 1, 2], 'length beyond the end (2 bytes are left) at byte 9'],
    [
      'a length of 64 bits',
      [0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1],
      'length beyond the end (1 bytes are left) at byte 1',
    ],
    [
      'a dimension beyond its shape',
      [0x12, 2, 0x12, 9, 8, 1, 8, 1],
      'length beyond the end (0 bytes are left) at byte 3',
    ],
    ['floats of 5 bytes', [...head, 0x2a, 5, 1, 2, 3, 4, 5], 'packed list of 5 bytes for values of 4 at byte 10'],
    ['a float cut short', [...head, 0x2d, 1], 'truncated fixed-size value at byte 9'],
    [
      'packed varints cut short',
      [0x08, 3, 0x12, 4, 0x12, 2, 8, 2, 0x3a, 1, 0x80, 0x08, 3],
      'truncated varint at byte 10',
    ],
  ])('with %s are refused', (_what, bytes, message) => {
    expect(failure(bytes)).toBe(`INVALID_ARGUMENT MALFORMED_PROTO: Malformed protobuf: ${message}`);
  });

  it('with fields nobody knows, groups included, are read past them', () => {
    const unknown = [0xa0, 0x06, 1, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xa2, 0x06, 1, 9, 0xa5, 0x06, 1, 2, 3, 4];
    const group = [0xa3, 0x06, 0x0b, 0x08, 1, 0x0c, 0xa4, 0x06];
    expect(failure([...unknown, ...head, ...group, 0x2d, 0, 0, 0x80, 0x3f])).toBe('[1,1]');
  });

  it('of any kind end in a tensor or in a TensorError', () => {
    const random = randomSource(7);
    const base = Uint8Array.from([...head, 0x2a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0x3a, 2, 5, 6, 0x42, 1, 7]);
    let refused = 0;
    for (let run = 0; run < 20_000; run++) {
      const bytes = base.slice(0, 1 + Math.floor(random() * base.length));
      for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const result = failure([...bytes], { maxElements: 1000 });
      if (result.includes('INVALID_ARGUMENT') || result.includes('UNIMPLEMENTED')) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(20_000);
  });
});
