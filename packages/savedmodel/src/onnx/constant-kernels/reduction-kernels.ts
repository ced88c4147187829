import { normalizeAxis } from '../known-shapes.js';
import { intAttribute } from '../onnx-attributes.js';
import {
  MAX_GROWN_ELEMENTS,
  integers,
  make,
  numbers,
  stridesOf,
  walkRows,
  type ConstantKernel,
} from './constant-kernel.js';

/** Reductions. */
export const reductionKernels = new Map<string, ConstantKernel>();

const reduce =
  (start: number, step: (total: number, value: number) => number): ConstantKernel =>
  ([x, axes], attrs, dtype) => {
    // Only what shapes are made of; reductions of weights are the engine's work.
    if (x === undefined || x.size > MAX_GROWN_ELEMENTS || (axes === undefined && attrs['axes'] !== undefined))
      return undefined;
    const keep = intAttribute(attrs, 'keepdims', 1) === 1;
    if (axes?.size === 0 && intAttribute(attrs, 'noop_with_empty_axes', 0) === 1) return x;
    const reduced = new Set(
      axes === undefined || axes.size === 0
        ? x.shape.map((_, i) => i)
        : integers(axes).map((a) => normalizeAxis(a, x.rank)),
    );
    const kept = x.shape.filter((_, i) => !reduced.has(i));
    const output = make(dtype, keep ? x.shape.map((dim, i) => (reduced.has(i) ? 1 : dim)) : kept);
    if (output === undefined) return undefined;
    const totals = new Array<number>(output.tensor.size).fill(start);
    const keptStrides = stridesOf(kept);
    let k = 0;
    const strides = x.shape.map((_, i) => (reduced.has(i) ? 0 : (keptStrides[k++] ?? 0)));
    const from = numbers(x);
    walkRows(x.shape, [strides], (i, [at = 0], length, [along = 0]) => {
      for (const end = i + length; i < end; i++, at += along) totals[at] = step(totals[at] ?? start, Number(from[i]));
    });
    // What does not fit is for the exact way of the graph itself.
    const most = dtype === 'int64' ? Number.MAX_SAFE_INTEGER : dtype === 'int32' ? 2 ** 31 - 1 : Infinity;
    if (totals.some((total) => Math.abs(total) > most && Number.isFinite(total))) return undefined;
    totals.forEach((total, i) => (output.data[i] = dtype === 'int64' ? BigInt(Math.trunc(total)) : total));
    return output.tensor;
  };
reductionKernels.set(
  'ReduceProd',
  reduce(1, (a, b) => a * b),
);
reductionKernels.set(
  'ReduceSum',
  reduce(0, (a, b) => a + b),
);
reductionKernels.set('ReduceMax', reduce(-Infinity, Math.max));
reductionKernels.set('ReduceMin', reduce(Infinity, Math.min));
