import { isComplex } from '../../kernels/elements.js';
import { knownIntegers } from '../../onnx/known-shapes.js';
import type { Value } from '../../onnx/value.js';
import type { HloContext } from './context.js';
import { sizeOf, slices } from './layout.js';
import { HloFamily } from './registry.js';

/** Padding: at the edges, where less than nothing cuts off, and between elements. */
export const padding = new HloFamily()
  .op('pad', (context) =>
    pad(context, context.input(0), context.input(1), {
      low: context.ints('edge_padding_low'),
      high: context.ints('edge_padding_high'),
      interior: context.ints('interior_padding'),
    }),
  )
  .op('dynamic_pad', (context) => {
    const [low, high, interior] = [2, 3, 4].map((i) => context.builder.cast(context.input(i), 'int64')) as [
      Value,
      Value,
      Value,
    ];
    const between = knownIntegers(interior);
    const [least, most] = [knownIntegers(low), knownIntegers(high)];
    if (between === undefined) throw context.refuse('how far it moves elements apart comes with the request');
    const [x, fill] = [context.input(0), context.input(1)];
    if (least !== undefined && most !== undefined)
      return pad(context, x, fill, { low: least, high: most, interior: between });
    const { builder } = context;
    const none = new Array<number>(between.length).fill(0);
    const apart = pad(context, x, fill, { low: none, high: none, interior: between });
    // A negative number cuts off: both are done, one of them by nothing.
    const zero = builder.int(0);
    const added = builder.emit('Max', [builder.concat([low, high], 0), zero]);
    const wide = fillEdges(context, apart, fill, added);
    const cutLow = builder.emit('Max', [builder.emit('Neg', [low]), zero]);
    const cutHigh = builder.emit('Max', [builder.emit('Neg', [high]), zero]);
    const end = builder.emit('Sub', [builder.shapeOf(wide), cutHigh]);
    return slices(
      context,
      wide,
      cutLow,
      end,
      between.map((_, axis) => axis),
    );
  });

/** How far to pad, by axis. */
export interface Padding {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly interior: readonly number[];
}

/** Pads a tensor with a scalar. */
export function pad(context: HloContext, x: Value, fill: Value, { low, high, interior }: Padding): Value {
  const { builder } = context;
  if (isComplex(x.dtype)) throw context.refuse(`it pads ${x.dtype}`);
  let value = x;
  interior.forEach((gap, axis) => {
    if (gap > 0) value = moveApart(context, value, fill, axis, gap);
  });
  if ([...low, ...high].some((size) => size > 0)) {
    value = fillEdges(context, value, fill, builder.ints([...low, ...high].map((size) => Math.max(size, 0))));
  }
  const cut = low.flatMap((size, axis) => (size < 0 || (high[axis] ?? 0) < 0 ? [axis] : []));
  const starts = builder.ints(cut.map((axis) => Math.max(-(low[axis] ?? 0), 0)));
  const ends = builder.ints(cut.map((axis) => ((high[axis] ?? 0) < 0 ? (high[axis] ?? 0) : Number.MAX_SAFE_INTEGER)));
  return slices(context, value, starts, ends, cut);
}

function fillEdges(context: HloContext, x: Value, fill: Value, amounts: Value): Value {
  const { builder } = context;
  if (x.dtype === 'bool') {
    return builder.cast(builder.emit('Pad', [builder.cast(x, 'int32'), amounts, builder.cast(fill, 'int32')]), 'bool');
  }
  const half = x.dtype === 'float16' || x.dtype === 'bfloat16';
  const dtype = half ? 'float32' : x.dtype === 'int16' || x.dtype === 'uint16' ? 'int32' : x.dtype;
  const padded = builder.emit('Pad', [builder.cast(x, dtype), amounts, builder.cast(fill, dtype)]);
  return builder.cast(padded, x.dtype);
}

/** Puts `gap` elements behind each but the last. */
function moveApart(context: HloContext, x: Value, fill: Value, axis: number, gap: number): Value {
  const { builder } = context;
  const rank = x.shape?.length ?? 0;
  const wide = builder.unsqueeze(x, [axis + 1]);
  const amounts = Array.from({ length: 2 * (rank + 1) }, (_, i) => (i === rank + 1 + axis + 1 ? gap : 0));
  const padded = fillEdges(context, wide, fill, builder.ints(amounts));
  const dim = x.shape?.[axis];
  const merged = typeof dim === 'number' ? dim * (gap + 1) : undefined;
  const sizes = Array.from({ length: rank }, (_, i) => {
    if (i !== axis) return builder.dims([sizeOf(x, i)]);
    return merged === undefined
      ? builder.emit('Mul', [builder.dims([sizeOf(x, i)]), builder.ints([gap + 1])])
      : builder.ints([merged]);
  });
  const flat = builder.reshapeTo(padded, builder.concat(sizes, 0));
  return slices(context, flat, builder.ints([0]), builder.ints([-gap]), [axis]);
}
