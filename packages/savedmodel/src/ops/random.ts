import { randomBytes } from 'node:crypto';
import { Tensor, type DType } from '@servable/tensor';
import { around, checkedSize, doublesOf, fromDoubles, integersOf, invalidRequest, take } from '../kernels/elements.js';
import { Philox } from '../kernels/philox.js';
import { multinomial, randomFloats, randomIntegers, type Distribution } from '../kernels/random-numbers.js';
import { knownElements } from '../onnx/known-shapes.js';
import type { Dim, Shape, Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * Random numbers. The stateless ops give TensorFlow's numbers; the others do so from the first call on when they have
 * seeds, and numbers that nobody can foresee when they have none.
 */
export const random = new OpFamily('random')
  .host('RandomUniform', (context) => floats(context, stateful(context), 'uniform'))
  .host('RandomStandardNormal', (context) => floats(context, stateful(context), 'normal'))
  .host('TruncatedNormal', (context) => floats(context, stateful(context), 'truncated normal'))
  .host('RandomUniformInt', (context) => integers(context, stateful(context), 1))
  .host('StatelessRandomUniform', (context) => floats(context, seededBy, 'uniform'))
  .host('StatelessRandomNormal', (context) => floats(context, seededBy, 'normal'))
  .host('StatelessTruncatedNormal', (context) => floats(context, seededBy, 'truncated normal'))
  .host('StatelessRandomUniformInt', (context) => integers(context, seededBy, 2))
  .host('StatelessRandomUniformFullInt', (context) => integers(context, seededBy))
  .host('StatelessRandomUniformV2', (context) => floats(context, keyedBy, 'uniform'))
  .host('StatelessRandomNormalV2', (context) => floats(context, keyedBy, 'normal'))
  .host('StatelessTruncatedNormalV2', (context) => floats(context, keyedBy, 'truncated normal'))
  .host('StatelessRandomUniformIntV2', (context) => integers(context, keyedBy, 4))
  .host('StatelessRandomUniformFullIntV2', (context) => integers(context, keyedBy))
  .host('StatelessRandomGetKeyCounter', (context) => {
    const specs = [
      { dtype: 'uint64', shape: [1] },
      { dtype: 'uint64', shape: [2] },
    ] as const;
    return context.builder.host(context.node.op, context.inputs(), specs, ([seed]) => {
      const { key, counter } = seededBy([undefined, seed]);
      const join = (words: Uint32Array, i: number) => BigInt(words[i]!) | (BigInt(words[i + 1]!) << 32n);
      return [
        new Tensor('uint64', [1], BigUint64Array.of(join(key, 0))),
        new Tensor('uint64', [2], BigUint64Array.of(join(counter, 0), join(counter, 2))),
      ];
    });
  })
  .native('StatelessRandomGetAlg', (context) => context.builder.scalar('int32', PHILOX))
  .host('Multinomial', (context) => draws(context, stateful(context)))
  .host('StatelessMultinomial', (context) => draws(context, ([, , seed]) => seededBy([undefined, seed])))
  .host('RandomShuffle', (context) => {
    const next = stateful(context);
    const { dtype, shape } = context.input(0);
    return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape }], ([x]) => [
      shuffled(x as Tensor, next([])),
    ]);
  });

type Inputs = readonly (Tensor | undefined)[];
/** The generator for one run; what it draws is taken from the state behind it, if there is one. */
type Source = (inputs: Inputs) => Philox;

const PHILOX = 1;

/** A generator that lives as long as the plan. */
function stateful({ attrs, builder }: OpContext): Source {
  builder.order.touched.add('random numbers');
  const [seed, seed2] = [attrs.int('seed', 0), attrs.int('seed2', 0)];
  const state =
    seed === 0 && seed2 === 0
      ? Philox.fromSeeds(randomBytes(8).readBigUInt64LE(), randomBytes(8).readBigUInt64LE())
      : Philox.fromSeeds(BigInt.asUintN(64, BigInt(seed)), BigInt.asUintN(64, BigInt(seed2)));
  return () => state;
}

