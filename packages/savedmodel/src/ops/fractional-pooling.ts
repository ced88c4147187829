import { randomBytes } from 'node:crypto';
import type { Tensor } from '@servable/tensor';
import { fractionalPool } from '../kernels/fractional-pool.js';
import { Philox } from '../kernels/philox.js';
import { unknownDim } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { fromState, type Reserve } from './random-sources.js';
import { OpFamily, type OpContext } from './registry.js';

/** Pooling in windows of random sizes; with seeds they are TensorFlow's. */
export const fractionalPooling = new OpFamily('fractional pooling')
  .host('FractionalMaxPool', (context) => pool(context, 'max'))
  .host('FractionalAvgPool', (context) => pool(context, 'average'));

function pool(context: OpContext, kind: 'max' | 'average'): readonly Value[] {
  const { attrs, builder } = context;
  const options = {
    ratio: attrs.floats('pooling_ratio'),
    overlapping: attrs.bool('overlapping', false),
    pseudoRandom: attrs.bool('pseudo_random', false),
  };
  const { ratio } = options;
  if (ratio.length !== 4 || ratio[0] !== 1 || ratio[3] !== 1 || !ratio.every((size) => size >= 1)) {
    throw context.refuse(`its pooling_ratio is ${ratio.join(', ')}`);
  }
  const { dtype, shape } = context.input(0);
  const size = (axis: number): Dim => {
    const dim = shape?.[axis];
    return typeof dim === 'number' ? Math.floor(Math.fround(dim / (ratio[axis] ?? 1))) : unknownDim();
  };
  const borders = (dim: Dim): Dim => (typeof dim === 'number' ? dim + 1 : unknownDim());
  const [rows, columns] = [size(1), size(2)];
  const specs = [
    { dtype, shape: [shape?.[0] ?? unknownDim(), rows, columns, shape?.[3] ?? unknownDim()] },
    { dtype: 'int64', shape: [borders(rows)] },
    { dtype: 'int64', shape: [borders(columns)] },
  ] as const;
  const run = (reserve: Reserve, [x]: readonly (Tensor | undefined)[]) =>
    fractionalPool(x as Tensor, kind, reserve, options);
  if (!attrs.bool('deterministic', false)) return fromState(context, specs, run);
  // The same windows on every call.
  const seeds = [attrs.int('seed', 0), attrs.int('seed2', 0)].map((seed) => BigInt.asUintN(64, BigInt(seed)));
  const isSeeded = seeds.some((seed) => seed !== 0n);
  const [seed = 0n, seed2 = 0n] = isSeeded ? seeds : [randomBytes(8), randomBytes(8)].map((x) => x.readBigUInt64LE());
  return builder.host(context.node.op, context.inputs(), specs, (inputs) => {
    let step = 0;
    return run((steps) => {
      const generator = Philox.fromSeeds(seed, seed2);
      generator.skip(step);
      step += steps;
      return generator;
    }, inputs);
  });
}
