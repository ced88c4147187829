import { expect, test } from 'vitest';
import { Philox, toDouble, toFloat } from './philox.js';

// The known answers of the paper's reference implementation (Random123, philox4x32 with 10 rounds).
test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])('counter %j and key %j give the reference numbers', (counter, key, expected) => {
  expect([...new Philox(Uint32Array.from(counter), Uint32Array.from(key)).next()]).toEqual(expected);
});

test('skipping is the same as drawing, over the ends of words', () => {
  const start = () => new Philox(Uint32Array.of(0xfffffffe, 0xffffffff, 7, 0), Uint32Array.of(1, 2));
  const [drawn, skipped] = [start(), start()];
  for (let i = 0; i < 5; i++) drawn.next();
  skipped.skip(5);
  expect([...skipped.counter]).toEqual([3, 0, 8, 0]);
  expect([...skipped.next()]).toEqual([...drawn.next()]);
});

test('numbers lie in [0, 1)', () => {
  expect(toFloat(0)).toBe(0);
  expect(toFloat(0xffffffff)).toBe(1 - 2 ** -23);
  expect(toDouble(0, 0)).toBe(0);
  expect(toDouble(0xffffffff, 0xffffffff)).toBe(1 - 2 ** -52);
});
