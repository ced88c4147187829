import { randomFillSync } from 'node:crypto';
import { Tensor, type DType } from '@servable/tensor';
import {
  around,
  checkedSize,
  doublesOf,
  fromDoubles,
  integersOf,
  invalidRequest,
  take,
  tensorOf,
} from '../kernels/elements.js';
import { joinWords, type Philox } from '../kernels/philox.js';
import { multinomial, randomFloats, randomIntegers, type Distribution } from '../kernels/random-numbers.js';
import { knownElements } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import {
  fromKey,
  fromSeed,
  fromState,
  fromVariable,
  PHILOX,
  seededGenerator,
  shapeFrom,
  STEPS_PER_NUMBER,
  type Drawing,
} from './random-sources.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * Random numbers. The stateless ops give TensorFlow's numbers, and so do those whose state is a variable; the others do so
 * when they have seeds, and give numbers that nobody can foresee when they have none.
 */
export const random = new OpFamily('random')
  .host('RandomUniform', (context) => floats(context, fromState, 'uniform'))
  .host('RandomStandardNormal', (context) => floats(context, fromState, 'normal'))
  .host('TruncatedNormal', (context) => floats(context, fromState, 'truncated normal'))
  .host('RandomUniformInt', (context) => integers(context, fromState, 1))
  .host('StatelessRandomUniform', (context) => floats(context, fromSeed(1), 'uniform'))
  .host('StatelessRandomNormal', (context) => floats(context, fromSeed(1), 'normal'))
  .host('StatelessTruncatedNormal', (context) => floats(context, fromSeed(1), 'truncated normal'))
  .host('StatelessRandomUniformInt', (context) => integers(context, fromSeed(1), 2))
  .host('StatelessRandomUniformFullInt', (context) => integers(context, fromSeed(1)))
  .host('StatelessRandomUniformV2', (context) => floats(context, fromKey(1), 'uniform'))
  .host('StatelessRandomNormalV2', (context) => floats(context, fromKey(1), 'normal'))
  .host('StatelessTruncatedNormalV2', (context) => floats(context, fromKey(1), 'truncated normal'))
  .host('StatelessRandomUniformIntV2', (context) => integers(context, fromKey(1), 4))
  .host('StatelessRandomUniformFullIntV2', (context) => integers(context, fromKey(1)))
  .host('StatefulStandardNormal', (context) => floats(context, fromVariable(undefined), 'normal', 1))
  .host('StatefulStandardNormalV2', (context) => floats(context, fromVariable(1), 'normal', 2))
  .host('StatefulUniform', (context) => floats(context, fromVariable(1), 'uniform', 2))
  .host('StatefulTruncatedNormal', (context) => floats(context, fromVariable(1), 'truncated normal', 2))
  .host('StatefulUniformInt', (context) => integers(context, fromVariable(1), 3, 2))
  .host('StatefulUniformFullInt', (context) => integers(context, fromVariable(1), undefined, 2))
  .host('StatelessRandomGetKeyCounter', (context) => keyAndCounter(context))
  .host('StatelessRandomGetKeyCounterAlg', (context) => [
    ...keyAndCounter(context),
    context.builder.scalar('int32', PHILOX),
  ])
  .native('StatelessRandomGetAlg', (context) => context.builder.scalar('int32', PHILOX))
  .host('NonDeterministicInts', (context) => {
    const dtype = context.attrs.dtype('dtype', 'int64');
    const { builder, node } = context;
    builder.order.touched.add('random numbers');
    return builder.host(node.op, context.inputs(), [{ dtype, shape: shapeFrom(context, 0) }], ([shape]) => {
      const dims = integersOf(shape);
      const data = ['int64', 'uint64'].includes(dtype)
        ? new BigUint64Array(checkedSize(dims))
        : new Uint32Array(checkedSize(dims));
      randomFillSync(data);
      return [randomBitsAs(dtype, dims, data)];
    });
  })
  .host('Multinomial', (context) => draws(context, fromState))
  .host('StatelessMultinomial', (context) => draws(context, fromSeed(2)))
  .host('RandomShuffle', (context) => shuffle(context, fromState))
  .host('StatelessShuffle', (context) => shuffle(context, fromKey(1)));

function keyAndCounter(context: OpContext): readonly Value[] {
  const specs = [
    { dtype: 'uint64', shape: [1] },
    { dtype: 'uint64', shape: [2] },
  ] as const;
  return context.builder.host(context.node.op, context.inputs(), specs, ([seed]) => {
    const { key, counter } = seededGenerator(seed);
    return [
      new Tensor('uint64', [1], BigUint64Array.from(joinWords(key))),
      new Tensor('uint64', [2], BigUint64Array.from(joinWords(counter))),
    ];
  });
}

