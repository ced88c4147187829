import type { Tensor } from '@servable/tensor';
import { doublesOf, fromDoubles, invalidRequest } from './elements.js';

/** `count` numbers from start to stop, both included. */
export function linSpace(start: Tensor, stop: Tensor, count: number): Tensor {
  if (!(count > 0)) throw invalidRequest('BAD_COUNT', `Requires num > 0: ${count}`);
  const [from, to] = [doublesOf(start)[0]!, doublesOf(stop)[0]!];
  const step = count > 1 ? (to - from) / (count - 1) : 0;
  const values = Float64Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? to : from + step * i));
  return fromDoubles(start.dtype, [count], values);
}
