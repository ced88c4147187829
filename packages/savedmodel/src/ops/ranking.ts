import type { Tensor } from '@servable/tensor';
import { integerOf, integersOf } from '../kernels/elements.js';
import { countValues, inTopK, searchSorted } from '../kernels/count.js';
import { difference, unique } from '../kernels/unique.js';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inOrderedDType } from './dtypes.js';
import { requireAll } from './guard.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Order, distinctness and counts. */
export const ranking = new OpFamily('ranking')
  .native('TopKV2', (context) => topK(context, context.input(1)))
  .native('TopK', (context) => topK(context, context.builder.scalar('int64', context.attrs.int('k'))))
  // Exact, as TensorFlow's own is on a processor.
  .native('ApproxTopK', (context) => topK(context, context.builder.scalar('int64', context.attrs.int('k'))))
  .native('NearestNeighbors', nearestNeighbors)
  .host('InTopK', (context) => isInTopK(context, () => context.attrs.int('k')))
  .host('InTopKV2', (context) => isInTopK(context, (k) => integerOf(k)))
  .host('Unique', (context) => uniques(context, undefined).slice(0, 2))
  .host('UniqueWithCounts', (context) => uniques(context, undefined))
  .host('UniqueV2', (context) => uniques(context, 1).slice(0, 2))
  .host('UniqueWithCountsV2', (context) => uniques(context, 1))
  .host('ListDiff', (context) => {
    const { builder, attrs } = context;
    const x = context.input(0);
    const dtype = attrs.dtype('out_idx', 'int32');
    const shape = [builder.unknownDim()];
    return hostValues(
      context,
      context.inputs(),
      [
        { dtype: x.dtype, shape },
        { dtype, shape },
      ],
      (a, b) => difference(a, b, dtype),
    );
  })
  .host('LowerBound', search('lower'))
  .host('UpperBound', search('upper'))
  .native('Bucketize', bucketize)
  .host('Bincount', (context) => {
    const [values, , weights] = context.inputs() as [Value, Value, Value];
    const dtype = weights.dtype;
    return hostValue(context, context.inputs(), { dtype, shape: [context.builder.unknownDim()] }, (x, size, w) =>
      countValues(x.reshape([x.size]), integerOf(size), w, false, dtype, values.shape === undefined),
    );
  })
  .host('DenseBincount', (context) => {
    const [values, size, weights] = context.inputs() as [Value, Value, Value];
    const dtype = weights.dtype;
    const binary = context.attrs.bool('binary_output', false);
    const bins = integersOf(size.constant)[0] ?? context.builder.unknownDim();
    const shape = values.shape && (values.shape.length === 2 ? [values.shape[0]!, bins] : [bins]);
    return hostValue(context, context.inputs(), { dtype, shape }, (x, n, w) =>
      countValues(x, integerOf(n), w, binary, dtype, true),
    );
  });

/** The highest elements along the last axis, the first of equals first. */
function topK(context: OpContext, k: Value): readonly Value[] {
  const { builder, attrs } = context;
  const x = context.input(0);
  const count = builder.reshape(builder.cast(k, 'int64'), [1]);
  const { shape } = x;
  if (shape === undefined) throw context.refuse('the rank of what it ranks is not known before a request');
  // The engine's kernel takes the process down when there is no row at all, so dimensions that may be 0 get one more.
  const open = shape.slice(0, -1).flatMap((dim, i) => (typeof dim === 'number' && dim > 0 ? [] : [i]));
  const index = attrs.dtype('index_type', 'int32');
  let positions: Value | undefined;
  const values = inOrderedDType(builder, [x], ([wide]) => {
    const safe = open.length === 0 ? wide : builder.emit('Pad', [wide, builder.ints(onePast(shape.length, open))]);
    const results = builder.emitAll('TopK', [safe, count], { axis: -1 });
    const [best, at] = results.map((result) => withoutLast(builder, result, x, open)) as [Value, Value];
    positions = builder.cast(at, index);
    return best;
  });
  return [values, positions as Value];
}

/** Paddings of one behind each of `axes`. */
function onePast(rank: number, axes: readonly number[]): readonly number[] {
  return Array.from({ length: 2 * rank }, (_, i) => Number(axes.includes(i - rank)));
}

