import { dtypeInfo, type Tensor } from '@servable/tensor';
import {
  allocate,
  checkedSize,
  integersOf,
  invalidRequest,
  sizeOf,
  take,
  tensorOf,
  type Elements,
} from './elements.js';

/** Puts the rows of several tensors where their indices say; of rows for one place the last wins. */
export function dynamicStitch(indices: readonly Tensor[], data: readonly Tensor[]): Tensor {
  const first = data[0];
  if (first === undefined) throw invalidRequest('NOTHING_TO_STITCH', 'expected at least one tensor, got none');
  const inner = first.shape.slice(indices[0]!.rank);
  const places = indices.map(integersOf);
  let rows = 0;
  for (const row of places.flat()) {
    if (row < 0) throw invalidRequest('INDEX_OUT_OF_RANGE', `indices must be 0 or more, got ${row}`);
    rows = Math.max(rows, row + 1);
  }
  const shape = [rows, ...inner];
  checkedSize(shape);
  const width = sizeOf(inner) * dtypeInfo(first.dtype).lanes;
  const result = allocate(first.dtype, shape);
  data.forEach((part, k) => {
    const tail = part.shape.slice(indices[k]!.rank);
    if (tail.join() !== inner.join() || part.shape.slice(0, indices[k]!.rank).join() !== indices[k]!.shape.join()) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `data[${k}].shape = [${part.shape.join(', ')}] does not start with indices[${k}].shape = [${indices[k]!.shape.join(', ')}]`,
      );
    }
    const source = part.data as unknown as Elements<never>;
    places[k]!.forEach((row, i) => {
      for (let j = 0; j < width; j++) result[row * width + j] = source[i * width + j]!;
    });
  });
  return tensorOf(first.dtype, shape, result);
}

/** The rows of `data` by the partition that each belongs to. */
export function dynamicPartition(data: Tensor, partitions: Tensor, count: number): Tensor[] {
  if (partitions.shape.some((dim, i) => dim !== data.shape[i])) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `data.shape must start with partitions.shape, got [${data.shape.join(', ')}] and [${partitions.shape.join(', ')}]`,
    );
  }
  const inner = data.shape.slice(partitions.rank);
  const width = sizeOf(inner);
  const rows: number[][] = Array.from({ length: count }, () => []);
  integersOf(partitions).forEach((partition, row) => {
    const own = rows[partition];
    if (own === undefined) {
      throw invalidRequest('INDEX_OUT_OF_RANGE', `partitions[${row}] = ${partition} is not in [0, ${count})`);
    }
    for (let k = 0; k < width; k++) own.push(row * width + k);
  });
  return rows.map((own) => take(data, Int32Array.from(own), [width === 0 ? 0 : own.length / width, ...inner]));
}

export function invertPermutation(x: Tensor): Tensor {
  const values = integersOf(x);
  const inverse = new Array<number>(values.length).fill(-1);
  values.forEach((value, i) => {
    if (!(value >= 0 && value < values.length)) {
      throw invalidRequest('INDEX_OUT_OF_RANGE', `${value} is not between 0 and ${values.length}`);
    }
    if (inverse[value] !== -1) throw invalidRequest('REPEATED_INDEX', `${value} is duplicated in the input.`);
    inverse[value] = i;
  });
  const data = x.dtype === 'int64' ? BigInt64Array.from(inverse, BigInt) : Int32Array.from(inverse);
  return tensorOf(x.dtype, x.shape, data);
}
