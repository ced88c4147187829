import { expect, it } from 'vitest';
import { statusMessage } from './status-message.js';

it.each([
  ['', ''],
  ['a b ~!', 'a b ~!'],
  ['100%', '100%25'],
  ['a ', 'a%20'],
  ['a\nb', 'a%0Ab'],
  ['é', '%C3%A9'],
  ['\ud800', '%EF%BF%BD'],
])('%j is %j on the wire', (text, wire) => {
  expect(statusMessage(text)).toBe(wire);
});
