import { Tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { generatorOfState, stateOfGenerator } from './generator-state.js';

const state = (...values: bigint[]) => new Tensor('int64', [values.length], BigInt64Array.from(values));

describe('the state of a generator', () => {
  test('holds the counter and then the key, in words of which the low one is first', () => {
    const generator = generatorOfState(state(0x1_0000_0002n, -1n, 5n));
    expect([...generator.counter]).toEqual([2, 1, 0xffffffff, 0xffffffff]);
    expect([...generator.key]).toEqual([5, 0]);
  });

  test('moves on beyond the ends of its words, and keeps what stands around it', () => {
    const before = state(1n, -1n, -1n, 9n, 77n);
    const generator = generatorOfState(before, 1);
    generator.skip(3);
    expect(stateOfGenerator(generator, before, 1)).toEqual(state(1n, 2n, 0n, 9n, 77n));
    expect(before).toEqual(state(1n, -1n, -1n, 9n, 77n));
  });

  test('moves on by unsigned 64-bit steps, of which TensorFlow loses a carry out of the upper word', () => {
    const after = (steps: bigint) => {
      const generator = generatorOfState(state(2n, 3n, 4n));
      generator.skip(steps);
      return stateOfGenerator(generator, state(0n, 0n, 0n));
    };
    expect(after(2n ** 63n + 1n)).toEqual(state(-(2n ** 63n) + 3n, 3n, 4n));
    expect(after(2n ** 64n - 1n)).toEqual(state(1n, 3n, 4n));
  });

  test.each([
    ['of another dtype', new Tensor('int32', [3], Int32Array.of(1, 2, 3))],
    ['of two dimensions', new Tensor('int64', [1, 3], BigInt64Array.of(1n, 2n, 3n))],
    ['that is too short', state(1n, 2n)],
  ])('is refused: one %s', (_, given) => {
    expect(() => generatorOfState(given)).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'BAD_STATE' }) as Error,
    );
  });

  test('is refused where its first element names another algorithm', () => {
    expect(() => generatorOfState(state(2n, 0n, 0n, 0n), 1)).toThrowError(/Unsupported algorithm id: 2/);
  });
});
