import { deflateRawSync } from 'node:zlib';
import { stringTensor, tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { decodeNpz, encodeNpz } from './npz.js';
import { readZip, writeZip } from './zip.js';

/** `numpy.savez_compressed(file, x=numpy.arange(3, dtype='<i2'))` of NumPy 2, whose local headers are ZIP64. */
const compressed = Uint8Array.from(
  Buffer.from(
    [
      'UEsDBC0AAAAIAAAAIQBqz/JR//////////8FABQAeC5ucHkBABAAhgAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l',
      'oG6TaaSuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GBkYGJgYAUEsBAi0DLQAAAAgAAAAhAGrP8lFK',
      'AAAAhgAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsFBgAAAAABAAEAMwAAAIEAAAAAAA==',
    ].join(''),
    'base64',
  ),
);

const text = (value: string) => new TextEncoder().encode(value);
const archive = () =>
  Buffer.concat(
    writeZip(
      new Map([
        ['a', text('first')],
        ['ü/b', text('')],
      ]),
    ),
  );

test('reads what NumPy compresses', () => {
  const arrays = decodeNpz(compressed);
  expect([...arrays].map(([name, { dtype, shape, data }]) => [name, dtype, shape, data])).toEqual([
    ['x', 'int16', [3], Int16Array.of(0, 1, 2)],
  ]);
});

test('reads back what it writes', () => {
  expect([...readZip(archive())]).toEqual([
    ['a', Buffer.from('first')],
    ['ü/b', Buffer.alloc(0)],
  ]);
  const arrays = decodeNpz(Buffer.concat(encodeNpz([['x', tensor([[1n], [2n]])]])));
  expect(arrays.get('x')?.toArray()).toEqual([[1n], [2n]]);
});

test.each([
  ['a byte of the file', (bytes: Buffer) => bytes.set(text('F'), bytes.indexOf('first')), 'the checksum of a is wrong'],
  [
    'the place of the directory',
    (bytes: Buffer) => bytes.writeUInt32LE(3, bytes.length - 6),
    'no entry of its directory at byte 3',
  ],
  [
    'the place of the file',
    (bytes: Buffer) => bytes.writeUInt32LE(0xfffffff0, bytes.indexOf('PK\x01\x02') + 42),
    'Offset is outside',
  ],
  ['the method', (bytes: Buffer) => bytes.writeUInt16LE(12, bytes.indexOf('PK\x01\x02') + 10), 'given method 12'],
  [
    'the size',
    (bytes: Buffer) => bytes.writeUInt32LE(99, bytes.indexOf('PK\x01\x02') + 24),
    'a has 5 bytes, and its entry says 99',
  ],
])('an archive is refused when %s is wrong', (_, change, message) => {
  const bytes = archive();
  change(bytes);
  expect(() => readZip(bytes)).toThrow(message);
});

test('a file that unpacks to more than it says is refused before it is unpacked', () => {
  const packed = deflateRawSync(Buffer.alloc(1 << 20));
  const bytes = Buffer.concat(writeZip(new Map([['bomb', packed]])));
  const entry = bytes.indexOf('PK\x01\x02');
  bytes.writeUInt16LE(8, entry + 10);
  bytes.writeUInt32LE(16, entry + 24);
  expect(() => readZip(bytes)).toThrow('Malformed ZIP archive: Cannot create a Buffer larger than 16 bytes');
});

test('strings cannot be written to NumPy files', () => {
  expect(() => encodeNpz([['label', stringTensor([1], ['cat'])]])).toThrow(
    'Output label is string, which a NumPy file cannot hold: write a .json file, or leave it out with --output-filter',
  );
});
