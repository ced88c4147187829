import { expect, test } from 'vitest';
import { dtypes } from '../dtype/dtype.js';
import { randomSource, randomTensor } from '../testing/random-tensor.js';
import { stringTensor, tensor } from '../tensor/build.js';
import { decodeRawTensors, encodeRawTensors } from './raw-tensors.js';

const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);

/** A body with a header of our choice. */
function body(header: unknown, data: readonly number[] = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const padded = Math.ceil((json.length + 4) / 8) * 8;
  const bytes = new Uint8Array(padded + data.length).fill(0x20, 4, padded);
  new DataView(bytes.buffer).setUint32(0, padded - 4, true);
  bytes.set(json, 4);
  bytes.set(data, padded);
  return bytes;
}

test('the layout is a length, a JSON header and values at multiples of 8', () => {
  const bytes = encodeRawTensors(
    new Map([
      ['b', tensor([true, false, true])],
      ['x', tensor([1.5, -2], 'float32')],
    ]),
    { signature_name: 's' },
  );
  const headerLength = new DataView(bytes.buffer).getUint32(0, true);
  expect((headerLength + 4) % 8).toBe(0);
  expect(JSON.parse(text(bytes.subarray(4, 4 + headerLength)))).toEqual({
    signature_name: 's',
    tensors: [
      { name: 'b', dtype: 'bool', shape: [3], bytes: 3 },
      { name: 'x', dtype: 'float32', shape: [2], bytes: 8 },
    ],
  });
  expect([...bytes.subarray(4 + headerLength)]).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 192, 63, 0, 0, 0, 192]);
});

test('strings are lengths and bytes', () => {
  const strings = stringTensor([2], ['hé', '']);
  const bytes = encodeRawTensors(new Map([['s', strings]]));
  expect([...bytes.subarray(-11)]).toEqual([3, 0, 0, 0, 104, 195, 169, 0, 0, 0, 0]);
  expect(decodeRawTensors(bytes).tensors.get('s')!.toArray()).toEqual(['hé', '']);
});

test.each(dtypes)('every dtype comes back as it went: %s', (dtype) => {
  const random = randomSource(7);
  for (let round = 0; round < 20; round++) {
    const given = randomTensor(dtype, random);
    const { header, tensors } = decodeRawTensors(encodeRawTensors(new Map([['t', given]]), { a: [1] }));
    expect(header).toEqual({ a: [1] });
    const read = tensors.get('t')!;
    expect([read.dtype, read.shape, read.data]).toEqual([given.dtype, given.shape, given.data]);
  }
});

test('values need not be aligned in memory', () => {
  const encoded = encodeRawTensors(new Map([['x', tensor([1n, -2n], 'int64')]]));
  const shifted = new Uint8Array(encoded.length + 3);
  shifted.set(encoded, 3);
  expect(decodeRawTensors(shifted.subarray(3)).tensors.get('x')!.toArray()).toEqual([1n, -2n]);
});

const x = { name: 'x', dtype: 'float32', shape: [1], bytes: 4 };
test.each([
  [new Uint8Array(3), '4 bytes for the length of the header, given 3'],
  [Uint8Array.of(9, 0, 0, 0, 0x7b), 'a header of 9 bytes, given a body of 5 bytes'],
  [body('{"a":'), 'a header of JSON'],
  [body([1]), 'a JSON object as the header, given [1]'],
  [body({}), 'an array "tensors" in the header, given undefined'],
  [body({ tensors: [{ ...x, shape: [-1] }] }), 'tensors[0] to be { name: string'],
  [body({ tensors: [{ ...x, bytes: 2 ** 60 }] }), 'tensors[0] to be { name: string'],
  [body({ tensors: [x] }, [0, 0]), '4 bytes of tensor "x" from byte'],
  [body({ tensors: [x] }, [0, 0, 0, 0, 0]), 'a body of'],
  [body({ tensors: [{ ...x, dtype: 'resource' }] }, [0, 0, 0, 0]), 'a known dtype of tensor "x", given "resource"'],
  [body({ tensors: [{ ...x, bytes: 0 }] }), 'expected 4 bytes for float32 [1], given 0'],
  [body({ tensors: [{ ...x, dtype: 'bool' }] }, [0, 0, 0, 0]), 'expected 1 bytes for bool [1], given 4'],
  [body({ tensors: [{ ...x, dtype: 'bool', bytes: 1 }] }, [2]), 'expected 0 and 1'],
  [body({ tensors: [{ ...x, dtype: 'string', shape: [2 ** 40] }] }, [0, 0, 0, 0]), 'for 1099511627776 strings'],
  [body({ tensors: [{ ...x, dtype: 'string' }] }, [9, 0, 0, 0]), 'end within one of them'],
  [
    body({ tensors: [{ ...x, dtype: 'string', bytes: 5 }] }, [0, 0, 0, 0, 7]),
    'expected 4 bytes for 1 strings, given 5',
  ],
])('what is malformed is refused (%#)', (bytes, message) => {
  expect(() => decodeRawTensors(bytes)).toThrow(message);
});

test('a name may come once', () => {
  const bytes = body({
    tensors: [
      { ...x, shape: [0], bytes: 0 },
      { ...x, shape: [0], bytes: 0 },
    ],
  });
  expect(() => decodeRawTensors(bytes)).toThrow('each name once, given "x" twice');
});
