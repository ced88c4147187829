import { Tensor } from '@servable/tensor';
import { allocate, checkedSize, invalidRequest, tensorOf, type Elements } from './elements.js';
import type { Philox } from './philox.js';

const { ceil, floor, fround, min } = Math;

export interface FractionalPoolOptions {
  readonly ratio: readonly number[];
  readonly overlapping: boolean;
  readonly pseudoRandom: boolean;
}

/** Where the windows of one axis start, and at the end its size (tensorflow/core/kernels/fractional_pool_common.cc). */
function sequence(input: number, output: number, reserve: (steps: number) => Philox, pseudoRandom: boolean): number[] {
  const starts = [0];
  if (pseudoRandom) {
    const alpha = input / output;
    const k = floor(input / output);
    const most = min((k + 2) / alpha - 1, (input + 1 - k) / alpha - (output - 1));
    const [high = 0, low = 0] = reserve(1).next();
    const u = ((high & 0xfffff) * 2 ** 32 + low) * 2 ** -52 * most;
    for (let i = 1; i < output; i++) starts.push(ceil(alpha * (i + u)) - 1);
    return [...starts, input];
  }
  const sizes = Array.from({ length: output }, (_, i) => floor(input / output) + Number(i < input % output));
  const words = new Uint32Array(ceil(output / 4) * 4);
  reserve(words.length / 4).fill(words);
  for (let i = 0; i < output - 1; i++) {
    const other = i + (words[i]! % (output - i));
    [sizes[i], sizes[other]] = [sizes[other]!, sizes[i]!];
  }
  for (const size of sizes) starts.push(starts.at(-1)! + size);
  return starts;
}

/**
 * Pooling in windows of two neighbouring sizes each, in a random order (tensorflow/core/kernels/fractional_max_pool_op.cc,
 * fractional_avg_pool_op.cc).
 *
 * @returns what is pooled, and the borders of its rows and columns
 */
export function fractionalPool(
  x: Tensor,
  kind: 'max' | 'average',
  reserve: (steps: number) => Philox,
  { ratio, overlapping, pseudoRandom }: FractionalPoolOptions,
): readonly Tensor[] {
  if (x.rank !== 4) throw invalidRequest('BAD_RANK', `tensor_in must be 4-dimensional, got ${x.rank} dimensions`);
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const [rows = 0, columns = 0] = [height, width].map((size, i) => floor(fround(size / ratio[i + 1]!)));
  if (rows < 1 || columns < 1 || batch < 1 || channels < 1) {
    throw invalidRequest(
      'BAD_POOLING',
      `expected sizes of no less than the pooling ratios ${ratio.join(', ')}, got ${x.shape.join(', ')}`,
    );
  }
  const [down, across] = [
    sequence(height, rows, reserve, pseudoRandom),
    sequence(width, columns, reserve, pseudoRandom),
  ];
  const shape = [batch, rows, columns, channels];
  const big = x.dtype === 'int64';
  const data = allocate(x.dtype, shape) as unknown as Elements<number | bigint>;
  const from = x.data as unknown as Elements<number | bigint>;
  const round = x.dtype === 'float32' ? fround : (value: number) => value;
  const end = (borders: readonly number[], i: number, size: number) =>
    min(borders[i + 1]! - (overlapping ? 0 : 1), size - 1);
  for (let b = 0, out = 0; b < batch; b++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [bottom, right] = [end(down, row, height), end(across, column, width)];
        const count = (bottom - down[row]! + 1) * (right - across[column]! + 1);
        for (let c = 0; c < channels; c++, out++) {
          let result: number | bigint | undefined;
          for (let y = down[row]!; y <= bottom; y++) {
            for (let z = across[column]!; z <= right; z++) {
              const value = from[((b * height + y) * width + z) * channels + c]!;
              if (result === undefined) result = value;
              else if (kind === 'max') result = value > result ? value : result;
              else if (big) result = (result as bigint) + (value as bigint);
              else result = round((result as number) + (value as number));
            }
          }
          if (kind === 'average') {
            result = big ? BigInt.asIntN(64, result as bigint) / BigInt(count) : (result as number) / count;
            if (x.dtype === 'int32') result = Math.trunc(result as number);
          }
          data[out] = result!;
        }
      }
    }
  }
  checkedSize(shape);
  const borders = (values: readonly number[]) =>
    new Tensor('int64', [values.length], BigInt64Array.from(values, BigInt));
  return [tensorOf(x.dtype, shape, data), borders(down), borders(across)];
}
