import type { Tensor } from '@servable/tensor';
import { allocate, axisOf, doublesOf, fromDoubles, isBig, reducedAlong, tensorOf, type Elements } from './elements.js';

export type ReductionOp = 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'all' | 'any' | 'norm';

const starts: Readonly<Record<ReductionOp, number>> = {
  sum: 0,
  mean: 0,
  norm: 0,
  prod: 1,
  max: -Infinity,
  min: Infinity,
  all: 1,
  any: 0,
};

/** Reduces real tensors and bools along axes, NaN winning over every number. Sums and products of integers wrap around. */
export function reduceTensor(x: Tensor, axes: readonly number[], op: ReductionOp, keep: boolean): Tensor {
  const { shape, target } = reducedAlong(x.shape, new Set(axes.map((axis) => axisOf(axis, x.rank))), keep);
  const size = shape.reduce((a, b) => a * b, 1);
  if (isBig(x.dtype)) return reduceBig(x, target, shape, op, x.size / Math.max(size, 1));
  const values = doublesOf(x);
  const integer = x.dtype.includes('int');
  const step = integer ? combineIntegers : combine;
  const totals = new Float64Array(size).fill(starts[op]);
  for (let i = 0; i < values.length; i++) {
    const at = target[i]!;
    totals[at] = step(op, totals[at]!, values[i]!);
  }
  const count = size === 0 ? 0 : x.size / size;
  if (op === 'mean') totals.forEach((total, i) => (totals[i] = integer ? Math.trunc(total / count) : total / count));
  if (op === 'norm') {
    // Of integers, the sum of the squares wraps around as well.
    const squares = integer ? doublesOf(fromDoubles(x.dtype, shape, totals)) : totals;
    squares.forEach((total, i) => (totals[i] = Math.sqrt(total)));
  }
  if (integer && (op === 'max' || op === 'min')) {
    totals.forEach((total, i) => (totals[i] = Math.min(Math.max(total, leastOf(x)), mostOf(x))));
  }
  return fromDoubles(x.dtype, shape, totals);
}

function leastOf(x: Tensor): number {
  return x.dtype === 'int32' ? -(2 ** 31) : x.dtype === 'int16' ? -(2 ** 15) : x.dtype === 'int8' ? -128 : 0;
}

function mostOf(x: Tensor): number {
  const most: Partial<Record<Tensor['dtype'], number>> = {
    int32: 2 ** 31 - 1,
    uint32: 2 ** 32 - 1,
    int16: 2 ** 15 - 1,
    uint16: 2 ** 16 - 1,
    int8: 127,
    uint8: 255,
  };
  return most[x.dtype] ?? Infinity;
}

function combine(op: ReductionOp, total: number, value: number): number {
  switch (op) {
    case 'prod':
      return total * value;
    case 'max':
      return Math.max(total, value);
    case 'min':
      return Math.min(total, value);
    case 'all':
      return total !== 0 && value !== 0 ? 1 : 0;
    case 'any':
      return total !== 0 || value !== 0 ? 1 : 0;
    case 'norm':
      return total + value * value;
    default:
      return total + value;
  }
}

/** {@link combine} for integers of up to 32 bits, modulo 2^32; what a mean is of must not wrap around. */
function combineIntegers(op: ReductionOp, total: number, value: number): number {
  switch (op) {
    case 'sum':
      return (total + value) | 0;
    case 'prod':
      return Math.imul(total, value);
    case 'norm':
      return (total + Math.imul(value, value)) | 0;
    default:
      return combine(op, total, value);
  }
}

function reduceBig(x: Tensor, target: Int32Array, shape: readonly number[], op: ReductionOp, count: number): Tensor {
  const values = x.data as BigInt64Array;
  const signed = x.dtype === 'int64';
  const totals = allocate(x.dtype, shape) as unknown as Elements<bigint>;
  const start =
    op === 'prod'
      ? 1n
      : op === 'max'
        ? signed
          ? -(2n ** 63n)
          : 0n
        : op === 'min'
          ? 2n ** (signed ? 63n : 64n) - 1n
          : 0n;
  for (let i = 0; i < totals.length; i++) totals[i] = start;
  for (let i = 0; i < values.length; i++) {
    const [at, value] = [target[i]!, values[i]!];
    const total = totals[at]!;
    if (op === 'prod') totals[at] = total * value;
    else if (op === 'max') totals[at] = value > total ? value : total;
    else if (op === 'min') totals[at] = value < total ? value : total;
    else if (op === 'norm') totals[at] = total + value * value;
    else totals[at] = total + value;
  }
  for (let i = 0; i < totals.length; i++) {
    if (op === 'mean' && count > 0) totals[i] = totals[i]! / BigInt(count);
    if (op === 'norm') totals[i] = BigInt(Math.trunc(Math.sqrt(Number(totals[i]))));
  }
  return tensorOf(x.dtype, shape, totals);
}
