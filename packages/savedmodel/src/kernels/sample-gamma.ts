import { invalidRequest } from './elements.js';
import type { Philox } from './philox.js';
import { attemptsFor, normalsOf, NumberSource, sampleEach, uniformsOf } from './sample-numbers.js';

/**
 * Samples of gamma distributions by the method of Marsaglia and Tsang, with TensorFlow's numbers
 * (stateless_random_gamma_op.cc; the op with a state of its own does the same). All dtypes are computed in doubles.
 *
 * @param alphas - the distributions' shapes
 * @returns `[samples, alphas]`
 */
export function sampleGamma(generator: Philox, alphas: Float64Array, samples: number): Float64Array {
  const [uniforms, normals] = [uniformsOf('float64'), normalsOf('float64')];
  return sampleEach(generator, alphas.length, samples, (index) => {
    const alpha = alphas[index]!;
    // An exponential distribution.
    if (alpha === 1) return { draw: (own) => -Math.log1p(-new NumberSource(own, uniforms).next()) };
    const isSmall = alpha < 1;
    const d = alpha + (isSmall ? 2 : -1) / 3;
    const c = 1 / 3 / Math.sqrt(d);
    if (Number.isNaN(c)) throw invalidRequest('BAD_ALPHA', `expected a shape of a gamma distribution, given ${alpha}`);
    const draw = (own: Philox) => {
      const [normal, uniform] = [new NumberSource(own, normals), new NumberSource(own, uniforms)];
      const attempt = attemptsFor('gamma', `shape ${alpha}`);
      for (;;) {
        attempt();
        const x = normal.next();
        const base = 1 + c * x;
        if (base <= 0) continue;
        const v = base * base * base;
        if (!accepts(uniform.next(), x, v, d)) continue;
        return isSmall ? d * v * uniform.next() ** (1 / alpha) : d * v;
      }
    };
    return { draw };
  });
}

/** The test by which a candidate is kept; the first one spares the logarithms most of the time. */
function accepts(u: number, x: number, v: number, d: number): boolean {
  return u < 1 - 0.0331 * (x * x) * (x * x) || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v));
}
