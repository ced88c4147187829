import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MessageMemory } from './message-memory.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const KIB = 1024;

test('memory that was given back is used for the next message of about its size', () => {
  const memory = new MessageMemory();
  const first = memory.take(600 * KIB);
  expect(first.bytes.length).toBeGreaterThanOrEqual(600 * KIB);
  const meanwhile = memory.take(600 * KIB);
  expect(meanwhile.bytes.buffer).not.toBe(first.bytes.buffer);
  first.release();
  expect(memory.take(601 * KIB).bytes.buffer).toBe(first.bytes.buffer);
});

test('memory that was not given back is nobody else’s, nor is it twice when it is given back twice', () => {
  const memory = new MessageMemory();
  const blocks = Array.from({ length: 4 }, () => memory.take(20 * KIB));
  expect(new Set(blocks.map(({ bytes }) => bytes.buffer)).size).toBe(4);
  blocks[0]!.release();
  blocks[0]!.release();
  expect(memory.idleBytes).toBe(20 * KIB);
  const again = [memory.take(20 * KIB), memory.take(20 * KIB)];
  expect(again[0]!.bytes.buffer).toBe(blocks[0]!.bytes.buffer);
  expect(blocks.map(({ bytes }) => bytes.buffer)).not.toContain(again[1]!.bytes.buffer);
});

test.each([16 * KIB, 16 * KIB + 1, 20_481, 65_535, 65_536, 65_537, 602_174, 3 * 2 ** 20 + 1, 2 ** 24])(
  'a block for %d bytes has room for them, and at most a quarter more',
  (bytes) => {
    const { length } = new MessageMemory().take(bytes).bytes;
    expect(length).toBeGreaterThanOrEqual(bytes);
    expect(length).toBeLessThanOrEqual(bytes * 1.25);
  },
);

test('small and very large messages are not kept', () => {
  const memory = new MessageMemory();
  for (const bytes of [0, 1, 16 * KIB - 1, 2 ** 24 + 1]) {
    const block = memory.take(bytes);
    expect(block.bytes.length).toBe(bytes);
    block.release();
  }
  expect(memory.idleBytes).toBe(0);
});

test('no more is kept than 64 MiB', () => {
  const memory = new MessageMemory();
  const blocks = Array.from({ length: 6 }, () => memory.take(16 * 2 ** 20));
  for (const block of blocks) block.release();
  expect(memory.idleBytes).toBe(64 * 2 ** 20);
});

test('what is not needed for a while is let go, and what is needed stays', () => {
  const memory = new MessageMemory();
  const [a, b] = [memory.take(64 * KIB), memory.take(64 * KIB)];
  a.release();
  b.release();
  const useOne = () => memory.take(64 * KIB).release();
  vi.advanceTimersByTime(10_000);
  useOne();
  expect(memory.idleBytes).toBe(128 * KIB);
  vi.advanceTimersByTime(10_000);
  expect(memory.idleBytes).toBe(64 * KIB);
  useOne();
  vi.advanceTimersByTime(10_000);
  expect(memory.idleBytes).toBe(64 * KIB);
  vi.advanceTimersByTime(20_000);
  expect([memory.idleBytes, vi.getTimerCount()]).toEqual([0, 0]);
});
