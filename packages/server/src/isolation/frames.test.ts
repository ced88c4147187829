import { PassThrough } from 'node:stream';
import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { type Frame, FrameReader, writeFrame } from './frames.js';

const frames: readonly Frame<unknown>[] = [
  { head: { kind: 'run', call: 1 }, tensors: new Map() },
  {
    head: { call: 2, text: 'ü' },
    tensors: new Map<string, Tensor>([
      ['float', tensor([[1.5, -2, 3]])],
      ['byte', new Tensor('uint8', [3], Uint8Array.of(1, 2, 3))],
      ['double', new Tensor('float64', [2], Float64Array.of(0.1, -0))],
      ['string', stringTensor([2, 1], ['', 'ä'])],
      ['none', new Tensor('int64', [0, 7], new BigInt64Array())],
      ['complex', new Tensor('complex64', [1], Float32Array.of(1, 2))],
      ['part', new Tensor('int16', [2], new Int16Array([9, 8, 7, 6]).subarray(1, 3))],
    ]),
  },
  { head: {}, tensors: new Map([['large', new Tensor('float32', [10_000], new Float32Array(10_000).fill(7))]]) },
];

function bytesOf(written: readonly Frame<unknown>[]): Buffer {
  const stream = new PassThrough({ highWaterMark: 2 ** 30 });
  for (const frame of written) writeFrame(stream, frame);
  return stream.read() as Buffer;
}

const plain = ({ head, tensors }: Frame<unknown>) => ({
  head,
  tensors: [...tensors].map(([alias, { dtype, shape, data }]) => [alias, dtype, shape, data]),
});

test.each([1, 7, 64, 65_536, 2 ** 30])('frames are whole again, in pieces of at most %d bytes', (size) => {
  const bytes = bytesOf(frames);
  const read: Frame<unknown>[] = [];
  const reader = new FrameReader((frame) => read.push(frame));
  const piece = Buffer.alloc(Math.min(size, bytes.length));
  for (let at = 0; at < bytes.length; at += size) {
    // The same memory time and again, as a socket hands it over.
    const count = bytes.copy(piece, 0, at, Math.min(at + size, bytes.length));
    reader.push(piece.subarray(0, count));
  }
  expect(read.map(plain)).toEqual(frames.map(plain));
});

test('numbers are views of one buffer, not copies', () => {
  const read: Frame<unknown>[] = [];
  new FrameReader((frame) => read.push(frame)).push(bytesOf(frames));
  const numbers = [...read[1]!.tensors.values()].filter(({ dtype, size }) => dtype !== 'string' && size > 0);
  expect(new Set(numbers.map(({ data }) => (data as Uint8Array).buffer)).size).toBe(1);
});

test('what is no tensor spoils its own frame, what is no frame the rest', () => {
  const read: Frame<unknown>[] = [];
  const reader = new FrameReader((frame) => read.push(frame));
  const wrong = new Map([['b', new Tensor('bool', [1], Uint8Array.of(2))]]);
  reader.push(bytesOf([{ head: 'wrong', tensors: wrong }, frames[0]!]));
  expect(read.map(({ head, error }) => [head, error?.message])).toEqual([
    ['wrong', 'Wrong bytes of bool values: expected 0 and 1, given others'],
    [{ kind: 'run', call: 1 }, undefined],
  ]);
  expect(() => reader.push(Buffer.alloc(10, 0xff))).toThrow('A head of 4294967295 bytes is no head');
});
