import { expect, it } from 'vitest';
import { besselI, besselIScaled, besselJ, besselK, besselKScaled, besselY } from './bessel.js';

const ARGUMENTS = [0.01, 0.5, 1, 2.5, 7, 12, 20, 24.9, 25.1, 29, 31, 60, 150, 250];

it('satisfies the relations between the functions of both kinds at every size', () => {
  for (const x of ARGUMENTS) {
    const ordinary = besselJ(1, x) * besselY(0, x) - besselJ(0, x) * besselY(1, x);
    expect(Math.abs(ordinary * ((Math.PI * x) / 2) - 1)).toBeLessThan(1e-11);
    const modified = besselIScaled(0, x) * besselKScaled(1, x) + besselIScaled(1, x) * besselKScaled(0, x);
    expect(Math.abs(modified * x - 1)).toBeLessThan(1e-12);
  }
});

it('has its zeros and limits', () => {
  expect(Math.abs(besselJ(0, 2.404825557695773))).toBeLessThan(1e-14);
  expect(Math.abs(besselJ(1, 3.8317059702075125))).toBeLessThan(1e-14);
  expect([besselJ(0, 0), besselJ(1, 0), besselI(0, 0), besselI(1, 0)]).toEqual([1, 0, 1, 0]);
  expect([besselK(0, 0), besselY(0, 0), besselY(1, 0)]).toEqual([Infinity, -Infinity, -Infinity]);
  expect([besselK(0, -1), besselY(1, -1), besselJ(0, NaN)]).toEqual([NaN, NaN, NaN]);
  expect([besselJ(0, Infinity), besselY(0, Infinity), besselIScaled(0, Infinity)]).toEqual([0, 0, 0]);
});

it('is even in order 0 and odd in order 1', () => {
  expect(besselJ(1, -3)).toBe(-besselJ(1, 3));
  expect(besselIScaled(1, -3)).toBe(-besselIScaled(1, 3));
  expect(besselJ(0, -30)).toBe(besselJ(0, 30));
});
