import type { DType, Tensor } from '@servable/tensor';
import { broadcast, broadcastOffsets, checkedSize, doublesOf, fromDoubles, isBig, tensorOf } from './elements.js';

/** Applies a function to the elements of real tensors, which broadcast; it computes in double precision. */
export function mapElements(
  inputs: readonly Tensor[],
  f: (...values: number[]) => number,
  dtype: DType = inputs[0]!.dtype,
): Tensor {
  const shape = broadcast(...inputs.map((x) => x.shape));
  const size = checkedSize(shape);
  const values = inputs.map(doublesOf);
  const at = inputs.map((x) => broadcastOffsets(x.shape, shape));
  const result = new Float64Array(size);
  const args = new Array<number>(inputs.length);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < args.length; k++) args[k] = values[k]![at[k]?.[i] ?? i]!;
    result[i] = f(...args);
  }
  return fromDoubles(dtype, shape, result);
}

/** Applies a function to pairs of integers, exactly; 64-bit elements come as the bigints they are. */
export function mapIntegers(
  a: Tensor,
  b: Tensor,
  onNumbers: (a: number, b: number) => number,
  onBigints: (a: bigint, b: bigint) => bigint,
): Tensor {
  const shape = broadcast(a.shape, b.shape);
  const size = checkedSize(shape);
  const [ofA, ofB] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b.shape, shape)];
  const make = a.data.constructor as new (size: number) => Int32Array | BigInt64Array;
  const data = new make(size);
  for (let i = 0; i < size; i++) {
    const [x, y] = [a.data[ofA?.[i] ?? i], b.data[ofB?.[i] ?? i]];
    data[i] = isBig(a.dtype) ? onBigints(x as bigint, y as bigint) : onNumbers(x as number, y as number);
  }
  return tensorOf(a.dtype, shape, data);
}
