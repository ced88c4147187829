import type { Tensor } from '@servable/tensor';
import { allocate, doublesOf, integersOf, invalidRequest, isBig, tensorOf, type Elements } from './elements.js';
import { int64s } from './byte-strings.js';

interface Operand {
  readonly at: readonly number[];
  readonly values: Tensor;
}

function operand(indices: Tensor, values: Tensor, name: string): Operand {
  if (indices.rank !== 2 || values.rank !== 1 || indices.shape[0] !== values.size) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected ${name}_indices [n, r] and ${name}_values [n], got [${indices.shape.join(', ')}] and [${values.shape.join(', ')}]`,
    );
  }
  return { at: integersOf(indices), values };
}

/**
 * `SparseSparseMaximum` and `SparseSparseMinimum`: over the positions of both operands, in row-major order; a position
 * that one of them lacks is zero there (tensorflow/core/kernels/sparse_sparse_binary_op_shared.cc).
 */
export function sparseExtremes(inputs: readonly Tensor[], pickGreater: boolean): readonly [Tensor, Tensor] {
  const [aIndices, aValues, aShape, bIndices, bValues, bShape] = inputs as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [a, b] = [operand(aIndices, aValues, 'a'), operand(bIndices, bValues, 'b')];
  const rank = aIndices.shape[1]!;
  const shapes = [aShape, bShape].map(integersOf);
  const fits = aShape.rank === 1 && bShape.rank === 1 && bIndices.shape[1] === rank && shapes[0]!.length === rank;
  if (!fits || shapes[0]!.join() !== shapes[1]!.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Operands' shapes do not match: got [${shapes[0]!.join(',')}] and [${shapes[1]!.join(',')}] with indices of ` +
        `${rank} and ${bIndices.shape[1]} columns`,
    );
  }
  const { dtype } = aValues;
  const numbers = ({ values }: Operand): ArrayLike<number | bigint> =>
    isBig(dtype) ? (values.data as BigInt64Array) : doublesOf(values);
  const [x, y] = [numbers(a), numbers(b)];
  const zero = isBig(dtype) ? 0n : 0;
  const [fromA, fromB] = [a.values.data, b.values.data] as unknown as [Elements<unknown>, Elements<unknown>];
  const at: number[] = [];
  const chosen: unknown[] = [];
  let [i, k] = [0, 0];
  while (i < x.length || k < y.length) {
    const order = i >= x.length ? 1 : k >= y.length ? -1 : compare(a.at, i * rank, b.at, k * rank, rank);
    const [source, row] = order <= 0 ? [a.at, i] : [b.at, k];
    for (let axis = 0; axis < rank; axis++) at.push(source[row * rank + axis]!);
    const [left, right] = [order <= 0 ? x[i]! : zero, order >= 0 ? y[k]! : zero];
    const takesRight = pickGreater ? left < right : right < left;
    const owns = takesRight ? order >= 0 : order <= 0;
    chosen.push(owns ? (takesRight ? fromB[k] : fromA[i]) : zero);
    if (order <= 0) i++;
    if (order >= 0) k++;
  }
  const data = allocate(dtype, [chosen.length]) as unknown as Elements<unknown>;
  chosen.forEach((value, row) => (data[row] = value));
  return [int64s(at, [chosen.length, rank]), tensorOf(dtype, [chosen.length], data)];
}

function compare(a: readonly number[], i: number, b: readonly number[], k: number, rank: number): number {
  for (let axis = 0; axis < rank; axis++) {
    const difference = a[i + axis]! - b[k + axis]!;
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
