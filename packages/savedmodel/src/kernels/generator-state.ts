import type { Tensor } from '@servable/tensor';
import { invalidRequest, tensorOf } from './elements.js';
import { joinWords, Philox, wordsOf } from './philox.js';

/** Elements of the state of a Philox generator: two for the counter, one for the key. */
const STATE_SIZE = 3;
const COUNTER_SIZE = 2;

/**
 * The generator that a state stands for (upstream tensorflow/core/kernels/stateful_random_ops_cpu_gpu.h).
 *
 * @param tag - how many elements stand in front of the state: 1 where the first one names the algorithm
 * @throws SavedModelError INVALID_ARGUMENT for a tensor that is no state
 */
export function generatorOfState(state: Tensor, tag = 0): Philox {
  if (state.dtype !== 'int64') {
    throw invalidRequest('BAD_STATE', `dtype of RNG state variable must be int64, not ${state.dtype}`);
  }
  if (state.rank !== 1) {
    throw invalidRequest('BAD_STATE', `RNG state must have one and only one dimension, not ${state.rank}`);
  }
  const values = Array.from(state.data as BigInt64Array, (value) => BigInt.asUintN(64, value));
  if (tag === 1 && values[0] !== 1n) {
    throw invalidRequest('UNSUPPORTED_GENERATOR', `Unsupported algorithm id: ${values[0]}; expected 1 (Philox)`);
  }
  if (values.length < tag + STATE_SIZE) {
    throw invalidRequest(
      'BAD_STATE',
      `For the Philox algorithm, the size of state must be at least ${tag + STATE_SIZE}; got ${values.length}`,
    );
  }
  const counter = values.slice(tag, tag + COUNTER_SIZE);
  return new Philox(wordsOf(counter), wordsOf(values.slice(tag + COUNTER_SIZE, tag + STATE_SIZE)));
}

/** A state with the generator's counter and key, and otherwise as it was. */
export function stateOfGenerator(generator: Philox, state: Tensor, tag = 0): Tensor {
  const data = (state.data as BigInt64Array).slice();
  const values = [...joinWords(generator.counter), ...joinWords(generator.key)];
  values.forEach((value, i) => (data[tag + i] = BigInt.asIntN(64, value)));
  return tensorOf('int64', state.shape, data);
}
