import { tensor, type Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { assertedValue, assertionMessage } from './assertion-message.js';

const message = (value: Tensor, summarize = 3) => assertionMessage([assertedValue(value, summarize)], summarize);

describe('the message of a failed assertion', () => {
  it.each([
    [tensor('too small', 'string'), '[too small]'],
    [tensor('"a\\b\'\n\u0001é', 'string'), String.raw`[\"a\\b\'\n\001é]`],
    [tensor([1, 2.5, -0.125], 'float32'), '[1 2.5 -0.125]'],
    [tensor([1, 2, 3, 4], 'int32'), '[1 2 3...]'],
    [tensor([[1, 2], [3, 4]], 'int64'), '[[1 2][3...]...]'], // prettier-ignore
    [tensor([[1], [2]], 'float64'), '[[1][2]]'],
    [tensor([], 'float32'), '[]'],
    [tensor([0.1, 1 / 3, 1e-7], 'float32'), '[0.1 0.333333343 1e-07]'],
    [tensor([0.1, 1 / 3, 2.5e8], 'float64'), '[0.1 0.33333333333333331 250000000]'],
    [tensor([NaN, Infinity, -Infinity], 'float32'), '[nan inf -inf]'],
  ])('shows the first elements of %s', (value, shown) => {
    expect(message(value)).toBe(`assertion failed: ${shown}`);
  });

  it('knows the shape of a value of which it has only the first elements', () => {
    const value = assertedValue(tensor([1, 2, 3], 'int32'), 3, [100, 2]);
    expect(assertionMessage([value], 3)).toBe('assertion failed: [[1 2][3...]...]');
  });
});