/** From the seed input `[2]` of the first generation of stateless ops. */
const seededBy: Source = ([, seed]) => {
  const words = Array.from((seed as Tensor).data as ArrayLike<number | bigint>, BigInt);
  if (words.length !== 2) throw invalidRequest('BAD_SEED', `seed must have shape [2], not [${seed?.shape.join(',')}]`);
  return Philox.fromStatelessSeeds(BigInt.asUintN(64, words[0]!), BigInt.asUintN(64, words[1]!));
};

/** From the key, counter and algorithm inputs of the second generation. */
const keyedBy: Source = ([, key, counter, algorithm]) => {
  const words = (tensor: Tensor | undefined, count: number) => {
    const values = Array.from((tensor as Tensor).data as ArrayLike<bigint>);
    if (values.length < count) throw invalidRequest('BAD_KEY', `expected ${count} words, got ${values.length}`);
    return Uint32Array.from(
      values.slice(0, count).flatMap((value) => [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)]),
    );
  };
  const [wanted] = integersOf(algorithm);
  // 3 leaves the choice, which is Philox on a processor.
  if (wanted !== PHILOX && wanted !== 3) {
    throw invalidRequest('UNSUPPORTED_GENERATOR', `expected the algorithm 1 (Philox) or 3 (auto), got ${wanted}`);
  }
  return new Philox(words(counter, 2), words(key, 1));
};

function shapeOf(context: OpContext): Shape | undefined {
  return knownElements(context.input(0))?.map((dim): Dim =>
    typeof dim === 'number' ? dim : context.builder.unknownDim(),
  );
}

function floats(context: OpContext, source: Source, distribution: Distribution): readonly Value[] {
  const dtype = context.attrs.dtype('dtype', 'float32');
  if (!['float16', 'bfloat16', 'float32', 'float64'].includes(dtype)) throw context.refuse(`its dtype is ${dtype}`);
  return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape: shapeOf(context) }], (inputs) => [
    randomFloats(source(inputs), distribution, dtype, integersOf(inputs[0])),
  ]);
}

function integers(context: OpContext, source: Source, bounds?: number): readonly Value[] {
  const dtype: DType = bounds === undefined ? context.attrs.dtype('dtype', 'uint64') : context.input(bounds).dtype;
  return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape: shapeOf(context) }], (inputs) => {
    const shape = integersOf(inputs[0]);
    if (bounds === undefined) return [randomIntegers(source(inputs), dtype, shape)];
    const [low = 0n, high = 0n] = [inputs[bounds], inputs[bounds + 1]].map((tensor) =>
      BigInt((tensor as Tensor).data[0] as number | bigint),
    );
    if (low >= high && checkedSize(shape) > 0) {
      throw invalidRequest('BAD_BOUNDS', `Need minval < maxval, got ${low} >= ${high}`);
    }
    return [randomIntegers(source(inputs), dtype, shape, { low, high })];
  });
}

function draws(context: OpContext, source: Source): readonly Value[] {
  const { builder } = context;
  const dtype = context.attrs.dtype('output_dtype', 'int64');
  const [samples] = knownElements(context.input(1)) ?? [];
  const shape = [
    context.input(0).shape?.[0] ?? builder.unknownDim(),
    typeof samples === 'number' ? samples : builder.unknownDim(),
  ];
  return builder.host(context.node.op, context.inputs(), [{ dtype, shape }], (inputs) => {
    const logits = inputs[0] as Tensor;
    const count = integersOf(inputs[1])[0] ?? 0;
    const [batch = 0, classes = 0] = logits.shape;
    if (logits.rank !== 2)
      throw invalidRequest('BAD_LOGITS', `logits should be a matrix, got shape [${logits.shape.join(',')}]`);
    if (classes === 0) throw invalidRequest('BAD_LOGITS', 'num_classes should be positive, got 0');
    checkedSize([batch, count]);
    return [fromDoubles(dtype, [batch, count], multinomial(source(inputs), doublesOf(logits), classes, count))];
  });
}

/** Rows in random order. */
function shuffled(x: Tensor, generator: Philox): Tensor {
  if (x.rank === 0) return x;
  const [, rows, inner] = around(x.shape, 0);
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const other = generator.next()[0]! % (i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  const from = new Int32Array(x.size);
  for (let r = 0; r < rows; r++) for (let k = 0; k < inner; k++) from[r * inner + k] = order[r]! * inner + k;
  return take(x, from, x.shape);
}
