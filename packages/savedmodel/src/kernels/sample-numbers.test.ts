import { describe, expect, test } from 'vitest';
import { Philox } from './philox.js';
import { sampleBinomial } from './sample-binomial.js';
import { sampleGamma } from './sample-gamma.js';
import { samplesOf } from './sample-numbers.js';
import { samplePoisson } from './sample-poisson.js';
import { sampleTruncatedNormals } from './sample-truncated-normal.js';

const SAMPLES = 20_000;
const generator = () => Philox.fromStatelessSeeds(17n, 4n);

function momentsOf(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

/** Within six deviations of the mean of so many samples, and the variance within a tenth. */
function expectMoments(values: Float64Array, mean: number, variance: number): void {
  const found = momentsOf(values);
  expect(Math.abs(found.mean - mean)).toBeLessThan(6 * Math.sqrt(variance / values.length));
  expect(found.variance / variance).toBeGreaterThan(0.9);
  expect(found.variance / variance).toBeLessThan(1.1);
}

describe('samples have the moments of their distribution', () => {
  test.each([0.2, 1, 1.7, 30])('gamma of shape %d', (alpha) => {
    expectMoments(sampleGamma(generator(), Float64Array.of(alpha), SAMPLES), alpha, alpha);
  });

  test.each([0.4, 8, 12, 300])('Poisson of rate %d', (rate) => {
    expectMoments(samplePoisson(generator(), Float64Array.of(rate), SAMPLES, 2 ** 31), rate, rate);
  });

  test.each([
    [20, 0.1],
    [20, 0.9],
    [500, 0.4],
    [500, 0.97],
  ])('binomial of %d trials with probability %d', (count, p) => {
    const [n, probability] = [Float64Array.of(count), Float64Array.of(p)];
    expectMoments(sampleBinomial(generator(), n, probability, SAMPLES, 'float64'), count * p, count * p * (1 - p));
  });
});

describe('normal distributions within bounds', () => {
  const sampled = (least: number, most: number) => {
    const values = new Float64Array(SAMPLES);
    const distribution = { mean: 0, deviation: 1, least, most, count: SAMPLES };
    sampleTruncatedNormals(generator(), 'float64', [distribution], (_, sample, value) => (values[sample] = value));
    return values;
  };

  test('keep the moments of the part that is left', () => {
    const density = Math.exp(-0.5) / Math.sqrt(2 * Math.PI);
    const inside = 0.682689492137086;
    expectMoments(sampled(-1, 1), 0, 1 - (2 * density) / inside);
    // The upper half.
    expectMoments(sampled(0, Infinity), Math.sqrt(2 / Math.PI), 1 - 2 / Math.PI);
    expectMoments(sampled(-Infinity, 0), -Math.sqrt(2 / Math.PI), 1 - 2 / Math.PI);
  });

  test('stay within them far out, where few normal numbers fall', () => {
    const values = sampled(6, Infinity);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(6);
    expect(momentsOf(values).mean).toBeCloseTo(6.158, 2);
  });
});

describe('parameters of which no sample can be drawn', () => {
  const none = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;

  test.each([NaN, -1])('are refused: gamma of shape %d', (alpha) => {
    expect(() => sampleGamma(generator(), Float64Array.of(alpha), 1)).toThrowError(none);
  });

  test.each([NaN, 1e30])('are refused: Poisson of rate %d in 32 bits', (rate) => {
    expect(() => samplePoisson(generator(), Float64Array.of(rate), 1, 2 ** 31 - 1)).toThrowError(none);
  });

  test('are refused: a result whose shape does not end with that of the parameters', () => {
    expect(samplesOf([4, 5, 2, 3], [2, 3])).toBe(20);
    expect(() => samplesOf([4, 3, 2], [2, 3])).toThrowError(none);
    expect(() => samplesOf([3], [2, 3])).toThrowError(none);
  });
});