function randomBitsAs(dtype: DType, shape: readonly number[], { buffer }: BigUint64Array | Uint32Array): Tensor {
  const array = { int64: BigInt64Array, uint64: BigUint64Array, int32: Int32Array }[dtype as 'int64'] ?? Uint32Array;
  return tensorOf(dtype, shape, new array(buffer as ArrayBuffer));
}

/** @param shapeAt - the input that gives the shape */
function floats(context: OpContext, drawing: Drawing, distribution: Distribution, shapeAt = 0): readonly Value[] {
  const dtype = context.attrs.dtype('dtype', 'float32');
  if (!['float16', 'bfloat16', 'float32', 'float64'].includes(dtype)) throw context.refuse(`its dtype is ${dtype}`);
  return drawing(context, [{ dtype, shape: shapeFrom(context, shapeAt) }], (reserve, inputs) => {
    const shape = integersOf(inputs[shapeAt]);
    const generator = reserve(checkedSize(shape) * STEPS_PER_NUMBER);
    return [randomFloats(generator, distribution, dtype, shape)];
  });
}

/** @param bounds - the input that is the lower bound, the upper one behind it; undefined for all integers of the dtype */
function integers(context: OpContext, drawing: Drawing, bounds?: number, shapeAt = 0): readonly Value[] {
  const dtype: DType = bounds === undefined ? context.attrs.dtype('dtype', 'uint64') : context.input(bounds).dtype;
  return drawing(context, [{ dtype, shape: shapeFrom(context, shapeAt) }], (reserve, inputs) => {
    const shape = integersOf(inputs[shapeAt]);
    const steps = checkedSize(shape) * STEPS_PER_NUMBER;
    if (bounds === undefined) return [randomIntegers(reserve(steps), dtype, shape)];
    const [low = 0n, high = 0n] = [inputs[bounds], inputs[bounds + 1]].map((tensor) => scalarOf(tensor as Tensor));
    // The stateless ops have no numbers to make before they look at the bounds.
    const isChecked = steps > 0 || drawing === fromState || shapeAt > 0;
    if (low >= high && isChecked) throw invalidRequest('BAD_BOUNDS', `Need minval < maxval, got ${low} >= ${high}`);
    return [randomIntegers(reserve(steps), dtype, shape, { low, high })];
  });
}

function scalarOf(bound: Tensor): bigint {
  if (bound.rank !== 0) throw invalidRequest('BAD_BOUNDS', `bounds must be 0-D, got shape [${bound.shape.join(',')}]`);
  return BigInt(bound.data[0] as number | bigint);
}

function draws(context: OpContext, drawing: Drawing): readonly Value[] {
  const { builder } = context;
  const dtype = context.attrs.dtype('output_dtype', 'int64');
  const [samples] = knownElements(context.input(1)) ?? [];
  const shape = [
    context.input(0).shape?.[0] ?? builder.unknownDim(),
    typeof samples === 'number' ? samples : builder.unknownDim(),
  ];
  return drawing(context, [{ dtype, shape }], (reserve, inputs) => {
    const logits = inputs[0] as Tensor;
    const count = integersOf(inputs[1])[0] ?? 0;
    const [batch = 0, classes = 0] = logits.shape;
    if (logits.rank !== 2)
      throw invalidRequest('BAD_LOGITS', `logits should be a matrix, got shape [${logits.shape.join(',')}]`);
    if (inputs[1]?.rank !== 0 || count < 0)
      throw invalidRequest('BAD_COUNT', `num_samples should be a scalar of 0 or more, got ${count}`);
    if (classes === 0) throw invalidRequest('BAD_LOGITS', 'num_classes should be positive, got 0');
    checkedSize([batch, count]);
    // Of the numbers of a row there are a multiple of four, and two for each as they are doubles.
    const generator = reserve(batch * Math.ceil(count / 4) * 4 * 2 * STEPS_PER_NUMBER);
    return [fromDoubles(dtype, [batch, count], multinomial(generator, doublesOf(logits), classes, count))];
  });
}

function shuffle(context: OpContext, drawing: Drawing): readonly Value[] {
  const { dtype, shape } = context.input(0);
  return drawing(context, [{ dtype, shape }], (reserve, [x]) => [shuffled(x as Tensor, reserve)]);
}

/** Rows in random order (upstream tensorflow/core/kernels/random_shuffle_op.cc). */
function shuffled(x: Tensor, reserve: (steps: number) => Philox): Tensor {
  const [, rows, inner] = x.rank === 0 ? [1, 1, 1] : around(x.shape, 0);
  if (x.size <= 1 || rows <= 1) return x;
  const steps = Math.ceil((rows - 1) / 4);
  const words = new Uint32Array(steps * 4);
  reserve(steps).fill(words);
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  for (let i = 0; i < rows - 1; i++) {
    const other = i + (words[i]! % (rows - i));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  const from = new Int32Array(x.size);
  for (let r = 0; r < rows; r++) for (let k = 0; k < inner; k++) from[r * inner + k] = order[r]! * inner + k;
  return take(x, from, x.shape);
}
