import { describe, expect, it } from 'vitest';
import { MessageMemory } from './message-memory.js';
import { MessageReader } from './message-reader.js';

function framed(bytes: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
const counted = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));

describe('the reader of messages', () => {
  it.each([1, 2, 5, 7, 64, 1000])('puts messages together from frames of %d bytes', (size) => {
    const sent = [counted(3), Buffer.alloc(0), counted(300), counted(1), Buffer.alloc(0)];
    const stream = Buffer.concat(sent.map((bytes, index) => framed(bytes, index % 2)));
    const reader = new MessageReader(-1, new MessageMemory());
    const messages = [];
    for (let at = 0; at < stream.length; at += size) messages.push(...reader.push(stream.subarray(at, at + size)));
    expect(messages.map(({ flags }) => flags)).toEqual([0, 1, 0, 1, 0]);
    expect(messages.map(({ bytes }) => bytes.toString('hex'))).toEqual(sent.map((bytes) => bytes.toString('hex')));
  });

  it('leaves a message that is in one frame where it is', () => {
    const frame = framed(counted(40));
    const [message] = new MessageReader(-1, new MessageMemory()).push(frame);
    expect([message!.bytes.buffer, message!.bytes.byteOffset]).toEqual([frame.buffer, frame.byteOffset + 5]);
  });

  it('places a message such that its payload is aligned', () => {
    const message = counted(100_000);
    for (const payload of [0, 1, 37, 64, 131]) {
      const heads: string[] = [];
      const reader = new MessageReader(-1, new MessageMemory(), (head) => {
        heads.push(Buffer.from(head).toString('hex'));
        return payload;
      });
      const stream = framed(message);
      expect(reader.push(stream.subarray(0, 1000))).toEqual([]);
      const [{ bytes } = { bytes: undefined }] = reader.push(stream.subarray(1000));
      expect(heads).toEqual([message.toString('hex', 0, 995)]);
      expect((bytes!.byteOffset + payload) % 64).toBe(0);
      expect(bytes!.equals(message)).toBe(true);
    }
  });

  it('takes no memory for what is only claimed', () => {
    const claim = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3]);
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const reader = new MessageReader(-1, new MessageMemory());
      expect(reader.push(claim)).toEqual([]);
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 30);
    expect(readers).toHaveLength(100);
  });

  it('puts a message together that gets its memory late', () => {
    const message = counted(9 * 2 ** 20);
    const stream = framed(message);
    const reader = new MessageReader(-1, new MessageMemory());
    const messages = [];
    for (let at = 0; at < stream.length; at += 65_536) messages.push(...reader.push(stream.subarray(at, at + 65_536)));
    expect(messages).toHaveLength(1);
    expect(messages[0]!.bytes.equals(message)).toBe(true);
  });

  it('refuses a message over the limit by what it claims', () => {
    const reader = new MessageReader(10, new MessageMemory());
    expect(reader.push(framed(counted(10)))).toHaveLength(1);
    expect(() => reader.push(framed(counted(11)).subarray(0, 5))).toThrow(
      'Received message larger than max (11 vs 10)',
    );
  });

  it('puts the next message where one was that is not needed any more, and leaves others alone', () => {
    const memory = new MessageMemory();
    const read = (message: Buffer) => {
      const reader = new MessageReader(-1, memory);
      const stream = framed(message);
      return [...reader.push(stream.subarray(0, 1000)), ...reader.push(stream.subarray(1000))][0]!;
    };
    const [first, second] = [read(counted(50_000)), read(counted(49_000))];
    first.release!();
    const third = read(Buffer.alloc(52_000, 7));
    expect(third.bytes.buffer).toBe(first.bytes.buffer);
    expect(third.bytes.equals(Buffer.alloc(52_000, 7))).toBe(true);
    expect(second.bytes.equals(counted(49_000))).toBe(true);
  });

  it('gives back the memory of a message that is given up', () => {
    const memory = new MessageMemory();
    const reader = new MessageReader(-1, memory);
    reader.push(framed(counted(50_000)).subarray(0, 20_000));
    expect(memory.idleBytes).toBe(0);
    reader.drop();
    expect(memory.idleBytes).toBeGreaterThanOrEqual(50_000);
  });
});
