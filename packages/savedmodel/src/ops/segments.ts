import type { Tensor } from '@servable/tensor';
import { integerOf } from '../kernels/elements.js';
import { reduceSegments, type SegmentOp } from '../kernels/segments.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

const sorted = (op: SegmentOp) => (context: OpContext) =>
  reduce(context, 1, (data, ids) =>
    reduceSegments(data, ids, { op, sorted: true, empty: op === 'prod' ? 'one' : 'zero' }),
  );

const sortedWithCount = (op: SegmentOp) => (context: OpContext) =>
  reduce(context, 1, (data, ids, count) =>
    reduceSegments(data, ids, {
      op,
      sorted: true,
      empty: op === 'sum' ? 'zero' : 'identity',
      count: integerOf(count),
    }),
  );

const unsorted = (op: SegmentOp) => (context: OpContext) =>
  reduce(context, 'ids', (data, ids, count) =>
    reduceSegments(data, ids, { op, sorted: false, empty: 'identity', count: integerOf(count) }),
  );

const sparse = (op: SegmentOp) => (context: OpContext) =>
  reduce(context, 1, (data, indices, ids, count) =>
    reduceSegments(data, ids, {
      op,
      sorted: true,
      empty: 'zero',
      indices,
      count: count && integerOf(count),
    }),
  );

/** Reductions of rows by segment. */
export const segments = new OpFamily('segments')
  .host('SegmentSum', sorted('sum'))
  .host('SegmentMean', sorted('mean'))
  .host('SegmentProd', sorted('prod'))
  .host('SegmentMax', sorted('max'))
  .host('SegmentMin', sorted('min'))
  .host('SegmentSumV2', sortedWithCount('sum'))
  .host('SegmentProdV2', sortedWithCount('prod'))
  .host('SegmentMaxV2', sortedWithCount('max'))
  .host('SegmentMinV2', sortedWithCount('min'))
  .host('UnsortedSegmentSum', unsorted('sum'))
  .host('UnsortedSegmentProd', unsorted('prod'))
  .host('UnsortedSegmentMax', unsorted('max'))
  .host('UnsortedSegmentMin', unsorted('min'))
  .host('SparseSegmentSum SparseSegmentSumWithNumSegments', sparse('sum'))
  .host('SparseSegmentMean SparseSegmentMeanWithNumSegments', sparse('mean'))
  .host('SparseSegmentSqrtN SparseSegmentSqrtNWithNumSegments', sparse('sqrtN'));

/** @param leading - how many dimensions the ids replace: those of the ids themselves, or one */
function reduce(context: OpContext, leading: 1 | 'ids', kernel: (...inputs: Tensor[]) => Tensor) {
  const data = context.input(0);
  const replaced = leading === 1 ? 1 : context.input(1).shape?.length;
  const shape =
    data.shape === undefined || replaced === undefined
      ? undefined
      : [context.builder.unknownDim(), ...data.shape.slice(replaced)];
  return hostValue(context, context.inputs(), { dtype: data.dtype, shape }, kernel);
}
