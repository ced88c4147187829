import { Tensor } from '@servable/tensor';
import { generatorOfState, stateOfGenerator } from '../kernels/generator-state.js';
import { invalidRequest } from '../kernels/elements.js';
import { writeVariable } from '../onnx/variable-access.js';
import type { VariableStore } from '../plan/variable-store.js';
import { checkAlgorithm, STEPS_PER_NUMBER } from './random-sources.js';
import { OpFamily, type OpContext } from './registry.js';

/** The state of `tf.random.Generator`: a variable, of which requests set numbers aside (stateful_random_ops.cc). */
export const randomStates = new OpFamily('random states')
  .host('RngSkip', (context) => {
    moveOn(context, (store, key, steps) => void skip(store, key, steps));
    return [];
  })
  .host('RngReadAndSkip', (context) => moveOn(context, skip));

/** Moves the state on. @returns what it was */
function skip(store: VariableStore, key: string, steps: bigint): Tensor {
  const before = store.read(key);
  store.update(key, (state) => {
    const generator = generatorOfState(state);
    generator.skip(steps);
    return stateOfGenerator(generator, state);
  });
  return new Tensor('int64', [3], (before.data as BigInt64Array).slice(0, 3));
}

/** Inputs: the state, the algorithm, and how many numbers are set aside. */
function moveOn(context: OpContext, move: (store: VariableStore, key: string, steps: bigint) => Tensor | void) {
  const variable = context.variableAt(0);
  const { builder, node } = context;
  const specs = node.op === 'RngSkip' ? [] : [{ dtype: 'int64', shape: [3] } as const];
  return writeVariable(
    builder,
    node.op,
    variable,
    [context.input(1), context.input(2)],
    (store, [algorithm, delta]) => {
      checkAlgorithm(algorithm, undefined, 'UNIMPLEMENTED');
      if (delta?.rank !== 0) {
        throw invalidRequest('BAD_DELTA', `delta must have shape [], not [${delta?.shape.join(',')}]`);
      }
      const steps = BigInt.asUintN(64, BigInt(delta.data[0] as bigint) * BigInt(STEPS_PER_NUMBER));
      const before = move(store, variable.key, steps);
      return before === undefined ? [] : [before];
    },
    specs,
  );
}
