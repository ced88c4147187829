import { randomBytes } from 'node:crypto';
import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { integersOf, invalidRequest } from '../kernels/elements.js';
import { generatorOfState, stateOfGenerator } from '../kernels/generator-state.js';
import { Philox, wordsOf } from '../kernels/philox.js';
import { knownElements, type OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Shape, Value } from '../onnx/value.js';
import { writeVariable } from '../onnx/variable-access.js';
import type { HostContext } from '../plan/plan.js';
import type { OpContext } from './registry.js';

/** The inputs of a node by their number; those that are no tensors are not there. */
export type RandomInputs = readonly (Tensor | undefined)[];

/**
 * The generator for one run. Where there is state behind it, the state moves on by so many steps, which are the run's own
 * whatever runs at the same time.
 */
export type Reserve = (steps: number) => Philox;

/** Emits a node that draws random numbers. */
export type Drawing = (
  context: OpContext,
  specs: readonly OutputSpec[],
  run: (reserve: Reserve, inputs: RandomInputs) => readonly Tensor[],
) => readonly Value[];

/** Philox as the `algorithm` of TensorFlow's ops (upstream tensorflow/core/framework/rng_alg.h). */
export const PHILOX = 1;
const THREEFRY = 2;
/** Leaves the choice to the device: Philox on a processor. */
const AUTO_SELECT = 3;

/** Steps that TensorFlow sets aside for each number that an op makes. */
export const STEPS_PER_NUMBER = 256;

/** From a state of the node's own, which starts anew with every loaded version of the model. */
export const fromState: Drawing = (context, specs, run) => {
  const { attrs, builder, node } = context;
  builder.order.touched.add('random numbers');
  const [seed, seed2] = [attrs.int('seed', 0), attrs.int('seed2', 0)].map((value) => BigInt.asUintN(64, BigInt(value)));
  const start = () =>
    seed === 0n && seed2 === 0n
      ? Philox.fromSeeds(randomBytes(8).readBigUInt64LE(), randomBytes(8).readBigUInt64LE())
      : Philox.fromSeeds(seed ?? 0n, seed2 ?? 0n);
  const key = `${node.functionName ?? ''}:${node.name}`;
  let alone: Philox | undefined;
  return builder.host(node.op, context.inputs(), specs, (inputs, { variables }) => {
    // Initialisers run without a store, once.
    const generator = variables?.generator(key, start) ?? (alone ??= start());
    return run((steps) => {
      const own = generator.clone();
      generator.skip(steps);
      return own;
    }, inputs);
  });
};

/** From the seed input `[2]` of the first generation of stateless ops. */
export function fromSeed(index: number): Drawing {
  return stateless((inputs) => seededGenerator(inputs[index]));
}

/** From the key, counter and algorithm inputs of the second generation, the first of which is input `index`. */
export function fromKey(index: number): Drawing {
  return stateless((inputs) => {
    const words = (tensor: Tensor | undefined, count: number) => {
      const values = Array.from((tensor as Tensor).data as ArrayLike<bigint>);
      if (values.length < count) throw invalidRequest('BAD_KEY', `expected ${count} words, got ${values.length}`);
      return wordsOf(values.slice(0, count));
    };
    checkAlgorithm(inputs[index + 2]);
    return new Philox(words(inputs[index + 1], 2), words(inputs[index], 1));
  });
}

function stateless(generatorOf: (inputs: RandomInputs) => Philox): Drawing {
  return (context, specs, run) =>
    context.builder.host(context.node.op, context.inputs(), specs, (inputs) => run(() => generatorOf(inputs), inputs));
}

/** @throws SavedModelError INVALID_ARGUMENT unless the seed has two elements */
export function seededGenerator(seed: Tensor | undefined): Philox {
  const words = Array.from((seed as Tensor).data as ArrayLike<number | bigint>, BigInt);
  if (seed?.rank !== 1 || words.length !== 2) {
    throw invalidRequest('BAD_SEED', `seed must have shape [2], not [${seed?.shape.join(',')}]`);
  }
  return Philox.fromStatelessSeeds(BigInt.asUintN(64, words[0]!), BigInt.asUintN(64, words[1]!));
}

/**
 * From the state of a `tf.random.Generator`: a variable, which moves on.
 *
 * @param algorithm - the input that names the algorithm; undefined where the state's first element does
 * @param known - the algorithms that the op takes
 */
export function fromVariable(algorithm: number | undefined, known?: readonly number[]): Drawing {
  return (context, specs, run) => {
    const variable = context.variableAt(0);
    const tensors = context.node.inputs.slice(1).map((_, i) => context.input(i + 1));
    const write = (store: NonNullable<HostContext['variables']>, given: readonly Tensor[]) => {
      const inputs = [undefined, ...given];
      if (algorithm !== undefined)
        checkAlgorithm(inputs[algorithm], known, known === undefined ? 'UNIMPLEMENTED' : 'INVALID_ARGUMENT');
      const tag = algorithm === undefined ? 1 : 0;
      return run((steps) => {
        let own: Philox | undefined;
        store.update(variable.key, (state) => {
          own = generatorOfState(state, tag);
          const next = own.clone();
          next.skip(steps);
          return stateOfGenerator(next, state, tag);
        });
        return own as Philox;
      }, inputs);
    };
    return writeVariable(context.builder, context.node.op, variable, tensors, write, specs);
  };
}

/**
 * @param ofThreeFry - how ThreeFry is refused, which TensorFlow does not have on a processor
 * @throws SavedModelError for an algorithm that is not known
 */
export function checkAlgorithm(
  given: Tensor | undefined,
  known: readonly number[] = [PHILOX, AUTO_SELECT],
  ofThreeFry: 'INVALID_ARGUMENT' | 'UNIMPLEMENTED' = 'INVALID_ARGUMENT',
): void {
  const [wanted] = integersOf(given);
  if (given?.rank === 0 && wanted !== undefined && known.includes(wanted)) return;
  throw new SavedModelError(
    wanted === THREEFRY ? ofThreeFry : 'INVALID_ARGUMENT',
    'UNSUPPORTED_GENERATOR',
    `Unsupported algorithm id: ${wanted}; expected a scalar that is 1 (Philox)${known.includes(AUTO_SELECT) ? ' or 3 (auto)' : ''}`,
  );
}

/** The shape that an input gives, as far as it is known before a request. */
export function shapeFrom(context: OpContext, index: number): Shape | undefined {
  return knownElements(context.input(index))?.map((dim): Dim =>
    typeof dim === 'number' ? dim : context.builder.unknownDim(),
  );
}
