import { expect, it } from 'vitest';
import { timeoutMs } from './timeout-header.js';

it.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3000],
  ['20m', 20],
  ['1500u', 1.5],
  ['0n', 0],
  ['99999999H', 99_999_999 * 3_600_000],
])('%s is %d ms', (header, milliseconds) => {
  expect(timeoutMs(header)).toBeCloseTo(milliseconds, 9);
});

it.each(['', '1', 'S', '-1S', '123456789S', '1x', '1S1'])('%j is malformed', (header) => {
  expect(timeoutMs(header)).toBeUndefined();
});
