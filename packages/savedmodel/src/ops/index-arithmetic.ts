import type { DType } from '@servable/tensor';
import { zeros } from '../kernels/elements.js';
import {
  changeRows,
  concatOffsets,
  editDistances,
  glimpses,
  histogram,
  nthElement,
  unravelIndex,
} from '../kernels/index-arithmetic.js';
import { integersOf } from '../kernels/elements.js';
import { knownElements, unknownShape } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { hostValue, hostValues, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Arithmetic on indices and places, and what counts or picks by them. */
export const indexArithmetic = new OpFamily('indices')
  .host('UnravelIndex', (context) => {
    const [indices, dims] = [context.input(0), context.input(1)];
    const rank = dims.shape?.[0] ?? context.builder.unknownDim();
    return hostValue(
      context,
      [indices, dims],
      { dtype: indices.dtype, shape: indices.shape && [rank, ...indices.shape] },
      unravelIndex,
    );
  })
  .host('ConcatOffset', (context) =>
    hostValues(context, context.inputs(), context.inputs().slice(1).map(like), (axis, ...shapes) =>
      concatOffsets(axis, shapes),
    ),
  )
  .host('Empty', (context) => {
    const dtype = context.attrs.dtype('dtype');
    const known = knownElements(context.input(0));
    return hostValue(context, context.inputs(), { dtype, shape: known }, (shape) => zeros(dtype, integersOf(shape)));
  })
  .native('DataFormatDimMap', (context) => {
    const { builder } = context;
    const x = context.input(0);
    const [from, to] = formats(context);
    const places = [...from].map((dim) => to.indexOf(dim));
    const wrapped = builder.emit('Where', [
      builder.emit('Less', [x, builder.scalar(x.dtype, 0)]),
      builder.emit('Add', [x, builder.scalar(x.dtype, from.length)]),
      x,
    ]);
    return builder.emit('Gather', [builder.constantVector(x.dtype, places), wrapped], { axis: 0 });
  })
  .native('DataFormatVecPermute', (context) => {
    const { builder } = context;
    const x = context.input(0);
    const [from, to] = formats(context);
    // A vector of two numbers is of the sizes in space alone.
    const spatial = x.shape?.[0] === from.length - 2;
    const keep = (format: string) => [...format].filter((dim) => !spatial || (dim !== 'N' && dim !== 'C'));
    const order = keep(to).map((dim) => keep(from).indexOf(dim));
    return builder.emit('Gather', [x, builder.ints(order)], { axis: 0 });
  })
  .host(
    'InplaceUpdate',
    changedRows((_, value) => value),
  )
  .host(
    'InplaceAdd',
    changedRows((old, value) => old + value),
  )
  .host(
    'InplaceSub',
    changedRows((old, value) => old - value),
  )
  .host('HistogramFixedWidth', (context) => {
    const dtype: DType = context.attrs.dtype('dtype', 'int32');
    const [bins] = knownElements(context.input(2)) ?? [];
    const shape = [bins ?? context.builder.unknownDim()];
    return hostValue(context, context.inputs(), { dtype, shape }, (values, range, count) =>
      histogram(values, range, count, dtype),
    );
  })
  .host('NthElement', (context) => {
    const x = context.input(0);
    const reverse = context.attrs.bool('reverse', false);
    return hostValue(context, context.inputs(), { dtype: x.dtype, shape: x.shape?.slice(0, -1) }, (values, n) =>
      nthElement(values, n, reverse),
    );
  })
  .host('EditDistance', (context) => {
    const normalize = context.attrs.bool('normalize', true);
    const rank = context.input(2).shape?.[0];
    const shape = typeof rank === 'number' ? unknownShape(rank - 1) : undefined;
    return hostValue(context, context.inputs(), { dtype: 'float32', shape }, (a, b, c, d, e, f) =>
      editDistances([a, b, c], [d, e, f], normalize),
    );
  })
  .host('ExtractGlimpse ExtractGlimpseV2', (context) => {
    const { attrs, builder } = context;
    const options = {
      centered: attrs.bool('centered', true),
      normalized: attrs.bool('normalized', true),
      fill: 0,
      first: context.node.op === 'ExtractGlimpse',
    };
    const noise = attrs.string('noise', attrs.bool('uniform_noise', true) ? 'uniform' : 'gaussian');
    if (noise !== 'zero')
      throw context.refuse(`what is outside of its images is ${noise} noise; only zeros are supported`);
    const x = context.input(0);
    const shape = x.shape && [x.shape[0]!, builder.unknownDim(), builder.unknownDim(), x.shape[3]!];
    return hostValue(context, context.inputs(), { dtype: x.dtype, shape }, (images, size, offsets) =>
      glimpses(images, size, offsets, options),
    );
  })
  .native('ToBool', (context) => {
    const { builder } = context;
    const x = context.input(0);
    if (x.shape?.length !== 0)
      return builder.emit('Greater', [
        builder.emit('ReduceProd', [builder.shapeOf(x), builder.ints([0])], { keepdims: 0 }),
        builder.int(0),
      ]);
    if (x.dtype === 'bool') return x;
    return inComputeDType(
      builder,
      [x],
      ([a]) => builder.emit('Not', [builder.emit('Equal', [a, builder.scalar((a as Value).dtype, 0)])]),
      'asComputed',
    );
  })
  // A batch across requests is made in front of the model, where the configuration asks for it.
  .compile('BatchFunction', (context) =>
    context.lowerBody(
      context.body('f'),
      Array.from({ length: context.inputCount }, (_, i) => context.given(i)),
      context.builder,
    ),
  );

function formats({ attrs }: OpContext): readonly [from: string, to: string] {
  return [attrs.string('src_format', 'NHWC'), attrs.string('dst_format', 'NCHW')];
}

function changedRows(how: (old: number, value: number) => number) {
  return (context: OpContext): Value =>
    hostValue(context, context.inputs(), like(context.input(0)), (x, rows, v) => changeRows(x, rows, v, how));
}
