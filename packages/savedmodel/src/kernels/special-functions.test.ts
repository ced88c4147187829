import { describe, expect, it } from 'vitest';
import {
  betaRegularized,
  dawson,
  digamma,
  erf,
  erfc,
  erfInverse,
  exponentialIntegral,
  fresnel,
  logGamma,
  lowerGamma,
  normalQuantile,
  polygamma,
  spence,
  upperGamma,
  zeta,
} from './special-functions.js';

/** Equal to twelve digits. */
function near(given: number, expected: number): void {
  expect(Math.abs(given - expected)).toBeLessThanOrEqual(1e-12 * Math.max(Math.abs(expected), 1e-300));
}

describe('error functions', () => {
  it('keep all digits far out in the tail', () => {
    near(erfc(6), 2.1519736712498913e-17);
    near(erfc(10), 2.088487583762545e-45);
    near(erfc(-1), 1.842700792949715);
    near(erf(0.5), 0.5204998778130465);
    near(erf(1e-20), 2e-20 / Math.sqrt(Math.PI));
  });

  it('end at their limits', () => {
    expect([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([1, -1, 0, 2]);
    expect([erfInverse(1), erfInverse(-1), normalQuantile(0), normalQuantile(1)]).toEqual([
      Infinity,
      -Infinity,
      -Infinity,
      Infinity,
    ]);
    expect([erf(NaN), erfc(NaN), erfInverse(1.1), normalQuantile(-0.1)]).toEqual([NaN, NaN, NaN, NaN]);
  });

  it('are undone by their inverses', () => {
    for (const x of [1e-9, 0.01, 0.3, 0.9, 1.5]) near(erfInverse(erf(x)), x);
    for (const x of [0.5, 1, 3, 6, 12, 25]) near(normalQuantile(erfc(x) / 2), -x * Math.SQRT2);
    near(normalQuantile(0.975), 1.959963984540054);
  });
});

describe('gamma functions', () => {
  it('agree with values in closed form', () => {
    near(logGamma(0.5), Math.log(Math.PI) / 2);
    near(logGamma(-0.5), Math.log(2 * Math.sqrt(Math.PI)));
    near(logGamma(11), Math.log(3628800));
    near(digamma(1), -0.5772156649015329);
    near(digamma(0.5), -0.5772156649015329 - 2 * Math.LN2);
    near(polygamma(1, 1), Math.PI ** 2 / 6);
    near(polygamma(2, 1), -2 * zeta(3, 1));
    near(zeta(2, 1), Math.PI ** 2 / 6);
    near(zeta(4, 0.5), Math.PI ** 4 / 6);
  });

  it('go on far below zero, without adding up every term', () => {
    near(zeta(2, -100.25), 19.72928332534936);
    near(zeta(2, -1000.5), 9.868605400173442);
    expect(zeta(3, -1000.5)).toBeCloseTo(zeta(3, 1001.5), 12);
    near(zeta(50, -1e7 - 0.5), 2251799813685248);
    expect(zeta(2, -1e15 - 0.5)).toBeCloseTo(Math.PI ** 2, 12);
  });

  it('end with infinities and at infinities', () => {
    expect([zeta(2, -Infinity), zeta(Infinity, -Infinity), zeta(Infinity, -0.5), zeta(Infinity, 1e-3)]).toEqual(
      new Array(4).fill(Infinity),
    );
    expect([zeta(2, Infinity), zeta(Infinity, 1e20), zeta(50, 1e20)]).toEqual([0, 0, 0]);
    expect([zeta(1.5, -Infinity), polygamma(1, -Infinity)]).toEqual([NaN, Infinity]);
    expect(polygamma(3, Infinity)).toBe(0);
  });

  it('have poles where they should', () => {
    expect([logGamma(0), logGamma(-3), logGamma(-Infinity), zeta(1, 2)]).toEqual([
      Infinity,
      Infinity,
      Infinity,
      Infinity,
    ]);
    expect([digamma(0), digamma(-2), zeta(0.5, 1), polygamma(-1, 1), polygamma(0.5, 1)]).toEqual([
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
  });

  it('add up to one when incomplete', () => {
    for (const [a, x] of [
      [0.1, 0.5],
      [1, 3],
      [7, 6],
      [40, 55],
    ] as const) {
      near(lowerGamma(a, x) + upperGamma(a, x), 1);
    }
    near(lowerGamma(1, 2), 1 - Math.exp(-2));
    near(upperGamma(1, 50), Math.exp(-50));
    expect([lowerGamma(2, 0), lowerGamma(2, Infinity), lowerGamma(-1, 1), lowerGamma(1, -1)]).toEqual([0, 1, NaN, NaN]);
  });

  it('give the beta distribution', () => {
    near(betaRegularized(1, 1, 0.3), 0.3);
    near(betaRegularized(2, 3, 0.4), 0.5248);
    near(betaRegularized(5, 0.5, 0.9), 1 - betaRegularized(0.5, 5, 0.1));
    expect([betaRegularized(2, 3, 0), betaRegularized(2, 3, 1), betaRegularized(0, 1, 0.5)]).toEqual([0, 1, NaN]);
  });
});

describe('integrals', () => {
  it('agree with known values', () => {
    near(dawson(1), 0.5380795069127684);
    near(dawson(0.1), 0.09933599239785286);
    near(exponentialIntegral(1), 1.8951178163559368);
    near(spence(0), Math.PI ** 2 / 6);
    near(spence(2), -(Math.PI ** 2) / 12);
    near(spence(0.5), Math.PI ** 2 / 12 - Math.LN2 ** 2 / 2);
    near(fresnel(1)[0], 0.7798934003768228);
    near(fresnel(1)[1], 0.4382591473903548);
  });

  it('meet where their expansions change', () => {
    const [below, above] = [fresnel(5 - 1e-12), fresnel(5 + 1e-12)];
    expect(Math.abs(below[0] - above[0]) + Math.abs(below[1] - above[1])).toBeLessThan(1e-11);
    const step = exponentialIntegral(45 + 1e-9) / exponentialIntegral(45 - 1e-9);
    expect(Math.abs(step - 1)).toBeLessThan(1e-8);
  });
});
