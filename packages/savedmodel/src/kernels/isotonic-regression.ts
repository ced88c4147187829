import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  Tensor,
  type DType,
} from '@servable/tensor';
import { doublesOf, fromDoubles } from './elements.js';

const { fround } = Math;

/** Rounds to what a dtype holds: sums and means of pools are kept in it. */
const ROUNDING: Partial<Record<DType, (value: number) => number>> = {
  float16: (value) => float16ToFloat32(float32ToFloat16(value)),
  bfloat16: (value) => bfloat16ToFloat32(float32ToBfloat16(value)),
  float32: fround,
};

/**
 * The nearest falling sequence of each row, and which of its steps every element is on, by pooling neighbours that rise
 * (tensorflow/core/kernels/isotonic_regression_op.cc).
 */
export function isotonicRegression(x: Tensor, dtype: DType): readonly [Tensor, Tensor] {
  const size = x.shape.at(-1) ?? 1;
  const values = doublesOf(x);
  const result = new Float64Array(x.size);
  const steps = new Int32Array(x.size);
  const round = ROUNDING[dtype] ?? ((value: number) => value);
  for (let start = 0; start < x.size; start += size) {
    const pools: { from: number; sum: number; mean: number }[] = [];
    for (let i = 0; i < size; i++) {
      const value = round(values[start + i]!);
      pools.push({ from: i, sum: value, mean: value });
      for (;;) {
        const [before, last] = [pools.at(-2), pools.at(-1)!];
        if (before === undefined || !(last.mean > before.mean)) break;
        pools.pop();
        before.sum = round(before.sum + last.sum);
        before.mean = round(before.sum / round(i + 1 - before.from));
      }
    }
    pools.forEach(({ from, mean }, step) => {
      const to = pools[step + 1]?.from ?? size;
      result.fill(mean, start + from, start + to);
      steps.fill(step, start + from, start + to);
    });
  }
  return [fromDoubles(dtype, x.shape, result), new Tensor('int32', x.shape, steps)];
}
