import type { Philox } from './philox.js';
import { attemptsFor, NumberSource, sampleEach, uniformsOf } from './sample-numbers.js';
import { logGamma } from './special-functions.js';

/**
 * Samples of Poisson distributions with TensorFlow's numbers (random_poisson_op.cc): Knuth's products of uniform numbers
 * for rates below 10, and for others transformed rejection as Hörmann has it.
 *
 * @param highest - the greatest number that the result can hold
 * @returns `[samples, rates]`
 */
export function samplePoisson(generator: Philox, rates: Float64Array, samples: number, highest: number): Float64Array {
  const uniforms = uniformsOf('float64');
  return sampleEach(generator, rates.length, samples, (index) => {
    const rate = rates[index]!;
    const sampler = rate < 10 ? byProducts(rate) : byRejection(rate, highest);
    return { draw: (own) => sampler(new NumberSource(own, uniforms)) };
  });
}

type Sampler = (uniform: NumberSource) => number;

function byProducts(rate: number): Sampler {
  const limit = Math.exp(-rate);
  return (uniform) => {
    let product = 1;
    for (let x = 0; ; x++) {
      product *= uniform.next();
      if (product <= limit) return x;
    }
  };
}

function byRejection(rate: number, highest: number): Sampler {
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const box = 0.9277 - 3.6224 / (b - 2);
  return (uniform) => {
    const attempt = attemptsFor('Poisson', `rate ${rate}`);
    for (;;) {
      attempt();
      const u = uniform.next() - 0.5;
      const v = uniform.next();
      const shifted = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / shifted + b) * u + rate + 0.43);
      if (k > highest) continue;
      if (shifted >= 0.07 && v <= box) return k;
      if (k < 0 || (shifted < 0.013 && v > shifted)) continue;
      const s = Math.log((v * inverseAlpha) / (a / (shifted * shifted) + b));
      if (s <= -rate + k * logRate - logGamma(k + 1)) return k;
    }
  };
}