function withoutLast(builder: Builder, value: Value, like: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return value;
  const all = (bound: number) => builder.ints(axes.map(() => bound));
  const sliced = builder.emit('Slice', [value, all(0), all(-1), builder.ints(axes)]);
  return { ...sliced, shape: value.shape?.map((dim, i) => (axes.includes(i) ? (like.shape?.[i] ?? dim) : dim)) };
}

function isInTopK(context: OpContext, readK: (input: Tensor | undefined) => number): Value {
  const { shape } = context.input(1);
  return hostValue(context, context.inputs(), { dtype: 'bool', shape }, (predictions, targets, k) =>
    inTopK(predictions, targets, readK(k)),
  );
}

function uniques(context: OpContext, axisInput: number | undefined): readonly Value[] {
  const { builder, attrs } = context;
  const x = context.input(0);
  const index = attrs.dtype('out_idx', 'int32');
  const axes = axisInput === undefined ? [] : integersOf(context.input(axisInput).constant);
  const rank = x.shape?.length;
  const at = axes[0] === undefined || rank === undefined ? 0 : axes[0] < 0 ? axes[0] + rank : axes[0];
  const distinct = builder.unknownDim();
  const specs = [
    { dtype: x.dtype, shape: x.shape?.with(at, distinct) },
    { dtype: index, shape: [x.shape?.[at] ?? builder.unknownDim()] },
    { dtype: index, shape: [distinct] },
  ];
  return hostValues(context, context.inputs(), specs, (values, axis) => {
    const found = unique(values, integersOf(axis)[0], index);
    return [found.values, found.positions, found.counts];
  });
}

function search(side: 'lower' | 'upper') {
  return (context: OpContext): Value => {
    const dtype = context.attrs.dtype('out_type', 'int32');
    const { shape } = context.input(1);
    return hostValue(context, context.inputs(), { dtype, shape }, (rows, values) =>
      searchSorted(rows, values, side, dtype),
    );
  };
}

/** How many boundaries are not above each element; one that is not a number counts as above all. */
function bucketize(context: OpContext): Value {
  const { builder, attrs } = context;
  const x = context.input(0);
  const boundaries = attrs.floats('boundaries');
  const wide = builder.cast(x, x.dtype === 'float64' || x.dtype === 'int64' ? 'float64' : 'float32');
  const column = builder.emit('Unsqueeze', [wide, builder.ints([-1])]);
  const edges = builder.constantVector(wide.dtype, boundaries);
  const below = builder.emit('Not', [builder.emit('Less', [column, edges])]);
  return builder.emit('ReduceSum', [builder.cast(below, 'int32'), builder.ints([-1])], { keepdims: 0 });
}

/** As TensorFlow's core/kernels/clustering_ops.cc rounds: twice the sum of half the squares less the product. */
function nearestNeighbors(context: OpContext): readonly Value[] {
  const { builder } = context;
  const [given, centers, k] = context.inputs() as [Value, Value, Value];
  for (const [i, value] of [given, centers].entries()) {
    if (value.shape !== undefined && value.shape.length !== 2) throw context.refuse(`its input ${i} is no matrix`);
  }
  const count = builder.cast(k, 'int64');
  const isCount = builder.emit('GreaterOrEqual', [count, builder.int(0)]);
  const known = requireAll(builder, isCount, count, 'Expected k >= 0.');
  const rows = builder.slice(builder.shapeOf(given), 0, 0, 1);
  const hasRows = builder.emit('Greater', [rows, builder.ints([0])]);
  const points = requireAll(builder, hasRows, given, 'Expected points.rows() > 0.');
  const half = (x: Value): Value =>
    builder.emit('Mul', [
      builder.emit('ReduceSumSquare', [x, builder.ints([1])], { keepdims: 1 }),
      builder.scalar('float32', 0.5),
    ]);
  const across = (x: Value): Value => builder.emit('Transpose', [x], { perm: [1, 0] });
  const partial = builder.emit('Sub', [across(half(centers)), builder.emit('MatMul', [points, across(centers)])]);
  const most = builder.slice(builder.shapeOf(centers), 0, 0, 1);
  const taken = builder.emit('Min', [builder.reshape(known, [1]), most]);
  const [nearest, indices] = builder.emitAll('TopK', [partial, taken], { axis: -1, largest: 0 }) as [Value, Value];
  const sum = builder.emit('Add', [half(points), nearest]);
  return [indices, builder.emit('Mul', [sum, builder.scalar('float32', 2)])];
}
