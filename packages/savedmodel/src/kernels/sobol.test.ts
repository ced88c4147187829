import { describe, expect, test } from 'vitest';
import { sobolDirections, SOBOL_DIMENSIONS } from './sobol-directions.js';
import { sobolPoints } from './sobol.js';

describe("Sobol's sequence", () => {
  test('has the points that it is known for', () => {
    expect([...sobolPoints(2, 4, 0)]).toEqual([0.5, 0.5, 0.75, 0.25, 0.25, 0.75, 0.375, 0.375]);
  });

  test('goes on where points are skipped', () => {
    expect([...sobolPoints(7, 5, 20)]).toEqual([...sobolPoints(7, 25, 0).subarray(20 * 7)]);
  });

  test('puts one point into every part of every dimension', () => {
    const points = sobolPoints(SOBOL_DIMENSIONS, 255, 0);
    for (let j = 0; j < SOBOL_DIMENSIONS; j++) {
      const parts = new Set(Array.from({ length: 255 }, (_, i) => points[i * SOBOL_DIMENSIONS + j]! * 256));
      // All but 0, which is the point before the first.
      expect(parts.size).toBe(255);
      expect(parts.has(0)).toBe(false);
    }
  });

  test('has odd direction numbers, each with one digit more than the one before', () => {
    for (const dimension of [0, 1, 5, 700, SOBOL_DIMENSIONS - 1]) {
      sobolDirections(dimension).forEach((m, k) => expect([m % 2, m < 2 ** (k + 1)]).toEqual([1, true]));
    }
  });

  test.each([
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, -1],
    [21_201, 1, 0],
    [1, 2, 2 ** 31 - 2],
  ])('is refused for %d dimensions, %d points and %d skipped', (dimensions, points, skip) => {
    expect(() => sobolPoints(dimensions, points, skip)).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    );
  });

  test('is refused in more dimensions than are known', () => {
    expect(() => sobolPoints(SOBOL_DIMENSIONS + 1, 1, 0)).toThrowError(
      expect.objectContaining({ code: 'UNIMPLEMENTED', reason: 'TOO_MANY_DIMENSIONS' }) as Error,
    );
  });
});
